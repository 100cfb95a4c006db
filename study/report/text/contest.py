"""The effects on the primary metric by strategy, in the form that the report's sentences need."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from study.report import frames
from study.report.frames import PRIOR, Setting
from study.report.text.novelty import copying, silent
from study.report.text.numbers import count, interval, number
from study.report.text.words import MODEL, REFERENCES, word
from study.statistics.novelty import Silence

FARTHEST = -10.0  # an effect below which only that is said: ten times as far from real data as the prior
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
        cannot_tell: why `nearer_to_train` gives no verdict on copying; empty if it does.
        copying: for each strategy by how many measures of novelty its samples are copies, and how many can tell.
        states: for each setting of (α, β) whether the metric can show an effect there ("ok"), and why not.
    """

    metric: str
    sign: int
    contestants: dict[str, Row]
    references: dict[str, Row]
    nearer: dict[str, Row]
    single: pd.DataFrame
    precision: pd.DataFrame
    states: dict[Setting, str]
    cannot_tell: Silence = ""
    copying: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)

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

    def with_verdict(self, *verdicts: str) -> dict[str, Row]:
        """The contestants other than the prior that have one of these verdicts."""
        return {name: row for name, row in self.rivals.items() if row.verdict in verdicts}

    @property
    def winners(self) -> dict[str, Row]:
        """The contestants that are better than the prior."""
        return self.with_verdict("better")

    @property
    def decided(self) -> bool:
        """Whether any effect has an interval."""
        return any(math.isfinite(row.effect_low) for row in self.rivals.values())

    @property
    def grid(self) -> list[Setting]:
        """The settings of (α, β)."""
        return list(self.states)

    @property
    def counted(self) -> list[Setting]:
        """The settings that enter the average."""
        return [setting for setting, state in self.states.items() if state == "ok"]

    @property
    def seeds(self) -> int:
        """Number of training runs per setting behind the leader's row."""
        return int(self.contestants[self.leader].seeds)

    @property
    def scope(self) -> str:
        """What the rows are averaged over, in words."""
        where = self.counted or self.grid
        if len(self.grid) > 1:
            of = f"{len(where)} of {len(self.grid)}" if len(where) < len(self.grid) else str(len(where))
            return f"averaged over {of} settings with {count(self.seeds, 'training run')} each"
        at = f"at {where[0].label}, " if where else ""
        return f"{at}over {self.seeds} training runs" if self.seeds > 1 else f"{at}in one training run"

    def best(self, names: Iterable[str]) -> str:
        """The contestant with the largest effect among these; without effects, that with the best mean."""
        rows = {name: self.contestants[name] for name in names}
        if any(math.isfinite(row.effect) for row in rows.values()):
            return max(
                rows, key=lambda name: rows[name].effect if math.isfinite(rows[name].effect) else -math.inf
            )
        return max(rows, key=lambda name: self.sign * rows[name].mean)

    def mean(self, name: str) -> str:
        """Mean and interval of a row."""
        row = self.contestants[name]
        return interval(row.mean, row.low_mean, row.high_mean)

    def share(self, name: str) -> str:
        """The share of the gap that a strategy closes, with its 95 % interval."""
        return share(self.contestants[name])

    def closes(self, name: str) -> str:
        """The same with its verb: a negative share widens the gap."""
        row = self.contestants[name]
        return f"closes {share(row)} of the gap" if row.effect >= 0 else f"widens the gap by {share(row, -1)}"

    @property
    def gap(self) -> str:
        """What the gap is, in words."""
        return f"in {self.label} between the prior and real data"

    @property
    def unseen(self) -> float:
        """The smallest effect that would have been seen for every strategy that is not decided, as a share."""
        sizes = [row.detectable for row in self.with_verdict("not decided").values()]
        return max((size for size in sizes if math.isfinite(size)), default=math.nan)

    @property
    def seeds_needed(self) -> float:
        """How many seeds would decide on all that are not decided; NaN if more than the most that are counted."""
        return max((row.seeds_needed for row in self.with_verdict("not decided").values()), default=math.nan)

    @property
    def leans(self) -> frozenset[str]:
        """Strategies whose whole interval of `nearer_to_train` lies above the interval of real held-out data.

        Real data are the same for every seed, so their interval is over samples. None where the controls say that the
        measure cannot tell.
        """
        if "held-out" not in self.nearer or self.cannot_tell:
            return frozenset()
        floor = frames.real_interval(self.nearer["held-out"])[1]
        return frozenset(name for name, row in self.nearer.items() if row.low_mean > floor)


def share(row: Row, sign: int = 1) -> str:
    """An effect in percent of the gap, with its 95 % interval; with `sign` −1, how much it widens the gap."""
    if sign > 0 and row.effect < FARTHEST:
        return f"below −{-100 * FARTHEST:.0f} %"
    low, high = sorted((sign * row.effect_low, sign * row.effect_high))
    ends = (low, high) if math.isfinite(low) else (math.nan, math.nan)
    places = 0 if abs(row.effect) >= 0.1 else 1
    return f"{interval(sign * row.effect, *ends, scale=100, places=places)} %"


def percent(value: float) -> str:
    """A share in percent with two digits."""
    return f"{number(100 * value, 0 if value >= 0.1 else 1)} %"


def contest(summary: pd.DataFrame) -> Contest | None:
    """The contest of a summary; None if no strategy has an average of a metric with a better direction."""
    summary = frames.known(summary)
    metric = frames.primary(summary)
    if metric is None or frames.best(summary, metric) is None:
        return None
    rows = frames.averaged(summary)
    rows = rows[rows["mean"].notna() & (rows["strategy"] != MODEL)]
    scored = {row.strategy: row for row in frames.each(rows[rows["metric"] == metric])}
    single = frames.per_setting(summary)
    single = single[~single["strategy"].isin([*REFERENCES, MODEL])]
    own = single[single["metric"] == metric]
    return Contest(
        metric=metric,
        sign=frames.gain_sign(frames.direction(summary, metric)),
        contestants={name: row for name, row in scored.items() if name not in REFERENCES},
        references={name: row for name, row in scored.items() if name in REFERENCES},
        nearer={row.strategy: row for row in frames.each(rows[rows["metric"] == "nearer_to_train"])},
        single=own,
        precision=single[single["metric"] == "precision"],
        states={setting: str(frames.at(own, setting)["state"].iloc[0]) for setting in frames.settings(own)},
        cannot_tell=silent(summary).get("nearer_to_train", ""),
        copying=_copying(summary),
    )


def _copying(summary: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """For each strategy by how many measures of novelty it copies beyond its decoder, and how many can tell."""
    if "stderr" not in summary:
        return {}
    telling, found = copying(summary)
    return {name: (len(beyond), len(telling)) for name, (_, beyond) in found.items()}
