"""The report of an audit, from its tables alone: the answer, how to draw, the diagnosis, and what it rests on."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from study.audit.answer import PRIOR, Answer, judged
from study.audit.copies import copying
from study.audit.tabulate import QUESTION
from study.metrics.registry import names
from study.report import frames
from study.report.build import shown
from study.report.figures import Picture, printed, rendered, replace, save
from study.report.outside import tame, tamed, tamed_table, visible
from study.report.page import latex, markdown, render
from study.report.page.blocks import (
    Block,
    Bullets,
    Command,
    Definitions,
    Lines,
    Links,
    MainTable,
    PageSection,
    Plain,
    Report,
    Scores,
    Text,
)
from study.report.plots import effects, samples, style
from study.report.text import about, limits, methods, scores
from study.report.text.contest import share
from study.report.text.glossary import GAP, KID, Q
from study.report.text.main_table import main_table
from study.report.text.numbers import count, number
from study.report.text.references import references
from study.report.text.words import STRATEGIES, word
from study.tables.results import Results

DRAW = "strategy.npz"  # the fitted strategy in the folder
COVERED = (
    "Intervals cover {fits} fits of each strategy, each with its own draw, and {evaluations}. One model has no "
    "training "
    "seeds: another training of the same network may give another answer, and nothing here says how different."
)
VERDICTS = {"yes": "yes", "no": "no", "cannot tell": "—"}
MOST_DIMENSIONS = 64


def write_report(
    folder: Path,
    results: Results,
    findings: pd.DataFrame,
    *,
    place: Path | None = None,
    everything: bool = False,
) -> tuple[str, Path]:
    """Write figures, `report.html` and `report.md` into a folder.

    Args:
        folder: where.
        results: the tables of the audit.
        findings: the diagnosis.
        place: the final location of the folder, if it is written elsewhere first.
        everything: also figures as SVG and PDF, and every table as LaTeX, which a results folder does not keep.

    Returns:
        The answer, and the path of the page.
    """
    results, findings = tamed(results), tamed_table(findings)
    summary, answer = judged(results)
    pictures = _pictures(results, summary, everything=everything)
    report = compose(results, summary, findings, answer, pictures, shown(place or folder))
    save(pictures, folder, everything=everything)
    replace(folder / "report.md", markdown.render(report).encode())
    replace(folder / "report.html", render.render(report).encode())
    if everything:
        latex.save(report, folder)
    return visible(report.headline), folder / "report.html"


def compose(
    results: Results,
    summary: pd.DataFrame,
    findings: pd.DataFrame,
    answer: Answer,
    pictures: list[Picture],
    folder: str,
) -> Report:
    """The report as plain values."""
    facts = results.provenance
    model = facts.get("model", {})
    label = word(answer.metric).label if answer.metric else "KID"
    words = [("Share of the gap closed", GAP), ("q(z)", Q)]
    features = limits.features(facts)
    words.insert(0, (label, f"{KID if answer.metric == 'kid' else word(answer.metric).meaning} {features}"))
    return Report(
        title=f"Audit of {model.get('name', 'a model')} on {about.common(results.runs, 'dataset')}",
        question=QUESTION,
        headline=answer.headline,
        notice="",
        words=words,
        figures=pictures,
        table=_main(summary),
        limits=_limits(results, summary),
        appendix=_appendix(results, summary, findings, answer, folder),
        front=[_draw(answer, model), _diagnosis(findings)],
    )


def _draw(answer: Answer, model: Mapping[str, Any]) -> PageSection:
    """Three lines that draw, and what they cost and need."""
    shape = tuple(model.get("latent_shape", ()))
    scale = float(model.get("scale", 1.0))
    z = "z" if scale == 1 else f"z / {scale:g}"
    z = z if len(shape) < 2 else f"({z}).reshape(-1, {', '.join(map(str, shape))})"
    lines = [
        "import study",
        f'z = study.load_strategy("{DRAW}").sample(0, n=16)',
        f"x = decode({z})  # your decoder",
    ]
    keeps = bool(STRATEGIES[answer.strategy]["keeps_data"])
    found, cost = answer.copying, answer.cost
    told = {
        True: f"{len(found.flagged)} of {len(found.telling)} measures of novelty flag its samples as copies",
        False: f"{len(found.flagged)} of {len(found.telling)} measures of novelty flag its samples as copies, which is "
        "not most of them",
        None: "No measure of novelty could tell here",
    }
    items = [
        ("Cost", f"{number(cost[0])} s to fit, {number(cost[1])} s for 1,000 samples, decoding included."),
        ("Data", "It keeps the codes of the training data." if keeps else "It keeps no training data."),
        ("Copies", f"{told[found.copies]}."),
    ]
    if answer.without_data:
        row = answer.rows[answer.without_data]
        items.append(
            (
                "Without data",
                f"`{answer.without_data}` is better than the prior too: it closes {share(row)} of the gap.",
            )
        )
    return PageSection("draw", f"How to draw from `{answer.strategy}`", [Lines(lines), Definitions(items)])


def _diagnosis(findings: pd.DataFrame) -> PageSection:
    texts = findings[["name", "found", "says", "mend"]].astype(str).to_numpy().tolist()
    rows = [
        [name, VERDICTS.get(found, found), _sentence(says), _sentence(mend) or "—"]
        for name, found, says, mend in texts
    ]
    found = [row[0] for row in rows if row[1] == "yes"]
    head = (
        f"{count(len(found), 'thing')} found: {', '.join(found)}."
        if found
        else "Nothing was found to be wrong."
    )
    caption = "Each question with its number, and what to do. —: it cannot be told, or is no fault."
    return PageSection(
        "diagnosis",
        "What is wrong with the model",
        [Text(head), Plain(caption, ["question", "found", "number", "what to do"], rows)],
    )


def _main(summary: pd.DataFrame) -> MainTable | None:
    table = main_table(summary) if len(summary) else None
    if table is None:
        return None
    caption = (
        f"Verdicts are corrected for the number of strategies. Small print: 95 % intervals over {_over(summary)}. "
        "Arrows say which values are better. Rows below the line, in italics, are references and do not compete."
    )
    return dataclasses.replace(table, caption=caption)


def _over(summary: pd.DataFrame) -> str:
    several = frames.evaluations(summary)
    return (
        "fits" if several < 2 else f"fits and {several} evaluations (halves of test and feature extractors)"
    )


def _limits(results: Results, summary: pd.DataFrame) -> list[tuple[str, str]]:
    facts = results.provenance
    config, data = facts.get("config", {}), facts.get("dataset", {})
    evaluations = frames.evaluations(summary)
    pca = facts.get("extractor", {}).get("name") == "pca"
    what = "one half of test" if evaluations < 2 else f"{evaluations} random halves of test" + (
        " with the same features" if pca else ", each with its own feature extractor"
    )  # fmt: skip
    clipped = "" if about.is_table(facts) else "; pictures are clipped to the range of train"
    n = (
        summary.loc[summary["metric"] == frames.primary(summary), "n"]
        if len(summary)
        else pd.Series(dtype=int)
    )
    items = [
        ("One model", COVERED.format(fits=config.get("fits", "?"), evaluations=what)),
        ("Data", f"{data.get('n_train')} training, {data.get('n_validation')} validation and {data.get('n_test')} test "
         "examples, in the units in which they were given."),
        ("Samples", f"n = {about.span(n)} on each side of a comparison{clipped}."),
        ("Features", limits.features(facts)),
        ("Diagnosis", "thresholds were calibrated on small models made on purpose: they say what to look at."),
    ]  # fmt: skip
    return [(term, text) for term, text in items if text]


def _appendix(
    results: Results, summary: pd.DataFrame, findings: pd.DataFrame, answer: Answer, folder: str
) -> list[PageSection]:
    facts = results.provenance
    notes = [str(note) for note in facts.get("model", {}).get("notes", [])]
    files = facts.get("model", {}).get("files", {})
    present = frames.strategies(summary) if len(summary) else []
    table = scores.build(summary) if present else None
    sections = [
        PageSection("model", "What was found out about the model", [
            *([Bullets(notes)] if notes else []),
            *([Plain("Files of the model.", ["file", "SHA-256"], [[*one] for one in files.items()])] if files else []),
        ]),
        PageSection("strategies", "All metrics", [
            Scores(f"Mean with 95 % interval over {_over(summary)}. {scores.LEGEND}", table)] if table else []),
        PageSection("novelty", "Novelty", _novelty(results.metrics, present)),
        PageSection("mismatch", "q(z) and the prior", [*_measures(results.metrics), *_dimensions(results.latents)]),
        PageSection("missing", "Failures and missing values", [part for part in (about.gaps(results),) if part]),
        PageSection("methods", "Methods", [
            *([methods.strategies_table(present)] if present else []),
            *([methods.metrics_table(summary, table=about.is_table(facts))] if present else [])]),
        PageSection("references", "References", [Links(references(
            [str(STRATEGIES[name]["source"]) for name in present if name in STRATEGIES]
            + [word(metric).source for metric in (frames.metrics(summary) if present else [])]))]),
        PageSection("provenance", "Provenance", [Definitions(methods.provenance(facts))]),
        PageSection("again", "Command that makes this report again", [Command(f"study report {folder}")]),
    ]  # fmt: skip
    return [section for section in sections if section.blocks]


def _novelty(metrics: pd.DataFrame, strategies: list[str]) -> list[Block]:
    """Measures that flag each strategy, of those that can tell."""
    rows = []
    for name in strategies:
        found = copying(metrics, name)
        if not found.telling:
            return [
                Text(
                    "No measure of novelty can tell here: none flags repeated training examples and nothing else."
                )
            ]
        flagged = ", ".join(word(one).label for one in found.flagged) or "none"
        rows.append([name, f"{len(found.flagged)} of {len(found.telling)}", number(found.nearer), flagged])
    header = ["strategy", "flag it", word("nearer_to_train").label, "which"]
    caption = (
        "Measures whose whole interval, over samples of the first fit and corrected for their number, lies on the "
        "side of copying from that of real held-out data. Only measures that flag repeated training examples, and "
        f"neither held-out data nor noise, are counted, of {len(names('novelty'))}."
    )
    return [Plain(caption, header, rows)] if rows else []


def _measures(metrics: pd.DataFrame) -> list[Block]:
    rows = metrics[(metrics["strategy"] == "model") & (metrics["status"] == "ok")]
    texts = [
        [word(row.metric).axis, _with_error(row.value, row.stderr), word(row.metric).summary or ""]
        for row in frames.each(rows)
    ]
    caption = "Measurements of q(z) against N(0, I), ± standard error."
    return [Plain(caption, ["measure", "value", "meaning"], texts)] if texts else []


def _dimensions(latents: pd.DataFrame) -> list[Block]:
    columns = ["dimension", "kl", "marginal_kl", "mutual_information", "mean_variance", "variance_mean", "ks"]
    table = latents.sort_values("kl", ascending=False).head(MOST_DIMENSIONS)[columns]
    left = len(latents) - len(table)
    caption = "Latent dimensions by rate, in nats" + (f"; {left} with less are left out." if left else ".")
    return [about.frame(table, caption)] if len(table) else []


def _pictures(results: Results, summary: pd.DataFrame, *, everything: bool) -> list[Picture]:
    """The figures of the first page; as PDF too if everything is asked for."""
    drawn: list[tuple[str, str, str, str, Figure | None]] = []
    with style.styled():
        drawn.append((
            "effects", "The effect of each strategy",
            "Dot plot: the share of the gap that each strategy closes, with its interval.",
            "The share of the gap between the prior (0 %) and real held-out data (100 %) that each strategy closes "
            "on this model, with 95 % intervals over fits, draws and evaluations. Green squares sample no latent "
            "distribution.",
            effects.effects(results, summary) if len(summary) else None,
        ))  # fmt: skip
        found = samples.pictures(results, "audited")
        if found:
            shown = [
                PRIOR,
                *frames.key_strategies(summary, frames.primary(summary) or "", at_most=4),
                "reconstruction",
                "held-out",
            ]
            rows = {name: found[name] for name in shown if name in found}
            drawn.append((
                "samples", "Samples with shared draws",
                "Grid of samples: one row for each strategy and for real data, one column for each shared draw.",
                "In a column, strategies that draw an example and noise share both: look down a column to see what "
                "a strategy changes.",
                samples.sheet(rows or found, title="Same model, same draws, different strategies"),
            ))  # fmt: skip
        made: list[Picture] = []
        for name, title, alt, caption, figure in drawn:
            if figure is None:
                continue
            svg, png = rendered(figure)
            pdf = printed(figure) if everything else b""
            made.append(Picture(name, alt, caption, svg, png, number=len(made) + 1, title=title, pdf=pdf))
    return made


def _with_error(value: float, error: float) -> str:
    return number(value) + (f" ± {number(error)}" if math.isfinite(error) and error > 0 else "")


def _sentence(text: object) -> str:
    said = tame(str(text)) if isinstance(text, str) else ""
    return f"{said[:1].upper()}{said[1:]}." if said else ""
