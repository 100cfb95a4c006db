"""What do posteriors of the training data give when there are few of them, and when do they copy?

Drawing z ~ q(z|xₙ) keeps the training data; with N of them q(z) has N components. The same model is trained on 100 up
to 60,000 examples, with as many optimiser steps, early stopping on as large a share of the validation data, and
features that come from the whole data set. Two questions are asked at every N: what share of the gap in KID between the
prior and real data is closed, and whether samples are less authentic than held-out data through the same decoder.

Declared beforehand: samples of a strategy copy at an N where their authenticity is shown to be below that of
reconstructions of held-out data, after Holm's correction over N. The number of examples matters to what a strategy
gains where its share of the gap at that N is told from its share at the smallest N, and not where both are within 5 %.

    study run training_size                      MNIST, 60 VAEs, twenty minutes on two cores
    study run training_size --profile quick      digits, 15 VAEs, one minute
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.text.numbers import listed, number
from study.statistics.verdicts import MATTERS
from study.tables.results import Results

METRIC, NOVELTY = "kid", "authenticity"
CLOSING = ("posterior", "held-out-posterior", "gmm")
SAME_DECODER = "reconstruction"
COMPARED = ("prior", "gmm", "posterior")  # whose novelty is compared with that of reconstructions
STRATEGIES = ("prior", *CLOSING, SAME_DECODER, "held-out", "copycat", "noise")
SHOWN = ("prior", "gmm", "posterior", SAME_DECODER, "held-out")
PLACE, AXIS = ["alpha", "beta"], "n_train"
PERCENT: dict[str, Any] = {"scale": 100, "places": 0}
TEXTS = {
    "each": "For every number N of training examples: the rate in nats; the overlap exp(log N − I), the number of "
    "training examples that could have produced a z; and the share of the gap in KID between the prior and held-out "
    "data that each strategy closes, in %; with 95 % intervals{over}.",
    "grows": "Share closed at each N minus that at the smallest N, in points, paired by training seed, with 95 % "
    "intervals{over}. Equivalent: within ± 5 points, after Holm's correction over the rows of a strategy.",
    "novel": "Authenticity of each strategy minus that of held-out data through the same decoder, paired on the same "
    "model, with 95 % intervals{over}. `worse` is less authentic: copying. Holm's correction is over N and "
    "settings of β.",
    "figure": "Against the number of training examples N: KID of samples, the share of the gap that each strategy "
    "closes, and authenticity (0: copies); bars are 95 % intervals{over}.",
    "pictures": "Samples of one model for every N, at its smallest β; those of a row share noise and examples.",
}  # fmt: skip


def scores(results: Results) -> pd.DataFrame:
    """`Results.metrics` with the number of training examples of each model."""
    known = results.runs[["run_id", AXIS]]
    return results.metrics.drop(columns=AXIS, errors="ignore").merge(known, on="run_id")


def copying(metrics: pd.DataFrame) -> pd.DataFrame:
    """Authenticity of each strategy minus that of reconstructions, at every N: a family of tests per strategy."""
    parts = [
        kit.compared(
            metrics, [NOVELTY], [({"strategy": name}, name, SAME_DECODER)], columns=["strategy"], places=[*PLACE, AXIS]
        )
        for name in COMPARED
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def by_size(metrics: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Means of a metric over trainings, a row per setting and N and a column per strategy, with intervals."""
    found = [
        table
        for _, _, table in kit.each_metric(
            metrics, [metric], rows=[*PLACE, AXIS, "seed"], columns=["strategy"]
        )
    ]
    return kit.estimates(found[0].reset_index(), by=[*PLACE, AXIS], of=SHOWN) if found else pd.DataFrame()


def models(results: Results) -> pd.DataFrame:
    """Rate, and overlap at the mean of I, of every setting and N."""
    each = kit.by_run(results, AXIS)
    each = each.assign(apart=np.log(each[AXIS]) - each["mi_lower"])
    found = kit.estimates(each, by=[*PLACE, AXIS], of=["rate", "apart"])
    ends = {f"overlap{end}": np.exp(found[f"apart{end}"]).clip(lower=1) for end in ("", "_low", "_high")}
    return found.assign(**ends).drop(columns="trainings")


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """What posteriors close of the gap at every N, and where samples copy."""
    told, metrics = kit.shares(results, METRIC), scores(results)
    if told.empty:
        return Findings("Nothing was compared: no model has scores of the prior and of real data.")
    by = [*PLACE, AXIS]
    table, closed = kit.closing(told, CLOSING, by=by)
    table = table.merge(models(results), on=by, how="left")
    there = [name for name in CLOSING if name in told]
    grows = kit.along(told[told["state"] == "ok"], there, axis=AXIS, places=PLACE, matters=MATTERS)
    copies, over = copying(metrics), kit.covered(results, [METRIC])
    caption = f"{TEXTS['figure'].format(over=over)}{_copying(copies)}"
    novel = TEXTS["novel"].format(over=kit.covered(results, [NOVELTY], alone=""))
    drawn = kit.pictured(
        results,
        [AXIS],
        lambda run: f"N = {run[AXIS]:,}",
        ("prior", "posterior"),
        title="Samples by training size",
    )
    place: dict[str, kit.Column] = {"beta": kit.value("beta"), "N": lambda row: f"{row[AXIS]:,.0f}"}
    return Findings(
        answer(copies, closed),
        (
            Section("Every number of examples", TEXTS["each"].format(over=over), _readable(table, place)),
            Section("More examples against the fewest", TEXTS["grows"].format(over=over), _grown(grows, place)),
            Section("Copying", novel, _copied(copies, place)),
            *([Section("Pictures", TEXTS["pictures"], figure=drawn)] if drawn else []),
        ),
        (kit.Exhibit("What the number of examples changes", caption, figure(table, metrics)),),
    )  # fmt: skip


def answer(copies: pd.DataFrame, closed: pd.DataFrame) -> str:
    """Where posteriors copy; then what they close of the gap, at the fewest and the most examples."""
    own = copies[copies["strategy"] == "posterior"] if len(copies) else copies
    if own.empty or kit.undecided(own):
        return kit.UNDECIDED
    return kit.brief(_where(own), _gained(closed))


def _where(own: pd.DataFrame) -> str:
    """Where samples from posteriors are shown to copy."""
    what = "Samples from posteriors are shown to be less authentic than reconstructions of held-out data"
    return f"{what} {_places(own)}."


def _places(own: pd.DataFrame) -> str:
    """The N where one strategy is shown to copy; settings of which the same is said stand together."""
    said: dict[str, list[str]] = {}
    for beta, rows in own.sort_values(AXIS).groupby("beta"):
        some = [f"{row[AXIS]:,.0f}" for row in kit.by_verdict(rows).get("worse", [])]
        where = f"at N = {listed(some)} of {len(rows)}" if some else f"at no N of {len(rows)}"
        if 1 < len(some) == len(rows):
            where = f"at every N from {some[0]} to {some[-1]}"
        said.setdefault(where, []).append(number(beta))
    return listed([f"{where} (β = {listed(betas)})" for where, betas in said.items()])


def _gained(closed: pd.DataFrame) -> str:
    """The share that posteriors close with the fewest and the most examples, at the smallest β with a gap."""
    rows = closed[closed["strategy"] == "posterior"] if len(closed) else closed
    if rows.empty:
        return "No setting has a gap to close."
    own = rows[rows["beta"] == rows["beta"].min()].sort_values(AXIS).iloc[[0, -1]].drop_duplicates(AXIS)
    said = [
        f"{kit.change('own', **PERCENT)(row)} % at N = {row[AXIS]:,.0f}" for row in own.to_dict("records")
    ]
    return f"They close {listed(said)} of the gap in KID (β = {number(rows['beta'].min())})."


def _copying(copies: pd.DataFrame) -> str:
    """Where each strategy copies, for the caption."""
    own = copies.groupby("strategy", sort=False) if len(copies) else ()
    said = [f"`{name}` {_places(rows)}" for name, rows in own]
    return f" Less authentic than reconstructions, as far as shown: {'; '.join(said)}." if said else ""


def _readable(table: pd.DataFrame, place: Mapping[str, kit.Column]) -> pd.DataFrame:
    shown = {"rate": kit.cell("rate"), "overlap": kit.cell("overlap")}
    shown |= {f"{name}, %": kit.cell(name, **PERCENT) for name in CLOSING if name in table}
    why = {"no share because": lambda row: "" if row["state"] == "ok" else row["state"]}
    return kit.readable(
        table.sort_values(["beta", AXIS]), {**place, "trainings": "trainings", **shown, **why}
    )


def _grown(grows: pd.DataFrame, place: Mapping[str, kit.Column]) -> pd.DataFrame:
    columns = {**place, "strategy": "of", "change, points": kit.change(**PERCENT), "verdict": "verdict"}
    return kit.readable(grows, columns) if len(grows) else grows


def _copied(copies: pd.DataFrame, place: Mapping[str, kit.Column]) -> pd.DataFrame:
    columns = {**place, "strategy": "strategy", **kit.contrast("own", "other", places=3)}
    return kit.readable(copies, columns).rename(columns={"other": SAME_DECODER}) if len(copies) else copies


def figure(table: pd.DataFrame, metrics: pd.DataFrame) -> Figure:
    """A row of panels per β: KID, shares of the gap, authenticity."""
    kid, novelty = (by_size(metrics, name) for name in (METRIC, NOVELTY))
    named = {name: name for name in SHOWN}
    panels = []
    for setting in frames.settings(table.assign(noise_variance=table["beta"] / (2 * table["alpha"]))):
        where = f"s = {number(setting.noise_variance)}"
        fidelity, share, authentic = (
            frames.at(rows, setting) if len(rows) else rows for rows in (kid, table, novelty)
        )
        panels += [
            kit.Lines(f"KID, {where}", fidelity, named, "KID (0: as real data)"),
            kit.Lines("Share of the gap closed", share, {n: n for n in CLOSING}, "%", scale=100, mark=0.0),
            kit.Lines("Authenticity", authentic, named, "authenticity (0: copies)"),
        ]
    return kit.lines(
        panels, x=AXIS, axis="training examples N", title="What the number of examples changes", columns=3
    )


def sizes(plain: StudyConfig, *n: int, **changes: Any) -> tuple[StudyConfig, ...]:
    """The same grid with each number of training examples, of which the report's general part is about the first.

    0 is all of them.
    """
    return tuple(vary(plain, n_train=one, strategies=STRATEGIES, **changes) for one in n)


QUICK = sizes(DIGITS, 0, 100, 300, betas=(0.05,), density_draws=500)
LARGE = {"betas": (0.06, 0.6), "n_samples": 1000, "density_draws": 500}

EXPERIMENT = Experiment(
    name="training_size",
    question="What do posteriors of the training data give when there are few of them, and when do they copy?",
    profiles={
        "smoke": sizes(SMOKE, 100, 300, alphas=(10.0,)),
        "quick": QUICK,
        "default": sizes(MNIST, 0, 100, 300, 1000, 3000, 10_000, **LARGE),
        "default/digits": sizes(DIGITS, 0, 100, 200, 400, betas=(0.05, 0.5), density_draws=500),
        "default/colour-patches": sizes(MNIST, 0, 100, 300, **LARGE),
    },
    findings=findings,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
