"""The interface of a strategy: frozen hyper-parameters, `fit` on latents, then `sample` and perhaps `log_prob`."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Array, Float, Float32, Float64, Integer

from study.errors import CannotFit, StudyError
from study.latents.base import Latents, require_latents
from study.runtime.keys import Key, as_key
from study.strategies.parts.settings import check_settings, is_added
from study.strategies.parts.validation import with_validation

Source = Literal["thread", "fitted", "learned", "reference"]
Need = Literal["labels", "model", "validation"]


@runtime_checkable
class Decoder(Protocol):
    """The methods of a model that a strategy or a reference row may call."""

    def encode(
        self, x: Float[np.ndarray, "N D"]
    ) -> tuple[Float[np.ndarray, "N d"], Float[np.ndarray, "N d"]]:
        """Mean and log-variance of q(z|x)."""
        ...

    def decode(self, z: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n D"]:
        """The mean of p(x|z)."""
        ...


def with_labels(
    model: Any, labels: Integer[np.ndarray, " n"] | None
) -> tuple[Integer[np.ndarray, " n"], ...]:
    """The arguments after x or z in a call of `encode` or `decode`: labels if the model is `conditional`."""
    return (labels,) if getattr(model, "conditional", False) and labels is not None else ()


@runtime_checkable
class Fitted(Protocol):
    """A strategy fitted to one model's latents: it can be sampled, but its density need not be tractable."""

    @property
    def info(self) -> Mapping[str, Any]:
        """Diagnostics of the fit: plain values by name."""
        ...

    def sample(
        self, key: Key, *, n: int, labels: Integer[np.ndarray, " n"] | None = None
    ) -> Float32[np.ndarray, " {n} d"]:
        """Draw z; `labels` requests a class per draw if the strategy is conditional."""
        ...


@runtime_checkable
class FittedDensity(Fitted, Protocol):
    """A fitted strategy whose density is tractable."""

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log-density in nats at z."""
        ...


@runtime_checkable
class FittedTraceable(Fitted, Protocol):
    """A fitted strategy that can be sampled inside a compiled program, which a method `draw` signals."""

    def draw(self, key: Key, *, n: int) -> Float32[Array, " {n} d"]:
        """Draw z, the same as `sample`; traceable in `key`."""
        ...


class Rung(NamedTuple):
    """A rung of the gap ladder: its `level` (the prior is 0), and what the step from the rung above `measures`."""

    level: int
    measures: str = ""


class Given(NamedTuple):
    """The checked arguments of `fit`: `latents` are the codes to fit, `validation` those that choose settings."""

    key: jax.Array
    latents: Latents
    model: Decoder | None
    validation: Latents | None


@dataclasses.dataclass(frozen=True)
class Strategy:
    """A way to draw z. A subclass is a frozen dataclass of hyper-parameters and implements `estimate`.

    Class attributes hold what tests, tables and reports need to know about it.

    Attributes:
        name: its name in the registry, in tables and figures.
        kind: where the idea comes from.
        source: the paper or the thread, as a reader would name it.
        summary: one line, beginning with how z is drawn.
        aims_at_q: whether its draws follow q(z) whenever q(z) has the form that it assumes. If so, it must score
            the same as the prior where q(z) equals the prior.
        keeps_data: whether the fitted strategy stores the codes of individual examples (all or some of them,
            unchanged or transformed) and cannot be sampled without them. Moments, networks and mixture
            components summarise many examples each and do not count.
        fits: the classes that `fit` returns, and the dataclasses inside them; a saved file may hold no others.
        density: whether the fitted strategy has `log_prob`.
        conditional: whether `labels` can request classes.
        fitted_on: the part of the latents that it uses; a field `fit_on` takes precedence.
        needs: what it must be given besides codes.
        rung: its rung of the gap ladder; None if it has none.
        quick: hyper-parameters with which a test fits and samples it in about a second.
        variants: further hyper-parameters that the tests of all strategies cover.
        version: raise it when its draws change; its stored scores are then computed again.
        libraries: packages that affect its draws, besides JAX, NumPy, SciPy and scikit-learn; when the version of
            one changes, its stored scores are computed again.
    """

    name: ClassVar[str]
    kind: ClassVar[Source]
    source: ClassVar[str]
    summary: ClassVar[str]
    aims_at_q: ClassVar[bool]
    keeps_data: ClassVar[bool]
    fits: ClassVar[tuple[type, ...]]
    density: ClassVar[bool] = True
    conditional: ClassVar[bool] = False
    fitted_on: ClassVar[str] = "samples or means"
    needs: ClassVar[tuple[Need, ...]] = ()
    rung: ClassVar[Rung | None] = None
    quick: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def has_density(self) -> bool:
        """`density` with these hyper-parameters."""
        return self.density

    def least_codes(self, d: int) -> int:
        """The smallest number of codes in d dimensions that it can be fitted to."""
        return 1

    def estimate(self, given: Given) -> Fitted:
        """The fitted strategy, before `fit` adds the score of the validation codes to its `info`.

        Raises:
            CannotFit: the codes cannot carry this strategy.
        """
        raise NotImplementedError

    def fit(
        self,
        key: Key,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> Any:
        """Fit to q(z); deterministic given the key.

        If the fitted strategy has a density, `info` holds its mean log-density at draws of the validation codes.

        Raises:
            CannotFit: the codes cannot carry this strategy (too few, an empty class, no labels, ...).
            StudyError: the key is invalid, codes are not `Latents`, or validation codes differ in d.
        """
        given = Given(fit_key(key, latents, validation), latents, model, validation)
        self.require(latents)
        return self.told(given.key, self.estimate(given), validation)

    def told(self, key: jax.Array, fitted: Any, validation: Latents | None) -> Any:
        """The fitted strategy; its `info` also tells name, temperature, and the score of the validation codes."""
        temperature = getattr(self, "temperature", 1.0)
        own = {"strategy": self.name} | ({"temperature": temperature} if temperature != 1 else {})
        named = dataclasses.replace(fitted, info={**own, **fitted.info})
        return with_validation(key, named, validation)

    def require(self, latents: Latents) -> None:
        """Raise CannotFit if the codes lack the labels that it needs, or are too few for its parameters."""
        if "labels" in self.needs and latents.labels is None:
            raise CannotFit(
                f"strategy {self.name!r}: the codes have no labels; give Latents(..., labels=[N])"
            )
        require_codes(latents, at_least=self.least_codes(latents.d), strategy=self.name)


def fit_key(key: Key, latents: Latents, validation: Latents | None) -> jax.Array:
    """The key of a fit as a `jax.random` key, after its arguments are checked.

    Raises:
        StudyError: the key is invalid, codes are not `Latents`, or validation codes differ in d.
    """
    require_latents("fit", latents, *(() if validation is None else (validation,)))
    if validation is not None and validation.d != latents.d:
        raise StudyError(f"fit: codes have {latents.d} dimensions, validation codes {validation.d}")
    return as_key(key)


def require_codes(latents: Latents, *, at_least: int, strategy: str) -> None:
    """Raise CannotFit if a strategy is given fewer codes than its parameters need."""
    if latents.n < at_least:
        raise CannotFit(
            f"strategy {strategy!r}: needs at least {at_least} codes in {latents.d} dimensions, "
            f"got {latents.n}; encode more examples or choose a strategy with fewer parameters"
        )


def hyperparameters(strategy: Strategy) -> dict[str, Any]:
    """The fields of a strategy as plain values, for keys and tables; at its default an `added` field is left out."""
    values = dataclasses.asdict(strategy)
    for field in dataclasses.fields(strategy):
        if is_added(field) and values[field.name] == field.default:
            del values[field.name]
    return values
