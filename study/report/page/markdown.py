"""The report as Markdown, with pictures linked from `figures/`."""

import html
import re
from collections.abc import Sequence

from study.report import tables
from study.report.figures import Picture
from study.report.outside import visible
from study.report.page import escape
from study.report.page.blocks import Block, Command, Definitions, Plain, Report, Scores, Text


def render(report: Report) -> str:
    """Markdown of the whole report; text from outside is escaped."""
    parts = [f"# {escape.markdown(report.title)}"]
    if report.question:
        parts.append(f"*{escape.markdown(report.question)}*")
    parts.append(f"**{escape.markdown(report.headline)}**")
    if report.details:
        parts.append("\n".join(f"- {escape.markdown(text)}" for text in report.details))
    if report.facts:
        parts.append(
            " · ".join(f"{escape.markdown(term)}: {escape.markdown(text)}" for term, text in report.facts)
        )
    for section in report.sections:
        parts.append(f"## {escape.markdown(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Text():
            return escape.markdown(block.text)
        case Command():
            return escape.fenced(block.text)
        case Definitions():
            return "\n".join(
                f"- **{escape.markdown(term)}**: {escape.markdown(text)}" for term, text in block.items
            )
        case Picture():
            alt = escape.markdown(re.sub(r"[\[\]`]", "", block.alt))
            return f"![{alt}](figures/{block.name}.png)\n\n*{escape.markdown(block.caption)}*"
        case Scores():
            text = f"{escape.markdown(block.caption)}\n\n{tables.markdown(block.table, block.show).rstrip()}"
            folded = (
                f"<details><summary>{html.escape(visible(block.heading))}</summary>\n\n{text}\n\n</details>"
            )
            return folded if block.folded else text
        case Plain():
            return f"{escape.markdown(block.caption)}\n\n{_plain(block.header, block.rows)}"


def _plain(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row(header), "|---" * len(header) + "|", *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escape.cell(cell) for cell in cells) + " |"
