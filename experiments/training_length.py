"""Does the answer depend on how long the models were trained?

A model that is trained too briefly has another q(z): its rate is too low, and its posteriors are nearer to the prior or
farther from it than at the optimum. The same digits are trained for 64 times as many steps, each time with a step size
that decays to zero and without early stopping, and every length has the same seeds. The effect at each length is the
share of the gap in KID between the prior and held-out data that a strategy closes. KID sees no copies, so authenticity
is compared too, with that of held-out data through the same decoder, which grows sharper with training.

    study run training_length                      digits, 60 VAEs, 500 to 32,000 steps, ten minutes on two cores
    study run training_length --profile quick      digits, 30 VAEs, 500 and 4,000 steps, two minutes
"""

import dataclasses
import itertools
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import CONVERGED, DIGITS, SMOKE, vary
from study.report import frames, kit
from study.report.findings import Exhibit
from study.report.plots import style
from study.report.text.limits import endings
from study.report.text.numbers import listed, number
from study.tables.results import Results

METRIC, PRIOR, FLOOR = "kid", "prior", "held-out"
NOVELTY, SAME_DECODER = "authenticity", "reconstruction"
HEADLINE = "posterior"  # the strategy that the answer is about
SHARED = (HEADLINE, "held-out-posterior", "gmm", "gaussian-full", "global-gaussian")
STRATEGIES = (PRIOR, *SHARED, "reconstruction", FLOOR, "copycat", "noise")
PLACE = ["alpha", "beta", "noise_variance"]
BEFORE = "The longest training against the one before it, as above."
HARDLY = 0.1  # the share of pairs of strategies that may change places before an order has changed
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
        fell, `study.training.convergence`).
    """
    if told.empty:
        return told
    runs = results.runs.set_index("run_id")
    models = frames.models(results)
    models = models.assign(mismatch=frames.mismatch(models)["middle"], steps=runs["steps"])
    by = [*PLACE, "steps"]
    table = kit.estimates(told.reset_index(), by=[*by, "state"], of=SHARED)
    beside = kit.estimates(models, by=by, of=["rate", "mismatch"]).drop(columns="trainings")
    ended = []
    for place, own in results.runs.groupby(by, dropna=False):
        ends = endings(dataclasses.replace(results, runs=own))
        facts = {"judged": len(ends), "falling": sum(end.still_falling for end in ends)}
        ended.append(dict(zip(by, place, strict=True)) | facts)
    return table.merge(beside, on=by, how="left").merge(pd.DataFrame(ended), on=by, how="left")


def authenticity(results: Results) -> pd.DataFrame:
    """A row per training: its place, steps, seed, and the authenticity of each strategy and of reconstructions."""
    runs = results.runs.set_index("run_id")[[*PLACE, "steps", "seed"]]
    copied = frames.measured(results, NOVELTY)
    kept = [name for name in (*SHARED, SAME_DECODER, FLOOR) if name in copied]
    return runs.join(copied[kept], how="inner").reset_index(drop=True)


def copying(rows: pd.DataFrame) -> pd.DataFrame:
    """Authenticity of `HEADLINE` beyond that of reconstructions, at the longest training against the shortest.

    Returns:
        The columns of `kit.paired` with alpha, beta, first and last (the authenticity of `HEADLINE` there).
    """
    if not {HEADLINE, SAME_DECODER} <= set(rows):
        return pd.DataFrame()
    rows = rows.assign(beyond=rows[HEADLINE] - rows[SAME_DECODER])
    ends, pairs = (rows["steps"].max(), rows["steps"].min()), []
    for place, own in kit.each_place(rows, ["alpha", "beta"]):
        long, short = (own[own["steps"] == steps].set_index("seed") for steps in ends)
        facts = place | {"better": "higher", "first": short[HEADLINE].mean(), "last": long[HEADLINE].mean()}
        pairs.append(kit.Pair(facts, long["beyond"], short["beyond"], "copying"))
    return kit.paired(pairs)


def against_shortest(told: pd.DataFrame) -> pd.DataFrame:
    """Share closed at each length − share closed at the shortest, paired by seed, at every α and β.

    Returns:
        Columns alpha, beta, noise_variance, strategy, steps, better, seeds, longer, shorter, difference, low, high
        (95 %, not corrected), p_holm (over settings and lengths of one strategy), verdict on the longer, detectable.
    """
    lengths = sorted(told["steps"].unique()) if len(told) else []
    return _against(told, [(steps, lengths[0]) for steps in lengths[1:]])


def against_last_but_one(told: pd.DataFrame) -> pd.DataFrame:
    """The table of `against_shortest` for the longest training against the one before it; empty with two lengths."""
    lengths = sorted(told["steps"].unique()) if len(told) else []
    return _against(told, [(lengths[-1], lengths[-2])] if len(lengths) > 2 else [])


def _against(told: pd.DataFrame, lengths: list[tuple[int, int]]) -> pd.DataFrame:
    pairs = []
    kept = told[told["state"] == "ok"].fillna({"noise_variance": 0.0}) if lengths else told[:0]
    for place, own in kit.each_place(kept, PLACE) if len(kept) else ():
        for ends in (ends for ends in lengths if {*ends} <= set(own["steps"])):
            for name in (name for name in SHARED if name in own):
                facts = place | {"strategy": name, "steps": int(ends[0]), "better": "higher"}
                long, short = (own.loc[own["steps"] == steps, name] for steps in ends)
                pairs.append(kit.Pair(facts, long, short, family=name))
    return kit.paired(pairs, own="longer", other="shorter")


def swapped(table: pd.DataFrame) -> tuple[int, int]:
    """How many pairs of strategies change places from the shortest to the longest training, of how many pairs."""
    changed = []
    for _, own in table[table["state"] == "ok"].groupby(["alpha", "beta"]):
        ends = own[own["steps"].isin([table["steps"].min(), table["steps"].max()])]
        for one, other in itertools.combinations([name for name in SHARED if name in own], 2):
            lead = (ends[one] - ends[other]).round(6).to_numpy(float)
            changed += [lead[0] * lead[1] < 0] if len(lead) == 2 else []
    return sum(map(bool, changed)), len(changed)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """How the share of the gap changes with the number of steps, and what the models are like at each length."""
    told = shares(results)
    table, changes, ending = by_length(results, told), against_shortest(told), against_last_but_one(told)
    if table.empty:
        return Findings("Nothing was compared: no model has scores of the prior and of real data.")
    copied, over = authenticity(results), kit.covered(results, [METRIC], alone="")
    seeds = over or " over training seeds"
    text = (
        "The share of the gap in KID between the prior and held-out data that each strategy closes, in %, a ratio of "
        f"means over trainings with its 95 % interval{seeds}; the rate and KL(q(z)‖p(z)) in nats; and in how many "
        "trainings the validation loss still fell over the last tenth of the sum of step sizes, by more than two "
        "standard errors and more than 0.5 % of itself."
    )
    paired = (
        "The share at each length minus that at the shortest, in points, paired by training seed, with 95 % intervals"
        f"{over}. "
        "Verdicts are on the longer training, with Holm's correction over all rows of a strategy; what is not decided "
        "is no sign that length has no effect."
    )
    sections = [
        Section("The effect at each length", text, _readable(table)),
        Section("Longer against shortest training", paired, _readable_changes(changes)),
        Section(
            "Longest training against the one before", BEFORE * len(ending[:1]), _readable_changes(ending)
        ),
        Section("The models against training length", _models_caption(table), figure=models_figure(table)),
    ]
    caption = _shares_caption(table, changes, ending, seeds)
    first = Exhibit(
        "Share of the gap and copying against training length", caption, shares_figure(table, copied)
    )
    answer = _answer(table, changes, ending, copying(copied))
    return Findings(answer, tuple(one for one in sections if one.text), (first, "effects", "samples"))


def _answer(table: pd.DataFrame, changes: pd.DataFrame, ending: pd.DataFrame, copied: pd.DataFrame) -> str:
    """Whether size and order of the effect depend on length, then what of copying, and where the rise ends."""
    steps = sorted(table["steps"].unique())
    if changes.empty or (own := changes[changes["strategy"] == HEADLINE]).empty:
        return "Not decided: no setting has a gap to close at both the shortest and the longest training."
    own = own[own["steps"] == steps[-1]]
    told = bool(own["verdict"].isin(["better", "worse"]).any())
    n, of = swapped(table)
    order = "no" if not n else "hardly" if n <= HARDLY * of else "yes"
    lead = (
        f"In size {'yes' if told else 'not decided'}, in order {order}: from {steps[0]:,} to {steps[-1]:,} steps "
        f"`{HEADLINE}`'s share of the gap in KID {_changes(own)}."
    )
    grows, ends = _copying(copied), _ending(ending, steps)
    more = ("; ".join(filter(None, (grows, ends))), grows)
    return kit.brief(lead, *(f"{said[0].upper()}{said[1:]}." for said in more if said))


def _copying(copied: pd.DataFrame) -> str:
    """Where copying surely grows, with the lowest authenticity that it comes to."""
    rows = copied[copied["verdict"] == "worse"].sort_values("last").to_dict("records") if len(copied) else []
    if not rows:
        return ""
    sizes = f"{number(rows[0]['first'])} to {number(rows[0]['last'])}"
    return f"copying grows: authenticity falls from {sizes} {_where(rows[:1])}"


def _ending(ending: pd.DataFrame, steps: list[int]) -> str:
    """Whether the share still rises after the last length but one."""
    rows = ending[ending["strategy"] == HEADLINE] if len(ending) else ending
    if rows.empty:
        return ""
    still = rows[rows["verdict"] == "better"].to_dict("records")
    said = f"it still rises {_where(still)}" if still else "no rise is decided"
    return f"after {steps[-2]:,} steps {said}"


def _changes(rows: pd.DataFrame) -> str:
    """The changes of one strategy by verdict, setting by setting."""
    found, said = kit.by_verdict(rows), []
    for verdict, verb in (("better", "rises"), ("worse", "falls")):
        if own := found.get(verdict, []):
            sizes = listed(kit.size(row, scale=100, places=0) for row in own)
            said.append(f"{verb} by {sizes} points {_where(own)}")
    words = {"equivalent": "changes by less than matters", "none": "has no interval"}
    words["not decided"] = "has no decided change"
    for verdict in ("equivalent", "not decided", "none"):
        if own := found.get(verdict, []):
            few = " (too few trainings to tell)" * (verdict == "not decided")
            said.append(f"{words[verdict]} {_where(own)}{few}")
    return "; it ".join(said)


def _where(rows: Sequence[Mapping[Any, Any]]) -> str:
    """ "at α = 1 and 10" if the rows share β, "at β = 1 and 2" if they share α, else setting by setting."""
    alphas, betas = ([number(row[name]) for row in rows] for name in ("alpha", "beta"))
    if len({*betas}) == 1:
        return f"at α = {listed(alphas)}"
    return f"at β = {listed(betas)}" if len({*alphas}) == 1 else f"at {listed(map(kit.at, rows))}"


def _shares_caption(table: pd.DataFrame, changes: pd.DataFrame, ending: pd.DataFrame, over: str) -> str:
    """What the figure shows, which strategies rise, and which fall again at the end."""
    missing = (table["state"] != "ok").any()
    gone = "; a setting without a gap, or without a decoder, has no point" * bool(missing)
    text = (
        f"Above: share of the gap in KID closed by each strategy, with 95 % intervals{over}{gone}. Below: "
        "authenticity, 0 for copies; dotted: real data."
    )
    steps = sorted(table["steps"].unique())
    last = changes[changes["steps"] == steps[-1]] if len(changes) else changes
    for rows, verb, verdict, since in (
        (last, "rise", "better", steps[0]), (last, "fall", "worse", steps[0]),
        (ending, "fall", "worse", steps[-2:][0]),
    ):  # fmt: skip
        told = rows[rows["verdict"] == verdict] if len(rows) else rows
        if len(told):
            places = [f"`{name}` {_where(own.to_dict('records'))}" for name, own in told.groupby("strategy")]
            text += f" From {since:,} to {steps[-1]:,} steps the shares {verb} for {listed(places)}."
    if len(last) and len(
        open_ := last.groupby("strategy").filter(lambda own: {*own["verdict"]} == {"not decided"})
    ):
        names = listed(f"`{name}`" for name in open_["strategy"].unique())
        text += f" Of {names} nothing is decided from {steps[0]:,} to {steps[-1]:,} steps: too few trainings to tell."
    return (
        f"{text} Steps are those taken, to the end of an epoch; names such as `steps=500` give those asked for. Other "
        "figures and the table of strategies are about the longest training."
    )


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
    columns |= {"would be seen": kit.value("detectable", 0, scale=100)}
    return kit.readable(changes, columns | kit.plain("verdict")) if len(changes) else changes


KINDS = (*SHARED, SAME_DECODER)


def shares_figure(table: pd.DataFrame, copied: pd.DataFrame) -> Figure:
    """A column per setting: shares against steps above, authenticity below, a curve per strategy."""
    colours = (style.ORANGE, style.PURPLE, style.BLUE, style.INK, style.GREY, style.GREEN)
    looks = {
        name: (name, color, marker)
        for name, color, marker in zip(KINDS, colours, style.markers(len(KINDS)), strict=True)
        if name in table or name in copied
    }
    novel = [name for name in KINDS if name in copied]
    below = (
        kit.estimates(copied, by=["alpha", "beta", "noise_variance", "steps"], of=novel) if novel else copied
    )
    rows = [(table, "share of the gap in KID, %", 100.0), (below, "authenticity", 1.0)]
    title = "Share of the gap closed and authenticity, against training length"
    figure = _figure([row for row in rows if len(row[0])], looks, title=title)
    if FLOOR in copied and novel:
        for axes in figure.axes[len(frames.settings(table)) : 2 * len(frames.settings(table))]:
            axes.axhline(copied[FLOOR].mean(), color=style.INK, linewidth=1, linestyle=":")
    return figure


def models_figure(table: pd.DataFrame) -> Figure:
    """A panel per setting: the rate and the mismatch against steps."""
    kinds = {"rate": ("rate", style.GREY, "^"), "mismatch": ("KL(q(z)‖p(z))", style.BLUE, "o")}
    return _figure([(table, "nats", 1.0)], kinds, title="Rate and mismatch, against training length")


def _figure(
    rows: Sequence[tuple[pd.DataFrame, str, float]], kinds: Mapping[str, tuple[str, Any, str]], *, title: str
) -> Figure:
    """A row of panels for each table with its label and scale, a column per setting; curves stand side by side."""
    settings = frames.settings(rows[0][0])
    with style.styled():
        height = 0.5 + 2.6 * len(rows)
        fig, grid = style.panels(
            len(rows), len(settings), height=height, title=title, share_x=True, share_y="row"
        )
        for line, (table, label, scale) in zip(grid, rows, strict=True):
            for axes, setting in zip(line, settings, strict=True):
                own = frames.at(table, setting)
                for i, (name, (shown, color, marker)) in enumerate(kinds.items()):
                    ends = (name, f"{name}_low", f"{name}_high")
                    if name not in own or own[name].isna().all():
                        continue
                    apart = 1.07 ** (i - (len(kinds) - 1) / 2)
                    scaled = own.dropna(subset=[name])
                    scaled = scaled.assign(
                        at=apart * scaled["steps"], **{end: scale * scaled[end] for end in ends}
                    )
                    kit.curve(axes, scaled, "at", ends, color=color, marker=marker, label=shown)
                kit.setting_axis(axes, own["steps"], "training steps" * (table is rows[-1][0]))
            line[0].set_ylabel(label)
        for axes, setting in zip(grid[0], settings, strict=True):
            axes.set_title(textwrap.fill(setting.label, style.TITLE // len(settings)))
        found = {}
        for axes in grid.ravel():
            found |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        fig.legend(found.values(), found, loc="outside lower center", ncols=3, frameon=False)
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
