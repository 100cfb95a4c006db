"""Write `claims.csv` and the page of claims into its folder, all or nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from study.claims.tabulate import claim_table
from study.claims.verdicts import Judged
from study.report.claims.page import compose
from study.report.figures import Picture, replace, save
from study.report.outside import visible
from study.report.page import latex, markdown, render
from study.report.page.blocks import Report
from study.runtime.files import told
from study.runtime.folders import exchanged, sha256
from study.runtime.versions import project_version
from study.tables.results import seal

NAME = "claims"


def publish(
    found: Sequence[Judged],
    root: Path,
    *,
    points: pd.DataFrame | None = None,
    packages: pd.DataFrame | None = None,
    everything: bool = False,
) -> tuple[str, Path]:
    """Write `claims.csv`, `rule.csv`, `packages.csv`, `report.html` and `report.md` below `root`, all results' folder.

    Args:
        found: every verdict.
        root: the folder that holds the results folders which were read.
        points: what the rule of thumb says of each place, `schemas.RULE`; without, there is no `rule.csv`.
        packages: what packages draw, `schemas.PACKAGES`; without, there is no `packages.csv`.
        everything: also write figures as SVG and PDF and every table as LaTeX, which are not kept.

    Returns:
        The answer in a sentence, and the path of the page.

    Raises:
        FileError: the folder cannot be written.
    """
    report, folder = compose(found, root, points=points, packages=packages), root / NAME
    read = dict.fromkeys(
        test.found.folder for one in found for test in one.tests if test.found and test.found.folder
    )
    facts = {
        "experiment": NAME,
        "command": "study claims",
        "project": project_version(),
        "read": {name: sha256(root / name / "provenance.json") for name in sorted(read)},
    }
    with exchanged(folder) as fresh:
        with told(folder):
            claim_table(found).to_csv(fresh / "claims.csv", index=False, lineterminator="\n")
            for name, table in (("rule", points), ("packages", packages)):
                if table is not None:
                    path = fresh / f"{name}.csv"
                    table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
            save(_pictures(report), fresh, everything=everything)
            replace(fresh / "report.html", render.render(report).encode())
            replace(fresh / "report.md", markdown.render(report).encode())
            if everything:
                latex.save(report, fresh)
        seal(fresh, facts)
    return visible(report.headline), folder / "report.html"


def _pictures(report: Report) -> Iterator[Picture]:
    for section in report.after:
        yield from (block for block in section.blocks if isinstance(block, Picture))
