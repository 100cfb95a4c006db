"""The blocks of a report as plain values, from which both the HTML page and the Markdown file are written."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Literal

from study.report.figures import Picture
from study.report.text.scores import Table

# A number as `numbers.number` writes it, optionally with a spread or a unit.
NUMBER = re.compile(r"(−?[\d.]+(×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|−?∞|—)( ±.*| %)?|")


@dataclasses.dataclass(frozen=True)
class Text:
    """A paragraph; text between backticks is code."""

    text: str


@dataclasses.dataclass(frozen=True)
class Plain:
    """A table of texts with a header row."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def numeric(self) -> list[bool]:
        """For each column, whether all its cells are numbers."""
        return [all(NUMBER.fullmatch(text) for text in column) for column in zip(*self.rows, strict=True)]


@dataclasses.dataclass(frozen=True)
class Scores:
    """A strategy × metric table; `show` chooses the content of its cells, `folded` hides it until a reader opens it."""

    caption: str
    table: Table
    show: Literal["mean", "difference"] = "mean"
    folded: bool = False

    @property
    def heading(self) -> str:
        """The heading of a folded table."""
        if self.table.setting is not None:
            return f"At {self.table.setting.label}"
        return "Paired differences from the prior"


@dataclasses.dataclass(frozen=True)
class Definitions:
    """Terms with their explanations."""

    items: Sequence[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Command:
    """A command for the reader to type."""

    text: str


Block = Text | Plain | Scores | Definitions | Command | Picture


@dataclasses.dataclass(frozen=True)
class PageSection:
    """A heading, its anchor, and the blocks under it."""

    slug: str
    title: str
    blocks: Sequence[Block]


@dataclasses.dataclass(frozen=True)
class Report:
    """The whole report as plain values."""

    title: str
    question: str
    headline: str
    details: Sequence[str]
    facts: Sequence[tuple[str, str]]
    sections: Sequence[PageSection]
