"""z with density ∝ √det G(z), the volume of a metric built from the posteriors, by Hamiltonian Monte Carlo.

    G(z) = Σ_i Σ_i⁻¹ exp(−(z − μ_i)ᵀ Σ_i⁻¹ (z − μ_i)/ρ²) + λ exp(−τ|z|²) I,   Σ_i = diag exp log_var(x_i),

summed over centroids i chosen from the codes. G is large near codes, so draws stay near them. The precisions enter the
metric itself, not its inverse. τ > 0 makes the density proper: with τ = 0 it tends to λ^(d/2) far from all codes.
Each draw is the end of its own chain, started at a random centroid; ρ is by default the largest distance from a
centroid to its nearest neighbour, in the units of the exponent, so that the kernels overlap.

Source: :cite:`chadebec2022`, equations 5 and 8. It does not aim at q(z): √det G measures volume, not how many codes
lie in it.

The thread: not named there. "Sample what the encoder learned", its geometry rather than its density.
"""

import dataclasses
import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import blackjax
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Float64, Int, Scalar, ScalarLike
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin
from threadpoolctl import threadpool_limits

from study.errors import CannotFit
from study.runtime.keys import Key, as_key
from study.strategies.base import Given, Strategy
from study.strategies.parts.draws import own_key, shared_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.settings import check_positive, check_z

Centroids = Literal["random", "k-means"]
CHAINS = 256  # from which the acceptance rate in `info` is computed


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedRiemannian(Unconditional):
    """Centroids and log-variances of K codes, float32, ρ, and the chain's settings; the density is unnormalised."""

    mean: Float[np.ndarray, "K d"]
    log_var: Float[np.ndarray, "K d"]
    rho: float
    regularisation: float
    tau: float
    chain_steps: int
    leapfrog_steps: int
    step_size: float
    info: Mapping[str, Any]

    shapes: ClassVar[Mapping[str, str]] = {"mean": "Kd", "log_var": "Kd"}

    def check(self) -> None:
        """Raise ValueError if `Riemannian` would refuse these settings."""
        names = ("rho", "regularisation", "tau", "chain_steps", "leapfrog_steps", "step_size")
        Riemannian(**{name: getattr(self, name) for name in names})

    def log_volume(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log √det G(z) at z.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        z = check_z(z, d=self.mean.shape[1], where="log_volume", dtype=np.float32)
        one = functools.partial(_log_volume, self._metric())
        return np.asarray(jax.lax.map(one, jax.device_put(z), batch_size=1024), np.float64)

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        return self.chains(key, n=n)[0]

    def chains(self, key: Key, *, n: int) -> tuple[Float32[np.ndarray, " {n} d"], float]:
        """The ends of n chains, and the acceptance probability averaged over their steps."""
        key = as_key(key)
        k, d = self.mean.shape
        index, _ = shared_draws(key, n=n, d=d, components=k)
        z, accepted = _hmc(
            self._metric(),
            self.mean[index],
            own_key(key),
            self.step_size,
            chain_steps=self.chain_steps,
            leapfrog_steps=self.leapfrog_steps,
        )
        return np.asarray(z), float(accepted)

    def _metric(self) -> "_Metric":
        numbers = (np.float32(a) for a in (self.rho, self.regularisation, self.tau))
        return self.mean, np.exp(-self.log_var), *numbers


_Metric = tuple[Any, Any, Any, Any, Any]  # centroids, precisions, ρ, λ, τ


@dataclasses.dataclass(frozen=True)
class Riemannian(Strategy):
    """Uniform sampling with respect to a metric.

    Attributes:
        centroids: the largest number of codes in the metric.
        choice: "k-means" (the code nearest to each centre) or "random".
        rho: width of the kernels, or None for the distance between neighbours.
        regularisation, tau: λ and τ.
        chain_steps, leapfrog_steps: Monte Carlo steps per draw, and leapfrog steps in each.
        step_size: of a leapfrog step, in units of an average kernel's width.
    """

    centroids: int = 100
    choice: Centroids = "k-means"
    rho: float | None = None
    regularisation: float = 1e-4
    tau: float = 0.01
    chain_steps: int = 50
    leapfrog_steps: int = 10
    step_size: float = 0.2

    name = "riemannian"
    version = 2
    kind = "fitted"
    source = "Chadebec and Allassonnière 2022"
    libraries = ("blackjax",)
    summary = "z uniform with respect to a metric made of the posteriors, by Hamiltonian Monte Carlo"
    aims_at_q = False
    keeps_data = True  # its centroids, each the code of an example
    fits = (FittedRiemannian,)
    density = False
    fitted_on = "means and variances"
    quick = MappingProxyType({"centroids": 300, "chain_steps": 3, "leapfrog_steps": 3})
    variants = ({"choice": "random"},)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self)

    def least_codes(self, d: int) -> int:
        """At least two codes, since ρ is a distance between neighbours."""
        return 2

    def estimate(self, given: Given) -> FittedRiemannian:
        """Choose the centroids, and from them ρ.

        Raises:
            CannotFit: all codes are equal.
        """
        key, latents, *_ = given
        index = self._choose(key, latents.mean)
        mean, log_var = latents.mean[index], latents.log_var[index]
        rho = self.rho if self.rho is not None else _neighbours(mean, log_var)
        if not rho > 0:
            raise CannotFit(f"strategy {self.name!r}: the centroids are all equal; give rho")
        info = {"codes": latents.n, "centroids": len(index), "rho": float(rho)}
        fitted = FittedRiemannian(
            mean,
            log_var,
            float(rho),
            self.regularisation,
            self.tau,
            self.chain_steps,
            self.leapfrog_steps,
            self.step_size,
            info,
        )
        info["acceptance_rate"] = fitted.chains(own_key(key), n=CHAINS)[1]
        return fitted

    def _choose(self, key: jax.Array, mean: Float[np.ndarray, "N d"]) -> Int[np.ndarray, " K"]:
        k = min(self.centroids, len(mean))
        if self.choice == "random":
            return np.asarray(jax.random.choice(key, len(mean), (k,), replace=False))
        seed = int(jax.random.randint(key, (), 0, np.iinfo(np.int32).max))
        distinct = min(k, len(np.unique(mean, axis=0)))
        with threadpool_limits(
            1
        ):  # the order of its sums, and so the centres, depend on the number of threads
            centres = KMeans(distinct, n_init=1, random_state=seed).fit(mean).cluster_centers_
        return np.unique(pairwise_distances_argmin(centres, mean))


def _neighbours(mean: Float[np.ndarray, "K d"], log_var: Float[np.ndarray, "K d"]) -> float:
    """The largest distance from a centroid to its nearest other, in the metric of its own Σ⁻¹."""
    nearest = []
    for i, (centre, row) in enumerate(zip(mean, log_var, strict=True)):
        squared = np.square(np.delete(mean, i, 0) - centre) @ np.exp(-row)
        nearest.append(squared.min(initial=np.inf))
    finite = [value for value in nearest if np.isfinite(value)]
    return float(np.sqrt(max(finite, default=0.0)))


def _log_volume(metric: _Metric, z: Float[Array, " d"]) -> Scalar:
    """log √det G at one z; sums are taken in logarithms, since kernels underflow between centroids."""
    centre, precision, rho, regularisation, tau = metric
    exponent = -(jnp.square(z[None, :] - centre) * precision).sum(1) / jnp.square(rho)
    highest = exponent.max()
    kernels = highest + jnp.log(jnp.exp(exponent - highest) @ precision)
    floor = jnp.log(regularisation) - tau * jnp.square(z).sum()
    return 0.5 * jnp.logaddexp(kernels, jnp.full_like(kernels, floor)).sum()


@functools.partial(jax.jit, static_argnames=("chain_steps", "leapfrog_steps"))
def _hmc(
    metric: _Metric,
    start: Float[Array, "n d"],
    key: jax.Array,
    size: ScalarLike,
    *,
    chain_steps: int,
    leapfrog_steps: int,
) -> tuple[Float[Array, "n d"], Scalar]:
    """The end of a chain from each row of start, and the mean acceptance probability."""
    d = start.shape[1]
    # √det of a single kernel is a Gaussian of variance Σ ρ²/d, whose width is the unit of a step.
    variance = (1 / metric[1]).mean(0) * jnp.square(metric[2]) / d
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):  # blackjax relies on both
        kernel = blackjax.hmc(functools.partial(_log_volume, metric), size, variance, leapfrog_steps)
        state = jax.vmap(kernel.init)(start)

        def step(state: Any, key: jax.Array) -> tuple[Any, jax.Array]:
            state, info = jax.vmap(kernel.step)(jax.random.split(key, len(start)), state)
            return state, info.acceptance_rate.mean()

        state, accepted = jax.lax.scan(step, state, jax.random.split(key, chain_steps))
    return state.position, accepted.mean()
