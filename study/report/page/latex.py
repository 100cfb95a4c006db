"""Every table of a report as LaTeX (booktabs), and a document that shows them all, for pdfTeX, XeTeX and LuaTeX."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from study.report import tables
from study.report.figures import replace
from study.report.page.blocks import MainTable, PageSection, Plain, Report, Scores, Verdicts
from study.report.page.escape import latex

Tabled = MainTable | Plain | Scores | Verdicts
LONG = 40  # letters of a cell beyond which its column breaks lines
WIDEST = 26  # em of such a column, at most
DOCUMENT = r"""\documentclass[10pt]{{article}}
\usepackage[T1]{{fontenc}}
\IfFileExists{{lmodern.sty}}{{\usepackage{{lmodern}}}}{{}}
\usepackage[margin=2cm]{{geometry}}
\usepackage{{booktabs,graphicx}}
\sloppy
\newsavebox{{\made}}
\newcommand{{\fitted}}[1]{{\par\medskip\noindent\sbox{{\made}}{{\input{{#1}}\unskip}}%
  \ifdim\wd\made>\linewidth\sbox{{\made}}{{\resizebox{{\linewidth}}{{!}}{{\usebox{{\made}}}}}}\fi
  \ifdim\dimexpr\ht\made+\dp\made\relax>.85\textheight
    \sbox{{\made}}{{\resizebox*{{!}}{{.85\textheight}}{{\usebox{{\made}}}}}}\fi
  \usebox{{\made}}\par}}
\begin{{document}}
\section*{{{title}}}
{parts}
\end{{document}}
"""


def files(report: Report) -> dict[str, str]:
    """Contents by path: `tables/<section>.tex`, a `tabular` each, and `tables.tex`, which shows them with captions."""
    named = dict(_named(report))
    parts = [
        f"\\subsection*{{{latex(_caption(block))}}}\n\\fitted{{{name}}}" for name, block in named.items()
    ]
    made = {f"{name}.tex": table(block) for name, block in named.items()}
    return made | {"tables.tex": DOCUMENT.format(title=latex(report.title), parts="\n".join(parts))}


def save(report: Report, folder: Path) -> None:
    """Write `files` below a folder."""
    (folder / "tables").mkdir(exist_ok=True)
    for name, content in files(report).items():
        replace(folder / name, content.encode())


def table(block: Tabled) -> str:
    """A `tabular` of the block."""
    match block:
        case Scores():
            return tables.latex(block.table, block.show)
        case MainTable() | Verdicts():
            return _tabular(*block.texts())
        case Plain():
            return _tabular(block.header, block.rows)


def _named(report: Report) -> Iterator[tuple[str, Tabled]]:
    """The tables of a report in its order, each with the name of its file without the suffix."""
    if report.table is not None:
        yield "tables/main", report.table
    for section in (*report.front, *report.after, *report.appendix):
        found = list(_tables(section))
        for i, block in enumerate(found, 1):
            yield f"tables/{section.slug}" + f"-{i}" * (len(found) > 1), block


def _tables(section: PageSection) -> Iterator[Tabled]:
    for block in section.blocks:
        if isinstance(block, Tabled):
            yield block


def _caption(block: Tabled) -> str:
    """A short heading: a title, or the first sentence."""
    if isinstance(block, MainTable | Verdicts):
        return block.title
    if isinstance(block, Scores) and block.fold:
        return block.fold
    return block.caption.split(". ")[0].replace("`", "").rstrip(".")


def _tabular(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    columns = "".join(_column(texts) for texts in zip(header, *rows, strict=True))
    body = [" & ".join(map(latex, _plain(row))) + r" \\" for row in rows]
    head = " & ".join(map(latex, _plain(header))) + r" \\"
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"


def _column(texts: Sequence[str]) -> str:
    longest = max(map(len, texts))
    return "l" if longest <= LONG else f"p{{{min(WIDEST, longest // 4 + 2)}em}}"


def _plain(texts: Sequence[str]) -> list[str]:
    return [text.replace("`", "") for text in texts]
