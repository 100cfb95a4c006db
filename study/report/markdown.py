"""The report as markdown, pictures linked from `figures/`."""

import re
from collections.abc import Sequence

from study.report import tables
from study.report.blocks import Block, Command, Picture, Plain, Report, Scores, Terms, Text


def render(report: Report) -> str:
    """Markdown of the whole report; what came from outside cannot become HTML."""
    parts = [f"# {_safe(report.title)}"]
    if report.question:
        parts.append(f"*{_safe(report.question)}*")
    parts.append(f"**{_safe(report.headline)}**")
    if report.details:
        parts.append("\n".join(f"- {_safe(text)}" for text in report.details))
    if report.facts:
        parts.append(" · ".join(f"{_safe(term)}: {_safe(text)}" for term, text in report.facts))
    for section in report.sections:
        parts.append(f"## {_safe(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Text():
            return _safe(block.text)
        case Command():
            return f"```sh\n{block.text.replace('```', '')}\n```"
        case Terms():
            return "\n".join(f"- **{_safe(term)}**: {_safe(text)}" for term, text in block.items)
        case Picture():
            alt = re.sub(r"[\[\]]", "", _safe(block.alt))
            return f"![{alt}](figures/{block.name}.png)\n\n*{_safe(block.caption)}*"
        case Scores():
            text = f"{_safe(block.caption)}\n\n{tables.markdown(block.table, block.show).rstrip()}"
            folded = f"<details><summary>{_safe(block.heading)}</summary>\n\n{text}\n\n</details>"
            return folded if block.folded else text
        case Plain():
            return f"{_safe(block.caption)}\n\n{_plain(block.header, block.rows)}"


def _plain(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row(header), "|---" * len(header) + "|", *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_safe(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
