"""Write the figures, the page and the Markdown of a results folder from its tables alone."""

from pathlib import Path

import pandas as pd

from study.report import frames
from study.report.figures import draw_figures, replace, save
from study.report.findings import Findings
from study.report.outside import tamed, tamed_table, visible
from study.report.page import latex, markdown
from study.report.page import render as page
from study.report.page.content import compose
from study.report.page.front import exhibits
from study.report.text import limits
from study.tables.results import Results


def build_report(
    folder: Path,
    results: Results,
    summary: pd.DataFrame,
    *,
    findings: Findings | None = None,
    place: Path | None = None,
    everything: bool = False,
) -> tuple[str, Path]:
    """Write `report.html`, `report.md` and the pictures that the latter shows as `figures/*.png` into `folder`.

    The same tables give the same bytes. Every file is replaced whole or not at all.

    Args:
        folder: the results folder.
        results: its tables.
        summary: `study.statistics.summarise` of those tables.
        findings: the experiment's own answer and sections, which come first. With several families of models, the
            general sections after them are about the first family; each other family gets its prior and its best
            strategy in Table 1, and a folded table.
        place: the final location of the folder, if it is written elsewhere first.
        everything: also write all figures as PNG, SVG and PDF, and every table as LaTeX (`page.latex`), which a results
            folder does not keep.

    Returns:
        The answer in a sentence, and the path of `report.html`.
    """
    results, summary = tamed(results), tamed_table(summary)
    (family, (main, summary)), *others = frames.by_family(results, frames.known(summary)).items()
    summary = frames.with_errors(summary, main.metrics)
    further = {name: rows for name, (_, rows) in others}
    if limits.too_few(main, summary):
        summary = limits.without_verdicts(summary)
        further = {name: limits.without_verdicts(rows) for name, rows in further.items()}
    parts = findings.sections if findings else ()
    own = {f"finding-{i + 1}": (s.figure, s.title) for i, s in enumerate(parts) if s.figure is not None}
    own |= {name: (one.figure, one.title) for name, one in exhibits(findings).items()}
    pictures, absent = draw_figures(main, summary, extra=own, everything=everything)
    report = compose(
        main,
        summary,
        pictures,
        absent,
        findings=findings,
        folder=shown(place or folder),
        family=family,
        others=further,
        whole=results,
    )
    drawn = {**pictures, **{picture.name: picture for picture in report.figures}}
    save([one for one in drawn.values() if everything or one.kept], folder, everything=everything)
    replace(folder / "report.md", markdown.render(report).encode())
    replace(folder / "report.html", page.render(report).encode())
    if everything:
        latex.save(report, folder)
    return visible(report.headline), folder / "report.html"


def shown(folder: Path) -> str:
    """The folder as a reader would type it: the path from `results` on if it lies below one, else its name."""
    parts = folder.resolve().parts
    start = len(parts) - 1 - parts[::-1].index("results") if "results" in parts else len(parts) - 1
    return "/".join(parts[start:])
