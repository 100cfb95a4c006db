"""The rows of an audit: every strategy and reference row on one model, over fits, draws and evaluations."""

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import jax
import pandas as pd

from study.data.base import Dataset
from study.errors import StudyError
from study.metrics.evaluate import Evaluator, evaluators
from study.metrics.features import ExtractorConfig, train_extractor
from study.metrics.onnx_features import OnnxExtractor
from study.metrics.reference import FeatureExtractor
from study.runtime.checks import whole_number
from study.runtime.progress import stage
from study.scoring.context import Context, Evaluation, Measured
from study.scoring.encode import Encoded
from study.scoring.fit import replicates
from study.scoring.latents import measure_latents
from study.scoring.model import ScoredModel
from study.scoring.score import score
from study.statistics.estimates import FEWEST
from study.strategies import REGISTRY, strategy
from study.strategies.base import Fitted

DEFAULT = ("prior", "posterior", "posterior-mean", "global-gaussian", "gaussian-full", "gmm", "kde")
ONCE = (
    "held-out",
    "copycat",
    "noise",
)  # rows of reference that a fit does not change, or that need no interval
FITS, EVALUATIONS = 3, 5  # with few evaluations, an interval over their luck is several times as wide
MOST = 2000  # samples of each strategy that are scored, if test has as many in a half of it
DENSITY_DRAWS = 1000  # of z, against all posteriors


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        strategies: names.
        fits: of each strategy, each with its own draw.
        evaluations: random halves of test, each with its own feature extractor.
        features: the path of an ONNX network, or None for the built-in extractors.
        seed: decides every draw.

    Raises:
        StudyError: a name is unknown or given twice, the prior is missing, or a number is too small.
    """

    strategies: tuple[str, ...] = DEFAULT
    fits: int = FITS
    evaluations: int = EVALUATIONS
    features: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.strategies:
            strategy(name)
            if self.strategies.count(name) > 1:
                raise StudyError(f"strategies: {name!r} is given twice; give each once")
        if "prior" not in self.strategies:
            raise StudyError(
                "strategies: the prior is missing, with which all others are compared; add 'prior'"
            )
        for name, least in (("fits", 1), ("evaluations", 1), ("seed", 0)):
            whole_number(getattr(self, name), name=name, least=least)
        if self.fits < FEWEST:
            raise StudyError(f"fits: give at least {FEWEST} fits, which an interval needs, got {self.fits}")


@dataclasses.dataclass(frozen=True, eq=False)
class Measurements:
    """What was measured.

    Attributes:
        metrics, latents: rows without `run_id`.
        arrays: pictures by name.
        fitted: the first fit of each strategy, and its seconds.
        extractors: one for each evaluation.
        failures: of strategies that failed unexpectedly.
    """

    metrics: pd.DataFrame
    latents: pd.DataFrame
    arrays: dict[str, Any]
    fitted: dict[str, tuple[Fitted, float]]
    extractors: tuple[FeatureExtractor, ...]
    failures: tuple[str, ...]


def extractors_of(data: Dataset, plan: Plan) -> tuple[FeatureExtractor, ...]:
    """One extractor for each evaluation; classifiers differ by their seed, principal components are the same.

    Raises:
        StudyError: the network that the user names cannot be used.
    """
    first = train_extractor(data)
    others: list[FeatureExtractor] = []
    for i in range(1, plan.evaluations):
        others.append(first if first.name == "pca" else train_extractor(data, ExtractorConfig(seed=i)))
    if plan.features is None:
        return first, *others
    built_in = [first, *others]
    return tuple(OnnxExtractor.load(plan.features, data, classifier=one) for one in built_in)  # type: ignore[arg-type]


def measure(
    model: ScoredModel,
    encoded: Encoded,
    data: Dataset,
    plan: Plan,
    *,
    extractors: Sequence[FeatureExtractor],
    verb: str = "audit",
) -> Measurements:
    """Fit, sample and score every strategy, and measure q(z).

    Args:
        model: the model.
        encoded: the codes of the data set under it.
        data: the data set.
        plan: how much.
        extractors: one for each evaluation.
        verb: what progress calls this.

    Raises:
        CannotFit: test has too few examples to compare with.
    """
    key = jax.random.key(plan.seed)
    n = min(len(data.reference), MOST)
    with stage(f"{verb}: preparing the real data for comparison"):
        whole = evaluators(data, extractors, n=n)
        again = (Evaluator(data, extractors[0], n=n, pixels=whole[0].pixels, again=True), *whole[1:])
    full = Context(key, model, encoded, data, whole)
    rest = dataclasses.replace(full, evaluators=again)
    with stage(f"{verb}: measuring q(z) against the prior"):
        parts = [measure_latents(full, density_draws=DENSITY_DRAWS)]
    fitted: dict[str, tuple[Fitted, float]] = {}
    names = (*plan.strategies, "reconstruction", *ONCE)
    for i, name in enumerate(names):
        with stage(f"{verb}: {name} ({i + 1} of {len(names)})"):
            own = []
            for fit in range(1 if name in ONCE else plan.fits):
                ready = _ready(full, name, fit, first=fitted.get(name))
                if ready is not None and fit == 0:
                    fitted[name] = ready
                own.append(score(full if fit == 0 else rest, name, fit, ready=ready))
        if name == "held-out":
            own += [_as_fit(own[0], fit) for fit in range(1, plan.fits)]
        parts += own
    found = Evaluation.of(parts)
    failures = tuple(dict.fromkeys(part.failure for part in parts if part.failure))
    return Measurements(found.metrics, found.latents, dict(found.arrays), fitted, tuple(extractors), failures)


def _ready(
    context: Context, name: str, fit: int, *, first: tuple[Fitted, float] | None
) -> tuple[Fitted, float] | None:
    """A fit of a strategy and its seconds; None for rows of reference and if it cannot be fitted.

    The number of components of a mixture is chosen by the first fit; the others keep it, since the choice costs most.
    """
    if name not in REGISTRY or context.encoded is None:
        return None
    known = {"n_components": first[0].info["components"]} if first and name == "gmm" else {}
    fit_key, _ = replicates(context.key, fits=fit + 1, draws=1)[fit]
    began = time.perf_counter()
    try:
        fitted = strategy(name, **known).fit(
            fit_key, context.encoded.train, model=context.model, validation=context.encoded.validation
        )
    except Exception:  # scoring, which tries the same, says why
        return None
    return fitted, time.perf_counter() - began


def _as_fit(part: Measured, fit: int) -> Measured:
    """The same rows as those of another fit: real data do not depend on it."""
    return Measured([{**row, "fit": fit} for row in part.rows])
