"""What is lost between the prior and real data, rung by rung, on one frozen decoder?

Only the source of z changes from rung to rung; the decoder is that of one trained model. Each rung adds one kind of
knowledge about q(z) to the rung above, and the fall in KID is that knowledge's share of the whole gap between samples
from the prior and real data. Two rungs are parallel branches: correlation and marginal shape both start from the
diagonal Gaussian, and neither includes the other, so they do not add up; the fall of the mixture is measured from the
full Gaussian. The last rung of z, from the flow to the posteriors, is what only the codes of the training data hold,
and also whatever the flow fails to fit: the two cannot be told apart here. Shares depend on the decoder and on how long
it was trained, so they are said setting by setting and are not averaged.

Pictures are clipped to the range of the data before scoring, as they are before display. The outputs of an affine
decoder scatter around black, and clipping turns this scatter into grey. So every model is scored a second time
unclipped, which shows how much of the gap, and of the decoder's share in it, is due to clipping.

    study run gap_ladder                      MNIST, 15 VAEs scored twice, half an hour on two cores
    study run gap_ladder --profile quick      digits, 15 VAEs scored twice
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.plots import style
from study.report.text.numbers import listed, number, with_ends
from study.statistics.gaps import share_of_gap
from study.tables.results import Results

METRIC, DENSITY = "kid", "log_density"
RUNGS = (  # each with the rung from which its fall is measured, and what it adds
    ("global-gaussian", "prior", "scale and shift"),
    ("gaussian-full", "global-gaussian", "correlation"),
    ("shuffled-marginals", "global-gaussian", "marginal shape"),
    ("gmm", "gaussian-full", "joint structure, coarse"),
    ("flow", "gmm", "joint structure, fine"),
    ("posterior", "flow", "memorisation and misfit of the flow"),
    ("reconstruction", "posterior", "unseen examples"),
    ("held-out", "reconstruction", "decoder"),
)
BESIDE = "shuffled-marginals"  # a branch, not part of the sum
STRATEGIES = ("prior", *(name for name, _, _ in RUNGS), "copycat", "noise")
CLIPPED, UNCLIPPED = "mean", "unclipped"  # values of the column `decode`
ENDS = ["prior", "held-out"]  # of the gap
SHARE = "the decoder's share"
TOLD = {"better": "yes", "worse": "yes, worse", "not decided": "not decided", "none": "no interval"}
PLACE = ["alpha", "beta", "noise_variance", "seed"]
TEXT = (
    "KID of each rung, its fall from the rung above on its path, and that fall as a share of the gap between prior and "
    "held-out data, a ratio of means over training runs, with 95 % intervals. Shares along the path add up to one; "
    f"`{BESIDE}` is a branch parallel to `gaussian-full` and not part of the sum. A negative share means that a rung "
    "is worse than the one above. Whether a share is told from zero is decided after Holm's correction over all rungs "
    "and settings. The decoder's share depends on the decoder and on how it was trained, so it is not averaged over "
    "settings, and neither are the others. The rung from `flow` to `posterior` holds what only the codes of the "
    "training data have, and also what the flow fails to fit. The last column is the mean log-density of validation "
    "codes in nats, for rungs that have a density: a better fit to q(z) need not give better samples."
)
CLIPPING = (
    "The same models, z and noise, scored clipped and unclipped: means over training runs, and the paired difference "
    "with its 95 % interval. The figure shows the shares of the gap without clipping."
)
CAPTION = (
    "Share of the gap in KID between the prior and real data that each step closes, on one frozen decoder; bars have "
    "95 % intervals over training runs, and an interval that reaches an edge continues beyond it."
)


def shares(results: Results) -> pd.DataFrame:
    """KID at each rung, its fall and the fall's share of the gap, per way of scoring and setting.

    A share is a ratio of means over training runs (`study.statistics.gaps.share_of_gap`).

    Returns:
        Columns decode, alpha, beta, noise_variance, trainings, rung, from (the rung above), adds, kid; fall, share and
        closed (the share of the gap that is closed so far), fit (nats by which the log-density of validation codes
        exceeds that of the rung above), each with _low and _high (95 %, not corrected); log_density; verdict of the
        share, over all rungs and settings of a way of scoring ("better": above zero), and detectable.
    """
    density = frames.measured(results, DENSITY)
    rows, pairs = [], []
    for way, table in _by_way(results).items():
        for setting in frames.settings(table):
            cells = frames.at(table, setting)
            facts = {"decode": way, **dataclasses.asdict(setting)}
            for row, share in _rungs(cells, density.reindex(cells.index)):
                rows.append({**facts, "trainings": len(cells), **row})
                pairs.append(
                    kit.Pair({**facts, "rung": row["rung"], "better": "higher"}, share, 0 * share, way)
                )
    key = ["decode", "alpha", "beta", "rung"]
    told = kit.paired(pairs)
    return (
        pd.DataFrame(rows).merge(told[[*key, "verdict", "detectable"]], on=key, how="left")
        if rows
        else pd.DataFrame()
    )


def clipping(results: Results) -> pd.DataFrame:
    """The effect of clipping on the KID of every rung and on the decoder's share, for the same trained models.

    Returns:
        Columns alpha, beta, noise_variance, of (a rung, or the decoder's share), better, seeds, clipped, unclipped
        (means over training runs), difference, low, high (95 %, not corrected), p_holm (over all rows of KID, or all
        shares), verdict on the clipped, and detectable. Empty if models were scored in one way only.
    """
    ways = {way: table.set_index(PLACE) for way, table in _by_way(results).items()}
    if set(ways) != {CLIPPED, UNCLIPPED}:
        return pd.DataFrame()
    both = ways[CLIPPED].join(ways[UNCLIPPED].add_suffix(f"/{UNCLIPPED}"), how="inner").reset_index()
    return kit.paired(_pairs(both), own="clipped", other="unclipped")


def _pairs(both: pd.DataFrame) -> Iterator[kit.Pair]:
    for setting in frames.settings(both):
        cells = frames.at(both, setting)
        other = cells.filter(like=f"/{UNCLIPPED}").rename(columns=lambda name: name.split("/")[0])
        found = {name: (cells[name], other[name]) for name in other if name != "held-out"}
        if "reconstruction" in found:
            found[SHARE] = (_decoder(cells), _decoder(other))
        for name, (own, counterpart) in found.items():
            facts = {**dataclasses.asdict(setting), "of": name, "better": "lower"}
            yield kit.Pair(facts, own, counterpart, family=name == SHARE)


def _by_way(results: Results) -> dict[str, pd.DataFrame]:
    """For each way of scoring, clipped first, the KID of every model: a row per run, a column per rung."""
    values = frames.measured(results, METRIC)
    if not set(ENDS) <= set(values):
        return {}
    rungs = [name for name in ("prior", *(rung for rung, _, _ in RUNGS)) if name in values]
    runs = results.runs.set_index("run_id")
    table = runs[PLACE].join(values[rungs], how="inner").dropna(subset=ENDS)
    return {str(way): own for way, own in table.groupby(runs["decode"].reindex(table.index))}


def _decoder(cells: pd.DataFrame) -> pd.Series:
    """Contributions of each training run to the decoder's share of the gap."""
    return 1 - _closed(cells, "reconstruction")


def _closed(cells: pd.DataFrame, name: str) -> pd.Series:
    """Contributions of each training run to the share of the gap that is closed from the prior to a rung."""
    values = (cells[of].to_numpy(float) for of in (name, *ENDS))
    return pd.Series(share_of_gap(*values), cells.index)


def _rungs(cells: pd.DataFrame, density: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.Series]]:
    """A row for each rung that all training runs have, and what each run contributes to its share of the gap.

    What a missing rung adds is attributed to the next. The prior has no share.
    """
    present = [name for name in cells if cells[name].notna().all()]
    fits = {name: density[name] for name in present if name in density}
    above = {name: (parent, adds) for name, parent, adds in RUNGS}
    for name in ["prior", *(rung for rung in above if rung in present)]:
        row: dict[str, Any] = {"rung": name, "kid": cells[name].mean(), "adds": ""}
        row[DENSITY] = fits[name].mean() if name in fits else np.nan
        if name == "prior":
            yield row, cells[name] * np.nan
            continue
        parent, adds = above[name]
        while parent not in present:
            parent, more = above[parent]
            adds = f"{more}; {adds}"
        closed = _closed(cells, name)
        share = closed - _closed(cells, parent)
        row |= {"from": parent, "adds": adds, **kit.estimate("fall", cells[parent] - cells[name])}
        row |= kit.estimate("share", share, within=_range(name, share)) | kit.estimate("closed", closed)
        if {name, parent} <= set(fits):
            row |= kit.estimate("fit", fits[name] - fits[parent])
        yield row, share


def _range(name: str, share: pd.Series) -> tuple[float, float] | None:
    """A reconstruction is at best real data: the decoder's share lies between 0 and 1. Other rungs may be worse."""
    return (0.0, 1.0) if name == "held-out" and 0 < share.mean() < 1 else None


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The rungs at which the gap arises, all rungs by setting, and the same unclipped."""
    table, clipped = shares(results), clipping(results)
    if table.empty:
        return Findings("Nothing was compared: no model has scores of the prior and of real data.")
    ways = dict(list(table.groupby("decode")))
    table = ways.get(CLIPPED, table)
    text = TEXT + _each(table) + _against_density(table)
    sections = [Section("Shares of the gap", text, _readable(table))]
    if len(clipped):
        said = CLIPPING + _said_of_clipping(clipped)
        pictured = figure(ways[UNCLIPPED], aside=", unclipped")
        sections.append(Section("The effect of clipping", said, _readable_clipping(clipped), pictured))
    first = kit.Exhibit("Where the gap arises, by setting", f"{CAPTION}{_largest(table)}", figure(table))
    return Findings(_answer(table), tuple(sections), (first, "ladder", "mismatch"))


SETTING = {name: kit.value(name) for name in ("alpha", "beta")}
PERCENT: dict[str, Any] = {"scale": 100, "places": 0}


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    columns = SETTING | kit.plain("rung", "adds")
    columns |= {"KID": kit.value("kid"), "fall": kit.cell("fall", places=3)}
    columns |= {
        "share of the gap, %": kit.cell("share", **PERCENT),
        "told from zero": lambda row: TOLD.get(row["verdict"], ""),
    }
    columns |= {"closed so far, %": kit.cell("closed", **PERCENT), "log-density, nats": kit.value(DENSITY, 2)}
    return kit.readable(table, columns)


def _readable_clipping(table: pd.DataFrame) -> pd.DataFrame:
    """The table for readers: shares in %, KID unscaled."""
    parts = []
    for share, own in table.groupby(table["of"] == SHARE):
        how = PERCENT if share else {"places": 3}
        name = f"{SHARE}, %" if share else "KID of "
        columns = SETTING | {"of": lambda row, name=name, share=share: name if share else name + row["of"]}
        parts.append(kit.readable(own, columns | kit.contrast("clipped", "unclipped", **how)))
    return pd.concat(parts, ignore_index=True)


def _answer(table: pd.DataFrame) -> str:
    """The decoder's share and what z can gain, setting by setting."""
    rows = table.dropna(subset=["share"])
    if kit.undecided(rows):
        return kit.UNDECIDED
    last, drawn = (rows[rows["rung"] == rung] for rung in ("held-out", "posterior"))
    shorter = [with_ends(row, "closed", **PERCENT) for row in drawn.to_dict("records")]
    whose = (
        "the decoder's" if (last["from"] == "reconstruction").all() else "that of decoder and unseen examples"
    )
    return kit.brief(
        f"Of the gap in KID between the prior and real data, {whose} share is {_of_each(last, 'share')}.",
        f"Drawing from q(z) itself closes {_of_each(drawn, 'closed')}." * bool(len(drawn)),
        f"Drawing from q(z) itself closes {listed(shorter)} % there." * bool(0 < len(drawn) <= 3),
    )


def _of_each(rows: pd.DataFrame, name: str) -> str:
    def say(row: kit.Row) -> str:
        unsure = " (not told from zero)" if name == "share" and row["verdict"] != "better" else ""
        return f"{with_ends(row, name, **PERCENT)} % at {kit.at(row)}{unsure}"

    return kit.ranged(rows, name, say)


def _each(table: pd.DataFrame) -> str:
    """What is told of every rung but the decoder's, setting by setting."""
    rows = table.dropna(subset=["share"])
    said = []
    for _, own in rows.groupby(["alpha", "beta"]):
        path = own[~own["rung"].isin([BESIDE, "held-out"])].sort_values("share", ascending=False)
        parts = kit.clauses(
            path, lambda row: f"{_named(row)[:-1]}, {with_ends(row, 'share', **PERCENT)} %)", _named,
            between=": ", what="a share", scale=100, unit=" %", places=0,
        )  # fmt: skip
        said.append(f" At {kit.at(own.iloc[0])}, {'; '.join(parts)}.")
    return "".join(said)


def _largest(table: pd.DataFrame) -> str:
    """The rung of z with the largest share that is told from zero, at each setting."""
    path = table[
        ~table["rung"].isin(["prior", BESIDE, "reconstruction", "held-out"]) & (table["verdict"] == "better")
    ]
    most = path.loc[path.groupby(["alpha", "beta"])["share"].idxmax()] if len(path) else path
    said = kit.ranged(
        most, "share", lambda row: f"{_named(row)[:-1]}, {number(100 * row['share'], 0)} % at {kit.at(row)})"
    )
    return f" Of the rungs of z that are told from zero, the largest: {said}." if said else ""


def _named(row: kit.Row) -> str:
    return f"{row['adds']} (`{row['rung']}`)"


def _said_of_clipping(table: pd.DataFrame) -> str:
    """How much of the decoder's share is due to clipping, setting by setting."""
    rows = table[table["of"] == SHARE]
    words = {"better": "smaller with clipping", "worse": "larger with clipping"}
    sizes = kit.ranged(
        rows,
        "beta",
        lambda row: (
            f"{number(100 * row['unclipped'], 0)} instead of {number(100 * row['clipped'], 0)} % at {kit.at(row)}"
        ),
    )
    open_ = kit.by_verdict(rows).get("not decided", [])
    seen = kit.unseen(open_, scale=100, unit=" points", places=0)
    return (
        f" Without clipping the decoder's share is {sizes}: {kit.placed(rows, words)}{seen}."
        if len(rows)
        else ""
    )


def _against_density(table: pd.DataFrame) -> str:
    """Rungs that fit the codes better than the rung above but give worse samples, setting by setting."""
    if "fit_low" not in table:
        return ""
    rows = table[(table["fit_low"] > 0) & (table["verdict"] == "worse")].to_dict("records")
    return "".join(
        f" `{row['rung']}` fits validation codes better than `{row['from']}`, by {with_ends(row, 'fit', places=2)} "
        f"nats at {kit.at(row)}, yet its samples are worse there."
        for row in rows
    )


def figure(table: pd.DataFrame, *, aside: str = "") -> Figure:
    """Shares of the gap step by step: a panel per setting, on a common axis."""
    keys = ["alpha", "beta", "noise_variance"]
    parts = [(frames.Setting(*key), rows) for key, rows in table.groupby(keys, dropna=False)]
    parts.sort(key=lambda part: part[0].beta / part[0].alpha)
    steps = table.dropna(subset=["share"]).drop_duplicates("rung").set_index("rung")
    names = [name for name, _, _ in RUNGS if name in steps.index]
    labels = [
        f"{steps['adds'][name]}{' (not in the sum)' if name == BESIDE else ''}\n{steps['from'][name]} → {name}"
        for name in names
    ]
    share = 100 * table["share"].dropna()
    title = f"Where the gap in KID between samples from the prior and real data arises{aside}"
    below = "share of the gap in %, with 95 % intervals; below 0: the step makes samples worse"
    with style.styled():
        fig, grid = style.panels(1, len(parts), height=0.42 * len(names) + 1.2, title=title, share_x=True)
        for axes, (setting, rows) in zip(grid[0], parts, strict=True):
            _bars(axes, style.rows_axis(axes, labels), rows.set_index("rung").reindex(names))
            axes.set_title(setting.label.replace(", s", "\ns"))
            axes.set_xlim(min(1.3 * share.min(), 0) - 5, max(1.3 * share.max(), 0) + 5)
        fig.supxlabel(below, fontsize=9)
    return fig


def _bars(axes: Axes, position: np.ndarray, own: pd.DataFrame) -> None:
    colours = [style.GREY if name == BESIDE else style.BLUE for name in own.index]
    axes.barh(position, 100 * own["share"], color=colours, height=0.6)
    axes.hlines(position, 100 * own["share_low"], 100 * own["share_high"], color=style.INK, linewidth=1.2)
    axes.axvline(0, color=style.INK, linewidth=0.8)
    axes.locator_params(axis="x", nbins=4)


def both(plain: StudyConfig, **changes: Any) -> tuple[StudyConfig, ...]:
    """The same grid scored clipped and unclipped, with shared trained models and codes."""
    clipped = vary(plain, strategies=STRATEGIES, **changes)
    return clipped, vary(clipped, decode=UNCLIPPED)


EXPERIMENT = Experiment(
    name="gap_ladder",
    question="What is lost between draws from the prior and real data, rung by rung, on one frozen decoder?",
    profiles={
        "smoke": both(SMOKE),
        "quick": both(DIGITS, betas=(0.02, 0.1, 0.5), density_draws=1000),
        "default": both(MNIST, betas=(0.05, 0.5, 2.0), n_samples=2000, density_draws=1000),
    },
    findings=findings,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
