"""What an experiment adds to its report: its own answer, and the sections that support it."""

import dataclasses

import pandas as pd
from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class Section:
    """A section of an experiment's own: a title, a text, and a table or a figure or both."""

    title: str
    text: str
    table: pd.DataFrame | None = None
    figure: Figure | None = None


@dataclasses.dataclass(frozen=True)
class Findings:
    """The answer in a sentence or two, and the sections that support it."""

    answer: str
    sections: tuple[Section, ...] = ()
