"""What is lost between the prior and real data, rung by rung, on one frozen decoder?

Only the source of z changes from rung to rung; the decoder is that of one trained model. Each rung adds one kind of
knowledge about q(z) to the rung above, and the fall in KID is that knowledge's share of the whole gap between samples
from the prior and real data. Two rungs are parallel branches: correlation and marginal shape both start from the
diagonal Gaussian, and neither includes the other, so they do not add up; the fall of the mixture is measured from the
full Gaussian.

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

from study import Dataset, Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.plots import style
from study.report.text.numbers import interval, listed, number
from study.tables.results import Results

METRIC, DENSITY = "kid", "log_density"
RUNGS = (  # each with the rung from which its fall is measured, and what it adds
    ("global-gaussian", "prior", "scale and shift"),
    ("gaussian-full", "global-gaussian", "correlation"),
    ("shuffled-marginals", "global-gaussian", "marginal shape"),
    ("gmm", "gaussian-full", "joint structure, coarse"),
    ("flow", "gmm", "joint structure, fine"),
    ("posterior", "flow", "memorisation"),
    ("reconstruction", "posterior", "unseen examples"),
    ("held-out", "reconstruction", "decoder"),
)
BESIDE = "shuffled-marginals"  # a branch, not part of the sum
STRATEGIES = ("prior", *(name for name, _, _ in RUNGS), "copycat", "noise")
CLIPPED, UNCLIPPED = "mean", "unclipped"  # values of the column `decode`
ENDS = ["prior", "held-out"]  # of the gap
SHARE = "the decoder's share"
PLACE = ["alpha", "beta", "noise_variance", "seed"]


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """The rungs of the ladder clipped and unclipped, and the effect of clipping."""
    return {"gap_ladder": shares(results), "clipping": clipping(results)}


def shares(results: Results) -> pd.DataFrame:
    """KID at each rung, its fall and the fall's share of the gap, per way of scoring: by setting and over all settings.

    A share is computed within each training run; over settings it is the sum of falls over the sum of gaps.
    """
    density = frames.measured(results, DENSITY)
    rows = [
        {"decode": way, **dataclasses.asdict(setting), "trainings": len(cells), **row}
        | {DENSITY: density[row["rung"]].reindex(runs).mean() if row["rung"] in density else np.nan}
        for way, table in _by_way(results).items()
        for setting, cells, runs in _parts(table)
        for row in _rungs(cells)
    ]
    return pd.DataFrame(rows)


def clipping(results: Results) -> pd.DataFrame:
    """The effect of clipping on the KID of every rung and on the decoder's share, for the same trained models.

    Returns:
        Columns alpha, beta, noise_variance, of (a rung, or the decoder's share), better, seeds, clipped, unclipped
        (means over training runs), difference, low, high (95 %, not corrected), p_holm (over all rows of KID, or all
        shares) and verdict on the clipped. Empty if models were scored in one way only.
    """
    ways = {way: table.set_index(PLACE) for way, table in _by_way(results).items()}
    if set(ways) != {CLIPPED, UNCLIPPED}:
        return pd.DataFrame()
    both = ways[CLIPPED].join(ways[UNCLIPPED].add_suffix(f"/{UNCLIPPED}"), how="inner").reset_index()
    return kit.paired(_pairs(both), own="clipped", other="unclipped")


def _pairs(both: pd.DataFrame) -> Iterator[kit.Pair]:
    for setting, cells, _ in _parts(both):
        other = cells.filter(like=f"/{UNCLIPPED}").rename(columns=lambda name: name.split("/")[0])
        found = {name: (cells[name], other[name], "lower") for name in other if name != "held-out"}
        if "reconstruction" in found:
            found[SHARE] = (_decoder(cells), _decoder(other), "none")
        for name, (own, counterpart, better) in found.items():
            facts = {**dataclasses.asdict(setting), "of": name, "better": better}
            yield kit.Pair(facts, own, counterpart, family=better)


def _by_way(results: Results) -> dict[str, pd.DataFrame]:
    """For each way of scoring, clipped first, the KID of every model: a row per run, a column per rung."""
    values = frames.measured(results, METRIC)
    rungs = [name for name in ("prior", *(rung for rung, _, _ in RUNGS)) if name in values]
    runs = results.runs.set_index("run_id")
    table = runs[PLACE].join(values[rungs], how="inner").dropna(subset=[n for n in ENDS if n in values])
    return {str(way): own for way, own in table.groupby(runs["decode"].reindex(table.index))}


def _parts(table: pd.DataFrame) -> list[tuple[frames.Setting, pd.DataFrame, pd.Index]]:
    """Each setting with its models and run_ids; then, with several settings, the averages over them by seed."""
    grid = frames.settings(table)
    parts = [(setting, cells := frames.at(table, setting), cells.index) for setting in grid]
    if len(grid) > 1:  # only seeds and rungs that have a value at every setting
        whole = table.groupby("seed").sum(min_count=len(grid)).dropna(subset=ENDS)
        everywhere = table.index[table["seed"].isin(whole.index)]
        parts.append((frames.Setting(*(np.nan,) * 3), whole / len(grid), everywhere))
    return parts


def _decoder(cells: pd.DataFrame) -> pd.Series:
    """The decoder's share of the gap."""
    return (cells["reconstruction"] - cells["held-out"]) / (cells["prior"] - cells["held-out"])


def _rungs(cells: pd.DataFrame) -> list[dict]:
    """One row for each rung that all training runs have; what a missing rung adds is attributed to the next."""
    present = [name for name in cells if cells[name].notna().all()]
    gap = cells["prior"] - cells["held-out"]
    found = [{"rung": "prior", "adds": "", "kid": cells["prior"].mean()}]
    above = {name: (parent, adds) for name, parent, adds in RUNGS}
    for name in [rung for rung in above if rung in present]:
        parent, adds = above[name]
        while parent not in present:
            parent, more = above[parent]
            adds = f"{more}; {adds}"
        fall = cells[parent] - cells[name]
        row = {"rung": name, "from": parent, "adds": adds, "kid": cells[name].mean()}
        found.append(row | kit.estimate("fall", fall) | kit.estimate("share", fall / gap))
    return found


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The rungs at which the gap arises, all rungs by setting, and the same unclipped."""
    table, clipped = tables["gap_ladder"], tables["clipping"]
    unclipped = table[table["decode"] == UNCLIPPED]
    table = table[table["decode"] == CLIPPED]
    text = (
        "KID of each rung, its fall from the rung above on its path, and that fall as a share of the gap between "
        "prior and held-out data, within each training run, with 95 % intervals over training runs. Shares along the "
        f"path add up to one; `{BESIDE}` is a branch parallel to `gaussian-full` and not part of the sum. A negative "
        "share means that a rung is worse than the one above. The first rows are averages over settings. The last "
        "column is the mean log-density of validation codes in nats, for rungs that have a density: a better fit to "
        "q(z) need not give better samples. In the figure, an interval that reaches an edge continues beyond it."
    )
    sections = [Section("Shares of the gap", text, _readable(table), figure(table))]
    if len(clipped):
        beside = (
            "The same models, z and noise, scored clipped and unclipped: means over training runs, and the paired "
            "difference with its 95 % interval. The first rows are averages over settings. The figure shows the "
            "shares of the gap without clipping."
        )
        pictured = figure(unclipped, aside=", unclipped")
        sections.append(Section("The effect of clipping", beside, _readable_clipping(clipped), pictured))
    return Findings(_answer(table) + _said_of_clipping(clipped) + _against_density(table), tuple(sections))


ALL = {name: kit.value(name, missing="all") for name in ("alpha", "beta")}


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    columns = ALL | kit.plain("rung", "adds") | {"KID": kit.value("kid"), "fall": kit.cell("fall", places=3)}
    columns["share of the gap, %"] = kit.cell("share", scale=100, places=0)
    columns["log-density, nats"] = kit.value(DENSITY, 2)
    return kit.readable(kit.averages_first(table), columns)


def _readable_clipping(table: pd.DataFrame) -> pd.DataFrame:
    """The table for readers: shares in %, KID unscaled."""

    def either(of_share: kit.Column, of_kid: kit.Column) -> kit.Column:
        return lambda row: (of_share if row["of"] == SHARE else of_kid)(row)

    columns = ALL | {"of": lambda row: f"{SHARE}, %" if row["of"] == SHARE else f"KID of {row['of']}"}
    for name in ("clipped", "unclipped"):
        columns[name] = either(kit.value(name, 0, scale=100), kit.value(name))
    columns["difference"] = either(kit.change(scale=100, places=0), kit.change(places=3))
    return kit.readable(kit.averages_first(table), columns)


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """The averages over settings, or the rows of the only setting."""
    averages = table[table["alpha"].isna()]
    return averages if len(averages) else table


def _answer(table: pd.DataFrame) -> str:
    """The rungs whose share differs significantly from zero, the largest first, and the total for sampling z."""
    rows = _whole(table).dropna(subset=["share"])
    path = rows[rows["rung"] != BESIDE].sort_values("share", ascending=False)
    parts = [_said(row) for row in path[path["share_low"] > 0].itertuples()]
    worse = [_said(row) for row in path[path["share_high"] < 0].itertuples()]
    if not parts:
        return "No rung's share of the gap between the prior's samples and real data differs significantly from zero."
    over = "averaged over settings" if rows["alpha"].isna().any() else "at the one setting measured"
    latent = path[~path["rung"].isin(["held-out", "reconstruction"])]["share"].sum()
    return (
        f"The gap in KID between samples from the prior and real data, {over}, consists of {listed(parts)}; "
        + (f"worse than the rung above: {listed(worse)}; " if worse else "")
        + "other shares do not differ significantly from zero. The steps from the prior to the posteriors, all that "
        f"a better distribution of z can gain, are {number(100 * latent, 0)} % of the gap."
    )


def _said(row: Any) -> str:
    reach = interval(row.share, row.share_low, row.share_high, scale=100, places=0)
    return f"{row.adds} (`{row.rung}`, {reach} %)"


def _said_of_clipping(table: pd.DataFrame) -> str:
    """How much of the decoder's share is due to clipping, averaged over settings."""
    rows = _whole(table).set_index("of") if len(table) else table
    if not {"reconstruction", SHARE} <= set(rows.index):
        return ""
    kid, share = rows.loc["reconstruction"], rows.loc[SHARE]
    return (
        f" Part of the decoder's share is due to clipping to the range of the data: unclipped, it is "
        f"{number(100 * share['unclipped'], 0)} % instead of {number(100 * share['clipped'], 0)} %, a difference of "
        f"{interval(share['difference'], share['low'], share['high'], scale=100, places=0)} points, and KID of "
        f"reconstructions is {number(kid['unclipped'])} instead of {number(kid['clipped'])}."
    )


def _against_density(table: pd.DataFrame) -> str:
    """Rungs that fit the codes better than the rung above but give worse samples, averaged over settings."""
    rows = _whole(table)
    gained = rows[DENSITY] - rows["from"].map(rows.set_index("rung")[DENSITY])
    said = [
        f"`{row.rung}` fits validation codes {number(gain, 2)} nats better than `{above}`, yet its samples are worse"
        for row, gain, above in zip(rows.itertuples(), gained, rows["from"], strict=True)
        if gain > 0 and row.share_high < 0
    ]
    return f" {listed(said)}." if said else ""


def figure(table: pd.DataFrame, *, aside: str = "") -> Figure:
    """Shares of the gap step by step: a panel per setting and one for the average, on a common axis."""
    keys = ["alpha", "beta", "noise_variance"]
    parts = [(frames.Setting(*key), rows) for key, rows in table.groupby(keys, dropna=False)]
    parts.sort(key=lambda part: (not np.isnan(part[0].alpha), part[0].beta / part[0].alpha))
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
            axes.set_title("all settings" if np.isnan(setting.alpha) else setting.label.replace(", s", "\ns"))
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
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
