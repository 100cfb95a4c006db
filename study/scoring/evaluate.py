"""All measurements of one trained model, in one call."""

from collections.abc import Sequence

from study.config import LikelihoodConfig
from study.scoring.context import Context, Evaluation
from study.scoring.fit import Fits
from study.scoring.latents import measure_latents, measure_likelihood
from study.scoring.quality import measure_quality
from study.scoring.score import score


def evaluate_model(
    context: Context,
    *,
    strategies: Sequence[str],
    fits: int,
    density_draws: int,
    likelihood: LikelihoodConfig | None = None,
    fitted: Fits | None = None,
) -> Evaluation:
    """Measure one model: its latents, and the samples of every strategy and reference row.

    A strategy that cannot be used on this model (no labels, too few codes), or that fails, gives rows with the reason
    instead of values. Fits in `fitted`, which `fit_trained` made for this key, are not repeated.
    """
    parts = [measure_latents(context, density_draws=density_draws)]
    if likelihood is not None and likelihood.examples:
        parts.append(measure_likelihood(context, likelihood))
    for name in strategies if context.evaluators else ():
        parts += [score(context, name, fit, ready=(fitted or {}).get((name, fit))) for fit in range(fits)]
    if strategies:
        parts.append(measure_quality(context))
    return Evaluation.of(parts)
