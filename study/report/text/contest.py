"""The scores of the primary metric by strategy, in the form that the report's sentences need."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from study.report import frames
from study.report.frames import PRIOR, Setting
from study.report.text.numbers import count, interval
from study.report.text.words import MODEL, REFERENCES, word

Row = Any  # a named tuple with the summary's columns


@dataclasses.dataclass(frozen=True)
class Contest:
    """Rows of the primary metric averaged over the grid, by strategy; reference rows do not compete.

    Attributes:
        metric: the primary metric.
        sign: +1 if larger is better, -1 if smaller is.
        contestants, references: rows by strategy.
        nearer: rows of `nearer_to_train` by strategy.
        single: the contestants' rows of single settings.
        precision: the contestants' precision in single settings.
        grid: the settings of (α, β).
    """

    metric: str
    sign: int
    contestants: dict[str, Row]
    references: dict[str, Row]
    nearer: dict[str, Row]
    single: pd.DataFrame
    precision: pd.DataFrame
    grid: list[Setting]

    @property
    def label(self) -> str:
        """The label of the metric."""
        return word(self.metric).label

    @property
    def leader(self) -> str:
        """The contestant with the best mean."""
        return self.best(self.contestants)

    @property
    def rivals(self) -> dict[str, Row]:
        """The contestants other than the prior."""
        return {name: row for name, row in self.contestants.items() if name != PRIOR}

    @property
    def winners(self) -> dict[str, Row]:
        """The contestants that are significantly better than the prior."""
        return {name: row for name, row in self.rivals.items() if row.verdict == "better"}

    @property
    def decided(self) -> bool:
        """Whether any paired difference has an interval."""
        return any(math.isfinite(row.low) for row in self.rivals.values())

    @property
    def seeds(self) -> int:
        """Number of training runs per setting behind the leader's row."""
        return int(self.contestants[self.leader].seeds)

    @property
    def scope(self) -> str:
        """What the rows are averaged over, in words."""
        if len(self.grid) > 1:
            trainings = f"{count(self.seeds, 'training run')} each"
            return f"averaged over {len(self.grid)} settings of (α, β) with {trainings}"
        where = f"at {self.grid[0].label}, " if self.grid else ""
        return f"{where}over {self.seeds} training runs" if self.seeds > 1 else f"{where}in one training run"

    def best(self, names: Iterable[str]) -> str:
        """The contestant with the best mean among these."""
        return max(names, key=lambda name: self.sign * self.contestants[name].mean)

    def mean(self, name: str) -> str:
        """Mean and interval of a row."""
        row = self.contestants[name]
        return interval(row.mean, row.low_mean, row.high_mean)

    def gain(self, name: str) -> str:
        """Paired gain over the prior, positive where better."""
        return _signed(self.contestants[name], self.sign)

    def change(self, name: str) -> str:
        """Paired difference from the prior, after "lowers" or "raises"."""
        row = self.contestants[name]
        sign = -1 if row.difference < 0 else 1
        return f"{'lowers' if sign < 0 else 'raises'} {self.label} by {_signed(row, sign)}"

    @property
    def leans(self) -> frozenset[str]:
        """Strategies whose whole interval of `nearer_to_train` lies above the interval of real held-out data.

        Real data are the same for every seed, so their interval is over samples.
        """
        if "held-out" not in self.nearer:
            return frozenset()
        floor = frames.real_interval(self.nearer["held-out"])[1]
        return frozenset(name for name, row in self.nearer.items() if row.low_mean > floor)


def contest(summary: pd.DataFrame) -> Contest | None:
    """The contest of a summary; None if no strategy has an average of a metric with a better direction."""
    summary = frames.undecided(summary)
    metric = frames.primary(summary)
    if metric is None or frames.best(summary, metric) is None:
        return None
    rows = frames.averaged(summary)
    rows = rows[rows["mean"].notna() & (rows["strategy"] != MODEL)]
    scored = {row.strategy: row for row in frames.each(rows[rows["metric"] == metric])}
    single = frames.per_setting(summary)
    single = single[~single["strategy"].isin([*REFERENCES, MODEL])]
    return Contest(
        metric=metric,
        sign=frames.gain_sign(frames.direction(summary, metric)),
        contestants={name: row for name, row in scored.items() if name not in REFERENCES},
        references={name: row for name, row in scored.items() if name in REFERENCES},
        nearer={row.strategy: row for row in frames.each(rows[rows["metric"] == "nearer_to_train"])},
        single=single[single["metric"] == metric],
        precision=single[single["metric"] == "precision"],
        grid=frames.settings(single),
    )


def _signed(row: Row, sign: int) -> str:
    low, high = sorted((sign * row.low, sign * row.high))
    return interval(sign * row.difference, low, high)
