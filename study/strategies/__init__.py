"""The strategies by name, one line each, and the reference rows they are read against."""

import dataclasses
from typing import Any, get_args

from study.errors import StudyError
from study.strategies._moments import FitOn
from study.strategies._training import TrainedStrategy
from study.strategies.averaged_moments import AveragedMoments
from study.strategies.base import (
    Decoder,
    Fitted,
    FittedDensity,
    FittedTraceable,
    Strategy,
    hyperparameters,
    shared_draws,
)
from study.strategies.bayesian_gmm import BayesianGmm
from study.strategies.class_posterior import ClassPosterior
from study.strategies.flow import Flow
from study.strategies.gaussian_full import GaussianFull
from study.strategies.global_gaussian import GlobalGaussian
from study.strategies.gmm import Gmm
from study.strategies.interpolation import Interpolation
from study.strategies.kde import Kde
from study.strategies.latent_diffusion import LatentDiffusion
from study.strategies.literal_logvar import LiteralLogvar
from study.strategies.mean_plus_logvar import MeanPlusLogvar
from study.strategies.ncp import Ncp
from study.strategies.posterior import Posterior
from study.strategies.posterior_mean import PosteriorMean
from study.strategies.prior import Prior
from study.strategies.reference import REFERENCES, Reference
from study.strategies.resampled_prior import ResampledPrior
from study.strategies.riemannian import Riemannian
from study.strategies.saving import load as load_strategy
from study.strategies.saving import save as save_strategy
from study.strategies.shuffled_marginals import ShuffledMarginals
from study.strategies.tempered_prior import TemperedPrior
from study.strategies.two_stage import TwoStage

__all__ = [
    "REFERENCES",
    "REGISTRY",
    "Decoder",
    "Fitted",
    "FittedDensity",
    "FittedTraceable",
    "Reference",
    "Strategy",
    "TrainedStrategy",
    "fitted_on",
    "hyperparameters",
    "listing",
    "load_strategy",
    "save_strategy",
    "shared_draws",
    "strategy",
]

REGISTRY: dict[str, type[Any]] = {
    "prior": Prior,
    "posterior": Posterior,
    "posterior-mean": PosteriorMean,
    "global-gaussian": GlobalGaussian,
    "averaged-moments": AveragedMoments,
    "literal-logvar": LiteralLogvar,
    "mean-plus-logvar": MeanPlusLogvar,
    "class-posterior": ClassPosterior,
    "gaussian-full": GaussianFull,
    "shuffled-marginals": ShuffledMarginals,
    "gmm": Gmm,
    "bayesian-gmm": BayesianGmm,
    "kde": Kde,
    "tempered-prior": TemperedPrior,
    "interpolation": Interpolation,
    "flow": Flow,
    "two-stage": TwoStage,
    "latent-diffusion": LatentDiffusion,
    "resampled-prior": ResampledPrior,
    "ncp": Ncp,
    "riemannian": Riemannian,
}


def strategy(name: str, **hyperparameters: Any) -> Strategy:
    """The strategy of that name with those hyper-parameters.

    Raises:
        StudyError: no such strategy, no such hyper-parameter, or a value out of range.
    """
    if not isinstance(name, str) or name not in REGISTRY:
        raise StudyError(f"no strategy {name!r}; known: {', '.join(REGISTRY)}")
    known = [field.name for field in dataclasses.fields(REGISTRY[name])]
    unknown = [field for field in hyperparameters if field not in known]
    if unknown:
        raise StudyError(f"strategy {name!r} has no {unknown[0]!r}; known: {', '.join(known) or 'none'}")
    return REGISTRY[name](**hyperparameters)


def fitted_on(kind: type[Any]) -> str:
    """What a strategy sees of the latents: "nothing", "means", "samples or means" where `fit_on` chooses, ..."""
    return " or ".join(get_args(FitOn)) if hasattr(kind, "fit_on") else kind.fitted_on


def listing() -> list[dict[str, Any]]:
    """What `study list strategies` shows: one row for every strategy and every reference row."""
    strategies = [
        {
            "name": name,
            "summary": kind.summary,
            "source": kind.source,
            "kind": kind.kind,
            "density": kind.density,
            "conditional": kind.conditional,
            "fitted_on": fitted_on(kind),
            "hyperparameters": hyperparameters(kind()),
        }
        for name, kind in REGISTRY.items()
    ]
    references = [
        {
            "name": name,
            "summary": reference.summary,
            "source": reference.source,
            "kind": "reference",
            "density": False,
            "conditional": False,
            "fitted_on": "nothing",
            "hyperparameters": {},
        }
        for name, reference in REFERENCES.items()
    ]
    return strategies + references
