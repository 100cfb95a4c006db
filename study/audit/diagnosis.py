"""What is wrong with a model: nine questions, each with a measured number, its threshold, and what to do; and a tenth
whose answer is no fault: whether means and draws of q(z|x) decode alike.

Thresholds were calibrated on models that were broken on purpose and on good ones (`experiments/benchmarks/audit.py`,
`results/audit/confusion.csv`), or follow from what the number means, as each rule says.
"""

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd

from study.audit.answer import Answer
from study.audit.copies import Copying
from study.audit.probes import Probes
from study.audit.readings import MEANT, MEND, Read
from study.report.text.numbers import count, listed, number
from study.report.text.words import word

COLLAPSED = 0.01  # nats of information in a dimension, the usual bound of an active one
IGNORES = 0.01  # of the data's variance: a decoder whose output moves less shows one picture
HOLES = 0.2  # of the draws of a Gaussian with the moments of q(z); 0.01 without holes, 0.01 to 0.08 in good models
OFF = 0.1  # nats: at most 0.22 in total variation, by Pinsker's inequality; up to 0.06 in good models
SCALE = 2.0  # the factor by which a code's size may differ from that of N(0, I)
BLUR, MOST_BLUR = (
    0.2,
    0.5,
)  # of the data's variance: above the first the gap decides, above the second nothing else
DECODER = 0.5  # of the gap between prior and real data
SIMPLE = 0.9  # of the decoder's error: a decoder without training that is below it wins by more than a tenth
ALIKE = 0.01  # of the data's variance


@dataclasses.dataclass(frozen=True)
class Finding:
    """The answer to one question.

    Attributes:
        name: of the diagnosis.
        found: whether it applies; None if it cannot be told, follows from another one, or is no fault.
        value: the number that decides.
        threshold: what it is compared with.
        says: the number in words.
        mend: what to do; empty if nothing.
    """

    name: str
    found: bool | None
    value: float
    threshold: float
    says: str
    mend: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Evidence:
    """All that the rules see."""

    probes: Probes
    dimensions: pd.DataFrame
    read: Read | None
    given_reading: bool
    answer: Answer
    hole_mass: float


def diagnose(seen: Evidence) -> list[Finding]:
    """The ten findings, in the order of the report; the first ones explain later ones."""
    ignores, under = _ignores(seen.probes), _undertrained(seen.probes)
    reading, scale = _reading(seen.read, seen.given_reading), _scale(seen.probes)
    collapse, holes = _collapse(seen.dimensions), _holes(seen.probes, seen.hole_mass)
    off, blur = _off(seen.probes), _blur(seen.probes, seen.answer)
    copies = _copies(seen.answer.copying)
    if copies.found:
        under = _follows(under, "a decoder that gives training examples has error of its own")
    if ignores.found:
        collapse = _follows(collapse, "the decoder ignores z")
        blur = _follows(blur, "the decoder ignores z")
    if under.found:
        why = "the model is not trained to the end"
        collapse, scale, off, holes, blur = (
            _follows(one, why) for one in (collapse, scale, off, holes, blur)
        )
    if holes.found and off.found and not _off_by_moments(seen.probes):
        off = _follows(off, "the holes are its shape")
    return [
        reading,
        ignores,
        under,
        collapse,
        scale,
        off,
        holes,
        blur,
        copies,
        _mode(seen.probes),
    ]


def table(findings: list[Finding]) -> pd.DataFrame:
    """The findings as a table; `found` is yes, no, or cannot tell."""
    words: dict[Any, str] = {True: "yes", False: "no", None: "cannot tell"}
    rows = [{**dataclasses.asdict(one), "found": words[one.found]} for one in findings]
    return pd.DataFrame(rows)


def _follows(finding: Finding, why: str) -> Finding:
    """The same finding, left open because another one explains it."""
    if not finding.found:
        return finding
    return dataclasses.replace(finding, found=None, mend="", says=f"{finding.says}; not judged, since {why}")


def _reading(read: Read | None, given: bool) -> Finding:
    name = "encoder output"
    if read is None:
        why = (
            "as the user says, it is what --reading names"
            if given
            else "the encoder has one output, without noise"
        )
        return Finding(name, None, math.nan, math.nan, why)
    span = f"its values lie in {number(read.low)} .. {number(read.high)}"
    spreads = listed(f"{number(width, 2)} as {MEANT[one]}" for one, width in read.spreads.items())
    if read.spreads:
        span += (
            "; read right, σ² and the decoder's sensitivity balance alike everywhere, and read wrong the balance "
            f"spreads: its log by {spreads}"
        )
    if not read.told:
        return Finding(
            name, None, math.nan, math.nan,
            f"{span}; the decoder's sensitivity does not tell what it is, so it was taken for a log-variance",
            "if it is not one, give --reading log-sd, variance or sd",
        )  # fmt: skip
    value = read.spreads[read.reading]
    if read.reading == "log-variance":
        return Finding(name, False, value, math.nan, span)
    mend = f"it is {MEANT[read.reading]}: use {MEND[read.reading]}. All numbers here were measured with that reading"
    return Finding(name, True, value, math.nan, span, mend)


def _ignores(probes: Probes) -> Finding:
    says = f"decoded draws of q(z) vary by {number(100 * probes.moved)} % of the data's variance"
    mend = (
        "no distribution of z changes what it shows; lower the weight of the KL term or warm it up, and check that z "
        "reaches the decoder"
    )
    found = probes.moved < IGNORES
    return Finding("decoder ignores z", found, probes.moved, IGNORES, says, mend if found else "")


def _undertrained(probes: Probes) -> Finding:
    ratio = probes.simple / probes.unexplained if probes.unexplained > 0 else math.inf
    says = (
        f"on held-out data the decoder loses {number(100 * probes.unexplained)} % of the variance; the better of a "
        "linear map from codes to data and of means over the nearest codes, neither of them trained, "
        f"{number(100 * probes.simple)} %"
    )
    mend = (
        "a decoder that was trained to the end is no worse than those: train longer, or check that encoder and "
        "decoder are of the same model"
    )
    worse = ratio < SIMPLE and probes.unexplained - probes.simple > ALIKE
    found = worse and probes.moved >= IGNORES
    return Finding("undertrained", found, ratio, SIMPLE, says, mend if found else "")


def _collapse(dimensions: pd.DataFrame) -> Finding:
    information = dimensions["mutual_information"].to_numpy(float)
    gone = np.flatnonzero(information < COLLAPSED)
    names = listed(str(j) for j in gone[:20]) + (f" and {len(gone) - 20} more" if len(gone) > 20 else "")
    says = (
        f"{count(len(gone), 'dimension')} of {len(information)} hold less than {COLLAPSED} nats about the example"
        + (f": {names} (counted from 0)" if len(gone) else "")
    )
    mend = "sampling is not harmed by them; if you need them, lower the weight of the KL term, else take fewer latents"
    return Finding(
        "posterior collapse", bool(len(gone)), float(len(gone)), 0.0, says, mend if len(gone) else ""
    )


def _scale(probes: Probes) -> Finding:
    found = not 1 / SCALE <= probes.scale <= SCALE
    says = f"a dimension of a code is {number(probes.scale)} in size (root mean square); 1 under N(0, I)"
    mend = (
        f"multiply codes by {number(1 / probes.scale)} (--scaling-factor), or draw from a fitted distribution: N(0, "
        "I) is not what the decoder knows"
    )
    return Finding("another scale", found, probes.scale, SCALE, says, mend if found else "")


def _parts(probes: Probes) -> dict[str, float]:
    return {
        "scale and location": probes.location_scale_kl,
        "correlation": probes.correlation_kl,
        "shape": probes.shape_kl,
    }


def _off_by_moments(probes: Probes) -> bool:
    return max(probes.location_scale_kl, probes.correlation_kl) > OFF


def _off(probes: Probes) -> Finding:
    parts = _parts(probes)
    beyond = [name for name, value in parts.items() if value > OFF]
    i, j, r = probes.widest
    says = (
        "parts of KL(q(z)‖N(0, τ² I)): "
        + listed(f"{name} {number(value)} nats" for name, value in parts.items())
        + f"; dimensions {i} and {j} have the largest correlation, {number(r, 2)}"
    )
    cure = {
        "scale and location": "`global-gaussian` matches scale and location",
        "correlation": "`gaussian-full` matches correlations",
        "shape": "`gmm` or `kde` match shapes",
    }
    mend = listed(cure[name] for name in beyond)
    return Finding("q(z) off the prior", bool(beyond), max(parts.values()), OFF, says, mend)


def _holes(probes: Probes, hole_mass: float) -> Finding:
    found = probes.gaussian_hole_mass - 2 * probes.hole_mass_stderr > HOLES
    says = (
        f"at {number(100 * probes.gaussian_hole_mass)} % of the draws of a Gaussian with the moments of q(z), and at "
        f"{number(100 * hole_mass)} % of those of N(0, I), q(z) is lower than at 99 % of held-out codes"
    )
    mend = "a Gaussian draws from places that the decoder has not seen: use `gmm`, `kde` or `posterior`"
    return Finding("holes", found, probes.gaussian_hole_mass, HOLES, says, mend if found else "")


def _blur(probes: Probes, answer: Answer) -> Finding:
    row = answer.rows.get("reconstruction")
    left = 1 - float(row.effect) if row is not None and math.isfinite(row.effect) else math.nan
    says = f"reconstructions of held-out data lose {number(100 * probes.unexplained)} % of their variance"
    if math.isfinite(left):
        says += f", and leave {number(100 * left)} % of the gap in {word(answer.metric).label}"
    # Only where the decoder's part of the gap is shown to be small is its error not what matters.
    small = row is not None and 1 - float(row.effect_low) <= DECODER
    found = probes.unexplained > MOST_BLUR or (probes.unexplained > BLUR and not small)
    mend = "no distribution of z gains this back: lower the weight of the KL term, or take more latents"
    return Finding("decoder blur", found, probes.unexplained, BLUR, says, mend if found else "")


def _copies(found: Copying) -> Finding:
    says = (
        f"{len(found.flagged)} of {count(len(found.telling), 'measure')} of novelty that can tell flag the samples; "
        f"{number(100 * found.nearer)} % of them are nearer to train than to as many held-out examples (real data: "
        f"{number(100 * found.nearer_real)} %)"
    )
    mend = "they are no new data: train on more data or with less capacity, or draw from a strategy that keeps no data"
    share = len(found.flagged) / len(found.telling) if found.telling else math.nan
    return Finding("copies training data", found.copies, share, 0.5, says, mend if found.copies else "")


def _mode(probes: Probes) -> Finding:
    alike = probes.jitter < ALIKE
    says = (
        f"noise of q(z|x) moves what is decoded by {number(100 * probes.jitter)} % of the data's variance; "
        f"reconstructions lose {number(100 * probes.unexplained_mean)} % from means and "
        f"{number(100 * probes.unexplained)} % from draws"
    )
    mend = (
        ""
        if alike
        else "say which you use; `posterior-mean` beside `posterior` in the table shows what it does to samples"
    )
    return Finding(
        "mode or sample", None, probes.jitter, ALIKE, f"{'alike' if alike else 'not alike'}: {says}", mend
    )
