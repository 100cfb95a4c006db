"""The content of the report, section by section, before it is written as HTML or Markdown."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from study.report import frames
from study.report.figures import Picture
from study.report.findings import Findings
from study.report.outside import tame
from study.report.page.blocks import Block, Command, Definitions, PageSection, Plain, Report, Scores, Text
from study.report.text import about, methods, scores, uncertainty
from study.report.text.answer import answer
from study.report.text.novelty import novelty_table
from study.tables.results import Results


def compose(
    results: Results,
    summary: pd.DataFrame,
    pictures: Mapping[str, Picture],
    absent: Mapping[str, str],
    *,
    findings: Findings | None,
    folder: str,
    family: str = "",
    others: Mapping[str, pd.DataFrame] | None = None,
    whole: Results | None = None,
) -> Report:
    """The report with its sections in fixed order; those without data are left out, and absent figures are listed.

    Args:
        results, summary: of one family of models.
        pictures, absent: its figures, and the reason for each absent one.
        findings: the experiment's own answer and sections.
        folder: the results folder as a reader types it.
        family: the name of the family.
        others: the summaries of the other families by name.
        whole: results of all families, for the section on failures.
    """
    said = answer(summary, frames.models(results))
    details = list(said.details)
    headline = said.headline
    if findings is not None:
        headline, details = findings.answer, [said.headline, *details]
    if others:
        names = ", ".join(f"`{name}`" for name in others)
        details.append(
            f"The general figures and tables are about models of family `{family}`; {names} have a table each."
        )
    sections = [
        *_findings(findings, pictures),
        _scores(summary, pictures, others or {}),
        _gains(results, summary, pictures),
        _shown("ladder", "The gap ladder", ["ladder"], pictures),
        _mismatch(results, pictures),
        _shown("dimensions", "KL per latent dimension", ["dimensions", "codes"], pictures),
        _shown("samples", "Samples", [n for n in pictures if n.startswith("samples-")], pictures),
        _novelty(summary, pictures),
        PageSection("missing", "Failures and missing values", _missing(whole or results, absent)),
        PageSection("methods", "Methods", _methods(results, summary, pictures)),
        PageSection("provenance", "Provenance", [Definitions(methods.provenance(results.provenance))]),
        PageSection("again", "Reproduce this report", _again(results.provenance, pictures, folder)),
    ]
    return Report(
        title=about.title(results),
        question=str(results.provenance.get("question", "")),
        headline=headline,
        details=details,
        facts=about.key_numbers(results, summary),
        sections=[s for s in sections if s.blocks],
    )


def _shown(slug: str, title: str, names: Sequence[str], pictures: Mapping[str, Picture]) -> PageSection:
    return PageSection(slug, title, [pictures[name] for name in names if name in pictures])


def _findings(findings: Findings | None, pictures: Mapping[str, Picture]) -> list[PageSection]:
    sections = []
    for index, part in enumerate(findings.sections if findings else ()):
        blocks: list[Block] = [Text(part.text)] if part.text else []
        if f"finding-{index + 1}" in pictures:
            blocks.append(pictures[f"finding-{index + 1}"])
        if part.table is not None:
            blocks.append(about.frame(part.table, part.title))
        sections.append(PageSection(f"finding-{index + 1}", part.title, blocks))
    return sections


def _scores(
    summary: pd.DataFrame, pictures: Mapping[str, Picture], others: Mapping[str, pd.DataFrame]
) -> PageSection:
    whole, grid = scores.build(summary), frames.settings(summary)
    over = "averaged over the grid" if len(grid) > 1 else f"at {grid[0].label}" if grid else ""
    blocks: list[Block] = []
    if whole.names:
        blocks.append(Scores(f"Mean with 95 % interval, {over}. {scores.LEGEND}", whole))
    for setting in grid if len(grid) > 1 else ():
        single = scores.build(summary, setting=setting)
        if single.names:
            caption = f"Mean with 95 % interval at {setting.label}. {scores.LEGEND}"
            blocks.append(Scores(caption, single, folded=True))
    for name, rows in others.items():
        single = scores.build(rows)
        if single.names:
            caption = (
                f"Models of family {name}: mean with 95 % interval, averaged over their grid; `prior` is their own. "
                f"{scores.LEGEND}"
            )
            blocks.append(Scores(caption, single, folded=True))
    if "differences" in pictures:
        paired = f"Paired difference from the prior on the same trained model, 95 % interval, {over}.{scores.UNSEEN}"
        blocks += [pictures["differences"], Scores(paired, whole, show="difference", folded=True)]
    return PageSection(
        "strategies", "Strategies and metrics", [Text(about.table_note(summary)), *blocks] if blocks else []
    )


def _gains(results: Results, summary: pd.DataFrame, pictures: Mapping[str, Picture]) -> PageSection:
    table = uncertainty.across(results, summary)
    blocks: list[Block] = [pictures["gains"]] if "gains" in pictures else []
    return PageSection("gains", "Where on the grid it matters", [*blocks, *([table] if table else [])])


def _mismatch(results: Results, pictures: Mapping[str, Picture]) -> PageSection:
    shown = [pictures[name] for name in ("mismatch", "quality") if name in pictures]
    table = about.models_table(results)
    return PageSection("mismatch", "How far the prior is from q(z)", [*shown, *([table] if table else [])])


def _novelty(summary: pd.DataFrame, pictures: Mapping[str, Picture]) -> PageSection:
    table = novelty_table(summary)
    shown = [pictures[name] for name in ("novelty", "nearest") if name in pictures]
    return PageSection("novelty", "Novelty", [*shown[:1], *([table] if table else []), *shown[1:]])


def _missing(results: Results, absent: Mapping[str, str]) -> list[Block]:
    failed, gaps = about.failed(results), about.gaps(results)
    blocks: list[Block] = [Text(about.failed_note(results))]
    blocks += [part for part in (failed, gaps) if part]
    left_out = [(f"figure `{name}`", reason) for name, reason in absent.items()]
    if not any(name.rsplit("/", 1)[-1] != "codes" for name in results.samples):
        left_out.append(
            ("sample grids", "no pictures were stored: the data are not images, or nothing was sampled")
        )
    return [*blocks, Definitions(left_out)] if left_out else blocks


def _methods(results: Results, summary: pd.DataFrame, pictures: Mapping[str, Picture]) -> list[Block]:
    blocks: list[Block] = [Definitions(methods.definitions(results, summary))]
    present = frames.strategies(summary)
    if present:
        blocks.append(methods.strategies_table(present))
        blocks.append(methods.metrics_table(summary))
        blocks += uncertainty.components(results, summary)
    if "losses" in pictures:
        blocks.append(pictures["losses"])
    return blocks


def _again(facts: Mapping[str, Any], pictures: Mapping[str, Picture], folder: str) -> list[Block]:
    blocks: list[Block] = []
    call = f"study report {tame(shlex.quote(folder))}"
    if facts.get("command"):
        blocks += [
            Text("To train and evaluate whatever is missing, and write this folder:"),
            Command(str(facts["command"])),
        ]
    blocks += [
        Text(
            "To write all figures and this report from the tables alone; --all adds SVG, CSV and LaTeX files:"
        ),
        Command(call),
    ]
    if pictures:
        rows = [[f"figures/{name}.png", call] for name in pictures]
        blocks.append(Plain("Each figure and the command that writes it.", ["figure", "command"], rows))
    return blocks
