"""The strategies by name, one line each, and their facts; a file is imported when its strategy is first used."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from study.errors import StudyError
from study.runtime.lazy import Lazy
from study.strategies.base import Rung, Strategy
from study.strategies.reference import REFERENCES, ReferenceRow

REGISTRY = Lazy(
    "study.strategies",
    {
        "prior": "prior:FromPrior",
        "posterior": "posterior:Posterior",
        "held-out-posterior": "held_out_posterior:HeldOutPosterior",
        "posterior-mean": "posterior_mean:PosteriorMean",
        "global-gaussian": "global_gaussian:GlobalGaussian",
        "averaged-moments": "averaged_moments:AveragedMoments",
        "literal-logvar": "literal_logvar:LiteralLogvar",
        "mean-plus-logvar": "mean_plus_logvar:MeanPlusLogvar",
        "class-posterior": "class_posterior:ClassPosterior",
        "gaussian-full": "gaussian_full:GaussianFull",
        "gaussian-full-means": "gaussian_full:FullOnMeans",
        "shuffled-marginals": "shuffled_marginals:ShuffledMarginals",
        "one-from-q": "one_dimension:OneFromQ",
        "one-from-prior": "one_dimension:OneFromPrior",
        "gmm": "gmm:Gmm",
        "gmm-10": "gmm:TenComponents",
        "gmm-10-means": "gmm:TenOnMeans",
        "bayesian-gmm": "bayesian_gmm:BayesianGmm",
        "kde": "kde:Kde",
        "kde-means": "kde:KdeOnMeans",
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
    """The strategy with this name and these hyper-parameters.

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


class Facts(Mapping[str, dict[str, Any]]):
    """The facts of each strategy and reference row, by name; a strategy is imported when its facts are read."""

    def __getitem__(self, name: str) -> dict[str, Any]:
        return _of_reference(REFERENCES[name]) if name in REFERENCES else _of_strategy(REGISTRY[name])

    def __iter__(self) -> Iterator[str]:
        return itertools.chain(REGISTRY, REFERENCES)

    def __len__(self) -> int:
        return len(REGISTRY) + len(REFERENCES)

    def __contains__(self, name: object) -> bool:
        return name in REGISTRY or name in REFERENCES


FACTS = Facts()


def _of_strategy(kind: type[Strategy]) -> dict[str, Any]:
    return {
        "name": kind.name,
        "summary": kind.summary,
        "source": kind.source,
        "kind": kind.kind,
        "density": kind.density,
        "conditional": kind.conditional,
        "aims_at_q": kind.aims_at_q,
        "keeps_data": kind.keeps_data,
        "needs": kind.needs,
        "fitted_on": kind.fitted_on,
        "rung": kind.rung and kind.rung._asdict(),
        "hyperparameters": dataclasses.asdict(kind()),
        "quick": dict(kind.quick),
    }


def _of_reference(reference: ReferenceRow) -> dict[str, Any]:
    return {
        "name": reference.name,
        "summary": reference.summary,
        "source": reference.source,
        "kind": "reference",
        "density": False,
        "conditional": False,
        "aims_at_q": False,
        "keeps_data": reference.keeps_data,
        "needs": reference.needs,
        "fitted_on": "nothing",
        "rung": reference.rung and reference.rung._asdict(),
        "hyperparameters": {},
        "quick": {},
    }


def listing() -> list[dict[str, Any]]:
    """The rows of `study list strategies`: the `FACTS` of every strategy and every reference row."""
    return list(FACTS.values())


def ladder(names: Iterable[str]) -> dict[str, Rung]:
    """The rungs of these names on the gap ladder, from the prior down to real data; names without one are left out."""
    rungs = {name: FACTS[name]["rung"] for name in FACTS if name in set(names)}
    found = {name: Rung(**rung) for name, rung in rungs.items() if rung}
    return dict(sorted(found.items(), key=lambda item: item[1].level))
