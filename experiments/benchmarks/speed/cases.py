"""What is measured: a case is one piece of work with one size, done by us and by others on the same arrays."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

OURS = "study"  # the side that the others are compared with
Arrays = Mapping[str, np.ndarray]
Facts = Mapping[str, float]
Call = Callable[[], Facts | None]  # what is timed; it may return facts that replace or add to those measured


@dataclasses.dataclass(frozen=True)
class Side:
    """One implementation, which a process of its own prepares and calls.

    Attributes:
        name: `OURS`, or whose it is.
        make: "module:function", both within this package; called with the arrays and `settings`, it returns a `Call`.
        settings: plain values.
        share: the seconds of the table are those of a call times this: 1 / (models × epochs) for seconds per epoch.
        runs: calls that are measured; None for as many as the case has.
    """

    name: str
    make: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    share: float = 1.0
    runs: int | None = None


@dataclasses.dataclass(frozen=True)
class Case:
    """One piece of work.

    Attributes:
        group: the cases that are run and kept together.
        task: what is done, in words.
        sides: who does it.
        arrays: makes the arrays that every side is given.
        axis, value: the quantity that grows from case to case of one task; empty if none does.
        runs: calls of each side, in pairs: ours, then each other's.
        warm: whether a first call, which may compile, is measured apart.
        flops, traffic: floating-point operations of the matrix products and bytes that must cross the memory bus at
            least once, of the seconds in the table; NaN where they depend on the data.
    """

    group: str
    task: str
    sides: tuple[Side, ...]
    arrays: Callable[[], Arrays] = dict
    axis: str = ""
    value: float = math.nan
    runs: int = 5
    warm: bool = True
    flops: float = math.nan
    traffic: float = math.nan

    @property
    def name(self) -> str:
        """How it is called in tables and on the screen."""
        return f"{self.task}, {self.axis} = {self.value:,.0f}" if self.axis else self.task


def silent(way: Callable[[], object]) -> Call:
    """A call that returns no facts."""

    def call() -> None:
        way()

    return call
