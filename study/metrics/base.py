"""Measurement: a value that says how sure it is and what it was compared with."""

import dataclasses
from typing import Literal

Better = Literal["lower", "higher", "one", "none"]


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One measured number.

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

    @property
    def status(self) -> Literal["ok", "missing"]:
        """Either "ok", or "missing" where `reason` says why there is no value."""
        return "missing" if self.reason else "ok"


def missing(metric: str, *, n: int, reference: str, better: Better, reason: str) -> Measurement:
    """A metric that cannot be computed here, with its reason."""
    return Measurement(metric, float("nan"), float("nan"), n, reference, better, reason)
