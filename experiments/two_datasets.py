"""For two data sets N(0, I) is the same prior; is what was learned, and is drawing from it better?

Arun, in the thread: for two data sets N(0, 1) is the same, the learned latent space is not, so sampling from it is
better. The same architecture is trained on two data sets, and each decoder is given z from three places: N(0, I), the
posteriors of its own training data, and those of the other model's. If codes were better than the prior merely by being
codes, those of the other model would be too. Besides KID the density log q(z) of the decoder's own data is measured at
these z.

Declared beforehand: the claim holds where a decoder's own codes are shown to score better than N(0, I) by KID, and the
other's codes are shown to score worse than its own; after Holm's correction over data sets and settings.

    study run two_datasets                      MNIST and Fashion-MNIST, 20 VAEs, a quarter of an hour on two cores
    study run two_datasets --profile quick      the same, 6 VAEs that are trained briefly, two minutes
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Dataset, Experiment, Findings, Section, StudyConfig, experiment_main, load_dataset
from study.config.presets import MNIST, SMOKE, vary
from study.config.serialise import from_dict
from study.latents import AggregatePosterior, Latents
from study.metrics.features import train_extractor
from study.metrics.reference import Reference, Samples
from study.metrics.registry import metrics_for
from study.pipeline.experiment import Finished
from study.report import kit
from study.report.plots import style
from study.report.plots.samples import sheet
from study.report.text.numbers import count, listed, number
from study.scoring.generate import in_range, to_uint8
from study.tables.results import Results

PARTNERS = {"mnist": "fashion-mnist", "digits": "colour-patches", "colour-patches": "digits"}
OTHER = "mnist"  # the partner of every data set without one
SOURCES = ("N(0, I)", "own codes", "other's codes")
METRIC, DENSITY = "kid", "log q(z)"
KEPT = ("kid", "precision", "coverage")
Judge = Callable[[np.ndarray], dict[str, float]]
DENSITY_DRAWS, SHOWN = 500, 10
PLACE = ["data", "beta"]
TEXTS = {
    "each": "Means over trainings of KID, precision and coverage of samples from each source of z against held-out "
    "data of the decoder's data set, under one feature extractor for each of the two, and of log q(z) in nats, q(z) "
    "being the aggregate posterior of the decoder's own training data; with 95 % intervals over trainings.",
    "told": "KID of the first source of z minus that of the second on the same decoder, with the same noise: paired by "
    "training seed, with 95 % intervals over trainings. Verdicts are on the first, with Holm's correction over "
    "all rows.",
    "figure": "KID of samples by the source of z, for the decoders of both data sets, by setting; bars are 95 % "
    "intervals over trainings.",
    "data": "Two data sets, {names}, each with models of its own: {models} in all. Of {first} alone are Table 1, the "
    "other general figures and tables, and the lines below.",
    "covered": "Intervals of Figure 1 and of the answer are over trainings alone, with one feature extractor for each "
    "data set; those of Table 1 are{over}. Other kinds of features, data and networks are not covered.",
    "pictures": "The same ten draws of noise and examples, decoded by the first training at the smallest β of "
    "each data set.",
}  # fmt: skip
PAIRS = (("own codes", "N(0, I)"), ("other's codes", "N(0, I)"), ("other's codes", "own codes"))


def _sides(run: Finished) -> Iterator[tuple[StudyConfig, list[tuple[Dataset, Any]]]]:
    """For every grid the two data sets and the models of each."""
    partner = load_dataset(PARTNERS.get(run.data.name, OTHER))
    for config in run.results.provenance["config"]:
        own = from_dict(StudyConfig, config)
        yield own, [(run.data, run.models(own)), (partner, run.models(vary(own, dataset=partner.name)))]


def _drawn(codes: Mapping[str, Latents], name: str, *, n: int, seed: int) -> dict[str, np.ndarray]:
    """z `[n, d]` from each source, with the same noise, for the decoder of data set `name`."""
    key, other = jax.random.key(seed), next(one for one in codes if one != name)
    d = codes[name].d
    found = {SOURCES[0]: np.asarray(jax.random.normal(jax.random.split(key)[1], (n, d)))}
    for source, of in zip(SOURCES[1:], (name, other), strict=True):
        found[source] = AggregatePosterior(codes[of]).sample(key, n=n)
    return found


def _each(
    run: Finished,
) -> Iterator[tuple[dict[str, Any], Dataset, Any, dict[str, np.ndarray], AggregatePosterior]]:
    """Place, data set and model of every decoder, z from every source, and its own q(z)."""
    for config, sides in _sides(run):
        n = config.n_samples or 1000
        by_cell = [{(m.alpha, m.beta, m.seed): m for m in found.values()} for _, found in sides]
        for cell in [cell for cell in by_cell[0] if cell in by_cell[1]]:
            both = [(data, models[cell]) for (data, _), models in zip(sides, by_cell, strict=True)]
            codes = {data.name: Latents(*model.encode(data.train)) for data, model in both}
            for data, model in both:
                place = {"data": data.name, "alpha": model.alpha, "beta": model.beta, "seed": int(model.seed)}
                drawn = _drawn(codes, data.name, n=min(n, len(data.reference)), seed=int(model.seed))
                yield place, data, model, drawn, AggregatePosterior(codes[data.name])


def judge(data: Dataset, *, n: int) -> Judge:
    """The metrics of `KEPT` for n samples, with features of this data set."""
    extractor = train_extractor(data)
    reference = Reference(data, extractor, pixels=extractor, n=n)
    every = metrics_for(windows=data.is_sequence, table=data.is_table)
    prepared = {metric.name: metric.prepare(reference) for metric in every if metric.name in KEPT}

    def measured(x: np.ndarray) -> dict[str, float]:
        samples = Samples(x.astype(np.float32), reference, None)
        return {name: one.score(samples).value for name, one in prepared.items()}

    return measured


def crossed(run: Finished) -> Mapping[str, pd.DataFrame]:
    """Scores of every decoder with z from every source: data, alpha, beta, seed, source, metric, value."""
    judges: dict[str, Judge] = {}
    rows = []
    for place, data, model, drawn, q in _each(run):
        for source, z in drawn.items():
            if data.name not in judges:
                judges[data.name] = judge(data, n=len(z))
            found = judges[data.name](in_range(model.decode(z), data))
            found[DENSITY] = float(q.log_prob(z[:DENSITY_DRAWS]).mean())
            rows += [
                {**place, "source": source, "metric": name, "value": value} for name, value in found.items()
            ]
    return {"crossed": pd.DataFrame(rows)}


def pictured(run: Finished) -> Mapping[str, np.ndarray]:
    """Pictures from every source, of the first training at the smallest β of each data set that has pictures."""
    runs = run.results.runs.sort_values(["beta", "seed"])
    first, found = runs.iloc[0], {}
    for place, data, model, drawn, _ in _each(run):
        if data.is_image and place["seed"] == first["seed"] and np.isclose(place["beta"], first["beta"]):
            for source, z in drawn.items():
                name = f"{first['run_id']}/crossed/{data.name}/{source}"
                found[name] = to_uint8(model.decode(z[:SHOWN]), data)
    return found


def told(scores: pd.DataFrame) -> pd.DataFrame:
    """KID of the first source minus that of the second, at every data set and β: one family of tests."""
    rows = scores[scores["metric"] == METRIC]
    pairs = []
    for place, own in kit.each_place(rows, PLACE):
        by = own.pivot_table(index="seed", columns="source", values="value")
        for one, other in PAIRS:
            pairs.append(
                kit.Pair({**place, "first": one, "second": other, "better": "lower"}, by[one], by[other], 0)
            )
    return kit.paired(pairs)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """Whether own codes beat the prior, and the other's do not stand in for them."""
    scores = tables.get("crossed", pd.DataFrame())
    if scores.empty:
        return Findings("Nothing was compared: no model of both data sets was trained.")
    rows = told(scores)
    wide = scores.pivot_table(
        index=[*PLACE, "alpha", "seed", "source"], columns="metric", values="value"
    ).reset_index()
    table = kit.estimates(wide, by=[*PLACE, "alpha", "source"], of=[*KEPT, DENSITY])
    place: dict[str, kit.Column] = {"decoder of": "data", "beta": kit.value("beta")}
    shown = {
        "source of z": "source",
        "trainings": "trainings",
        **kit.several([*KEPT, DENSITY], table, named=True),
    }
    pairs = {**place, **kit.plain("first", "second"), **kit.contrast("own", "other")}
    readable = kit.readable(rows, pairs).rename(columns={"own": "KID of first", "other": "of second"})
    drawn, caption = sheets(results), f"{TEXTS['figure']} {_each_pair(rows)}"
    return Findings(
        answer(rows),
        (
            Section("Every source of z", TEXTS["each"], kit.readable(table, place | shown)),
            Section("Differences in KID", TEXTS["told"], readable),
            *(Section(f"Pictures: decoder of {name}", TEXTS["pictures"], figure=one) for name, one in drawn.items()),
        ),
        (kit.Exhibit("Two decoders, three sources of z", caption, figure(table)), "samples"),
        _limits(results, scores),
    )  # fmt: skip


def _limits(results: Results, scores: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """What the general report cannot know: there is a second data set, whose models have no rows in its tables."""
    first, names = str(results.runs["dataset"].iloc[0]), scores["data"].unique()
    models = len(scores[["data", "alpha", "beta", "seed"]].drop_duplicates())
    data = TEXTS["data"].format(names=listed(sorted(names, reverse=True)), models=models, first=first)
    return (("Data", data), ("Not covered", TEXTS["covered"].format(over=kit.covered(results, [METRIC]))))


def answer(rows: pd.DataFrame) -> str:
    """How often own codes beat N(0, I); then what the other's codes are worth."""
    if kit.undecided(rows):
        return kit.UNDECIDED
    own, foreign, against = (rows[(rows["first"] == one) & (rows["second"] == other)] for one, other in PAIRS)
    n, found = len(own), kit.by_verdict(own)
    won, worse = (len(found.get(verdict, [])) for verdict in ("better", "worse"))
    lost = len(kit.by_verdict(against).get("worse", []))
    lead = "Better" if won == lost == n else "Not better everywhere" if won else "Not shown to be better"
    of_all = f"{won} of {count(n, 'comparison')} (data set × β)" + f" and worse in {worse}" * bool(worse)
    by = f", by {kit.extremes(found['better'])}" if won else ""
    first = f"{lead}: by KID, a decoder's own codes score better than N(0, I) in {of_all}{by}."
    of = {verdict: len(found) for verdict, found in kit.by_verdict(foreign).items()}
    parts = " and ".join(
        f"{verdict} than N(0, I) in {of[verdict]}" for verdict in ("better", "worse") if verdict in of
    )
    parts = parts or f"told from N(0, I) in none{kit.unseen(kit.by_verdict(foreign).get('not decided', []))}"
    rest = f"Those of the other model are {parts}, and worse than own codes in {lost}."
    return kit.brief(first, rest)


def _each_pair(rows: pd.DataFrame) -> str:
    """The differences from N(0, I), from the smallest to the largest."""
    said = []
    for name in SOURCES[1:]:
        own = rows[(rows["first"] == name) & (rows["second"] == SOURCES[0])]
        ends = kit.ranged(own, "difference", _difference, most=1)
        said.append(f"KID with {name} minus that with N(0, I) is {ends}.")
    return " ".join(said)


def _difference(row: kit.Row) -> str:
    return f"{kit.change()(row)} on {row['data']} at β = {number(row['beta'])}"


def figure(table: pd.DataFrame) -> Figure:
    """KID by the source of z against s, a panel per data set."""
    rows = table.assign(s=table["beta"] / (2 * table["alpha"]))
    panels = []
    for name, own in rows.groupby("data", sort=False):
        wide = own.pivot_table(
            index=["alpha", "beta", "s"],
            columns="source",
            values=[METRIC, f"{METRIC}_low", f"{METRIC}_high"],
            dropna=False,
        )
        wide.columns = [source + kind.removeprefix(METRIC) for kind, source in wide.columns]
        panels.append(
            kit.Lines(
                f"decoder of {name}", wide.reset_index(), {s: s for s in SOURCES}, "KID (0: as real data)"
            )
        )
    return kit.lines(panels, **kit.noise_axis(rows), title="Two decoders, three sources of z")


def sheets(results: Results) -> dict[str, Figure]:
    """Pictures of every source, a figure per data set."""
    names = [name.split("/") for name in results.samples if "/crossed/" in name]
    found = {}
    for run, _, data in dict.fromkeys(tuple(parts[:3]) for parts in names):
        with style.styled():
            found[data] = sheet(
                kit.stored(results, f"{run}/crossed/{data}/"),
                title=f"Decoder of {data}, z from three sources",
            )
    return found


SAMPLED = ("prior", "posterior", "reconstruction", "held-out", "copycat", "noise")

EXPERIMENT = Experiment(
    name="two_datasets",
    question="For two data sets N(0, I) is the same prior: is what was learned, and is drawing from it better?",
    profiles={
        "smoke": vary(SMOKE, alphas=(10.0,), strategies=("prior", "posterior", "held-out")),
        "quick": vary(
            MNIST, training={"steps": 1500}, betas=(0.05,), seeds=(0, 1, 2), strategies=SAMPLED, n_samples=500,
            density_draws=300, evaluations=2,
        ),
        "default": vary(MNIST, betas=(0.02, 0.2), strategies=SAMPLED, n_samples=1000, density_draws=500),
    },
    findings=findings,
    tables=crossed,
    samples=pictured,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
