"""The table of the first page: each strategy with its effect, and at most six metrics."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.report import frames
from study.report.page.blocks import MainRow, MainTable
from study.report.text import scores
from study.report.text.contest import share
from study.report.text.novelty import leaning
from study.report.text.numbers import listed
from study.report.text.words import MODEL, REFERENCES, STRATEGIES, word

MOST = 6  # metrics
WANTED = (  # in this order, as far as they were measured
    "kid", "fd_infinity", "precision", "recall", "coverage", "sharpness",
    "autocorrelation", "marginal_w1", "discriminative", "tstr", "label_accuracy", "vendi", "c2st", "density",
)  # fmt: skip
SEQUENCES = ("kid", "autocorrelation", "marginal_w1", "discriminative", "tstr", "recall")
TABLES = ("kid", "column_w1", "correlation", "column_tstr", "precision", "recall")
LETTERS = {
    "x_n": "xₙ",
    "z_n": "zₙ",
    "z_j": "zⱼ",
    "log_var": "log-var",
    "eps *": "ε ·",
    "tau^2": "τ²",
    "tau ": "τ ",
}
BELOW = (
    " Below them stand the other kinds of models, each with its prior and, if any is better, the strategy with its "
    "largest effect, over its own settings that count; its effect is a share of the gap of its own prior."
)
VERDICTS = {
    "better": "▲ better",
    "worse": "▼ worse",
    "equivalent": "≈ equivalent",
    "not decided": "? not decided",
    "baseline": "baseline",
}


def main_table(
    summary: pd.DataFrame, *, family: str = "", others: Mapping[str, pd.DataFrame] | None = None
) -> MainTable | None:
    """The table, averaged over the settings that count; None if no strategy was scored.

    Args:
        summary: of one kind of model.
        family: its name, to be said where the report has several.
        others: the summaries of the others by name, which have their prior and their best strategy below.
    """
    table = scores.build(summary, _chosen(summary))
    if not table.names:
        return None
    metric = frames.primary(summary)
    found = _by_strategy(summary, metric)
    told = any(np.isfinite(row.effect) for row in found.values())
    learned = "family" in summary and bool(summary["family"].astype(str).str.endswith("prior").all())
    made = _rows(table, found, learned=learned)
    signs = any(cell.sign for cells in table.cells for cell in cells)
    heading = f"share of the gap in {word(metric or '').label} closed" if told else ""
    return MainTable(
        f"Models: `{family}`. " * bool(family)
        + _caption(summary, heading, signs=signs)
        + _price(table, made)
        + _copying(summary, made)
        + BELOW * bool(others),
        heading,
        [(c.heading, c.meaning) for c in table.columns],
        [*made, *(row for name, rows in (others or {}).items() for row in _other(name, rows, table, metric))],
    )


def _by_strategy(summary: pd.DataFrame, metric: str | None) -> dict[str, Any]:
    rows = frames.averaged(frames.known(summary))
    return {row.strategy: row for row in frames.each(rows[rows["metric"] == metric])}


def _rows(table: scores.Table, found: Mapping[str, Any], *, learned: bool = False) -> list[MainRow]:
    return [
        MainRow(
            name,
            _phrase(name, learned=learned),
            *_effect(name, found.get(name)),
            [f"{cell.mean} {cell.sign}".strip() for cell in cells],
            "reference" if name in REFERENCES else "strategy",
        )
        for group in table.groups
        for name, cells in sorted(group, key=lambda row: -_rank(row[0], found))
    ]


def _other(model: str, summary: pd.DataFrame, table: scores.Table, metric: str | None) -> list[MainRow]:
    """The prior of another kind of model, and, of the strategies that are better, that with the largest effect."""
    rows = frames.averaged(frames.known(summary))
    rows = rows[~rows["strategy"].isin([*REFERENCES, MODEL]) & rows["mean"].notna()]
    made = _rows(scores.filled(rows, table.columns), _by_strategy(summary, metric))
    shown = {row.name: row for row in made if row.name in (frames.PRIOR, _first(made))}
    return [dataclasses.replace(row, phrase=f"from `{model}`", group="other") for row in shown.values()]


def _first(made: Sequence[MainRow]) -> str | None:
    """The strategy with the largest effect among those that are better than the prior."""
    return next((row.name for row in made if row.verdict == VERDICTS["better"]), None)


def _copying(summary: pd.DataFrame, made: Sequence[MainRow]) -> str:
    """What the measures of novelty that can tell say of the strategy with the largest effect."""
    first = _first(made)
    return f" {said}" if first and "stderr" in summary and (said := leaning(summary, first)) else ""


def _price(table: scores.Table, made: Sequence[MainRow]) -> str:
    """By which metrics the strategy with the largest effect is worse than the prior."""
    first = _first(made)
    if first is None:
        return ""
    cells = table.cells[list(table.names).index(first)]
    worse = [c.label for c, cell in zip(table.columns, cells, strict=True) if cell.verdict == "worse"]
    return f" `{first}` is worse than the prior by {listed(worse)}." if worse else ""


def _phrase(name: str, *, learned: bool) -> str:
    """How a strategy draws z, in the letters of the thread; `learned`: whether the models learn their prior."""
    if name == frames.PRIOR:
        return "z ~ p(z), learned with the model" if learned else "z ~ p(z) = N(0, I)"
    text = str(STRATEGIES.get(name, {}).get("summary", ""))
    for plain, shown in LETTERS.items():
        text = text.replace(plain, shown)
    return text


def _rank(name: str, found: Mapping[str, Any]) -> float:
    """The prior first, then by effect; reference rows keep their order."""
    if name == frames.PRIOR:
        return np.inf
    effect = found[name].effect if name in found and name not in REFERENCES else np.nan
    return float(np.nan_to_num(effect, nan=-np.inf))


def _chosen(summary: pd.DataFrame) -> list[str]:
    """At most six metrics, the primary one first."""
    measured = frames.metrics(frames.known(summary)) if len(summary) else []
    wanted = SEQUENCES if "autocorrelation" in measured else TABLES if "column_w1" in measured else WANTED
    first = [name for name in (frames.primary(summary),) if name] if len(summary) else []
    kept = [name for name in dict.fromkeys([*first, *wanted, *frames.QUALITY]) if name in measured]
    return kept[:MOST]


def _effect(name: str, row: Any) -> tuple[str, str]:
    """The effect with its interval, and the verdict in words."""
    if row is None:
        return "—", ""
    verdict = "" if name in REFERENCES else VERDICTS.get(row.verdict, "")
    if name == frames.PRIOR:
        return "0 %", verdict
    if not np.isfinite(row.effect):
        return "—", "" if row.state == "ok" else row.state
    return share(row), verdict


def _caption(summary: pd.DataFrame, heading: str, *, signs: bool) -> str:
    grid = frames.settings(summary)
    rows = frames.averaged(frames.known(summary))
    counted = rows.loc[rows["metric"] == frames.primary(summary), "settings"]
    of = int(counted.max()) if len(counted) else len(grid)
    if len(grid) > 1:
        whole = of == len(grid)
        part = (
            f"all {of} settings of (α, β)"
            if whole
            else f"{of} of {len(grid)} settings of (α, β): there the decoder beats noise and the prior falls short of "
            "real data"
        )
        where = f"{'The effect is averaged' if heading else 'Means are taken'} over {part}"
        where += "; each metric over those of them where it can show an effect."
        where += _collapsed(summary)
    else:
        where = f"At {grid[0].label}." if grid else ""
    told = " Verdicts are corrected for the number of strategies." if heading else ""
    if signs:
        told += (
            " Signs behind a metric are its own verdict against the prior, also on the share of the gap and corrected: "
            "▲ better, ▼ worse, ≈ equivalent, ? not decided; none where the metric cannot tell."
        )
    return (
        f"{where}{told} Small print: 95 % intervals over {frames.over(summary)}. Arrows say which values are better. "
        "Rows of reference come after the strategies and do not compete."
    ).strip()


def _collapsed(summary: pd.DataFrame) -> str:
    """At which settings of the average nothing is encoded, so that no strategy can have an effect."""
    single, gone = frames.per_setting(summary), frames.collapsed(summary)
    counted = single[
        (single["metric"] == frames.primary(summary))
        & ~single["strategy"].isin([MODEL, frames.PRIOR, *REFERENCES])
        & (single["state"] == "ok")
    ]
    found = [one for one in frames.settings(counted) if (one.alpha, one.beta) in gone]
    if not found:
        return ""
    where = "; ".join(one.label for one in found)
    rate = f"a rate below {frames.COLLAPSED} nats"
    return f" At {where} posteriors have collapsed ({rate}): no strategy can differ there."
