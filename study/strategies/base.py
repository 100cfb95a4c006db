"""What a strategy is: frozen hyper-parameters, `fit` on latents, then `sample` and perhaps `log_prob`."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import jax
import numpy as np

from study.errors import CannotFit, StudyError
from study.latents.base import Latents, require_latents
from study.runtime.keys import Key, as_key
from study.strategies.parts.settings import check_settings
from study.strategies.parts.validation import with_validation

Source = Literal["thread", "fitted", "learned", "reference"]
Need = Literal["labels", "model"]


class Decoder(Protocol):
    """What a strategy or a reference row may ask of a model."""

    def encode(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`[N, D]` -> mean `[N, d]`, log_var `[N, d]`."""
        ...

    def decode(self, z: np.ndarray) -> np.ndarray:
        """`[n, d]` -> `[n, D]`."""
        ...


def with_labels(model: Any, labels: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """What follows x or z in a call of `encode` or `decode`: labels `[n]` where a model is `conditional`."""
    return (labels,) if getattr(model, "conditional", False) and labels is not None else ()


class Fitted(Protocol):
    """A strategy fitted to one model's latents: draws, without a tractable density."""

    @property
    def info(self) -> Mapping[str, Any]:
        """Diagnostics of the fit: plain values by name."""
        ...

    def sample(self, key: Key, *, n: int, labels: np.ndarray | None = None) -> np.ndarray:
        """Draw z `[n, d]` float32; `labels` `[n]` asks for classes where the strategy is conditional."""
        ...


class FittedDensity(Fitted, Protocol):
    """A fitted strategy whose density is tractable."""

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """log-density in nats at z `[n, d]`, `[n]` float64."""
        ...


class FittedTraceable(Fitted, Protocol):
    """A fitted strategy that can be drawn from inside a compiled program: having `draw` is the claim."""

    def draw(self, key: Key, *, n: int) -> jax.Array:
        """Draw z `[n, d]` float32, the same as `sample`; traceable in `key`."""
        ...


class Rung(NamedTuple):
    """A place on the gap ladder: its `level`, 0 for the prior, and what its distance to the rung above `measures`."""

    level: int
    measures: str = ""


class Given(NamedTuple):
    """What `fit` was given, checked: `latents` are the codes to fit, `validation` those that choose settings."""

    key: jax.Array
    latents: Latents
    model: Decoder | None
    validation: Latents | None


@dataclasses.dataclass(frozen=True)
class Strategy:
    """A way to draw z. A subclass is a frozen dataclass whose fields are its hyper-parameters, and writes `estimate`.

    What tests, tables and reports must know of it are class attributes.

    Attributes:
        name: in the registry, in tables and figures.
        kind: where it comes from.
        source: paper or thread, as a reader would name it.
        summary: one line, beginning with how z is drawn.
        aims_at_q: whether its draws follow q(z) wherever q(z) has the form that it assumes. Then it must tie
            with the prior where q(z) is the prior.
        keeps_data: whether what is fitted holds codes of single training examples, of all or of some, as they are or
            all moved by one rule, so that nobody can draw without them. Moments, networks and the components of a
            mixture are made of many examples each, and do not count.
        fits: the classes of what `fit` returns, and of dataclasses within them: what a saved file may hold.
        density: whether what is fitted has `log_prob`.
        conditional: whether `labels` ask for classes.
        fitted_on: what it sees of the latents; with a field `fit_on` that field says it.
        needs: what it must be given besides codes.
        rung: its place on the gap ladder; None where it has none.
        quick: hyper-parameters with which a test fits and draws it in about a second.
        variants: further hyper-parameters that the tests over all strategies run it with.
        version: raise it when its draws change; stored scores of the strategy are then made anew.
        libraries: packages that decide its draws, beside JAX, NumPy, SciPy and scikit-learn; likewise.
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
        """How many codes in d dimensions it needs at least."""
        return 1

    def estimate(self, given: Given) -> Fitted:
        """What `fit` returns but for the score of the validation codes.

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

        Where what is fitted has a density, `info` has its mean at draws of the validation codes.

        Raises:
            CannotFit: the codes cannot carry this strategy (too few, an empty class, no labels, ...).
            StudyError: a wrong key, codes that are no `Latents`, or validation codes in other dimensions.
        """
        given = Given(fit_key(key, latents, validation), latents, model, validation)
        self.require(latents)
        return with_validation(given.key, self.estimate(given), validation)

    def require(self, latents: Latents) -> None:
        """Raise CannotFit where the codes lack labels that it needs, or are fewer than its parameters need."""
        if "labels" in self.needs and latents.labels is None:
            raise CannotFit(
                f"strategy {self.name!r}: the codes have no labels; give Latents(..., labels=[N])"
            )
        require_codes(latents, at_least=self.least_codes(latents.d), strategy=self.name)


def fit_key(key: Key, latents: Latents, validation: Latents | None) -> jax.Array:
    """The key that a fit goes on with.

    Raises:
        StudyError: a wrong key, codes that are no `Latents`, or validation codes in other dimensions.
    """
    require_latents("fit", latents, *(() if validation is None else (validation,)))
    if validation is not None and validation.d != latents.d:
        raise StudyError(f"fit: codes have {latents.d} dimensions, validation codes {validation.d}")
    return as_key(key)


def require_codes(latents: Latents, *, at_least: int, strategy: str) -> None:
    """Raise CannotFit where a strategy is given fewer codes than its parameters need."""
    if latents.n < at_least:
        raise CannotFit(
            f"strategy {strategy!r}: needs at least {at_least} codes in {latents.d} dimensions, "
            f"got {latents.n}; encode more examples or choose a strategy with fewer parameters"
        )


def hyperparameters(strategy: Strategy) -> dict[str, Any]:
    """The fields of a strategy as plain values, for keys and tables."""
    return dataclasses.asdict(strategy)
