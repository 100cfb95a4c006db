"""The configuration of the bounds on log p(x)."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from study.config.fields import Limits, check, typed
from study.errors import StudyError
from study.runtime.checks import shown

ANNEALING_LIMITS = {
    "temperatures": Limits(1, 1_000_000, "must be positive"),
    "chains": Limits(2, 100_000, "a standard error needs 2 or more"),
    "leapfrog_steps": Limits(1, 10_000, "must be positive"),
}
SAMPLES = Limits(1, 10_000_000, "must be positive", items=100)  # the K of the bounds


@dataclasses.dataclass(frozen=True)
class AnnealingConfig:
    """How log p(x) is estimated by annealed importance sampling from a density f₀ to p(x, z) :cite:`wu2017`.

    Attributes:
        start: f₀. "posterior", q(z|x), needs fewer temperatures if the encoder is good; "prior", p(z), does not rely
            on the encoder.
        schedule: "sigmoid" has more temperatures near both ends than "linear".
        temperatures: number of temperatures between f₀ and p(x, z), the last included.
        chains: number of chains per example.
        leapfrog_steps: number of steps of each Hamiltonian transition.
    """

    start: Literal["posterior", "prior"] = "posterior"
    schedule: Literal["sigmoid", "linear"] = "sigmoid"
    temperatures: int = 500
    chains: int = 16
    leapfrog_steps: int = 5

    def __post_init__(self) -> None:
        check(self, ANNEALING_LIMITS)


@dataclasses.dataclass(frozen=True)
class LikelihoodConfig:
    """Which bounds on log p(x) are computed, and on how many held-out examples; costly, and off by default.

    Attributes:
        examples: number of examples, from the held-out half of the test data; 0 is off.
        samples: the values of K of the importance-weighted bounds; each divides the largest.
        annealed: for how many of these examples annealed importance sampling is run too.
        annealing: its settings.
    """

    examples: int = 0
    samples: tuple[int, ...] = (50, 500, 5000)
    annealed: int = 0
    annealing: AnnealingConfig = AnnealingConfig()

    def __post_init__(self) -> None:
        check(self, {"samples": SAMPLES}, where="likelihood: ")
        check_samples(self.samples)


def check_samples(samples: Sequence[int]) -> None:
    """Check that the draws for the largest K can be divided into groups for every other K.

    Raises:
        StudyError: they cannot.
    """
    ks = typed(tuple[int, ...], samples, "samples", items=SAMPLES.items)
    largest = max(ks, default=0)
    if not 2 <= largest <= SAMPLES.most or any(k < 1 or largest % k for k in ks):
        raise StudyError(
            f"samples: each must divide the largest, which must lie in 2 .. {SAMPLES.most:,}, got {shown(ks)}"
        )
