"""A claim of the thread, and the tests that decide it: plain values, declared before the data are seen."""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from study.claims.evidence import Evidence

Side = Literal["above", "below", "apart", "within"]
Unit = Literal["gap", "points", "percent", "nats", "sd", "plain"]
IMAGES = ("digits", "mnist", "fashion-mnist", "colour-patches")
LABELLED = IMAGES[:3]
SERIES = ("co2", "etth1")
QUALITY = (
    "kid",
    "fd_infinity",
    "coverage",
)  # distances between samples and real data, and what samples leave out
MAIN = ("sampling_strategies",)  # the experiment with all strategies of the thread
# What the docstring of a claim's file declares: what the sentence means as a measurement; which experiments, tables,
# columns and metrics it reads; the effect and its unit; the smallest that matters, and why; what decides either way.
SECTIONS = ("Means", "Reads", "Effect", "Matters", "Supports", "Refutes")
SECTION = re.compile(rf"^({'|'.join(SECTIONS)}): ", re.MULTILINE)


@dataclasses.dataclass(frozen=True, eq=False)
class Effect:
    """An effect at one place, that is on models of one configuration.

    Attributes:
        place: the configuration (`study.claims.evidence.PLACE`).
        seeds: `[S]` training seeds.
        values: `[S, E]`, for each training and evaluation what it contributes; their mean is the effect.
        state: "ok", or why this place can show no effect (`study.statistics.gaps`).
    """

    place: Mapping[str, Any]
    seeds: np.ndarray
    values: np.ndarray
    state: str = "ok"


Effects = Callable[[Evidence], Sequence[Effect]]


@dataclasses.dataclass(frozen=True, eq=False)
class Measure:
    """One test of a claim: a number from the tables, and where it must lie.

    Attributes:
        metric: the metric or measure that the number comes from, as the tables call it.
        quantity: what the number is, in words.
        of: the number at every place of one experiment on one data set.
        least: the smallest effect that matters, a number in `unit`.
        supports: which side of `least` supports the claim; the other side refutes it. "apart" and "within" are for
            ± `least`, where the claim says that there is a difference of either sign, or none.
        unit: of the number: a share of the "gap", "points" of a share of samples, "percent" of
            something else, "nats", "sd" of a latent, or none.
        axis: what the effect may depend on, one of `study.claims.thresholds.AXES`.
        reads: experiments whose tables it reads; of several the first one that has tables of a data set.
        part: which part of the claim it is about, if the claim has several.
        refutes: whether it may refute the claim; a lower bound on a distance cannot show that it is small.
    """

    metric: str
    quantity: str
    of: Effects
    least: float
    supports: Side
    reads: tuple[str, ...]
    unit: Unit = "gap"
    axis: str = "s"
    part: str = ""
    refutes: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class Claim:
    """What somebody said, and how it is decided.

    Attributes:
        number: its number, 1 to 24.
        said_by: who said it.
        declared: the docstring of its file: the statement in one sentence, then the sections `SECTIONS`.
        tests: at least two, of at least two metrics; two must agree.
        figure: the figure of the experiment's report that shows it, as a file name without its ending.
        datasets: the data sets on which it is to be decided.
    """

    number: int
    said_by: str
    declared: str
    tests: tuple[Measure, ...]
    figure: str = "figure-1"
    datasets: tuple[str, ...] = IMAGES

    @property
    def statement(self) -> str:
        """The claim in one plain sentence."""
        return self.declared.partition("\n\n")[0].replace("\n", " ")

    @property
    def sections(self) -> dict[str, str]:
        """What is declared, by the names in `SECTIONS`."""
        found = SECTION.split(self.declared)
        return {name: " ".join(text.split()) for name, text in zip(found[1::2], found[2::2], strict=True)}

    @property
    def reads(self) -> tuple[str, ...]:
        """The experiments that its tests read, in order of preference."""
        return tuple(dict.fromkeys(name for test in self.tests for name in test.reads))
