"""The strategies by name, one line each, and what is told of them; a file is imported when its strategy is used."""

import dataclasses
from typing import Any, get_args

from study.errors import StudyError
from study.runtime.lazy import Lazy
from study.strategies.base import Strategy, hyperparameters
from study.strategies.parts.moments import FitOn
from study.strategies.reference import REFERENCES

REGISTRY = Lazy(
    "study.strategies",
    {
        "prior": "prior:Prior",
        "posterior": "posterior:Posterior",
        "posterior-mean": "posterior_mean:PosteriorMean",
        "global-gaussian": "global_gaussian:GlobalGaussian",
        "averaged-moments": "averaged_moments:AveragedMoments",
        "literal-logvar": "literal_logvar:LiteralLogvar",
        "mean-plus-logvar": "mean_plus_logvar:MeanPlusLogvar",
        "class-posterior": "class_posterior:ClassPosterior",
        "gaussian-full": "gaussian_full:GaussianFull",
        "shuffled-marginals": "shuffled_marginals:ShuffledMarginals",
        "gmm": "gmm:Gmm",
        "bayesian-gmm": "bayesian_gmm:BayesianGmm",
        "kde": "kde:Kde",
        "tempered-prior": "tempered_prior:TemperedPrior",
        "interpolation": "interpolation:Interpolation",
        "flow": "flow:Flow",
        "two-stage": "two_stage:TwoStage",
        "latent-diffusion": "latent_diffusion:LatentDiffusion",
        "resampled-prior": "resampled_prior:ResampledPrior",
        "ncp": "ncp:Ncp",
        "riemannian": "riemannian:Riemannian",
    },
)


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
