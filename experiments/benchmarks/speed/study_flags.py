"""The study of the comparison: the `quick` profile on digits as it was at commit 0eb2112, and its flags."""

from collections.abc import Mapping, Sequence
from typing import Any

ALPHAS, BETAS, SEEDS, STEPS = (1.0, 10.0, 100.0), (0.25, 1.0, 4.0), 5, 2000
STRATEGIES = (
    *("prior", "posterior", "posterior-mean", "global-gaussian", "averaged-moments", "literal-logvar"),
    *("mean-plus-logvar", "class-posterior", "gaussian-full", "shuffled-marginals", "gmm"),
    *("held-out", "reconstruction", "copycat", "noise"),
)
SIXTEEN: Mapping[str, Any] = {"alphas": (1.0, 10.0), "betas": (0.25, 1.0), "seeds": 4}  # models of MNIST
# What a profile means by now, and what it meant then.
THEN = ("--training.learning-rate", "0.001", "--training.schedule", "constant", "--training.patience", "0")


def flags(
    dataset: str = "digits",
    *,
    alphas: Sequence[float] = ALPHAS,
    betas: Sequence[float] = BETAS,
    seeds: int = SEEDS,
    steps: int = STEPS,
    evaluations: int = 1,
    old: bool = False,
) -> list[str]:
    """The flags of `study run`; `old` code knows fewer, and needs fewer."""
    grid = {"--alphas": alphas, "--betas": betas, "--seeds": [seeds], "--steps": [steps]}
    found = ["sampling_strategies", "--profile", "quick", "--dataset", dataset]
    found += [word for flag, values in grid.items() for word in (flag, *map(str, values))]
    found += ["--strategies", *STRATEGIES]
    return found if old else [*found, *THEN, "--evaluations", str(evaluations)]
