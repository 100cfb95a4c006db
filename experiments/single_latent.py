"""What does the one latent dimension that is farthest from N(0, 1) do to samples?

Reeves, in the thread: find the latent whose posteriors are farthest from N(0, 1), and compare images made with its
values from both distributions. The dimension j with the largest KL(q(zⱼ)‖N(0, 1)) is drawn from q(zⱼ) while the rest
stay as the prior draws them (`one-from-q` against `prior`), and from N(0, 1) while the rest stay as the posteriors draw
them (`one-from-prior` against `posterior`); all else is the same, draw by draw. Declared beforehand: one dimension
explains part of the gap if the swap closes a share of it that is told from zero, and does not matter if that share is
equivalent to zero within 5 % of the gap.

    study run single_latent                      MNIST, 15 VAEs, twenty minutes on two cores
    study run single_latent --profile quick      digits, 15 VAEs, one minute
"""  # fmt: skip

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.config.serialise import from_dict
from study.pipeline.experiment import Finished
from study.report import frames, kit
from study.report.plots import style
from study.report.plots.samples import sheet
from study.report.text.numbers import listed, with_ends
from study.report.text.words import word
from study.scoring.generate import traversed
from study.tables.results import Results

METRIC = "kid"
SWAPS = {"one-from-q": "prior", "one-from-prior": "posterior"}  # each with the strategy that it differs from
STRATEGIES = (*SWAPS.values(), *SWAPS, "shuffled-marginals", "reconstruction", "held-out", "copycat", "noise")
METRICS = (
    "kid", "fd_infinity", "precision", "recall", "density", "coverage", "vendi", "sharpness", "c2st", "class_histogram",
    "authenticity", "nearer_to_train",
)  # fmt: skip
PLACE = ["alpha", "beta"]
PERCENT: dict[str, Any] = {"scale": 100, "places": 0}
TOLD = {  # verdicts on a share, of which either sign may be told
    **dict.fromkeys(("better", "worse"), "told from zero"),
    "equivalent": "less than 5 %", "not decided": "not told from zero", "none": "no interval",
}  # fmt: skip
STEPS, BASES = 9, 3  # pictures of a traversal, and prior draws to start from
TEXTS = {
    "which": "Of every training the dimension with the largest KL(q(zⱼ)‖N(0, 1)): this KL, that of all dimensions "
    "together, the first as a share of the second, the standard deviation of q(zⱼ) from its moments, in units of z, "
    "and its rank by rate; with 95 % intervals over trainings.",
    "shares": "The share of the gap in KID between the prior and held-out data that each strategy closes, in %, with "
    "95 % intervals{over}. Verdicts are against zero, after Holm's correction over the settings of a strategy; `lost` "
    "is what `posterior` closes and `one-from-prior` does not, which also breaks the dependence of the dimension "
    "on the others.",
    "metrics": "Each metric with the swap minus without it, on the same model, examples and noise, with 95 % "
    "intervals{over}; of a metric that is best at 1, the difference is that of its distance from 1. Verdicts are on "
    "the swapped draws, with Holm's correction over the rows of a metric; "
    "none where the metric cannot tell: noise is no worse than reconstructions by it, or the like.",
    "traverse": "Three draws of the prior decoded with the value of the farthest dimension alone changed: nine "
    "quantiles from 1 to 99 % of N(0, 1), and the same quantiles of q(zⱼ). Rows of a pair differ where the two "
    "distributions do.",
    "figure": "Share of the gap in KID between the prior and real data that each strategy closes, by setting, with "
    "95 % intervals{over}: `one-from-q` changes one dimension of `prior`, `one-from-prior` one of `posterior`.",
}  # fmt: skip


def dimensions(results: Results) -> pd.DataFrame:
    """The farthest dimension of every training, its marginal KL, its share of that of all, and its moments."""
    rows = results.latents.sort_values(["run_id", "dimension"])
    rows = rows.assign(
        whole=rows.groupby("run_id")["marginal_kl"].transform("sum"),
        rank=rows.groupby("run_id")["kl"].rank(ascending=False),
        spread=np.sqrt(rows["mean_variance"] + rows["variance_mean"]),
    )
    found = rows.loc[rows.groupby("run_id")["marginal_kl"].idxmax()]
    return found.assign(share=found["marginal_kl"] / found["whole"]).reset_index(drop=True)


def traverses(run: Finished) -> Mapping[str, np.ndarray]:
    """Pictures of `BASES` prior draws with the farthest dimension at quantiles of N(0, 1) and of q(zⱼ)."""
    pictured = {name.split("/")[0] for name in run.results.samples}
    found: dict[str, np.ndarray] = {}
    if not run.data.is_image:
        return found
    levels = np.linspace(0.01, 0.99, STEPS)
    chosen = dimensions(run.results).set_index("run_id")["dimension"]
    for config in run.results.provenance["config"]:
        for run_id, model in run.models(from_dict(StudyConfig, config)).items():
            if run_id not in pictured or run_id not in chosen:
                continue
            j, (mean, log_var) = int(chosen[run_id]), model.encode(run.data.train)
            keys = jax.random.split(jax.random.key(0))
            noise = np.asarray(jax.random.normal(keys[0], (len(mean),)))
            of_q = np.quantile(mean[:, j] + np.exp(0.5 * log_var[:, j]) * noise, levels)
            of_p = np.quantile(noise, levels)
            bases = np.asarray(jax.random.normal(keys[1], (BASES, mean.shape[1])))
            for i, z in enumerate(bases):
                for name, values in (("N(0, 1)", of_p), ("q(z)", of_q)):
                    pictures = traversed(model, z, run.data, dimension=j, values=values)
                    found[f"{run_id}/traverse/{i + 1}, {name}"] = pictures
    return found


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """What the swap changes: shares of the gap, every metric, and pictures."""
    told = kit.shares(results, METRIC)
    if told.empty or not set(SWAPS) <= set(told):
        return Findings(
            "Nothing was compared: no model has scores of the prior, of real data and of both swaps."
        )
    told = told.assign(lost=told["posterior"] - told["one-from-prior"])
    names = ("one-from-q", "lost", "one-from-prior", "shuffled-marginals", "posterior")
    table, closed = kit.closing(told, names, by=PLACE)
    pairs = [({"strategy": own, "instead of": other}, own, other) for own, other in SWAPS.items()]
    changes = kit.compared(
        results.metrics, METRICS, pairs, columns=["strategy"], places=PLACE, own="swapped", other="plain"
    )
    changes = kit.silenced(changes, results.metrics, places=PLACE)
    far = dimensions(results)
    of = ["marginal_kl", "whole", "share", "spread", "rank"]
    which = kit.estimates(far, by=PLACE, of=of)
    over = kit.covered(results, [METRIC])
    caption = f"{TEXTS['figure'].format(over=over)} {_both(closed)}"
    drawn = pictures(results)
    place: dict[str, kit.Column] = {name: kit.value(name) for name in PLACE}
    of_metrics = TEXTS["metrics"].format(over=kit.covered(results, METRICS))
    return Findings(
        answer(closed, which),
        (
            Section("The farthest dimension", TEXTS["which"], _which(which, place)),
            Section("Shares of the gap", TEXTS["shares"].format(over=over), _shares(table, closed, place)),
            Section("Every metric", of_metrics + _told(changes), _changes(changes, place)),
            *([Section("Traversals", TEXTS["traverse"], figure=drawn)] if drawn else []),
        ),
        (kit.Exhibit("One dimension swapped", caption, figure(table)), "dimensions", "samples"),
    )  # fmt: skip


def answer(closed: pd.DataFrame, which: pd.DataFrame) -> str:
    """What drawing the one dimension from q(zⱼ) closes of the gap, setting by setting."""
    rows = closed[closed["strategy"] == "one-from-q"] if len(closed) else closed
    if rows.empty:
        return "Not decided: no setting has a gap between the prior and real data to close."
    if kit.undecided(rows):
        return kit.UNDECIDED
    lost = closed[closed["strategy"] == "lost"]
    shapes = ((_sizes, True), (_ends, True), (_ends, False)) if len(lost) else ()
    whole = [f"{_swap(rows, sizes, seen=seen)} {_converse(lost, sizes)}" for sizes, seen in shapes]
    fit = [said for said in whole if len(said.split()) < kit.WORDS]
    return fit[0] if fit else kit.brief(_swap(rows, _sizes, seen=True), _holds(which))


def _swap(rows: pd.DataFrame, sizes: Callable[[Any], str], *, seen: bool) -> str:
    """The verdicts on the swap, with sizes, and, if asked for, what would have been seen where nothing is decided."""
    words = {
        "better": "closes part of the gap", "worse": "widens the gap", "equivalent": "changes less than 5 % of the gap",
        "not decided": "is not decided to help",
    }  # fmt: skip
    lead = "Drawing from q(z) only the dimension that is farthest from N(0, 1)"
    open_ = kit.by_verdict(rows).get("not decided", []) if seen else []
    unseen = kit.unseen(open_, what="a share", unit=" %", **PERCENT)
    return f"{lead} {kit.placed(rows, words, sizes=sizes)}{unseen}."


def _converse(rows: pd.DataFrame, sizes: Callable[[Any], str]) -> str:
    """The verdicts on the converse swap."""
    words = {
        "better": "loses part", "worse": "closes more", "equivalent": "changes less than 5 %",
        "not decided": "is not decided",
    }  # fmt: skip
    return f"From N(0, 1), with the others from q(z), it {kit.placed(rows, words, sizes=sizes)}."


def _ends(rows: Any) -> str:
    return f"{kit.extremes(rows, **PERCENT)} %"


def _sizes(rows: Any) -> str:
    return listed(f"{kit.size(row, **PERCENT)} %" for row in rows)


def _holds(which: pd.DataFrame) -> str:
    """How much of the mismatch of all marginals this dimension has."""
    ends = kit.ranged(
        which, "share", lambda row: f"{with_ends(row, 'share', **PERCENT)} % at {kit.at(row)}", most=2
    )
    return f"It has {ends} of the marginal KL."


def _both(closed: pd.DataFrame) -> str:
    """What both swaps amount to, setting by setting."""
    said = []
    for _, own in closed.groupby(PLACE) if len(closed) else ():
        rows = {row["strategy"]: row for row in own.to_dict("records")}
        parts = [
            f"{words} {kit.change('own', **PERCENT)(rows[name])} % ({TOLD[rows[name]['verdict']]})"
            for name, words in (("one-from-q", "from q(z) it closes"), ("lost", "from N(0, 1) it loses"))
            if name in rows
        ]
        said.append(f"At {kit.at(own.iloc[0].to_dict())}, {' and '.join(parts)}.")
    return " ".join(said) or "No setting has a gap to close."


def _told(changes: pd.DataFrame) -> str:
    """The metrics that the swap changes, by verdict, for each swap at each setting."""
    said = []
    for (name, *_), own in changes.groupby(["strategy", *PLACE]):
        of = {
            v: listed(word(r["metric"]).label for r in rows)
            for v, rows in kit.by_verdict(own).items()
            if v in ("better", "worse")
        }
        if of:
            where = f"`{name}` at {kit.at(own.iloc[0].to_dict())}"
            said.append(f" {where}: {'; '.join(f'{verdict} in {names}' for verdict, names in of.items())}.")
    return "".join(said)


def _which(which: pd.DataFrame, place: Mapping[str, kit.Column]) -> pd.DataFrame:
    columns = {"marginal KL": kit.cell("marginal_kl"), "of all dimensions": kit.cell("whole")}
    columns |= {
        "share, %": kit.cell("share", **PERCENT),
        "spread of q(zⱼ) by its moments": kit.cell("spread"),
    }
    return kit.readable(
        which, {**place, "trainings": "trainings", **columns, "rank by rate": kit.cell("rank")}
    )


def _shares(table: pd.DataFrame, closed: pd.DataFrame, place: Mapping[str, kit.Column]) -> pd.DataFrame:
    verdicts = {(r["alpha"], r["beta"], r["strategy"]): r["verdict"] for r in closed.to_dict("records")}

    def shown(name: str) -> kit.Column:
        said = kit.cell(name, **PERCENT)
        words = TOLD if name == "lost" else {verdict: verdict for verdict in TOLD}
        return lambda row: (
            f"{said(row)} {words[verdicts.get((row['alpha'], row['beta'], name), 'none')]}".strip()
        )

    names = [
        name
        for name in ("one-from-q", "lost", "one-from-prior", "shuffled-marginals", "posterior")
        if name in table
    ]
    why = {"no share because": lambda row: "" if row["state"] == "ok" else row["state"]}
    return kit.readable(table, {**place, **{f"{name}, %": shown(name) for name in names}, **why})


def _changes(changes: pd.DataFrame, place: Mapping[str, kit.Column]) -> pd.DataFrame:
    named = {"metric": lambda row: word(row["metric"]).label}
    columns = {**place, **kit.plain("strategy", "instead of"), **named, **kit.contrast("swapped", "plain")}
    return kit.readable(changes, columns) if len(changes) else changes


def figure(table: pd.DataFrame) -> Figure:
    """The shares of the swaps, and of what they differ from, against s."""
    rows = table.assign(s=table["beta"] / (2 * table["alpha"]))
    names = {
        name: name
        for name in ("one-from-q", "shuffled-marginals", "one-from-prior", "posterior")
        if name in rows
    }
    panel = kit.Lines("Share of the gap closed", rows, names, "%", scale=100, mark=0.0)
    return kit.lines([panel], **kit.noise_axis(rows), title="One dimension swapped between prior and q(z)")


def pictures(results: Results) -> Figure | None:
    """The traversals at the smallest β/α; None if there are none."""
    kept = {name.split("/")[0] for name in results.samples if "/traverse/" in name}
    runs = results.runs[results.runs["run_id"].isin(kept)]
    if runs.empty:
        return None
    setting = frames.spread(frames.settings(runs), 3)[0]
    run = str(frames.at(runs, setting)["run_id"].iloc[0])
    title = f"The dimension farthest from N(0, 1) traversed, {setting.label}"
    with style.styled():
        return sheet(kit.stored(results, f"{run}/traverse/"), title=title)


BETAS = (0.02, 0.2, 1.0)

EXPERIMENT = Experiment(
    name="single_latent",
    question="What does the one latent dimension that is farthest from N(0, 1) do to samples?",
    profiles={
        "smoke": vary(SMOKE, strategies=STRATEGIES, alphas=(10.0,)),
        "quick": vary(DIGITS, strategies=STRATEGIES, betas=(0.01, 0.05, 0.2), density_draws=500),
        "default": vary(MNIST, strategies=STRATEGIES, betas=BETAS, n_samples=1000, density_draws=500),
    },
    findings=findings,
    samples=traverses,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
