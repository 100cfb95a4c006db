"""Does the answer depend on how long the models were trained?

A model that is trained too briefly has another q(z): its rate is too low, and its posteriors are nearer to the prior or
farther from it than at the optimum. The same digits are trained for 64 times as many steps, each time with a step size
that decays to zero and without early stopping, and every length has the same seeds. The effect at each length is the
share of the gap in KID between the prior and held-out data that a strategy closes.

    study run training_length                      digits, 60 VAEs, 500 to 32,000 steps, ten minutes on two cores
    study run training_length --profile quick      digits, 30 VAEs, 500 and 4,000 steps, two minutes
"""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import CONVERGED, DIGITS, SMOKE, vary
from study.report import frames, kit
from study.report.findings import Exhibit
from study.report.plots import style
from study.report.text.numbers import listed, number
from study.tables.results import Results

METRIC, PRIOR, FLOOR = "kid", "prior", "held-out"
HEADLINE = "posterior"  # the strategy that the answer is about
SHARED = (HEADLINE, "held-out-posterior", "gmm", "gaussian-full", "global-gaussian")
STRATEGIES = (PRIOR, *SHARED, "reconstruction", FLOOR, "copycat", "noise")
PLACE = ["alpha", "beta", "noise_variance"]
STATES = {"ok": "", "nothing": "nothing to gain", "no decoder": "no decoder to speak of"}


def shares(results: Results) -> pd.DataFrame:
    """What each training and evaluation contributes to the share of the gap that each strategy closes.

    Returns:
        Columns alpha, beta, noise_variance, steps, state (a key of `STATES`), and a column for each of `SHARED`, NaN
        unless the state is "ok". The index is that of `kit.by_training`.
    """
    values = frames.measured(results, METRIC, each=True)
    if not {PRIOR, FLOOR} <= set(values):
        return pd.DataFrame()
    runs = results.runs.set_index("run_id")[[*PLACE, "steps", "seed"]]
    parts = []
    for _, own in runs.join(values, how="inner").groupby(["steps", *PLACE], dropna=False):
        state = _state(own)
        found = {name: kit.share_closed(own[name], own[PRIOR], own[FLOOR]) for name in SHARED if name in own}
        made = own[[*PLACE, "steps", "seed"]].assign(state=state, **found)
        if state != "ok":
            made[list(found)] = float("nan")
        parts.append(kit.by_training(made.reset_index().drop(columns="run_id")))
    return pd.concat(parts)


def _state(own: pd.DataFrame) -> str:
    """Whether a share can be told: the prior has a gap to real data, and reconstructions beat noise."""
    if {"reconstruction", "noise"} <= set(own) and not own["reconstruction"].mean() < own["noise"].mean():
        return "no decoder"
    return "ok" if kit.estimate("gap", own[PRIOR] - own[FLOOR])["gap_low"] > 0 else "nothing"


def by_length(results: Results, told: pd.DataFrame) -> pd.DataFrame:
    """Per α, β and number of steps: the shares with their 95 % intervals, the rate, and how far training had come.

    Returns:
        Columns alpha, beta, noise_variance, steps, state, trainings; for each of `SHARED`, `rate` (nats) and `mismatch`
        (KL(q(z)‖p(z)) in nats, the middle of its bracket) a mean over trainings with _low and _high; judged
        and falling (the number of trainings that were long enough to tell, and of those whose validation loss still
        fell by more than two standard errors).
    """
    if told.empty:
        return told
    runs = results.runs.set_index("run_id")
    models = frames.models(results)
    models = models.assign(mismatch=frames.mismatch(models)["middle"], steps=runs["steps"])
    falls = runs.assign(
        judged=runs["still_falling"].notna(), falling=runs["still_falling"] > 2 * runs["still_falling_error"]
    )
    by = [*PLACE, "steps"]
    table = kit.estimates(told.reset_index(), by=[*by, "state"], of=SHARED)
    beside = kit.estimates(models, by=by, of=["rate", "mismatch"]).drop(columns="trainings")
    count = falls.groupby(by, dropna=False)[["judged", "falling"]].sum().reset_index()
    return table.merge(beside, on=by, how="left").merge(count, on=by, how="left")


def against_shortest(told: pd.DataFrame) -> pd.DataFrame:
    """Share closed at each length − share closed at the shortest, paired by seed, at every α and β.

    Returns:
        Columns alpha, beta, noise_variance, strategy, steps, better, seeds, longer, shorter, difference, low, high
        (95 %, not corrected), p_holm (over settings and lengths of one strategy), verdict on the longer, detectable.
    """
    return kit.paired(_pairs(told), own="longer", other="shorter") if len(told) else told


def _pairs(told: pd.DataFrame) -> Iterator[kit.Pair]:
    kept = told[told["state"] == "ok"]
    for place, own in kit.each_place(kept.fillna({"noise_variance": 0.0}), PLACE):
        first = own["steps"].min()
        if first != told["steps"].min():
            continue
        for steps in sorted(set(own["steps"]) - {first}):
            for name in (name for name in SHARED if name in own):
                long, short = (own.loc[own["steps"] == n, name] for n in (steps, first))
                yield kit.Pair(
                    place | {"strategy": name, "steps": int(steps), "better": "higher"},
                    long,
                    short,
                    family=name,
                )


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """How the share of the gap changes with the number of steps, and what the models are like at each length."""
    told = shares(results)
    table, changes = by_length(results, told), against_shortest(told)
    if table.empty:
        return Findings("Nothing was compared: no model has scores of the prior and of real data.")
    answer, over = _answer(table, changes), kit.covered(results, [METRIC], alone="")
    seeds = over or " over training seeds"
    text = (
        "The share of the gap in KID between the prior and held-out data that each strategy closes, in %, a ratio of "
        f"means over trainings with its 95 % interval{seeds}; the rate and KL(q(z)‖p(z)) in nats; and how "
        "many trainings had a validation loss that still fell by more than two standard errors over the last tenth of "
        "the sum of step sizes."
    )
    paired = (
        "The share at each length minus that at the shortest, in points, paired by training seed, with 95 % intervals"
        f"{over}. "
        "Verdicts are on the longer training, with Holm's correction over all rows of a strategy; what is not decided "
        "is no sign that length has no effect."
    )
    caption = _shares_caption(changes, seeds)
    return Findings(
        answer,
        (
            Section("The effect at each length", text, _readable(table)),
            Section("Longer against shortest training", paired, _readable_changes(changes)),
            Section("The models against training length", _models_caption(table), figure=models_figure(table)),
        ),
        (Exhibit("The share of the gap against training length", caption, shares_figure(table)),),
    )  # fmt: skip


def _answer(table: pd.DataFrame, changes: pd.DataFrame) -> str:
    steps = sorted(table["steps"].unique())
    own = (
        changes[(changes["strategy"] == HEADLINE) & (changes["steps"] == steps[-1])]
        if len(changes)
        else changes
    )
    if own.empty:
        return "Not decided: no setting has a gap to close at both the shortest and the longest training."
    last = table[table["steps"] == steps[-1]]
    still = f"{int(last['falling'].sum())} of {int(last['judged'].sum())} trainings"
    return (
        f"From {steps[0]:,} to {steps[-1]:,} steps, the share of the gap in KID that `{HEADLINE}` closes "
        f"{_changes(own)}. At {steps[-1]:,} steps the validation loss still fell in {still}."
    )


def _changes(rows: pd.DataFrame) -> str:
    """The changes of one strategy by verdict, setting by setting."""
    found, said = kit.by_verdict(rows), []
    for verdict, verb in (("better", "rises"), ("worse", "falls")):
        sizes = [
            f"{kit.size(row, scale=100, places=0)} points at {_at(row)}" for row in found.get(verdict, [])
        ]
        if sizes:
            said.append(f"{verb} by {listed(sizes)}")
    if alike := found.get("equivalent", []):
        said.append(f"changes by less than matters at {listed(map(_at, alike))}")
    if open_ := found.get("not decided", []):
        unseen = kit.unseen(open_, what="a change", scale=100, unit=" points")
        said.append(f"has no decided change at {listed(map(_at, open_))}{unseen}")
    if none := found.get("none", []):
        said.append(f"has no interval at {listed(map(_at, none))}")
    return "; it ".join(said)


def _at(row: Mapping[Any, Any]) -> str:
    return f"α={number(row['alpha'])}, β={number(row['beta'])}"


def _shares_caption(changes: pd.DataFrame, over: str) -> str:
    text = (
        f"Share of the gap in KID closed by each strategy, with 95 % intervals{over}; a setting without a "
        "gap, or without a decoder, has no point."
    )
    last = changes[changes["steps"] == changes["steps"].max()] if len(changes) else changes
    said = [f"`{name}` {_changes(own)}" for name, own in last.groupby("strategy")] if len(last) else []
    return f"{text} From the shortest to the longest training: {'. '.join(said)}." if said else text


def _models_caption(table: pd.DataFrame) -> str:
    text = "Rate, and KL(q(z)‖p(z)), the mismatch that a strategy can mend, in nats, with 95 % intervals over seeds."
    falling = table.groupby("steps")[["falling", "judged"]].sum().reset_index().to_dict("records")
    counts = listed(f"{r['falling']:.0f} of {r['judged']:.0f} after {r['steps']:,.0f} steps" for r in falling)
    return f"{text} The validation loss still fell at the end in {counts}."


SETTING = {name: kit.value(name) for name in ("alpha", "beta", "steps")}


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    shown: dict[str, kit.Column] = {**SETTING, "trainings": "trainings"}
    shown |= {f"{name}, %": kit.cell(name, scale=100, places=0) for name in SHARED if name in table}
    shown |= {"no share because": lambda row: STATES[row["state"]]}
    shown |= {"rate": kit.cell("rate"), "KL(q‖p)": kit.cell("mismatch"), "loss still fell in": "falling"}
    return kit.readable(table, shown)


def _readable_changes(changes: pd.DataFrame) -> pd.DataFrame:
    columns = SETTING | kit.plain("strategy") | {"change, points": kit.change(scale=100, places=0)}
    return kit.readable(changes, columns | kit.plain("verdict")) if len(changes) else changes


def shares_figure(table: pd.DataFrame) -> Figure:
    """A panel per setting: shares against steps, a curve per strategy."""
    names = [name for name in SHARED if name in table]
    looks = zip(names, style.shades(len(names)), style.markers(len(names)), strict=False)
    return _figure(
        table,
        {name: (name, color, marker) for name, color, marker in looks},
        "share of the gap in KID, %",
        scale=100,
        title="Share of the gap closed, against training length",
    )


def models_figure(table: pd.DataFrame) -> Figure:
    """A panel per setting: the rate and the mismatch against steps."""
    kinds = {"rate": ("rate", style.GREY, "^"), "mismatch": ("KL(q(z)‖p(z))", style.BLUE, "o")}
    return _figure(table, kinds, "nats", title="Rate and mismatch, against training length")


def _figure(
    table: pd.DataFrame,
    kinds: Mapping[str, tuple[str, Any, str]],
    label: str,
    *,
    title: str,
    scale: float = 1.0,
) -> Figure:
    settings = frames.settings(table)
    with style.styled():
        fig, grid = style.panels(1, len(settings), height=3.2, title=title)
        for axes, setting in zip(grid[0], settings, strict=True):
            own = frames.at(table, setting)
            for name, (shown, color, marker) in kinds.items():
                ends = (name, f"{name}_low", f"{name}_high")
                kept = own.dropna(subset=[name]) if name in own else own[:0]
                scaled = kept.assign(**{end: scale * kept[end] for end in ends}) if len(kept) else kept
                if len(scaled):
                    kit.curve(axes, scaled, "steps", ends, color=color, marker=marker, label=shown)
            kit.setting_axis(axes, own["steps"], "training steps")
            width = style.TITLE // (1 + len(settings))  # the legend takes a panel's place
            axes.set_title(textwrap.fill(setting.label, width))
        grid[0][0].set_ylabel(label)
        handles = grid[0][0].get_legend_handles_labels()
        fig.legend(*handles, loc="outside right upper", frameon=False)
    return fig


def lengths(plain: StudyConfig, *steps: int, **changes: Any) -> tuple[StudyConfig, ...]:
    """The same grid trained for these numbers of steps, to the end."""
    to_the_end = {"learning_rate": CONVERGED.learning_rate, "patience": 0}
    return tuple(
        vary(plain, strategies=STRATEGIES, training={"steps": n, **to_the_end}, **changes) for n in steps
    )


GRID = {"alphas": (1.0, 10.0, 100.0), "betas": (0.25,), "density_draws": 1000}

EXPERIMENT = Experiment(
    name="training_length",
    question="Does the answer depend on how long the models were trained?",
    profiles={
        "smoke": lengths(SMOKE, 50, 150),
        "quick": lengths(DIGITS, 500, 4000, **GRID),
        "default": lengths(DIGITS, 500, 2000, 8000, 32_000, **GRID),
    },
    findings=findings,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
