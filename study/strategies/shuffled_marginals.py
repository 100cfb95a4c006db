"""z ~ Π_j q(z_j): in each dimension its own n_j uniform on the training examples, then z_j ~ q(z_j|x_{n_j}).

Every marginal of q(z) is kept exactly and all dependence between dimensions is cut. With `fit_on="means"`,
z_j = mean_j(x_{n_j}), which has no density.

Source: the permuted codes of :cite:`kim2018`, algorithm 1, there used to estimate total correlation.

The thread: not named there. It splits the two sides: each dimension is "what the encoder learned", and how
dimensions go together is as unknown to it as to "sample the prior".
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import numpy as np

from study.errors import StudyError
from study.latents import AggregatePosterior, Latents
from study.runtime.arrays import numbers
from study.runtime.keys import Key, as_key
from study.strategies.base import Decoder, Source, fit_key, require_codes, shared_draws
from study.strategies.parts.draws import own_key
from study.strategies.parts.moments import FitOn, check_fit_on
from study.strategies.parts.validation import with_validation


@dataclasses.dataclass(frozen=True, eq=False)
class FittedMarginals:
    """z_j = location[n_j, j] + scale[n_j, j] ε_j, n_j independent; location and scale `[N, d]` float32."""

    location: np.ndarray
    scale: np.ndarray
    info: Mapping[str, Any]

    shapes: ClassVar[Mapping[str, str]] = {"location": "Nd", "scale": "Nd"}

    def sample(self, key: Key, *, n: int, labels: np.ndarray | None = None) -> np.ndarray:
        """Draw z `[n, d]` float32; `labels` play no part in an unconditional draw."""
        key = as_key(key)
        components, d = self.location.shape
        _, epsilon = shared_draws(key, n=n, d=d, components=components)
        index = np.asarray(jax.random.randint(own_key(key), (n, d), 0, components))
        return (
            np.take_along_axis(self.location, index, 0) + np.take_along_axis(self.scale, index, 0) * epsilon
        )


@dataclasses.dataclass(frozen=True, eq=False)
class FittedMarginalsDensity(FittedMarginals):
    """`FittedMarginals` with noise, whose density is a product of d one-dimensional mixtures."""

    marginals: tuple[AggregatePosterior, ...]

    def check(self) -> None:
        """Raise ValueError where the marginals are not those of d dimensions."""
        if [q.latents.d for q in self.marginals] != [1] * self.location.shape[1]:
            raise ValueError("there is not one marginal for each dimension")

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """log-density in nats at z `[n, d]`, `[n]` float64, exact over all N components of each marginal.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        z, d = numbers(z, name="log_prob: z", dtype=None), len(self.marginals)
        if z.ndim != 2 or z.shape[1] != d:
            raise StudyError(f"log_prob: z must be [n, {d}], got {list(z.shape)}")
        return np.sum([q.log_prob(z[:, j : j + 1]) for j, q in enumerate(self.marginals)], axis=0)


@dataclasses.dataclass(frozen=True)
class ShuffledMarginals:
    """Each dimension resampled on its own; `fit_on` "samples" or "means"."""

    fit_on: FitOn = "samples"

    name: ClassVar[str] = "shuffled-marginals"
    kind: ClassVar[Source] = "fitted"
    source: ClassVar[str] = "Kim and Mnih 2018"
    summary: ClassVar[str] = "z_j ~ q(z_j), every dimension resampled on its own"
    density: ClassVar[bool] = True
    conditional: ClassVar[bool] = False
    aims_at_q: ClassVar[bool] = True
    fits: ClassVar[tuple[type, ...]] = (FittedMarginals, FittedMarginalsDensity)

    def __post_init__(self) -> None:
        check_fit_on(self.fit_on, strategy=self.name)

    def fit(
        self,
        key: Key,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> FittedMarginals:
        """Keep the codes; nothing is estimated.

        Raises:
            CannotFit: one code only, of which nothing can be shuffled.
        """
        key = fit_key(key, latents, validation)
        require_codes(latents, at_least=2, strategy=self.name)
        mean, log_var = latents.mean, latents.log_var
        info = {"codes": latents.n, "components": latents.n}
        if self.fit_on == "means":
            return FittedMarginals(mean, np.zeros_like(mean), info)
        columns = [slice(j, j + 1) for j in range(latents.d)]
        marginals = tuple(AggregatePosterior(Latents(mean[:, j], log_var[:, j])) for j in columns)
        fitted = FittedMarginalsDensity(mean, np.exp(0.5 * log_var), info, marginals)
        return with_validation(key, fitted, validation)
