"""The pieces a report is made of, as plain values that a page and a markdown file render alike."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Literal

from study.report.figures import Picture
from study.report.text.scores import Table

# A number as `numbers.number` writes it, perhaps with its spread or unit.
NUMBER = re.compile(r"(−?[\d.]+(×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|−?∞|—)( ±.*| %)?|")


@dataclasses.dataclass(frozen=True)
class Text:
    """A paragraph; `code` spans between backticks."""

    text: str


@dataclasses.dataclass(frozen=True)
class Plain:
    """A table of texts under a header row."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def numeric(self) -> list[bool]:
        """Per column, whether it holds numbers only."""
        return [all(NUMBER.fullmatch(text) for text in column) for column in zip(*self.rows, strict=True)]


@dataclasses.dataclass(frozen=True)
class Scores:
    """A strategy × metric table; `show` is what its cells hold, `folded` hides it until it is asked for."""

    caption: str
    table: Table
    show: Literal["mean", "difference"] = "mean"
    folded: bool = False

    @property
    def heading(self) -> str:
        """What a folded table is found under."""
        if self.table.setting is not None:
            return f"At {self.table.setting.label}"
        return "Paired differences from the prior"


@dataclasses.dataclass(frozen=True)
class Definitions:
    """Definitions with their explanations."""

    items: Sequence[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Command:
    """Something to type."""

    text: str


Block = Text | Plain | Scores | Definitions | Command | Picture


@dataclasses.dataclass(frozen=True)
class PageSection:
    """A heading, its anchor, and what stands under it."""

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
