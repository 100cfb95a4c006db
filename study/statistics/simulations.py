"""How often what is said of effects holds: simulations whose truth is known, and their results.

`python -m study.statistics.simulations` prints the table that is committed as `results/simulations.csv`. Student's
intervals and Holm's correction hold where the contributions of trainings are about symmetric, as they are between two
strategies that are equally good in distribution; with luck that scales a model's scores, intervals of shares of the
gap cover one point less. Where contributions are skewed nothing that was tried holds for a mean at 5 to 20 seeds: the
rare large values on which the mean depends are mostly not among them. Signed ranks and signs are exact for symmetric
contributions, but decide nothing at 5 seeds, and with skewed ones they decide on a median.

Evaluations (feature extractors and halves of test) are the second factor. Their luck is that of a normal distribution
here, twice as large as that of trainings, as it was on digits.
"""

import sys
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from study.statistics.estimates import LEVEL, Means, crossed, means
from study.statistics.gaps import share_of_gap
from study.statistics.leaders import may_be_best
from study.statistics.verdicts import detectable_effect, verdicts

SEEDS = (5, 10, 20)
FAMILY = 12  # effects that are corrected together
SETTINGS = 4
LUCK = 0.3  # standard deviation, between trainings, of the logarithm of what all scores of a model have in common
EVALUATIONS, SPREAD = 8, 2.0  # and how much more their luck spreads than that of trainings
REPETITIONS = 4000
Sampler = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
DISTRIBUTIONS: Mapping[str, Sampler] = {  # all with mean zero and standard deviation one
    "normal": lambda rng, shape: rng.normal(size=shape),
    "t3": lambda rng, shape: rng.standard_t(3, size=shape) / np.sqrt(3),
    "exponential": lambda rng, shape: rng.exponential(size=shape) - 1,
    "lognormal": lambda rng, shape: (
        (rng.lognormal(size=shape) - np.exp(0.5)) / np.sqrt(np.exp(2) - np.exp(1))
    ),
}
WHAT = {
    "coverage": "a 95 % interval covers the true mean",
    "family": f"some verdict of {FAMILY} is false, all true effects being zero",
    "family, signed ranks": "the same by Wilcoxon's signed ranks",
    "family, signs": "the same by signs",
    "share": "a 95 % interval covers the true share of the gap, with luck that scales a model's scores",
    "share family": f"some verdict of {FAMILY} on shares is false, with luck that scales a model's scores",
    "settings": f"a 95 % interval covers the mean of {SETTINGS} settings that share the luck of a seed",
    "detectable": "an effect as large as the detectable one is seen, at the corrected level",
    "evaluations": f"a 95 % interval covers the mean over other trainings and evaluations, with {EVALUATIONS} of these",
    "evaluations, seeds alone": "the same by an interval over trainings alone",
    "share, evaluations": "as share, and evaluations that scale and move the scores of each strategy",
    "share family, evaluations": "as share family, with such evaluations",
    "best": f"the set of those that may be the best holds a strategy that is best with one other of {FAMILY}",
}

FOUND: Mapping[tuple[str, str], float] = {  # with five seeds, as the methods of a report say
    ("coverage", "normal"): 0.949,
    ("coverage", "t3"): 0.961,
    ("coverage", "exponential"): 0.889,
    ("coverage", "lognormal"): 0.812,
    ("share", "lognormal"): 0.939,
    ("family", "normal"): 0.051,
    ("family", "exponential"): 0.298,
    ("share family", "lognormal"): 0.053,
    ("evaluations", "normal"): 0.9748,
    ("evaluations, seeds alone", "normal"): 0.790,
    ("share, evaluations", "lognormal"): 0.968,
}


def simulate(*, repetitions: int = REPETITIONS, seed: int = 0) -> pd.DataFrame:
    """Shares of the repetitions in which each of `WHAT` happens.

    Returns:
        Columns what, distribution, seeds, nominal, found, stderr, repetitions.
    """
    rows = []
    for place, (name, sampler) in enumerate(DISTRIBUTIONS.items()):
        for n in SEEDS:
            rng = np.random.default_rng([seed, place, n])
            for what, nominal, happened in _all(rng, sampler, n, repetitions):
                found = float(happened.mean())
                error = np.sqrt(found * (1 - found) / happened.size)
                rows.append((what, name, n, nominal, found, error, repetitions))
    columns = ["what", "distribution", "seeds", "nominal", "found", "stderr", "repetitions"]
    return pd.DataFrame(rows, columns=columns).sort_values(
        ["what", "distribution", "seeds"], ignore_index=True
    )


def _all(
    rng: np.random.Generator, sampler: Sampler, n: int, repetitions: int
) -> Iterator[tuple[str, float, np.ndarray]]:
    """Each of `WHAT`, what it should be, and whether it happened in each repetition."""
    values = sampler(rng, (repetitions, FAMILY, n))
    yield "coverage", LEVEL, _covers(means(values[:, 0]), 0.0)
    yield "family", 1 - LEVEL, _false(means(values))
    for test, p in _by_ranks(values):
        yield f"family, {test}", 1 - LEVEL, (p.min(1) * FAMILY < 1 - LEVEL)
    luck = np.exp(LUCK * sampler(rng, (repetitions, 1, n)))
    scores = (luck * (1 + 0.05 * rng.normal(size=(repetitions, FAMILY + 1, n))))[..., None]
    alike = crossed(share_of_gap(scores[:, 1:], scores[:, :1], np.zeros((n, 1))))
    yield "share family", 1 - LEVEL, _false(alike)
    half = crossed(share_of_gap(scores[:, 1] / 2, scores[:, 0], np.zeros((n, 1))))
    yield "share", LEVEL, _covers(half, 0.5)
    shared = sampler(rng, (repetitions, 1, n)) + 0.5 * rng.normal(size=(repetitions, SETTINGS, n))
    yield "settings", LEVEL, _covers(means(shared.mean(1)), 0.0)
    level = 1 - (1 - LEVEL) / FAMILY
    low, _ = means(values[:, 0] + detectable_effect(n, level)).ends(level)
    yield "detectable", 0.8, low > 0
    yield from _by_evaluations(np.random.default_rng([n, EVALUATIONS]), sampler, values[:, 0], luck)
    better = np.r_[0.0, 0.0, -np.linspace(0.5, 3, FAMILY - 2)]
    yield "best", LEVEL, np.array([may_be_best(one + better[:, None, None])[0] for one in values[..., None]])


def _by_evaluations(
    rng: np.random.Generator, sampler: Sampler, values: np.ndarray, luck: np.ndarray
) -> Iterator[tuple[str, float, np.ndarray]]:
    """Those of `WHAT` that have several evaluations, from values `[repetitions, n]` and luck `[repetitions, 1, n]`."""
    many, n = values.shape
    moved = SPREAD * rng.normal(size=(many, 1, EVALUATIONS)) + 0.5 * rng.normal(size=(many, n, EVALUATIONS))
    scored = values[..., None] + moved
    yield "evaluations", LEVEL, _covers(crossed(scored), 0.0)
    yield "evaluations, seeds alone", LEVEL, _covers(means(scored.mean(-1)), 0.0)
    shape = many, FAMILY + 1, n, EVALUATIONS
    own = (
        1
        + 0.05 * rng.normal(size=(*shape[:3], 1))
        + 0.05 * SPREAD * rng.normal(size=(*shape[:2], 1, EVALUATIONS))
    )
    scale = np.exp(LUCK * rng.normal(size=(many, 1, 1, EVALUATIONS)))
    scores = luck[..., None] * scale * own
    none = np.zeros((n, EVALUATIONS))
    yield (
        "share family, evaluations",
        1 - LEVEL,
        _false(crossed(share_of_gap(scores[:, 1:], scores[:, :1], none))),
    )
    yield (
        "share, evaluations",
        LEVEL,
        _covers(crossed(share_of_gap(scores[:, 1] / 2, scores[:, 0], none)), 0.5),
    )


def _by_ranks(values: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Exact two-sided p-values `[repetitions, FAMILY]` of signed ranks and of signs."""
    n = values.shape[-1]
    ranks = np.argsort(np.argsort(np.abs(values), -1), -1) + 1
    for name, weight, possible in (
        ("signed ranks", ranks, np.arange(1, n + 1)),
        ("signs", np.ones_like(ranks), np.ones(n)),
    ):
        chance = np.ones(1)  # of each sum of weights, each taken with probability ½
        for step in possible.astype(int):
            chance = 0.5 * (np.pad(chance, (0, step)) + np.pad(chance, (step, 0)))
        below = np.cumsum(chance)
        least = np.minimum((weight * (values > 0)).sum(-1), (weight * (values < 0)).sum(-1)).astype(int)
        yield name, np.minimum(1, 2 * below[least])


def _covers(found: Means, truth: float) -> np.ndarray:
    low, high = found.ends()
    return (low <= truth) & (truth <= high)


def _false(effects: Means) -> np.ndarray:
    """Whether a family `[repetitions, FAMILY]` holds a false verdict."""
    shape = effects.mean.shape
    flat = Means(*(field.reshape(-1) for field in effects))
    families = np.repeat(np.arange(shape[0]), shape[1]).tolist()
    said = verdicts(flat, families, matters=None).verdict.reshape(shape)
    return np.any(np.isin(said, ["better", "worse"]), axis=1)


if __name__ == "__main__":
    simulate().to_csv(sys.stdout, index=False, float_format="%.4f")
