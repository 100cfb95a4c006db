"""Configuration: frozen dataclasses that are experiment files, command-line flags and store keys at once."""

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from study.errors import StudyError
from study.serialise import to_dict


def _check_choices(config: Any) -> None:
    for name, hint in typing.get_type_hints(type(config)).items():
        choices = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
        if choices and getattr(config, name) not in choices:
            raise StudyError(f"{name}: expected one of {', '.join(choices)}, got {getattr(config, name)!r}")


def _positive(config: Any, name: str) -> None:
    if not getattr(config, name) > 0:
        raise StudyError(f"{name}: must be positive, got {getattr(config, name)}")


Decode = Literal["mean", "sample", "unclipped"]  # what is made of a z

MOST_SEEDS = 10_000  # in one grid
MOST_CELLS = 100_000  # in one grid

FLAT_NETWORKS = ("linear", "mlp")  # those that do not ask for the shape of an example

PRIOR_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "vae": (),
    "vampprior": ("components",),
    "mog-prior": ("components", "covariance"),
    "flow-prior": ("layers", "bins", "hidden"),
    "lars-prior": ("hidden", "proposals", "normaliser_draws"),
}

OBJECTIVE_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "sigma-vae": ("noise",),
    "iwae": ("samples",),
    "beta-tc-vae": ("tc_weight",),
    "info-vae": ("information", "mmd_weight", "scales"),
    "wae": ("mmd_weight", "scales", "code_variance"),
    "ae": ("code_variance",),
    "rae": ("penalty", "penalty_weight", "code_variance"),
    "gan": ("gradient_penalty",),
}
UNUSED_WEIGHTS: Mapping[str, tuple[str, ...]] = {"ae": ("betas",), "gan": ("alphas", "betas")}  # of no effect
NETWORK_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "linear": ("hidden",),  # which has none, but its keys always said so
    "mlp": ("hidden", "activation", "output_bias"),
    "conv": ("channels",),
    "gru": ("hidden",),
    "tcn": ("hidden",),
}
# Settings that came later decide no key where they are these.
LATER = {"activation": "relu", "output_bias": "zero"}


@dataclasses.dataclass(frozen=True)
class PriorConfig:
    """A prior that is learned with the model; a family uses those settings that `PRIOR_SETTINGS` names for it.

    Attributes:
        components: mixture components K of `vampprior` (its pseudo-inputs) and `mog-prior`.
        covariance: "diagonal" or "full", of each component of `mog-prior`.
        layers, bins: coupling layers of `flow-prior`, and bins of their splines.
        hidden: widths of the hidden layers in the networks of `flow-prior` and `lars-prior`.
        proposals: T of `lars-prior`: the T-th proposal is taken whatever it is.
        normaliser_draws: draws of N(0, I) behind the normaliser of `lars-prior`, per step.
    """

    components: int = 50
    covariance: Literal["diagonal", "full"] = "diagonal"
    layers: int = 4
    bins: int = 8
    hidden: tuple[int, ...] = (64, 64)
    proposals: int = 100
    normaliser_draws: int = 1024

    def __post_init__(self) -> None:
        _check_choices(self)
        for name in ("components", "layers", "normaliser_draws"):
            _positive(self, name)
        if self.bins < 2:
            raise StudyError(f"prior: a spline needs at least 2 bins, got {self.bins}")
        if self.proposals < 2:
            raise StudyError(
                f"prior: with fewer than 2 proposals there is nothing to reject, got {self.proposals}"
            )
        if any(width < 1 for width in self.hidden):
            raise StudyError(f"prior: hidden widths must be positive, got {self.hidden}")


@dataclasses.dataclass(frozen=True)
class ObjectiveConfig:
    """A family's own loss; a family uses those settings that `OBJECTIVE_SETTINGS` names for it.

    Attributes:
        noise: of the decoder of `sigma-vae`: "learned", or "optimal" for each minibatch.
        samples: draws K of z in the bound of `iwae`.
        tc_weight: t of `beta-tc-vae`, the weight of the total correlation within the rate; 1 is the VAE.
        information: a of `info-vae`, how much mutual information is paid for; 0 is nothing.
        mmd_weight: λ of `info-vae` and `wae`.
        scales: c of the kernel of `info-vae` and `wae`, in units of the squared distance of two draws of N(0, I).
        code_variance: the variance that the codes of `ae`, `rae` and `wae` are given after training.
        penalty: G of `rae`: "l2" of the decoder's parameters, "gradient" of the decoder, or "none".
        penalty_weight: w of `rae`.
        gradient_penalty: γ of `gan`, on its discriminator.
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
        _check_choices(self)
        for name in ("samples", "code_variance"):
            _positive(self, name)
        if not self.scales or min(self.scales) <= 0:
            raise StudyError(f"scales: give at least one, all of them positive, got {self.scales}")
        for name in ("tc_weight", "mmd_weight", "penalty_weight", "gradient_penalty"):
            if getattr(self, name) < 0:
                raise StudyError(f"{name}: weights of a loss cannot be negative, got {getattr(self, name)}")


@dataclasses.dataclass(frozen=True)
class VAEConfig:
    """What is built: everything of a model that changes the shape of its program.

    Attributes:
        family: "vae" (prior N(0, I)), "cvae" (the same, seeing labels), one whose prior is learned with the model
            ("vampprior", "mog-prior", "flow-prior", "lars-prior"), or one with a loss of its own (`study list models`).
        network: "linear" (one affine map each way, posterior variance the same for every x, as in
            :cite:`lucas2019`), "mlp", for images "conv", for windows of sequences "gru" (recurrent) or "tcn" (causal
            convolutions).
        latent_dim: number of latent dimensions d.
        hidden: widths of the hidden layers, from data to latent, which the decoder mirrors: of an mlp or gru its
            layers, of a tcn its residual blocks, whose number decides how many steps they see.
        channels: of the layers of a conv network, from data to latent; the decoder mirrors them.
        activation: between the layers of an mlp, "relu" or "tanh".
        output_bias: where the decoder of an mlp begins: at "zero", or at the mean of the training "data", which it then
            need not learn first :cite:`burda2016`. With "relu" that may end with every unit dead and no latent used
            (`experiments/binarised_mnist.py`).
        likelihood: "gaussian" (D is the sum of squared errors), "bernoulli" (D is the binary cross-entropy), or
            "auto", the data set's own hint.
        prior: settings of a learned prior; without effect for families that learn none.
        objective: settings of a family's own loss; without effect for families that have none.
    """

    family: Literal[
        "vae",
        "cvae",
        "vampprior",
        "mog-prior",
        "flow-prior",
        "lars-prior",
        "sigma-vae",
        "iwae",
        "beta-tc-vae",
        "info-vae",
        "wae",
        "ae",
        "rae",
        "gan",
    ] = "vae"
    network: Literal["linear", "mlp", "conv", "gru", "tcn"] = "mlp"
    latent_dim: int = 8
    hidden: tuple[int, ...] = (128, 128)
    channels: tuple[int, ...] = (128, 256, 512, 1024)
    activation: Literal["relu", "tanh"] = "relu"
    output_bias: Literal["zero", "data"] = "zero"
    likelihood: Literal["auto", "gaussian", "bernoulli"] = "auto"
    prior: PriorConfig = PriorConfig()
    objective: ObjectiveConfig = ObjectiveConfig()

    def __post_init__(self) -> None:
        _check_choices(self)
        _positive(self, "latent_dim")
        if any(width < 1 for width in self.hidden):
            raise StudyError(f"model: hidden widths must be positive, got {self.hidden}")
        if not self.channels or min(self.channels) < 1:
            raise StudyError(f"model: give channels, all of them positive, got {self.channels}")

    @property
    def network_settings(self) -> dict[str, Any]:
        """What its network is built by, as plain values."""
        settings = to_dict(self)
        return {name: settings[name] for name in NETWORK_SETTINGS[self.network]}

    @property
    def prior_settings(self) -> dict[str, Any]:
        """The settings of the prior that this family uses, as plain values; none where it learns no prior."""
        settings = to_dict(self.prior)
        return {name: settings[name] for name in PRIOR_SETTINGS.get(self.family, ())}

    @property
    def objective_settings(self) -> dict[str, Any]:
        """The settings of its own loss that this family uses, as plain values."""
        settings = to_dict(self.objective)
        return {name: settings[name] for name in OBJECTIVE_SETTINGS.get(self.family, ())}

    @property
    def deciding(self) -> dict[str, Any]:
        """What decides a model, as plain values: a setting that its family and network do not use is left out."""
        values = to_dict(self) | {"prior": self.prior_settings, "objective": self.objective_settings}
        unused = {name for names in NETWORK_SETTINGS.values() for name in names} - set(self.network_settings)
        unused |= {name for name, value in LATER.items() if values[name] == value}
        return {name: value for name, value in values.items() if name not in unused and value != {}}


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """How it is trained.

    Attributes:
        steps: optimiser steps at least; rounded up to whole epochs.
        batch_size: examples per step; the whole training set where that is smaller.
        learning_rate: Adam's step size; traced, so that it may differ between the cells of one program.
        schedule: "constant", or "cosine" decay to zero over all steps.
        kl_warmup: share of the steps over which β rises linearly from 0 :cite:`bowman2016`; 0 is off.
        binarise: each step draws its examples anew from Bernoulli(x), x in [0, 1], as :cite:`burda2016` does; what
            is measured is data drawn once (`study.data.binarised`).
        patience: epochs without a lower loss on validation data, counted from the end of the warm-up, after which
            training stops; the parameters are then those of the best epoch :cite:`prechelt1998`. 0 is off.
    """

    steps: int = 2000
    batch_size: int = 128
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    kl_warmup: float = 0.0
    binarise: bool = False
    patience: int = 0

    def __post_init__(self) -> None:
        _check_choices(self)
        for name in ("steps", "batch_size", "learning_rate"):
            _positive(self, name)
        if not 0 <= self.kl_warmup <= 1:
            raise StudyError(f"kl_warmup: is a share of the steps, 0 to 1, got {self.kl_warmup}")
        if self.patience < 0:
            raise StudyError(f"patience: is a number of epochs, 0 for none, got {self.patience}")

    @property
    def deciding(self) -> dict[str, Any]:
        """What decides a training, as plain values: options that came later are left out where they are off."""
        later = ("binarise", "patience")
        return {name: value for name, value in to_dict(self).items() if name not in later or value}

    def epochs(self, n: int) -> int:
        """Whole epochs over n examples that hold at least `steps` steps."""
        return -(-self.steps // self.steps_per_epoch(n))

    def steps_per_epoch(self, n: int) -> int:
        """Steps per epoch over n examples; a last incomplete batch is left out, another one each epoch."""
        return max(1, n // min(self.batch_size, n))


@dataclasses.dataclass(frozen=True)
class AnnealingConfig:
    """How log p(x) is estimated by annealed importance sampling from a density f₀ to p(x, z) :cite:`wu2017`.

    Attributes:
        start: f₀. "posterior", q(z|x), needs fewer temperatures where the encoder is good; "prior", p(z), does not
            trust it.
        schedule: "sigmoid" has more temperatures near both ends than "linear".
        temperatures: between f₀ and p(x, z), the last included.
        chains: per example.
        leapfrog_steps: of each Hamiltonian transition.
    """

    start: Literal["posterior", "prior"] = "posterior"
    schedule: Literal["sigmoid", "linear"] = "sigmoid"
    temperatures: int = 500
    chains: int = 16
    leapfrog_steps: int = 5

    def __post_init__(self) -> None:
        _check_choices(self)
        for name in ("temperatures", "leapfrog_steps"):
            _positive(self, name)
        if self.chains < 2:
            raise StudyError(f"chains: a standard error needs 2 or more, got {self.chains}")


@dataclasses.dataclass(frozen=True)
class LikelihoodConfig:
    """How many held-out examples the bounds on log p(x) are taken on, and which; costly, and off by default.

    Attributes:
        examples: of the held-out half of the test data; 0 is off.
        samples: the K of the importance-weighted bounds; each divides the largest.
        annealed: how many of these examples are annealed too.
        annealing: how.
    """

    examples: int = 0
    samples: tuple[int, ...] = (50, 500, 5000)
    annealed: int = 0
    annealing: AnnealingConfig = AnnealingConfig()

    def __post_init__(self) -> None:
        if min(self.examples, self.annealed) < 0:
            raise StudyError("likelihood: examples and annealed cannot be negative")
        check_samples(self.samples)


def check_samples(samples: Sequence[int]) -> None:
    """Whether the draws of the largest K serve every other.

    Raises:
        StudyError: they do not.
    """
    largest = max(samples, default=0)
    if largest < 2 or any(k < 1 or largest % k for k in samples):
        raise StudyError(
            f"samples: each must divide the largest, which must be 2 or more, got {tuple(samples)}"
        )


@dataclasses.dataclass(frozen=True)
class StudyConfig:
    """One run of an experiment: the grid of cells, and what is measured on each.

    Attributes:
        dataset: a name or a path.
        model, training: see there.
        alphas, betas, seeds: the grid; a cell is one value of each.
        strategies: names of strategies and reference rows, in table order; empty measures latents alone.
        n_samples: samples drawn per strategy and draw; 0 takes as many as the reference set has.
        fits: independent fits per strategy and model.
        draws: independent draws per fit.
        density_draws: draws of z at which the density of q(z) is taken, per model.
        decode: what a sample is: the decoder's "mean", a "sample" x ~ p(x|z), both clipped to the range of the data
            where these are pictures, or the mean "unclipped".
        feature_dimensions: dimensions of the fixed feature extractor.
        features: path of an ONNX network that makes the features instead; empty for the built-in extractor.
        likelihood: bounds on log p(x) of held-out data.
    """

    dataset: str = "digits"
    model: VAEConfig = VAEConfig()
    training: TrainConfig = TrainConfig()
    alphas: tuple[float, ...] = (1.0,)
    betas: tuple[float, ...] = (1.0,)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    strategies: tuple[str, ...] = ()
    n_samples: int = 0
    fits: int = 1
    draws: int = 1
    density_draws: int = 2000
    decode: Decode = "mean"
    feature_dimensions: int = 32
    features: str = ""
    likelihood: LikelihoodConfig = LikelihoodConfig()

    def __post_init__(self) -> None:
        _check_choices(self)
        for name in ("alphas", "betas", "seeds"):
            values = getattr(self, name)
            if not values or len(set(values)) != len(values):
                raise StudyError(f"{name}: give at least one value and none twice, got {values}")
        if min(self.alphas) < 0 or min(self.betas) < 0 or max(self.alphas) == 0:
            raise StudyError(
                f"alphas and betas: weights of a loss cannot be negative, got {self.alphas}, {self.betas}"
            )
        if min(self.seeds) < 0 or max(self.seeds) >= 2**31:
            raise StudyError(f"seeds: must lie in 0 .. 2**31 - 1, got {self.seeds}")
        for name in ("fits", "draws", "density_draws", "feature_dimensions"):
            _positive(self, name)
        if self.n_samples < 0:
            raise StudyError(f"n_samples: must be 0 (all of the reference set) or more, got {self.n_samples}")
