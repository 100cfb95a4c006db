"""The first page of a report: at most three numbered figures, each with a caption that says what follows."""

import dataclasses
from collections.abc import Mapping

import pandas as pd

from study.errors import StudyError
from study.report.figures import Picture
from study.report.findings import Exhibit, Findings
from study.report.text.captions import follows
from study.tables.results import Results

MOST = 3
GENERAL = ("effects", "where", "samples")  # what the general report shows first, as far as it can be drawn
FURTHER = ("differences", "ladder", "dimensions", "losses", "codes", "gains", "mismatch", "novelty")
OF_THE_PRIMARY = ("ladder", "gains", "mismatch")  # say nothing where that metric can show no effect


def exhibits(findings: Findings | None) -> dict[str, Exhibit]:
    """The experiment's own figures by the names of their files."""
    own = findings.figures if findings else ()
    return {f"figure-{i + 1}": one for i, one in enumerate(own) if isinstance(one, Exhibit)}


def numbered(
    results: Results,
    summary: pd.DataFrame,
    pictures: Mapping[str, Picture],
    absent: Mapping[str, str],
    *,
    findings: Findings | None,
    family: str = "",
) -> list[Picture]:
    """The figures of the first page with numbers, titles and captions.

    Args:
        results, summary: of one family of models.
        pictures, absent: all figures by name, and those that could not be drawn.
        findings: names the figures; without any the general report has its own.
        family: the family's name, to be said under a general figure where the report has several.

    Raises:
        StudyError: the findings name a figure that no report has.
    """
    own = exhibits(findings)
    mute = OF_THE_PRIMARY if "effects" in absent else ()
    general = [name for name in (*GENERAL, *FURTHER) if name not in mute]
    wanted = findings.figures if findings is not None and findings.figures else general
    names = [
        f"figure-{i + 1}" if isinstance(one, Exhibit) else _named(one, pictures, absent)
        for i, one in enumerate(wanted)
    ]
    chosen = [name for name in names if name][:MOST]
    return [
        _captioned(pictures[name], i + 1, own.get(name), results, summary, family)
        for i, name in enumerate(dict.fromkeys(chosen))
    ]


def _named(name: str, pictures: Mapping[str, Picture], absent: Mapping[str, str]) -> str:
    """The picture of this name; nothing if it could not be drawn from these tables."""
    if name in pictures:
        return name
    if name in absent or name.startswith("samples-"):
        return ""
    raise StudyError(f"findings: no figure {name!r}; there are {', '.join(sorted({*pictures, *absent}))}")


def _captioned(
    picture: Picture, number: int, own: Exhibit | None, results: Results, summary: pd.DataFrame, family: str
) -> Picture:
    if own is not None:
        return dataclasses.replace(picture, number=number, title=own.title, caption=own.caption)
    models = f"Models: `{family}`. " * bool(family)
    caption = f"{models}{picture.caption} {follows(picture.name, results, summary)}".strip()
    return dataclasses.replace(picture, number=number, caption=caption)
