"""The content of the report before it is written as HTML or Markdown: the first page, then the appendix."""

import dataclasses
import shlex
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from study.report import frames
from study.report.figures import SPECS, Picture
from study.report.findings import Findings
from study.report.outside import tame
from study.report.page.blocks import (
    Block,
    Bullets,
    Command,
    Definitions,
    Links,
    MainTable,
    PageSection,
    Plain,
    Report,
    Scores,
    Text,
)
from study.report.page.front import numbered
from study.report.text import about, limits, methods, scores, uncertainty
from study.report.text.answer import answer
from study.report.text.captions import follows
from study.report.text.conventions import conventions
from study.report.text.glossary import glossary
from study.report.text.main_table import main_table
from study.report.text.novelty import novelty_table
from study.report.text.numbers import listed
from study.report.text.references import METHODS, references
from study.report.text.words import STRATEGIES, word
from study.tables.names import MODEL
from study.tables.results import Results

PICTURED = ("samples", "nearest")  # figures of pictures
OF_MODELS = {"dimensions", "codes", "losses"}  # figures that need no samples


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
    """The report: answer, figures, main table and limits, then the appendix with all else.

    Args:
        results, summary: of one family of models.
        pictures, absent: its figures, and the reason for each absent one.
        findings: the experiment's own answer, figures and sections; the general answer then stands nowhere.
        folder: the results folder as a reader types it.
        family: the name of the family.
        others: the summaries of the other families by name.
        whole: results of all families, for the section on failures.

    Raises:
        StudyError: the findings name a figure that no report has.
    """
    few = limits.too_few(results, summary)
    general = answer(summary, frames.models(results), too_few=few)
    headline = general.headline if findings is None else findings.answer
    figures = numbered(results, summary, pictures, absent, findings=findings, family=family if others else "")
    rest = {name: one for name, one in pictures.items() if name not in {shown.name for shown in figures}}
    again = _again(results.provenance, [*figures, *rest.values()], folder)
    appendix = [
        *_findings(findings, rest),
        PageSection("detail", "The answer in detail", _detail(general.details if findings is None else ())),
        *_general(results, summary, rest, others or {}),
        PageSection("missing", "Failures and missing values", _missing(whole or results, absent)),
        PageSection("methods", "Methods", _methods(results, summary, rest)),
        _references(results, summary, findings),
        PageSection("provenance", "Provenance", [Definitions(methods.provenance(results.provenance))]),
        PageSection("again", "Commands that make this report and each figure", again),
    ]
    scored = main_table(summary, family=family if others else "", others=others)
    table = scored or about.models_table(whole or results, about.FEW)
    return Report(
        title=about.title(results),
        question=str(results.provenance.get("question", "")),
        headline=headline,
        notice=f"No verdict on samples is possible: {few}." if few and findings is not None else "",
        words=glossary(results, summary, [headline, *(one.caption for one in figures), *_texts(table)]),
        figures=figures,
        table=table,
        limits=_limits(
            limits.limits(whole or results, summary),
            _families(family, others or {}, scored=bool(scored)),
            findings,
        ),
        appendix=_apart([section for section in appendix if section.blocks]),
    )


def _texts(table: MainTable | Plain | None) -> list[str]:
    """What the main table says, with its headings."""
    if isinstance(table, MainTable):
        return [table.caption, table.effect, *(heading for heading, _ in table.metrics)]
    return [table.caption, *table.header] if table else []


def _general(
    results: Results, summary: pd.DataFrame, rest: Mapping[str, Picture], others: Mapping[str, pd.DataFrame]
) -> list[PageSection]:
    """The sections of the general report, with the figures that the first page does not show."""
    return [
        _scores(summary, rest, others),
        _gains(results, summary, rest),
        _shown("ladder", "The gap ladder", ["ladder"], rest),
        _mismatch(results, rest),
        _shown("dimensions", "KL per latent dimension", ["dimensions", "codes"], rest),
        _shown("samples", "Samples", [name for name in rest if name.startswith("samples")], rest),
        _novelty(results, summary, rest),
    ]


def _limits(
    general: Sequence[tuple[str, str]], families: Sequence[tuple[str, str]], findings: Findings | None
) -> list[tuple[str, str]]:
    """The general limits, and the experiment's own, each in the place of that of its term."""
    return list({**dict(general), **dict(families), **dict(findings.limits if findings else ())}.items())


def _families(family: str, others: Mapping[str, pd.DataFrame], *, scored: bool) -> list[tuple[str, str]]:
    """Which models the general figures and tables are about, if there are several kinds."""
    if not others:
        return []
    names = listed(f"`{name}`" for name in others)
    rest = f", not {names}."
    if scored:
        rest = (
            f". Of {names} Table 1 has the prior and the best strategy; "
            f"{'its table is' if len(others) == 1 else 'their tables are'} in the appendix."
        )
    text = f"The general figures and tables are about models of family `{family}`{rest}"
    return [("Models", text)]


def _detail(details: Sequence[str]) -> list[Block]:
    return [Bullets(details)] if details else []


def _apart(sections: Sequence[PageSection]) -> list[PageSection]:
    """The sections with titles that differ: those that repeat an earlier one are counted."""
    seen: Counter[str] = Counter()
    found = []
    for section in sections:
        seen[section.title] += 1
        again = f" ({seen[section.title]})" if seen[section.title] > 1 else ""
        found.append(PageSection(section.slug, section.title + again, section.blocks))
    return found


def _shown(slug: str, title: str, names: Sequence[str], pictures: Mapping[str, Picture]) -> PageSection:
    return PageSection(slug, title, [pictures[name] for name in names if name in pictures])


def _findings(findings: Findings | None, pictures: Mapping[str, Picture]) -> list[PageSection]:
    """The experiment's sections; what one says stands under its figure, or above its table."""
    sections = []
    for index, part in enumerate(findings.sections if findings else ()):
        said, picture = part.text or part.title, pictures.get(f"finding-{index + 1}")
        blocks: list[Block] = [dataclasses.replace(picture, caption=said)] if picture else []
        if part.table is not None:
            blocks.append(about.frame(part.table, "The same in numbers." if picture else said))
        sections.append(PageSection(f"finding-{index + 1}", part.title, blocks or [Text(said)]))
    return sections


def _scores(
    summary: pd.DataFrame, pictures: Mapping[str, Picture], others: Mapping[str, pd.DataFrame]
) -> PageSection:
    whole, grid = scores.build(summary), frames.settings(summary)
    over = "averaged over the grid" if len(grid) > 1 else f"at {grid[0].label}" if grid else ""
    blocks: list[Block] = []
    if whole.names:
        blocks.append(Scores(f"Mean with 95 % interval, {over}. {scores.LEGEND}", whole))
        paired = f"Paired difference from the prior on the same trained model, 95 % interval, {over}.{scores.UNSEEN}"
        blocks.append(Scores(paired, whole, show="difference", fold="Paired differences from the prior"))
    for setting in grid if len(grid) > 1 else ():
        single = scores.build(summary, setting=setting)
        if single.names:
            caption = f"Mean with 95 % interval at {setting.label}; signs as in the table of averages."
            blocks.append(Scores(caption, single, fold=f"At {setting.label}"))
    for name, rows in others.items():
        single = scores.build(rows)
        if single.names:
            caption = (
                f"Models of family {name}: mean with 95 % interval, averaged over their grid; `prior` is their own; "
                "signs as in the table of averages."
            )
            blocks.append(Scores(caption, single, fold=f"Models of family {name}"))
    if "differences" in pictures:
        blocks.append(pictures["differences"])
    if "effects" in pictures:
        blocks.append(pictures["effects"])
    return PageSection(
        "strategies",
        "All metrics, each setting",
        [Text(about.table_note(summary)), *blocks] if blocks else [],
    )


def _gains(results: Results, summary: pd.DataFrame, pictures: Mapping[str, Picture]) -> PageSection:
    table = uncertainty.across(results, summary)
    blocks: list[Block] = [pictures[name] for name in ("gains", "where") if name in pictures]
    return PageSection("gains", "Where on the grid it matters", [*blocks, *([table] if table else [])])


def _mismatch(results: Results, pictures: Mapping[str, Picture]) -> PageSection:
    shown = [pictures[name] for name in ("mismatch", "quality") if name in pictures]
    table = about.models_table(results)
    return PageSection("mismatch", "How far the prior is from q(z)", [*shown, *([table] if table else [])])


def _novelty(results: Results, summary: pd.DataFrame, pictures: Mapping[str, Picture]) -> PageSection:
    table = novelty_table(summary)
    shown = [_told(pictures[name], results, summary) for name in ("novelty", "nearest") if name in pictures]
    return PageSection("novelty", "Novelty", [*shown[:1], *([table] if table else []), *shown[1:]])


def _told(picture: Picture, results: Results, summary: pd.DataFrame) -> Picture:
    """A figure of the appendix with what follows from it."""
    caption = f"{picture.caption} {follows(picture.name, results, summary)}".strip()
    return dataclasses.replace(picture, caption=caption)


def _missing(results: Results, absent: Mapping[str, str]) -> list[Block]:
    failed, gaps = about.failed(results), about.gaps(results)
    blocks: list[Block] = [Text(about.failed_note(results))]
    blocks += [part for part in (failed, gaps) if part]
    titles = {spec.name: spec.title for spec in SPECS}
    # figures that a reader of a table, or of models that are not sampled from, does not miss
    untold: Collection[str] = PICTURED if about.is_table(results.provenance) else ()
    if not (results.metrics["strategy"] != MODEL).any():
        untold = set(titles) - OF_MODELS
    left_out = [
        (f"figure “{titles.get(name, name)}”", reason)
        for name, reason in absent.items()
        if name not in untold
    ]
    return [*blocks, Definitions(left_out)] if left_out else blocks


def _methods(results: Results, summary: pd.DataFrame, pictures: Mapping[str, Picture]) -> list[Block]:
    blocks: list[Block] = [Definitions(methods.definitions(results, summary))]
    table = about.is_table(results.provenance)
    known = conventions(frames.metrics(summary) if len(summary) else (), table=table)
    if known:
        blocks.append(
            Text("Conventions of the metrics, and how their numbers compare with those of other packages:")
        )
        blocks.append(Definitions(known))
    present = frames.strategies(summary)
    if present:
        blocks.append(methods.strategies_table(present))
        blocks.append(methods.metrics_table(summary, table=table))
        blocks += uncertainty.components(results, summary)
    if "losses" in pictures:
        blocks.append(pictures["losses"])
    return blocks


def _references(results: Results, summary: pd.DataFrame, findings: Findings | None) -> PageSection:
    """The sources of the strategies, metrics and methods that this report uses."""
    present = frames.strategies(summary)
    sources = [str(STRATEGIES[name]["source"]) for name in present if name in STRATEGIES]
    sources += [word(metric).source for metric in results.metrics["metric"].unique()]
    sources += [*(METHODS if present else ()), *(findings.sources if findings else ())]
    found = references(sources)
    return PageSection("references", "References", [Links(found)] if found else [])


def _again(facts: Mapping[str, Any], pictures: Sequence[Picture], folder: str) -> list[Block]:
    blocks: list[Block] = []
    call = f"study report {tame(shlex.quote(folder))}"
    if facts.get("command"):
        blocks += [
            Text("To train and evaluate whatever is missing, and write this folder:"),
            Command(str(facts["command"])),
        ]
    blocks += [
        Text(
            "To write this report from the tables alone; --all adds every figure as PNG, SVG and PDF, every table as "
            "LaTeX, and a CSV file:"
        ),
        Command(call),
    ]
    if pictures:
        rows = [[f"figures/{one.name}.png", call if one.kept else f"{call} --all"] for one in pictures]
        blocks.append(Plain("Each figure and the command that writes it.", ["figure", "command"], rows))
    return blocks
