"""What a strategy is: frozen hyper-parameters, `fit` on latents, then `sample` and perhaps `log_prob`."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, get_args, get_origin, get_type_hints

import jax
import numpy as np

from study.errors import CannotFit, StudyError
from study.latents.base import Latents, require_latents
from study.runtime.checks import finite_number, whole_number
from study.runtime.keys import Key, as_key

Source = Literal["thread", "fitted", "learned", "reference"]

# Most of what is held in memory at once, by the name of a hyper-parameter; others are counts of 32 bits.
LARGEST = {"width": 2**14, "layers": 2**10, "knots": 2**10, "batch_size": 2**20, "sampling_steps": 2**20}


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


class Strategy(Protocol):
    """A frozen dataclass of hyper-parameters, and these class attributes.

    Attributes:
        name: in the registry, in tables and figures.
        kind: where it comes from.
        source: paper or thread, as a reader would name it.
        summary: one line, beginning with how z is drawn.
        density: whether what is fitted has `log_prob`.
        conditional: whether `labels` ask for classes.
        aims_at_q: whether its draws follow q(z) wherever q(z) has the form that it assumes. Then it must tie
            with the prior where q(z) is the prior.
        fits: the classes of what `fit` returns, and of dataclasses within them: what a saved file may hold.

    One without a field `fit_on` says in a class attribute `fitted_on` what it sees of the latents.
    """

    name: ClassVar[str]
    kind: ClassVar[Source]
    source: ClassVar[str]
    summary: ClassVar[str]
    density: ClassVar[bool]
    conditional: ClassVar[bool]
    aims_at_q: ClassVar[bool]
    fits: ClassVar[tuple[type, ...]]

    def fit(
        self,
        key: Key,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> Fitted:
        """Fit to q(z); deterministic given the key.

        Raises:
            CannotFit: the codes cannot carry this strategy (too few, an empty class, no labels, ...).
        """
        ...


def fit_key(key: Key, latents: Latents, validation: Latents | None) -> jax.Array:
    """The key that `fit` goes on with; every `fit` calls this first.

    Raises:
        StudyError: a wrong key, codes that are no `Latents`, or validation codes in other dimensions.
    """
    require_latents("fit", latents, *(() if validation is None else (validation,)))
    if validation is not None and validation.d != latents.d:
        raise StudyError(f"fit: codes have {latents.d} dimensions, validation codes {validation.d}")
    return as_key(key)


def shared_draws(key: jax.Array, *, n: int, d: int, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Common random numbers: every strategy that draws an index and a noise draws these.

    Two strategies given one key then share both, so that their difference on one model is paired.

    Returns:
        index `[n]` int64 uniform on 0..components-1, and epsilon `[n, d]` float32 standard normal.

    Raises:
        StudyError: n is negative or no whole number; no draws at all, n = 0, are an array without rows.
    """
    index, epsilon = traced_draws(key, n=n, d=d, components=components)
    return np.asarray(index, np.int64), np.asarray(epsilon)


def traced_draws(key: jax.Array, *, n: int, d: int, components: int) -> tuple[jax.Array, jax.Array]:
    """What `shared_draws` returns, for a compiled program; index is int32.

    Raises:
        StudyError: n is negative or no whole number.
    """
    n = whole_number(n, name="n")
    index_key, noise_key = jax.random.split(key)
    index = jax.random.randint(index_key, (n,), 0, components)
    return index, jax.random.normal(noise_key, (n, d))


def require_codes(latents: Latents, *, at_least: int, strategy: str) -> None:
    """Raise CannotFit where a strategy is given fewer codes than its parameters need."""
    if latents.n < at_least:
        raise CannotFit(
            f"strategy {strategy!r}: needs at least {at_least} codes in {latents.d} dimensions, "
            f"got {latents.n}; encode more examples or choose a strategy with fewer parameters"
        )


def check_numbers(strategy: Any) -> None:
    """Make every number among the hyper-parameters, and every list of them, Python's own, or say what is wrong with it.

    What range it must lie in is the strategy's to say; here are the types, NaN, infinity, and sizes that no memory or
    32-bit count holds.

    Raises:
        StudyError: one is no number, not finite, or too large.
    """
    for field in dataclasses.fields(strategy):
        hint, value = get_type_hints(type(strategy))[field.name], getattr(strategy, field.name)
        hints = get_args(hint) or (hint,)
        if (value is None and type(None) in hints) or not {int, float} & set(hints):
            continue
        several = isinstance(value, tuple | list) and any(get_origin(part) is tuple for part in hints)
        given = tuple(value) if several else (value,)
        name = f"strategy {strategy.name!r}: {field.name}"
        if int in hints:
            most = LARGEST.get(field.name, 2**31 - 1)
            plain: tuple[Any, ...] = tuple(
                whole_number(one, name=name, least=None, most=most) for one in given
            )
        else:
            plain = tuple(finite_number(one, name=name) for one in given)
        object.__setattr__(strategy, field.name, plain if several else plain[0])


def hyperparameters(strategy: Strategy) -> dict[str, Any]:
    """The fields of a strategy as plain values, for keys and tables."""
    return dataclasses.asdict(strategy)  # type: ignore[call-overload]
