"""The interface of a metric: facts for tables and figures, a function that prepares a reference, one that scores."""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal

from study.metrics.reference import Reference, Samples

Better = Literal["lower", "higher", "one", "none"]
Group = Literal["quality", "novelty", "cost", "other", "model"]
Needs = Literal["", "windows", "table", "no table", "classes asked for"]


@dataclasses.dataclass(frozen=True)
class Score:
    """The result of a metric: a value and its standard error over samples, or a reason why there is none."""

    value: float
    stderr: float = math.nan
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "stderr", float(self.stderr))


def no_score(reason: str) -> Score:
    """A score without a value, for this reason."""
    return Score(math.nan, math.nan, reason)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A metric whose computations on the reference are done.

    Attributes:
        reference: a description of what samples are compared with; includes the null value if it is known.
        score: scores samples.
    """

    reference: str
    score: Callable[[Samples], Score]


@dataclasses.dataclass(frozen=True)
class Fact:
    """The description of a measured number.

    Attributes:
        name: its name in every table.
        label: its name on axes and in headings.
        summary: what it measures, in a line.
        source: the paper that defines it.
        better: which direction is better; "one" means nearer to one, "none" that no direction is better.
        meaning: what a reader of a report must know about it; by default the summary.
        unit: its unit; empty if it has none.
        group: the part of a report in which it appears.
    """

    name: str
    label: str
    summary: str
    source: str
    better: Better
    meaning: str = ""
    unit: str = ""
    group: Group = "quality"

    def __post_init__(self) -> None:
        object.__setattr__(self, "meaning", self.meaning or self.summary)

    @property
    def axis(self) -> str:
        """Label and unit, for an axis."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric(Fact):
    """A measurement of samples.

    Attributes:
        prepare: computes everything about the reference, once for each data set and number of samples.
        needs: what it needs besides data: "windows" of a time series, rows of a "table", "no table", or "classes asked
            for".
        once: it is measured under the first evaluation only, since it is slow, or is the same under all.
        version: raise it when values change; its stored scores are then computed again.
    """

    prepare: Callable[[Reference], Prepared]
    needs: Needs = ""
    once: bool = False
    version: int = 1


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One measured number, a row of a table.

    Attributes:
        metric: its name in every table.
        value: the estimate; NaN if it could not be computed.
        stderr: standard error over the samples that were scored, NaN if none is known.
        n: how many samples were scored (the same number on both sides of a comparison).
        reference: what the samples were compared with.
        better: which direction is better; "one" means nearer to one, "none" that no direction is better.
        reason: why it could not be computed; empty if it could.
    """

    metric: str
    value: float
    stderr: float
    n: int
    reference: str
    better: Better
    reason: str = ""

    @classmethod
    def of(cls, fact: Fact, score: Score, *, n: int, reference: str) -> "Measurement":
        """A metric's score of n samples as a measurement."""
        return cls(fact.name, score.value, score.stderr, n, reference, fact.better, score.reason)

    @property
    def status(self) -> Literal["ok", "missing"]:
        """Either "ok", or "missing" if there is no value, for the `reason` given."""
        return "missing" if self.reason else "ok"


def missing(metric: str, *, n: int, reference: str, better: Better, reason: str) -> Measurement:
    """The measurement of a metric that cannot be computed, with the reason."""
    return Measurement(metric, float("nan"), float("nan"), n, reference, better, reason)
