"""The page of the benchmark, from its tables alone."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from experiments.benchmarks.speed import figures, table, targets
from experiments.benchmarks.speed.cases import OURS
from experiments.benchmarks.speed.where import FILE as WHERE
from study.report.figures import Picture, rendered, replace
from study.report.page import markdown, render
from study.report.page.blocks import Command, Definitions, PageSection, Plain, Report
from study.report.plots import style
from study.report.text.numbers import listed, number, with_ends

LIMITS = (
    ("One machine", "every number is of the machine named below; ratios differ between processors, and none was "
     "measured on a GPU."),
    ("Other work", "where other processes used more than a tenth of a core meanwhile, seconds are too long, above all "
     "for threads that wait for each other, and no target is decided. Processor seconds are disturbed less."),
    ("Bound", "the larger of two times: matrix products at the highest rate that NumPy, PyTorch or JAX reached here, "
     "and every input read once at the highest rate of a copy. Exponentials, random numbers and optimiser are not in "
     "it, so that it cannot be reached."),
    ("Training", "our seconds are those of two models at once, one per core, over two; a peer trains one model on both "
     "cores. `study, one model` uses one core."),
    ("Fits", "flow and two-stage have the layers, batches and epochs of the peer's; its two-stage also has a fixed "
     "term of noise. pythae encodes the data first, here by a model that hands codes through."),
    (targets.OLD, "it is given the same flags, and does less: its `gmm` tries up to 30 components, ours goes on to 100 "
     "and 300 while they fit better, and it takes KL of marginals from draws, which ours integrates."),
    ("pythae and prdc", "pythae has the strategies `prior` and `gmm`, prdc four measures; the rest is ours, called "
     "from the script, which writes no tables, figures or report."),
)  # fmt: skip


def write(runs: pd.DataFrame, folder: Path) -> None:
    """Write `speed.csv`, the figures, `report.md` and `report.html`."""
    if runs.empty:
        print(f"nothing was measured in {folder}")
        return
    found = table.summary(runs)
    found.to_csv(folder / "speed.csv", index=False, float_format="%.4g")
    machine = json.loads((folder / "machine.json").read_text())
    path = folder / WHERE
    where = pd.read_csv(path) if path.is_file() else None
    report = compose(found, table.machine_peaks(runs), machine, _pictures(found, folder), where)
    replace(folder / "report.md", markdown.render(report).encode())
    replace(folder / "report.html", render.render(report).encode())
    print(f"wrote {folder / 'report.html'}")


def compose(
    found: pd.DataFrame,
    peaks: dict[str, float],
    machine: dict[str, Any],
    pictures: list[Picture],
    where: pd.DataFrame | None = None,
) -> Report:
    """The report as plain values."""
    goals = targets.reached(found)
    return Report(
        title="Speed",
        question="How fast is the study, against its peers, older code, and what this machine can do at most?",
        headline=f"{_said(goals)}; {_best(found)}.",
        notice="",
        words=[
            (
                "Ratio",
                "seconds of the other over ours, of medians; in brackets the smallest and largest pair",
            ),
            (targets.OLD, "the commit of this project before it was made faster, with which targets compare"),
        ],
        figures=pictures,
        table=_main(found),
        limits=LIMITS,
        appendix=[
            *([] if where is None else [PageSection("where", "Where the rest goes", _where(where))]),
            PageSection("all", "All cases", [_all(found)]),
            PageSection("machine", "The machine", [_machine(machine, peaks)]),
            PageSection("command", "The command", [Command("python -m experiments.benchmarks.speed")]),
        ],
        front=[PageSection("targets", "Targets", [_goals(goals)])],
    )


def _said(goals: list[tuple[targets.Target, float, str]]) -> str:
    """How many targets are reached, and how many are not decided or not measured."""
    good, unclear, missing = (
        sum(ok == wanted for *_, ok in goals) for wanted in ("yes", targets.OPEN, targets.MISSING)
    )
    more = f", {unclear} measured beside other work and not decided" if unclear else ""
    more += f", {missing} not measured" if missing else ""
    return f"{good} of {len(goals)} targets are reached{more}"


def _best(found: pd.DataFrame) -> str:
    """The ratio of each peer's training and study, in words."""
    rows = figures.largest(found)
    rows = rows[rows["group"].isin(["training", "study"]) & rows["side"].str.contains("pythae")]
    said = [
        f"{row['name']}: {number(row['ratio'], 1)} times as fast as {row['side']}"
        for _, row in rows.iterrows()
    ]
    return listed(said) or "no peer was measured"


def _goals(goals: list[tuple[targets.Target, float, str]]) -> Plain:
    rows = [
        (t.says, f"{'≥' if t.least else '≤'} {number(t.limit)}", number(value, 2), ok)
        for t, value, ok in goals
    ]
    return Plain(
        "What was to be reached, and what was measured.", ("target", "limit", "measured", "reached"), rows
    )


def _where(looks: pd.DataFrame) -> list[Plain]:
    """The seconds of each case by what was done, the longest first."""
    found = []
    for case, rows in looks.groupby("case", sort=False):
        seconds = rows.groupby("place")["seconds"].sum().sort_values(ascending=False)
        said = [(str(name), number(s), number(100 * s / seconds.sum(), 0)) for name, s in seconds.items()]
        text = (
            f"{case}: seconds of the main threads of its {rows['process'].nunique()} processes, from one run of its "
            "own (`experiments/benchmarks/speed/where.py`)."
        )
        whole = ("all", number(seconds.sum()), "100")
        found.append(Plain(text, ("what", "seconds", "%"), [*said, whole]))
    return found


def _main(found: pd.DataFrame) -> Plain | None:
    """None if nothing was compared."""
    rows = figures.largest(found)
    ours = rows[rows["side"] == OURS].set_index("name")
    others = rows[~rows["side"].str.startswith(OURS)]
    shown = [
        (
            row["name"], row["side"], number(ours["seconds"][row["name"]]), number(row["seconds"]),
            with_ends(row, "ratio"), number(row["cpu_ratio"]), number(ours["bound_seconds"][row["name"]]),
            number(ours["peak_mib"][row["name"]], 0), number(row["peak_mib"], 0),
        )
        for _, row in others.iterrows() if row["name"] in ours.index
    ]  # fmt: skip
    header = (
        "task", "against", "ours, s", "theirs, s", "ratio", "of processor seconds", "bound, s", "our peak, MiB",
        "their peak, MiB",
    )  # fmt: skip
    return Plain("Medians; of each task the largest case.", header, shown) if shown else None


def _all(found: pd.DataFrame) -> Plain:
    rows = [
        (
            row["name"], row["side"], number(row["runs"]), f"{number(row['seconds'])} [{number(row['low'])}, "
            f"{number(row['high'])}]", number(row["compile_seconds"]), with_ends(row, "ratio"),
            number(row["times_bound"]), number(row["peak_mib"], 0), number(row["peak_mib"] - row["start_mib"], 0),
            number(row["programs"]), number(row["others"], 2),
        )
        for _, row in found.iterrows()
    ]  # fmt: skip
    header = (
        "case", "by", "calls", "seconds", "to compile, s", "ratio", "× bound", "peak, MiB", "of which the call, MiB",
        "programs", "others, cores",
    )  # fmt: skip
    return Plain(
        "Seconds: median, fastest and slowest call, compilation apart except for whole studies.", header, rows
    )


def _machine(machine: dict[str, Any], peaks: dict[str, float]) -> Definitions:
    """The machine of each group, those of the same one together, and the peaks of that of the peaks."""
    groups: dict[str, list[str]] = {}
    for group, facts in machine.items():
        versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
        said = f"{facts['processor']}, {facts['cores']} cores, {facts['platform']}; {versions}"
        groups.setdefault(said, []).append(group)
    return Definitions(
        [
            *((f"Machine of {listed(named)}", said) for said, named in groups.items()),
            ("Matrix products", f"{number(peaks['flops'] / 1e9)} GFLOP/s in float32"),
            ("Memory", f"{number(peaks['traffic'] / 1e9)} GB/s, read and written"),
        ]
    )


def _pictures(found: pd.DataFrame, folder: Path) -> list[Picture]:
    (folder / "figures").mkdir(exist_ok=True)
    with style.styled():
        drawn: list[tuple[str, Figure | None, str, str]] = [
            ("ratios", figures.ratios(found), "Ratios",
             "How many times longer others take; right of 1 ours is faster."),
            ("growth", figures.growth(found), "Growth",
             "Seconds by the quantity that grows, both axes logarithmic; dotted, what the machine can do at most."),
        ]  # fmt: skip
        pictures: list[Picture] = []
        for name, figure, title, caption in drawn:
            if figure is None:
                continue
            svg, png = rendered(figure)
            replace(folder / "figures" / f"{name}.png", png())
            pictures.append(Picture(name, caption, caption, svg, png, number=len(pictures) + 1, title=title))
    return pictures
