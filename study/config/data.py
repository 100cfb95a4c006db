"""How a user's own data are to be read, where they do not say so themselves."""

import dataclasses
from typing import Literal

from study.config.fields import Limits, check
from study.errors import StudyError
from study.runtime.checks import shown

Kind = Literal["auto", "image", "table", "sequence"]
Scale = Literal["auto", "none", "255", "range", "standard"]
Layout = Literal["auto", "channels-first", "channels-last"]

LARGEST_SIDE = 4096  # pixels of a resized picture
NO_LABEL = "none"


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Settings of a user's own data; the defaults ask where the data leave two readings open.

    Attributes:
        label: the column of a table that holds classes; "none" if none does.
        kind: what an example is: an image, a row of a table, or a window `[T, F]` of a time series.
        scale: how values become the model's range: "none" keeps them, "255" divides by 255, "range" maps the training
            data's smallest value to 0 and largest to 1 (of each column, except in images), "standard" gives each column
            mean 0 and variance 1; "auto" chooses by what the data are.
        layout: whether the channels of images come before or after height and width.
        size: height and width to which the pictures of a folder are resized; one number for both.
    """

    label: str = ""
    kind: Kind = "auto"
    scale: Scale = "auto"
    layout: Layout = "auto"
    size: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        side = Limits(1, LARGEST_SIDE, "must be positive", items=2)
        check(self, {"size": side}, where="data.")
        if len(self.size) > 2:
            raise StudyError(f"data.size: give one number, or height and width, got {shown(self.size)}")

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the settings that differ from their defaults."""
        return tuple(f.name for f in dataclasses.fields(self) if getattr(self, f.name) != f.default)

    def refuse(self, *names: str, where: str, why: str) -> None:
        """Check that none of these settings was given.

        Raises:
            StudyError: one was.
        """
        for name in self.given:
            if name in names:
                raise StudyError(f"{where}: --{name} has no effect on {why}; leave it out")


def give(name: str, *values: str) -> str:
    """How to set one of these values on the command line and in Python, for messages."""
    flags = " or ".join(f"--{name} {value}" for value in values)
    return f"give {flags} (in Python {name}=...)"
