"""What an experiment adds to its report: its own answer, its figures, and the sections that support them."""

import dataclasses

import pandas as pd
from matplotlib.figure import Figure

from study.runtime.brief import Brief


@dataclasses.dataclass(frozen=True)
class Exhibit:
    """A numbered figure of the first page.

    Attributes:
        title: what it is about, a few words.
        caption: what it shows, and then what follows from it.
        figure: the figure.
    """

    title: str
    caption: str
    figure: Figure


@dataclasses.dataclass(frozen=True, repr=False)
class Section(Brief):
    """A section of the appendix: a title, a text, and a table or a figure or both."""

    title: str
    text: str
    table: pd.DataFrame | None = None
    figure: Figure | None = None


@dataclasses.dataclass(frozen=True, repr=False)
class Findings(Brief):
    """An experiment's own part of its report.

    Attributes:
        answer: at most two sentences and 60 words, with the effect and its interval.
        sections: of the appendix.
        figures: of the first page, at most three in their order; a text names a figure of the general report, such as
            "samples". Without any, the general report has its own three.
        limits: of the evidence, as terms with texts; one takes the place of that of the general report.
        sources: cited by its sections; those of strategies and metrics are known.
    """

    answer: str
    sections: tuple[Section, ...] = ()
    figures: tuple[Exhibit | str, ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
