"""The content of the page of claims, before it is written as HTML, Markdown or LaTeX."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from study.claims.base import SECTIONS, Claim
from study.claims.thresholds import SYMBOLS
from study.claims.verdicts import LEAST_SEEDS, Judged, Verdict
from study.report.claims import packages as drawn
from study.report.claims import rule, words
from study.report.page.blocks import (
    Block,
    Bullets,
    ClaimRow,
    Command,
    Definitions,
    Links,
    PageSection,
    Plain,
    Report,
    Text,
    Verdicts,
)
from study.report.text.glossary import AXIS, GAP, Q
from study.report.text.numbers import count, listed

TITLE = "What the thread claims, measured"
QUESTION = (
    "Given a trained VAE, from which latent distribution should new data be drawn? Who was right, and where?"
)
CAPTION = (
    "A verdict on each claim for each data set; none yet: there are no tables to decide from; —: not about such data. "
    "Below a verdict: an effect that shows it, a mean over settings with its 95 % interval (KID and the like in % of "
    "the gap), or where along an axis the claim holds, by one of its tests. A claim leads to all of them."
)
FIGURES = ("figure-1", "effects", "mismatch")  # where the one that a claim names was not drawn
VERDICTS = (
    "Each claim has a test that was fixed, with the smallest effect that matters, before the results on Fashion-MNIST "
    "and on colour patches existed, but for one measure of copying and what controls it (claim 3). `supported`: at "
    "least two tests agree that the effect is as large as the claim needs. `refuted`: that it is not. `depends`: "
    "settings or parts of the claim disagree. `not decided`: too little is known."
)
LIMITS = (
    (
        "Errors",
        "Intervals are of 95 %, corrected for the settings of a test and not for the number of claims. Two tests must "
        "agree, but they share the trained models, so of many verdicts a few may be wrong.",
    ),
    (
        "Reading",
        "A sentence of the thread can be read in other ways than the one that is tested here. Each section says which "
        "one was.",
    ),
    (
        "Settings",
        "A verdict holds for the settings that were trained. Where it depends on s, the threshold is that of this "
        "network on this data set.",
    ),
    (
        "Seen before",
        "Results on digits, MNIST, CO2 and ETTh1 were known when the tests were written. Those on Fashion-MNIST and "
        "colour patches were not.",
    ),
)


def compose(
    found: Sequence[Judged],
    root: Path | None = None,
    *,
    points: pd.DataFrame | None = None,
    packages: pd.DataFrame | None = None,
) -> Report:
    """The page of all verdicts; a section for each claim is folded.

    Args:
        found: every verdict.
        points: what the rule of thumb says of each place, `schemas.RULE`.
        packages: what packages draw, `schemas.PACKAGES`.
        root: the folder of all results, in which figures to link to are looked for.
    """
    claims = list(dict.fromkeys(one.claim for one in found))
    datasets = list(dict.fromkeys(one.dataset for one in found))
    by = {(one.claim.number, one.dataset): one for one in found}
    after = [] if points is None else rule.sections(points)
    if packages is not None:
        after += drawn.sections(packages, points)
    return Report(
        title=TITLE,
        question=QUESTION,
        headline=headline(found),
        notice="",
        words=[("Verdicts", VERDICTS), ("Share of the gap closed", GAP), ("q(z)", Q), ("s = β/(2α)", AXIS)],
        figures=(),
        table=Verdicts(CAPTION, datasets, [_row(claim, datasets, by) for claim in claims]),
        limits=LIMITS,
        after=after,
        appendix=[
            *(_section(claim, [one for one in found if one.claim is claim], root) for claim in claims),
            *([] if packages is None else [drawn.details(packages)]),
            _again(),
        ],
    )


def headline(found: Sequence[Judged]) -> str:
    """How many verdicts there are of each kind, and on what most of those depend that do."""
    there = [one for one in found if one.evidence]
    if not there:
        return "There are no results yet: every claim is declared, and none is tested."
    of = Counter(one.verdict for one in there)
    on = Counter(_axis(one) for one in there if one.verdict == "depends")
    axis, most = on.most_common(1)[0] if on else ("", 0)
    where = f", most of them on {axis}" if axis and 2 * most > of["depends"] else ""
    kinds: tuple[Verdict, ...] = ("supported", "refuted", "not decided")
    rest = listed(f"{of[kind]} {'is' if of[kind] == 1 else 'are'} {kind}" for kind in kinds if of[kind])
    about = count(len({one.claim.number for one in there}), "claim")
    lead = f"{of['depends']} of {count(len(there), 'verdict')} on {about}"
    said = f"{lead} {'depends' if of['depends'] == 1 else 'depend'}{where}"
    left = len(found) - len(there)
    open_ = f" {count(left, 'verdict')} still {'lacks' if left == 1 else 'lack'} evidence." if left else ""
    return f"{said}{f'; {rest}' if rest else ''}.{open_}"


def _axis(one: Judged) -> str:
    """What a verdict depends on: the axis of its first test that turns, or nothing."""
    return next((SYMBOLS[test.test.axis] for test in one.tests if test.thresholds), "")


def _row(claim: Claim, datasets: Sequence[str], by: dict[tuple[int, str], Judged]) -> ClaimRow:
    cells = []
    for data in datasets:
        one = by.get((claim.number, data))
        cells.append(("", ["—"]) if one is None else (words.verdict(one), list(words.notes(one))))
    return ClaimRow(claim.number, claim.statement, claim.said_by, f"claim-{claim.number}", cells)


def _section(claim: Claim, found: Sequence[Judged], root: Path | None) -> PageSection:
    declared = claim.sections
    blocks: list[Block] = [
        Text(f"Said by: {claim.said_by}."),
        Definitions([(name, declared[name]) for name in SECTIONS if name in declared]),
    ]
    there = [one for one in found if one.evidence]
    if there:
        blocks.append(_tests(claim, there))
    turns = [
        f"{one.dataset}, {words.label(test.test.metric)}, {test.test.quantity}: {words.turn(turn)}."
        for one in there
        for test in one.tests
        for turn in test.thresholds
    ]
    blocks += [Text("Where verdicts change, with 95 % intervals:"), Bullets(turns)] if turns else []
    blocks += [Links(_links(claim, there, root))] if there else []
    missing = list(dict.fromkeys(command for one in found for command in words.commands(one)))
    if missing:
        blocks += [
            Text("Commands that make the tables which do not exist yet:"),
            Bullets([f"`{c}`" for c in missing]),
        ]
    return PageSection(f"claim-{claim.number}", f"{claim.number}. {claim.statement}", blocks)


def _tests(claim: Claim, found: Sequence[Judged]) -> Plain:
    rows = [
        [
            one.dataset, words.label(test.test.metric), test.test.quantity, words.wanted(test),
            words.effect(test) if test.places else "—", test.verdict, words.settings(test) or test.reason,
            words.trainings(test),
        ]
        for one in found
        for test in one.tests
        if test.found is not None
    ]  # fmt: skip
    caption = (
        "Each test: the effect as a mean over settings with its 95 % interval, where it must lie to support the claim, "
        f"and at how many settings it says what. At least {LEAST_SEEDS} trainings of each setting."
    )
    header = ("data set", "metric", "effect of", "needs", "effect", "verdict", "settings", "n")
    return Plain(caption, header, rows)


def _links(claim: Claim, found: Sequence[Judged], root: Path | None) -> list[tuple[str, str]]:
    """For each folder that was read its report, and a figure that shows the claim."""
    folders = dict.fromkeys(
        test.found.folder
        for one in found
        for test in one.tests
        if test.found is not None and test.found.folder
    )
    links = []
    for folder in folders:
        page = f"../{folder}/report.html"
        drawn = _drawn(root / folder / "report.html") if root is not None else frozenset()
        figure = next((name for name in (claim.figure, *FIGURES) if name in drawn), "")
        links += [(f"Figure of {folder}: {figure}", f"{page}#figure-{figure}")] if figure else []
        links.append((f"Report of {folder}", page))
    return links


def _drawn(page: Path) -> frozenset[str]:
    """The names of the figures in a report; none if there is no report."""
    source = page.read_text(encoding="utf-8") if page.is_file() else ""
    return frozenset(re.findall(r'<figure id="figure-([\w-]+)"', source))


def _again() -> PageSection:
    return PageSection("again", "The command that makes this page", [Command("study claims")])
