"""What is lost between the prior and real data, rung by rung, on one frozen decoder?

Only the source of z changes from rung to rung; the decoder is that of one trained model. Where a rung adds one kind of
knowledge of q(z) to the one above it, the fall in KID is that knowledge's share of the whole gap between draws from
the prior and real data. Two rungs stand beside each other: correlation and marginal shape both start from the diagonal
Gaussian, and neither holds the other, so they do not add up; the mixture is counted from the full Gaussian.

Pictures are clipped to the range of the data before they are scored, as they are before they are shown. An affine
decoder scatters around black, and where it is clipped the scatter becomes grey. So every model is scored a second time
unclipped, which tells how much of the gap, and of the decoder's share in it, clipping is.

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
RUNGS = (  # each with the rung it is counted from, and what it adds
    ("global-gaussian", "prior", "scale and shift"),
    ("gaussian-full", "global-gaussian", "correlation"),
    ("shuffled-marginals", "global-gaussian", "marginal shape"),
    ("gmm", "gaussian-full", "joint structure, coarse"),
    ("flow", "gmm", "joint structure, fine"),
    ("posterior", "flow", "memorisation"),
    ("reconstruction", "posterior", "unseen examples"),
    ("held-out", "reconstruction", "decoder"),
)
BESIDE = "shuffled-marginals"  # no part of the sum
STRATEGIES = ("prior", *(name for name, _, _ in RUNGS), "copycat", "noise")
CLIPPED, UNCLIPPED = "mean", "unclipped"  # as a run's `decode` has it
ENDS = ["prior", "held-out"]  # of the gap
SHARE = "the decoder's share"
PLACE = ["alpha", "beta", "noise_variance", "seed"]


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """The rungs of the ladder clipped and unclipped, and what clipping adds."""
    return {"gap_ladder": shares(results), "clipping": clipping(results)}


def shares(results: Results) -> pd.DataFrame:
    """Per way of scoring and setting, and over all settings: KID at each rung, its fall, the fall's share of the gap.

    A share is taken within each training, paired; over settings it is the sum of falls over the sum of gaps.
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
    """What clipping adds to KID of every rung and to the decoder's share, on the same trained models.

    Returns:
        Columns alpha, beta, noise_variance, of (a rung, or the decoder's share), better, seeds, clipped, unclipped
        (means over trainings), difference, low, high (95 %, each on its own), p_holm (over all rows of KID, or all
        shares) and verdict of the clipped. Empty where models were scored in one way only.
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
    """KID of every model, a column per rung, for each way of scoring; clipped first."""
    values = frames.measured(results, METRIC)
    rungs = [name for name in ("prior", *(rung for rung, _, _ in RUNGS)) if name in values]
    runs = results.runs.set_index("run_id")
    table = runs[PLACE].join(values[rungs], how="inner").dropna(subset=[n for n in ENDS if n in values])
    return {str(way): own for way, own in table.groupby(runs["decode"].reindex(table.index))}


def _parts(table: pd.DataFrame) -> list[tuple[frames.Setting, pd.DataFrame, pd.Index]]:
    """Every setting's models; then, where there are several, averages over settings by seed, with all those models."""
    grid = frames.settings(table)
    parts = [(setting, cells := frames.at(table, setting), cells.index) for setting in grid]
    if len(grid) > 1:  # seeds that have all settings, rungs that have a value in all
        whole = table.groupby("seed").sum(min_count=len(grid)).dropna(subset=ENDS)
        everywhere = table.index[table["seed"].isin(whole.index)]
        parts.append((frames.Setting(*(np.nan,) * 3), whole / len(grid), everywhere))
    return parts


def _decoder(cells: pd.DataFrame) -> pd.Series:
    """What the decoder adds, as a share of the gap."""
    return (cells["reconstruction"] - cells["held-out"]) / (cells["prior"] - cells["held-out"])


def _rungs(cells: pd.DataFrame) -> list[dict]:
    """One row for every rung that every training has; what a missing one adds is part of the next."""
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
    """Which rung the gap is lost at, and all of them by setting; then the same unclipped."""
    table, clipped = tables["gap_ladder"], tables["clipping"]
    unclipped = table[table["decode"] == UNCLIPPED]
    table = table[table["decode"] == CLIPPED]
    text = (
        "KID of each rung, its fall from the rung that it is counted from, and that fall as a share of the gap between "
        "prior and held-out data, within each training, with 95 % intervals over trainings. Shares along the path add "
        f"up to one; `{BESIDE}` stands beside `gaussian-full` and is no part of the sum. A negative share is a rung "
        "that is worse than the one it is counted from. The first rows are averages over settings. Beside them stands "
        "the mean log-density of validation codes in nats, where a rung has a density: which one fits q(z) better need "
        "not draw better. In the figure an interval that meets an edge goes on beyond it."
    )
    sections = [Section("Shares of the gap", text, _readable(table), figure(table))]
    if len(clipped):
        beside = (
            "The same models, z and noise, scored clipped and unclipped; means over trainings, and the difference "
            "within each with its 95 % interval. The first rows are averages over settings. In the figure, the "
            "shares of the gap that is left where nothing is clipped."
        )
        pictured = figure(unclipped, aside=", unclipped")
        sections.append(Section("What clipping adds", beside, _readable_clipping(clipped), pictured))
    return Findings(_answer(table) + _said_of_clipping(clipped) + _against_density(table), tuple(sections))


ALL = {name: kit.value(name, missing="all") for name in ("alpha", "beta")}


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    columns = ALL | kit.plain("rung", "adds") | {"KID": kit.value("kid"), "fall": kit.cell("fall", places=3)}
    columns["share of the gap, %"] = kit.cell("share", scale=100, places=0)
    columns["log-density, nats"] = kit.value(DENSITY, 2)
    return kit.readable(kit.averages_first(table), columns)


def _readable_clipping(table: pd.DataFrame) -> pd.DataFrame:
    """Shares in %, KID as it is."""

    def either(of_share: kit.Column, of_kid: kit.Column) -> kit.Column:
        return lambda row: (of_share if row["of"] == SHARE else of_kid)(row)

    columns = ALL | {"of": lambda row: f"{SHARE}, %" if row["of"] == SHARE else f"KID of {row['of']}"}
    for name in ("clipped", "unclipped"):
        columns[name] = either(kit.value(name, 0, scale=100), kit.value(name))
    columns["difference"] = either(kit.change(scale=100, places=0), kit.change(places=3))
    return kit.readable(kit.averages_first(table), columns)


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """The averages over settings, or the one setting that there is."""
    averages = table[table["alpha"].isna()]
    return averages if len(averages) else table


def _answer(table: pd.DataFrame) -> str:
    """The rungs whose share is told from zero, the largest first, and what latent sampling can mend."""
    rows = _whole(table).dropna(subset=["share"])
    path = rows[rows["rung"] != BESIDE].sort_values("share", ascending=False)
    parts = [_said(row) for row in path[path["share_low"] > 0].itertuples()]
    worse = [_said(row) for row in path[path["share_high"] < 0].itertuples()]
    if not parts:
        return "No rung's share of the gap between draws from the prior and real data is told from zero."
    over = "averaged over settings" if rows["alpha"].isna().any() else "at the one setting measured"
    latent = path[~path["rung"].isin(["held-out", "reconstruction"])]["share"].sum()
    return (
        f"The gap in KID between draws from the prior and real data, {over}, is made of {listed(parts)}; "
        + (f"worse than the rung above is {listed(worse)}; " if worse else "")
        + "other rungs are not told from zero. "
        f"From the prior to the posteriors, all that sampling z can mend, it is {number(100 * latent, 0)} %."
    )


def _said(row: Any) -> str:
    reach = interval(row.share, row.share_low, row.share_high, scale=100, places=0)
    return f"{row.adds} (`{row.rung}`, {reach} %)"


def _said_of_clipping(table: pd.DataFrame) -> str:
    """What of the gap and of the decoder's share in it is clipping, averaged over settings."""
    rows = _whole(table).set_index("of") if len(table) else table
    if not {"reconstruction", SHARE} <= set(rows.index):
        return ""
    kid, share = rows.loc["reconstruction"], rows.loc[SHARE]
    return (
        f" Part of the decoder's share is clipping to the range of the data: unclipped, it is "
        f"{number(100 * share['unclipped'], 0)} % in place of {number(100 * share['clipped'], 0)} %, a difference of "
        f"{interval(share['difference'], share['low'], share['high'], scale=100, places=0)} points, and KID of "
        f"reconstructions is {number(kid['unclipped'])} in place of {number(kid['clipped'])}."
    )


def _against_density(table: pd.DataFrame) -> str:
    """Rungs that fit the codes better than the rung above, and draw worse, averaged over settings."""
    rows = _whole(table)
    gained = rows[DENSITY] - rows["from"].map(rows.set_index("rung")[DENSITY])
    said = [
        f"`{row.rung}` gives codes of validation data {number(gain, 2)} nats more than `{above}` and yet draws worse"
        for row, gain, above in zip(rows.itertuples(), gained, rows["from"], strict=True)
        if gain > 0 and row.share_high < 0
    ]
    return f" {listed(said)}." if said else ""


def figure(table: pd.DataFrame, *, aside: str = "") -> Figure:
    """Shares of the gap step by step, a panel per setting and one for all, on one axis."""
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
    title = f"Where the gap in KID between draws from the prior and real data is lost{aside}"
    below = "share of the gap in %, with 95 % intervals; below 0: the step makes draws worse"
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
    """The same grid scored clipped and unclipped; what is trained and encoded is shared."""
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
