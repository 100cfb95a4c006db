"""The model families by name, one line each, and their settings: of a learned prior, or of a loss."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from study.config.fields import MOST_FLOAT, POSITIVE_FLOAT, WEIGHT, WIDTH, Limits, check
from study.errors import StudyError


class Family(NamedTuple):
    """What must be known of a model family before its file is imported.

    Attributes:
        home: the file below `study/models/` and the class in it, "module:Class".
        prior, objective: the fields of `PriorConfig` and of `ObjectiveConfig` that it uses; only these are part of its
            keys.
        unused: axes of the grid that have no effect on its loss.
    """

    home: str
    prior: tuple[str, ...] = ()
    objective: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


FAMILIES: Mapping[str, Family] = {
    "vae": Family("families.vae:VAE"),
    "cvae": Family("families.cvae:CVAE"),
    "vampprior": Family("priors.vamp:VampVAE", prior=("components",)),
    "mog-prior": Family("priors.mog:MogVAE", prior=("components", "covariance")),
    "flow-prior": Family("priors.flow:FlowVAE", prior=("layers", "bins", "hidden")),
    "lars-prior": Family("priors.lars:LarsVAE", prior=("hidden", "proposals", "normaliser_draws")),
    "exemplar": Family("priors.exemplar:ExemplarVAE", prior=("exemplars",)),
    "sigma-vae": Family("families.sigma_vae:SigmaVAE", objective=("noise",)),
    "iwae": Family("families.iwae:IWAE", objective=("samples",)),
    "beta-tc-vae": Family("families.beta_tc_vae:BetaTCVAE", objective=("tc_weight",)),
    "info-vae": Family("families.info_vae:InfoVAE", objective=("information", "mmd_weight", "scales")),
    "wae": Family("families.wae:WAE", objective=("mmd_weight", "scales", "code_variance")),
    "ae": Family("families.ae:AE", objective=("code_variance",), unused=("betas",)),
    "rae": Family("families.rae:RAE", objective=("penalty", "penalty_weight", "code_variance")),
    "gan": Family("families.gan:GAN", objective=("gradient_penalty",), unused=("alphas", "betas")),
}
if TYPE_CHECKING:
    FamilyName = str
else:
    FamilyName = Literal[
        tuple(FAMILIES)
    ]  # checked when a configuration is created; also the choices of its flag

PRIOR_LIMITS = {
    "components": WIDTH,
    "layers": Limits(1, 1000, "must be positive"),
    "bins": Limits(2, 1000, "a spline needs at least 2 bins"),
    "hidden": WIDTH,
    "proposals": Limits(2, 1_000_000, "with fewer than 2 proposals there is nothing to reject"),
    "normaliser_draws": Limits(1, 10_000_000, "must be positive"),
    "exemplars": Limits(2, 10_000_000, "of fewer than 2, none is left beside an example's own"),
}
OBJECTIVE_LIMITS = {
    "samples": Limits(1, 1_000_000, "must be positive"),
    "tc_weight": WEIGHT,
    "information": Limits(-MOST_FLOAT, MOST_FLOAT),
    "mmd_weight": WEIGHT,
    "scales": dataclasses.replace(POSITIVE_FLOAT, below="give at least one, all of them positive", items=100),
    "code_variance": POSITIVE_FLOAT,
    "penalty_weight": WEIGHT,
    "gradient_penalty": WEIGHT,
}


@dataclasses.dataclass(frozen=True)
class PriorConfig:
    """Settings of a prior that is learned with the model; `FAMILIES` names those that each family uses.

    Attributes:
        components: mixture components K of `vampprior` (its pseudo-inputs) and `mog-prior`.
        covariance: "diagonal" or "full", of each component of `mog-prior`.
        layers, bins: number of coupling layers of `flow-prior`, and of bins of their splines.
        hidden: widths of the hidden layers in the networks of `flow-prior` and `lars-prior`.
        proposals: T of `lars-prior`: the T-th proposal is always accepted.
        normaliser_draws: draws from N(0, I) with which each step estimates the normaliser of `lars-prior`.
        exemplars: training examples, those of the batch among them, whose kernels are the prior of `exemplar` in each
            step; all of them if there are fewer.
    """

    components: int = 50
    covariance: Literal["diagonal", "full"] = "diagonal"
    layers: int = 4
    bins: int = 8
    hidden: tuple[int, ...] = (64, 64)
    proposals: int = 100
    normaliser_draws: int = 1024
    exemplars: int = 500

    def __post_init__(self) -> None:
        check(self, PRIOR_LIMITS, where="prior: ")


@dataclasses.dataclass(frozen=True)
class ObjectiveConfig:
    """Settings of the loss of a family; `FAMILIES` names those that each family uses.

    Attributes:
        noise: the decoder variance of `sigma-vae`: "learned", or "optimal" for each minibatch.
        samples: number K of draws of z in the bound of `iwae`.
        tc_weight: t of `beta-tc-vae`, the weight of the total correlation within the rate; 1 is the VAE.
        information: a of `info-vae`, the reward for mutual information; 0 is none.
        mmd_weight: λ of `info-vae` and `wae`, the weight of MMD².
        scales: c of the kernel of `info-vae` and `wae`, in units of the mean squared distance of two draws from
            N(0, I).
        code_variance: the variance that the codes of `ae`, `rae` and `wae` are given after training.
        penalty: G of `rae`: "l2" of the decoder's parameters, "gradient" of the decoder, or "none".
        penalty_weight: w of `rae`, the weight of the penalty G.
        gradient_penalty: γ of `gan`, the weight of the gradient penalty on its discriminator.
    """

    noise: Literal["learned", "optimal"] = "learned"
    samples: int = 5
    tc_weight: float = 6.0
    information: float = 0.0
    mmd_weight: float = 10.0
    scales: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
    code_variance: float = 1e-6
    penalty: Literal["l2", "gradient", "none"] = "l2"
    penalty_weight: float = 1e-3
    gradient_penalty: float = 1.0

    def __post_init__(self) -> None:
        check(self, OBJECTIVE_LIMITS)
        if not self.scales:
            raise StudyError("scales: give at least one, all of them positive, got ()")
