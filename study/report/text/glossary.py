"""The words of a report's first page, explained for a newcomer."""

from collections.abc import Iterable

import pandas as pd

from study.report import frames
from study.report.text.limits import features
from study.report.text.words import word
from study.tables.results import Results

KID = (
    "Kernel distance: the unbiased squared maximum mean discrepancy between features of samples and of real data. "
    "Lower is better; 0 on average if they are alike."
)
Q = (
    "The aggregate posterior: the mean of the encoder's q(z|x) over the training examples, so what the decoder was "
    "trained on. The prior p(z) is what a VAE is usually sampled from."
)
GAP = (
    "The effect. 0 %: a strategy scores as the prior does; 100 %: as real held-out data do with as many examples; "
    "below 0: worse than the prior."
)
HOLES = (
    "The share of prior draws at which q(z) is lower than at 99 % of held-out codes. Holes show that the prior does "
    "not fit q(z). Few do not show that it fits: where single held-out codes lie at very low q(z), so does this limit."
)
AXIS = (
    "Noise variance of a Gaussian decoder trained with α·SSE + β·KL. α and β are one axis, s, up to optimiser steps; "
    "a setting is one pair of them."
)
RATIO = (
    "α weighs the reconstruction, β the KL; a setting is one pair of them. Only their ratio matters, up to optimiser "
    "steps."
)


EXPLAINED = (
    "fd_infinity",
    "authenticity",
    "overlap",
    "label_accuracy",
    "c2st",
)  # where the first page names them


def glossary(results: Results, summary: pd.DataFrame, said: Iterable[str]) -> list[tuple[str, str]]:
    """The terms that the texts of the first page use, each with one or two sentences.

    Args:
        results, summary: the tables.
        said: the texts of the first page.
    """
    text = " ".join(said)
    primary = frames.primary(summary) if len(summary) else None
    terms = []
    if "KID" in text or primary == "kid":
        terms.append(("KID", f"{KID} {features(results.provenance)}".strip()))
    elif primary:
        terms.append(
            (
                word(primary).label,
                f"{_sentence(word(primary).meaning)} {features(results.provenance)}".strip(),
            )
        )
    if "of the gap" in text or "gap in" in text:
        terms.append(("Share of the gap closed", GAP))
    terms += [
        (word(name).label, _sentence(word(name).meaning)) for name in EXPLAINED if word(name).label in text
    ]
    terms.append(("q(z)", Q))
    if "hole" in text.lower():
        terms.append(("Hole mass", HOLES))
    if len(results.runs):
        gaussian = results.runs["noise_variance"].notna().all()
        terms.append(("s = β/(2α)", AXIS) if gaussian else ("α and β", RATIO))
    return terms


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
