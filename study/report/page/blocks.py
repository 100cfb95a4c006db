"""The blocks of a report as plain values, from which both the HTML page and the Markdown file are written."""

import dataclasses
import itertools
import re
from collections.abc import Sequence
from typing import ClassVar, Literal

from study.report.figures import Picture
from study.report.text.scores import Table

# A number as `numbers.number` writes it, optionally with a spread or a unit.
NUMBER = re.compile(r"(−?[\d.]+(×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|−?∞|—)( ±.*| %)?|")


@dataclasses.dataclass(frozen=True)
class Text:
    """A paragraph; text between backticks is code."""

    text: str


@dataclasses.dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: Sequence[str]


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
    """A strategy × metric table; `show` chooses the content of its cells; one with a `fold` is hidden until opened.

    Attributes:
        caption: how to read it.
        table: its cells.
        show: means, or differences from the prior.
        fold: the title that opens it, unlike that of any other fold; empty if it is always shown.
    """

    caption: str
    table: Table
    show: Literal["mean", "difference"] = "mean"
    fold: str = ""


@dataclasses.dataclass(frozen=True)
class MainTable:
    """The table of the first page: a row for each strategy with a phrase, its effect, and a few metrics.

    Attributes:
        caption: how to read it.
        effect: heading of the column of effects; empty if there are none.
        rows: strategies, then rows of reference, then those of other kinds of models.
        metrics: headings of the metrics with their meanings.
    """

    caption: str
    effect: str
    metrics: Sequence[tuple[str, str]]
    rows: Sequence["MainRow"]
    title: ClassVar[str] = "The strategies"

    @property
    def groups(self) -> list[tuple[str, list["MainRow"]]]:
        """The rows of each group, in their order."""
        return [(name, list(rows)) for name, rows in itertools.groupby(self.rows, lambda row: row.group)]

    def texts(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows as texts, for formats without markup in a cell."""
        header = [
            "strategy",
            *([self.effect] if self.effect else []),
            *(heading for heading, _ in self.metrics),
        ]
        rows = []
        for row in self.rows:
            effect = [f"{row.effect} {row.verdict}".strip()] if self.effect else []
            rows.append([f"{row.name}: {row.phrase}" if row.phrase else row.name, *effect, *row.cells])
        return header, rows


@dataclasses.dataclass(frozen=True)
class MainRow:
    """A strategy in the main table: name, phrase, effect with interval and verdict in words, and metrics."""

    name: str
    phrase: str
    effect: str
    verdict: str
    cells: Sequence[str]
    group: Literal["strategy", "reference", "other"] = "strategy"


@dataclasses.dataclass(frozen=True)
class Verdicts:
    """The table of claims: a row for each claim, and a verdict in words for each data set, with a few more of them.

    Attributes:
        caption: how to read it.
        datasets: the headings of the columns.
        rows: claims.
    """

    caption: str
    datasets: Sequence[str]
    rows: Sequence["ClaimRow"]
    title: ClassVar[str] = "The claims"

    def texts(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows as texts, for formats without markup in a cell."""
        rows = [
            [
                f"{row.number}. {row.statement} ({row.said_by})",
                *("; ".join(filter(None, (verdict, *notes))) for verdict, notes in row.cells),
            ]
            for row in self.rows
        ]
        return ["claim", *self.datasets], rows


@dataclasses.dataclass(frozen=True)
class ClaimRow:
    """A claim: number, statement, who said it, the anchor of its section, and for each data set verdict and notes.

    A cell without a verdict says nothing: the claim is not about that data set, or has no evidence there.
    """

    number: int
    statement: str
    said_by: str
    anchor: str
    cells: Sequence[tuple[str, Sequence[str]]]


@dataclasses.dataclass(frozen=True)
class Definitions:
    """Terms with their explanations."""

    items: Sequence[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Links:
    """Texts with the address of a page for each, which is not loaded; an empty address is no link."""

    items: Sequence[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Command:
    """A command for the reader to type."""

    text: str


@dataclasses.dataclass(frozen=True)
class Lines:
    """A few lines of Python."""

    lines: Sequence[str]


Block = (
    Text | Bullets | Plain | Scores | MainTable | Verdicts | Definitions | Links | Command | Lines | Picture
)


@dataclasses.dataclass(frozen=True)
class PageSection:
    """A heading, its anchor, and the blocks under it."""

    slug: str
    title: str
    blocks: Sequence[Block]


@dataclasses.dataclass(frozen=True)
class Report:
    """The whole report as plain values.

    Attributes:
        title, question, headline: its head; the headline is the answer.
        notice: why no verdict is possible, if so; said in the head.
        words: the terms that the first page uses, with explanations.
        figures: the numbered figures, whose captions say what they show and what follows.
        table: the main table.
        limits: the limits of the evidence.
        appendix: all else, each section folded.
        front: sections between the head and the figures.
        after: sections between the main table and the limits.
    """

    title: str
    question: str
    headline: str
    notice: str
    words: Sequence[tuple[str, str]]
    figures: Sequence[Picture]
    table: MainTable | Plain | Verdicts | None
    limits: Sequence[tuple[str, str]]
    appendix: Sequence[PageSection]
    front: Sequence[PageSection] = ()
    after: Sequence[PageSection] = ()
