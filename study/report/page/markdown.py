"""The report as Markdown, with pictures linked from `figures/`.

What is long and seldom read stands in the page alone, and is named here: parts that every report has, figures and
tables of single settings.
"""

import html
import re
from collections.abc import Sequence

from study.report import tables
from study.report.figures import Picture
from study.report.outside import visible
from study.report.page import escape
from study.report.page.blocks import (
    Block,
    Bullets,
    Command,
    Definitions,
    Lines,
    Links,
    MainTable,
    PageSection,
    Plain,
    Report,
    Scores,
    Text,
    Verdicts,
)

GENERAL = (  # anchors of the parts that stand in the page alone
    *("strategies", "gains", "ladder", "mismatch", "dimensions", "samples", "novelty"),
    *("methods", "references", "provenance"),
)


def render(report: Report) -> str:
    """Markdown of the report, its general parts named alone; text from outside is escaped."""
    parts = [f"# {escape.markdown(report.title)}"]
    if report.question:
        parts.append(f"*{escape.markdown(report.question)}*")
    if report.notice:
        parts.append(escape.markdown(report.notice))
    parts.append(f"**{escape.markdown(report.headline)}**")
    parts += [_block(Definitions(report.words))] if report.words else []
    parts += _open(report.front)
    parts += [_block(picture) for picture in report.figures]
    if report.table:
        parts.append("**Table 1.** " * isinstance(report.table, Plain) + _block(report.table))
    parts += _open(report.after)
    parts += ["## Limits of this evidence", _block(Definitions(report.limits)), "## Appendix"]
    for section in report.appendix:
        if section.slug not in GENERAL:
            inside = "\n\n".join(_block(block) for block in section.blocks)
            parts.append(_folded(section.title, inside))
    general = [section.title for section in report.appendix if section.slug in GENERAL]
    if general:
        parts.append(f"In `report.html` besides: {escape.markdown('; '.join(general))}.")
    return "\n\n".join(parts) + "\n"


def _open(sections: Sequence[PageSection]) -> list[str]:
    return [part for s in sections for part in (f"## {escape.markdown(s.title)}", *map(_block, s.blocks))]


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{html.escape(visible(title))}</summary>\n\n{inside}\n\n</details>"


def _block(block: Block) -> str:
    match block:
        case Text():
            return escape.markdown(block.text)
        case Bullets():
            return "\n".join(f"- {escape.markdown(text)}" for text in block.items)
        case Links():
            return "\n".join(f"- {_link(text, address)}" for text, address in block.items)
        case MainTable() | Verdicts():
            start = f"**Table 1. {block.title}.** {escape.markdown(block.caption)}"
            return f"{start}\n\n{_plain(*block.texts())}"
        case Command():
            return escape.fenced(block.text)
        case Lines():
            return escape.fenced_lines(block.lines, "python")
        case Definitions():
            return "\n".join(
                f"- **{escape.markdown(term)}**: {escape.markdown(text)}" for term, text in block.items
            )
        case Picture() if not block.kept:
            return f"Figure, in `report.html`: {escape.markdown(block.alt)}"
        case Scores() if block.fold:
            return f"Table, in `report.html`: {escape.markdown(block.fold)}"
        case Picture():
            alt = escape.markdown(re.sub(r"[\[\]`]", "", block.alt))
            start = f"**Figure {block.number}. {escape.markdown(block.title)}.** " if block.number else ""
            return f"![{alt}](figures/{block.name}.png)\n\n{start}*{escape.markdown(block.caption)}*"
        case Scores():
            return f"{escape.markdown(block.caption)}\n\n{tables.markdown(block.table, block.show).rstrip()}"
        case Plain():
            return f"{escape.markdown(block.caption)}\n\n{_plain(block.header, block.rows)}"


def _link(text: str, address: str) -> str:
    address = re.sub(r"/report\.html$", "/report.md", address)
    return f"[{escape.markdown(text)}]({address})" if address else escape.markdown(text)


def _plain(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row(header), "|---" * len(header) + "|", *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escape.cell(cell) for cell in cells) + " |"
