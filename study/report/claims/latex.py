"""The table of claims as LaTeX (booktabs), to be put into a table of the page's width."""

from collections.abc import Sequence

from study.report.page.blocks import Verdicts
from study.report.page.escape import latex

CLAIM, WIDE = 0.3, 0.65  # of the line: a claim, and its verdicts together


def table(block: Verdicts) -> str:
    """A `tabular` with a row for each claim: the verdict on each data set, and what it depends on or the effect."""
    columns = [
        f"p{{{share:.3g}\\linewidth}}"
        for share in (CLAIM, *[WIDE / len(block.datasets)] * len(block.datasets))
    ]
    lines = [
        rf"\begin{{tabular}}{{{''.join(columns)}}}",
        r"\toprule",
        rf"{_cells(['claim', *block.datasets])} \\",
        r"\midrule",
    ]
    for row in block.rows:
        said = ["; ".join(filter(None, (verdict, *notes))) for verdict, notes in row.cells]
        lines.append(rf"{_cells([f'{row.number}. {row.statement} ({row.said_by})', *said])} \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _cells(texts: Sequence[str]) -> str:
    return " & ".join(map(latex, texts))
