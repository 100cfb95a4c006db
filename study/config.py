"""Configuration: frozen dataclasses that are experiment files, command-line flags and store keys at once."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from study.errors import StudyError

T = typing.TypeVar("T")


def _check_choices(config: Any) -> None:
    for name, hint in typing.get_type_hints(type(config)).items():
        choices = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
        if choices and getattr(config, name) not in choices:
            raise StudyError(f"{name}: expected one of {', '.join(choices)}, got {getattr(config, name)!r}")


def _positive(config: Any, name: str) -> None:
    if not getattr(config, name) > 0:
        raise StudyError(f"{name}: must be positive, got {getattr(config, name)}")


FLAT_NETWORKS = ("linear", "mlp")  # those that do not ask for the shape of an example

PRIOR_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "vae": (),
    "vampprior": ("components",),
    "mog-prior": ("components", "covariance"),
    "flow-prior": ("layers", "bins", "hidden"),
    "lars-prior": ("hidden", "proposals", "normaliser_draws"),
}


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
class VAEConfig:
    """What is built: everything of a model that changes the shape of its program.

    Attributes:
        family: "vae" (prior N(0, I)), or a prior that is learned with the model: "vampprior", "mog-prior",
            "flow-prior", "lars-prior".
        network: "linear" (one affine map each way, posterior variance the same for every x, as in
            :cite:`lucas2019`) or "mlp"; for windows of sequences "gru" (recurrent) or "tcn" (causal convolutions).
        latent_dim: number of latent dimensions d.
        hidden: widths of the hidden layers, from data to latent, which the decoder mirrors: of an mlp or gru its
            layers, of a tcn its residual blocks, whose number decides how many steps they see.
        likelihood: "gaussian" (D is the sum of squared errors), "bernoulli" (D is the binary cross-entropy), or
            "auto", the data set's own hint.
        prior: settings of a learned prior; without effect for "vae".
    """

    family: Literal["vae", "vampprior", "mog-prior", "flow-prior", "lars-prior"] = "vae"
    network: Literal["linear", "mlp", "gru", "tcn"] = "mlp"
    latent_dim: int = 8
    hidden: tuple[int, ...] = (128, 128)
    likelihood: Literal["auto", "gaussian", "bernoulli"] = "auto"
    prior: PriorConfig = PriorConfig()

    def __post_init__(self) -> None:
        _check_choices(self)
        _positive(self, "latent_dim")
        if any(width < 1 for width in self.hidden):
            raise StudyError(f"model: hidden widths must be positive, got {self.hidden}")

    @property
    def prior_settings(self) -> dict[str, Any]:
        """The settings of the prior that this family uses, as plain values; none for "vae"."""
        settings = to_dict(self.prior)
        return {name: settings[name] for name in PRIOR_SETTINGS[self.family]}


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """How it is trained.

    Attributes:
        steps: optimiser steps at least; rounded up to whole epochs.
        batch_size: examples per step; the whole training set where that is smaller.
        learning_rate: Adam's step size; traced, so that it may differ between the cells of one program.
        schedule: "constant", or "cosine" decay to zero over all steps.
        kl_warmup: share of the steps over which β rises linearly from 0 :cite:`bowman2016`; 0 is off.
    """

    steps: int = 2000
    batch_size: int = 128
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    kl_warmup: float = 0.0

    def __post_init__(self) -> None:
        _check_choices(self)
        for name in ("steps", "batch_size", "learning_rate"):
            _positive(self, name)
        if not 0 <= self.kl_warmup <= 1:
            raise StudyError(f"kl_warmup: is a share of the steps, 0 to 1, got {self.kl_warmup}")

    def epochs(self, n: int) -> int:
        """Whole epochs over n examples that hold at least `steps` steps."""
        return -(-self.steps // self.steps_per_epoch(n))

    def steps_per_epoch(self, n: int) -> int:
        """Steps per epoch over n examples; a last incomplete batch is left out, another one each epoch."""
        return max(1, n // min(self.batch_size, n))


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
        feature_dimensions: dimensions of the fixed feature extractor.
        features: path of an ONNX network that makes the features instead; empty for the built-in extractor.
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
    feature_dimensions: int = 32
    features: str = ""

    def __post_init__(self) -> None:
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


def to_dict(config: Any) -> dict[str, Any]:
    """A config as plain JSON values."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in _items(config)}


def from_dict(kind: type[T], values: Mapping[str, Any], *, where: str = "configuration") -> T:
    """A config of `kind` from plain values.

    Raises:
        StudyError: an unknown key, or a value of the wrong type.
    """
    hints = typing.get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise StudyError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    return kind(**{name: _coerce(hints[name], value, f"{where}.{name}") for name, value in values.items()})


def _items(config: Any) -> list[tuple[str, Any]]:
    pairs = ((field.name, getattr(config, field.name)) for field in dataclasses.fields(config))
    return [(name, to_dict(value) if dataclasses.is_dataclass(value) else value) for name, value in pairs]


def _coerce(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return from_dict(hint, value, where=where) if isinstance(value, Mapping) else value  # type: ignore[arg-type]
    origin = typing.get_origin(hint)
    if origin is tuple:
        if isinstance(value, str) or not isinstance(value, typing.Iterable):
            raise StudyError(f"{where}: expected a list, got {value!r}")
        return tuple(_coerce(typing.get_args(hint)[0], item, where) for item in value)
    if origin in (Literal, types.UnionType):
        return value
    try:
        if hint is int and float(value) != int(value):
            raise ValueError
        return hint(value)
    except (TypeError, ValueError):
        raise StudyError(f"{where}: expected {hint.__name__}, got {value!r}") from None
