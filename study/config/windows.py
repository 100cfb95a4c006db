"""The configuration of windows of a time series."""

import dataclasses
from collections.abc import Sequence

from study.errors import StudyError
from study.runtime.checks import listed, shown, whole_number


@dataclasses.dataclass(frozen=True)
class WindowsConfig:
    """Windows of T = n_past + n_future rows and F columns.

    A step is a row: missing times are not detected.

    Attributes:
        time: the column of times, numbers or dates, each later than the one before.
        features: columns of a window, in order; the target is appended if it is not among them.
        target: the column whose last n_future values are to be predicted.
        n_past, n_future: rows of a window before and after the moment of prediction.
        stride: rows between the starts of two windows.
        gap: rows left out between two splits; None leaves out as many as a window has.
    """

    time: str
    features: tuple[str, ...]
    target: str
    n_past: int
    n_future: int
    stride: int = 1
    gap: int | None = None

    def __post_init__(self) -> None:
        for name, columns in (("time", [self.time]), ("target", [self.target]), ("features", self.features)):
            if isinstance(columns, str) or not isinstance(columns, Sequence):
                raise StudyError(f"windows: features must be a list of columns, got {shown(columns)}")
            if wrong := [one for one in columns if not isinstance(one, str)]:
                raise StudyError(f"windows: {name} must be a column name as text, got {shown(wrong[0])}")
        object.__setattr__(self, "time", str(self.time))
        object.__setattr__(self, "target", str(self.target))
        columns = [*map(str, self.features), *([] if self.target in self.features else [self.target])]
        object.__setattr__(self, "features", tuple(columns))
        if len(set(self.features)) < len(self.features):
            raise StudyError(f"windows: features name a column twice: {listed(self.features)}")
        if self.time in self.features:
            raise StudyError(
                f"windows: {shown(self.time)} is the time column; leave it out of features and target"
            )
        for name, least in (("n_past", 1), ("n_future", 1), ("stride", 1), ("gap", 0)):
            value = getattr(self, name)
            if name == "gap" and value is None:
                continue
            try:
                object.__setattr__(self, name, whole_number(value, name=name, least=least))
            except StudyError:
                most = " to 2147483647" if isinstance(value, int) and value > least else " on"
                raise StudyError(
                    f"windows: {name} must be a whole number from {least}{most}, got {shown(value)}"
                ) from None

    @property
    def length(self) -> int:
        """T, steps of a window."""
        return self.n_past + self.n_future

    @property
    def shape(self) -> tuple[int, int]:
        """`(T, F)`."""
        return self.length, len(self.features)

    @property
    def target_index(self) -> int:
        """The target's place among the features."""
        return self.features.index(self.target)

    @property
    def fold_span(self) -> int:
        """How many places apart two windows of one half of the test data must be to share no time step."""
        return -(-self.length // self.stride)
