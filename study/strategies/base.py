"""What a strategy is: frozen hyper-parameters, `fit` on latents, then `sample` and perhaps `log_prob`."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol

import jax
import numpy as np

from study.errors import StudyError
from study.latents.base import Latents

Source = Literal["thread", "fitted", "learned", "reference"]


class Decoder(Protocol):
    """What a strategy or a reference row may ask of a model."""

    def encode(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`[N, D]` -> mean `[N, d]`, log_var `[N, d]`."""
        ...

    def decode(self, z: np.ndarray) -> np.ndarray:
        """`[n, d]` -> `[n, D]`."""
        ...


class Fitted(Protocol):
    """A strategy fitted to one model's latents: draws, without a tractable density."""

    @property
    def info(self) -> Mapping[str, Any]:
        """Diagnostics of the fit: plain values by name."""
        ...

    def sample(self, key: jax.Array, *, n: int, labels: np.ndarray | None = None) -> np.ndarray:
        """Draw z `[n, d]` float32; `labels` `[n]` asks for classes where the strategy is conditional."""
        ...


class FittedDensity(Fitted, Protocol):
    """A fitted strategy whose density is tractable."""

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """log-density in nats at z `[n, d]`, `[n]` float64."""
        ...


class Strategy(Protocol):
    """A frozen dataclass of hyper-parameters; `name`, `kind`, `source` and `density` are class attributes."""

    name: ClassVar[str]
    kind: ClassVar[Source]
    source: ClassVar[str]
    density: ClassVar[bool]

    def fit(
        self,
        key: jax.Array,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> Fitted:
        """Fit to q(z); deterministic given the key.

        Raises:
            StudyError: the codes cannot carry this strategy (too few, an empty class, no labels, ...).
        """
        ...


def shared_draws(key: jax.Array, *, n: int, d: int, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Common random numbers: every strategy that draws an index and a noise draws these.

    Two strategies given one key then share both, so that their difference on one model is paired.

    Returns:
        index `[n]` int64 uniform on 0..components-1, and epsilon `[n, d]` float32 standard normal.
    """
    index_key, noise_key = jax.random.split(key)
    index = jax.random.randint(index_key, (n,), 0, components)
    epsilon = jax.random.normal(noise_key, (n, d))
    return np.asarray(index, np.int64), np.asarray(epsilon)


def require_codes(latents: Latents, *, at_least: int, strategy: str) -> None:
    """Raise StudyError where a strategy is given fewer codes than its parameters need."""
    if latents.n < at_least:
        raise StudyError(
            f"strategy {strategy!r}: needs at least {at_least} codes in {latents.d} dimensions, "
            f"got {latents.n}; encode more examples or choose a strategy with fewer parameters"
        )


def hyperparameters(strategy: Strategy) -> dict[str, Any]:
    """The fields of a strategy as plain values, for keys and tables."""
    return dataclasses.asdict(strategy)  # type: ignore[call-overload]
