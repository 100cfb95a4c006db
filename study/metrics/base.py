"""What a metric is: facts for tables and figures, and how a reference is prepared and samples are scored."""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from study.metrics.reference import Reference, Samples

Better = Literal["lower", "higher", "one", "none"]
Group = Literal["quality", "novelty", "cost", "other", "model"]
Needs = Literal["", "windows", "classes asked for"]


@dataclasses.dataclass(frozen=True)
class Score:
    """What a metric makes of samples: a value and its standard error over samples, or a reason why there is none."""

    value: float
    stderr: float = math.nan
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "stderr", float(self.stderr))


def no_score(reason: str) -> Score:
    """There is no value here, and why."""
    return Score(math.nan, math.nan, reason)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A metric with everything on the reference's side computed once.

    Attributes:
        reference: what samples are compared with, in words; the null value where it is known.
        score: scores samples.
    """

    reference: str
    score: Callable[[Samples], Score]


@dataclasses.dataclass(frozen=True)
class Fact:
    """What is told of a measured number.

    Attributes:
        name: in every table.
        label: on axes and in headings.
        summary: what it says, in a line.
        source: the paper that defines it.
        better: which direction is better; "one" is nearer to one, "none" that no direction is.
        meaning: what a reader of a report must know of it; the summary where nothing else is said.
        unit: empty where it has none.
        group: where a report tells it.
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
        """Label and unit, as an axis has them."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric(Fact):
    """A measurement of samples.

    Attributes:
        prepare: computes the reference's side, once for each data set and number of samples.
        needs: what there must be besides data: "windows" of a time series, or "classes asked for".
        version: raise it when values change; stored scores of the metric are then made anew.
    """

    prepare: Callable[[Reference], Prepared]
    needs: Needs = ""
    version: int = 1


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One measured number, a row of a table.

    Attributes:
        metric: its name in every table.
        value: the estimate; NaN where it could not be computed.
        stderr: standard error over the samples that were scored, NaN where none is known.
        n: how many samples were scored (the same number on both sides of a comparison).
        reference: what it was compared with.
        better: which direction is better; "one" means nearer to one, "none" that no direction is better.
        reason: why it could not be computed; empty where it could.
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
        """What a metric made of n samples."""
        return cls(fact.name, score.value, score.stderr, n, reference, fact.better, score.reason)

    @property
    def status(self) -> Literal["ok", "missing"]:
        """Either "ok", or "missing" where `reason` says why there is no value."""
        return "missing" if self.reason else "ok"


def missing(metric: str, *, n: int, reference: str, better: Better, reason: str) -> Measurement:
    """A metric that cannot be computed here, with its reason."""
    return Measurement(metric, float("nan"), float("nan"), n, reference, better, reason)


def share(hits: np.ndarray) -> Score:
    """The share of samples `[n]` bool for which something holds, with its binomial standard error."""
    return Score(hits.mean(), hits.std() / np.sqrt(len(hits)))
