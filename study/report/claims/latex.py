"""The table of claims as LaTeX (booktabs), to be put into a table of the page's width."""

from collections.abc import Sequence

from study.report.page.blocks import Verdicts
from study.report.page.escape import latex

CLAIM = r"p{0.3\linewidth}"


def table(block: Verdicts) -> str:
    """A `tabular` with a row for each claim and the verdict on each data set, with its first note."""
    columns = f"r{CLAIM}" + "l" * len(block.datasets)
    lines = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        rf"{_cells(['', 'claim', *block.datasets])} \\",
        r"\midrule",
    ]
    for row in block.rows:
        said = [row.statement + f" ({row.said_by})", *(verdict or "—" for verdict, _ in row.cells)]
        lines.append(rf"{_cells([str(row.number), *said])} \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _cells(texts: Sequence[str]) -> str:
    return " & ".join(map(latex, texts))
