"""The aggregate posterior q(z) = Σₙ wₙ q(z|xₙ): a Gaussian mixture with one component per training example.

Its density is exact: a logsumexp over all N components, streamed in tiles so that no N×M array is ever held.
A tile's squared distances come from matrix products where float32 carries them, and from differences where it
does not. Products cancel: ‖(z−m)/σ‖² is a difference of terms as large as (|z|+|m|)²/σ², so their rounding
error is bounded beforehand and products are used only where the bound is small. Differences are accurate
relative to the distance itself, which is enough wherever some component is near; a z that is far from all of
them, in a hole of a sharp q(z), is evaluated again in float64.
"""

import dataclasses
import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from study.errors import StudyError
from study.latents.base import Latents

LOG_2PI = math.log(2 * math.pi)
TOLERANCE = 2e-4  # nats of rounding error that a float32 path may have
FAR = 500.0  # nats below the highest possible density, from where float32 differences lose the tolerance
EPSILON = float(np.finfo(np.float32).eps)


@dataclasses.dataclass(frozen=True, eq=False)
class AggregatePosterior:
    """Exact q(z) of a set of encoded examples.

    Attributes:
        latents: the N posteriors.
        log_weights: `[N]`, log wₙ of each component, normalised on construction; None is uniform, 1/N.
    """

    latents: Latents
    log_weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.log_weights is None:
            weights = np.full(self.latents.n, -math.log(self.latents.n))
        else:
            weights = np.asarray(self.log_weights, np.float64)
            if weights.shape != (self.latents.n,) or not np.isfinite(np.logaddexp.reduce(weights)):
                raise StudyError(
                    f"aggregate posterior: log_weights must be [{self.latents.n}] with a positive total, "
                    f"got shape {list(weights.shape)}"
                )
            weights = weights - np.logaddexp.reduce(weights)
        object.__setattr__(self, "log_weights", weights)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """log q(z) in nats at z `[M, d]`, `[M]` float64; time O(N·M·d), memory O(N·d + M·d).

        Raises:
            StudyError: z is not `[M, d]`.
        """
        z = np.asarray(z)
        return self._stream(z, np.full(len(z), -1))

    def log_prob_without_own(self, z: np.ndarray, index: np.ndarray) -> np.ndarray:
        """log of 1/(N−1) Σ_{m≠n} q(z|x_m) at z `[M, d]` drawn from component n = index `[M]`; `[M]` float64."""
        kept = np.log1p(-np.exp(self._weights[index]))
        return self._stream(np.asarray(z), np.asarray(index)) - kept

    def sample(self, key: jax.Array, *, n: int) -> np.ndarray:
        """n exact draws `[n, d]` float32: a component by weight, then z ~ q(z|x)."""
        index_key, noise_key = jax.random.split(key)
        index = np.asarray(
            jax.random.choice(index_key, self.latents.n, (n,), p=np.exp(self._weights, dtype="f"))
        )
        epsilon = np.asarray(jax.random.normal(noise_key, (n, self.latents.d)))
        return self.latents.mean[index] + np.exp(0.5 * self.latents.log_var[index]) * epsilon

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean `[d]` and covariance `[d, d]`, float64, in closed form: Cov(mean) + diag E[exp log_var]."""
        weights = np.exp(self._weights)
        means = self.latents.mean.astype(np.float64)
        centre = weights @ means
        within = weights @ np.exp(self.latents.log_var.astype(np.float64))
        between = (means - centre).T @ ((means - centre) * weights[:, None])
        return centre, between + np.diag(within)

    @property
    def _weights(self) -> np.ndarray:
        assert self.log_weights is not None
        return self.log_weights

    def _stream(self, z: np.ndarray, own: np.ndarray) -> np.ndarray:
        """log Σ_{n≠own} wₙ q(z|xₙ), `[M]` float64, by the cheapest arithmetic that keeps the tolerance."""
        if z.ndim != 2 or z.shape[1] != self.latents.d:
            raise StudyError(f"aggregate posterior: z must be [M, {self.latents.d}], got {list(z.shape)}")
        if len(z) == 0:
            return np.zeros(0)
        mean, log_var = self.latents.mean, self.latents.log_var
        peak = self._weights - 0.5 * (log_var.astype(np.float64).sum(1) + self.latents.d * LOG_2PI)
        offset = float(peak.max())
        log_scale = (peak - offset).astype(np.float32)
        centre = mean.mean(0, dtype=np.float64)
        z32 = (z - centre).astype(np.float32)
        mean32 = (mean - centre).astype(np.float32)
        inverse = np.exp(-0.5 * log_var.astype(np.float64)).astype(np.float32)
        reach = (np.abs(z32).max(0) + np.abs(mean32)) * inverse
        by_product = EPSILON * float((reach * reach).sum(1).max()) < TOLERANCE
        if by_product:
            value = _logsumexp(z32, mean32, inverse, log_scale, own, by_product=True)
            return value.astype(np.float64) + offset
        # Uncentred here: z − m of two float32 numbers is exact where they are near, centred ones are not.
        value = _logsumexp(z.astype(np.float32), mean, inverse, log_scale, own, by_product=False)
        result = value.astype(np.float64) + offset
        far = np.flatnonzero(~(value > -FAR))
        if len(far):
            with jax.enable_x64(True):
                exact = [a.astype(np.float64) for a in (z[far], mean, log_var, peak - offset)]
                exact[2] = np.exp(-0.5 * exact[2])
                result[far] = _logsumexp(exact[0], exact[1], exact[2], exact[3], own[far], by_product=False)
            result[far] += offset
        return result


def _logsumexp(
    z: np.ndarray,
    mean: np.ndarray,
    inverse: np.ndarray,
    log_scale: np.ndarray,
    own: np.ndarray,
    *,
    by_product: bool,
) -> np.ndarray:
    """log Σ_{n≠own} exp(log_scaleₙ − ½‖(z−meanₙ)·inverseₙ‖²), `[M]`, in the arrays' own precision."""
    devices = jax.devices()
    rows, columns = (128, 1024) if devices[0].platform == "cpu" else (4096, 4096)
    rows = min(rows, -(-len(z) // len(devices)))
    tiles = 2 ** math.ceil(math.log2(-(-len(z) // (rows * len(devices)))))  # few shapes, so few compilations
    m = tiles * rows * len(devices)
    n = -(-len(mean) // columns) * columns

    def pad(a: np.ndarray, size: int, value: float) -> np.ndarray:
        return np.concatenate([a, np.full((size - len(a), *a.shape[1:]), value, a.dtype)])

    out = _stream_tiles(
        pad(z, m, 0).reshape(-1, rows, z.shape[1]),
        pad(own.astype(np.int32), m, -1).reshape(-1, rows),
        pad(mean, n, 0).reshape(-1, columns, z.shape[1]),
        pad(inverse, n, 0).reshape(-1, columns, z.shape[1]),
        pad(log_scale, n, -np.inf).reshape(-1, columns),
        by_product=by_product,
    )
    return np.asarray(out).reshape(-1)[: len(z)]


@functools.partial(jax.jit, static_argnames=("by_product",))
def _stream_tiles(
    z: jax.Array,
    own: jax.Array,
    mean: jax.Array,
    inverse: jax.Array,
    log_scale: jax.Array,
    *,
    by_product: bool,
) -> jax.Array:
    mesh = Mesh(np.array(jax.devices()), ("rows",))
    split, whole = PartitionSpec("rows"), PartitionSpec()
    distance = _squared_by_product if by_product else _squared_by_difference

    def device(
        z: jax.Array, own: jax.Array, mean: jax.Array, inverse: jax.Array, log_scale: jax.Array
    ) -> jax.Array:
        columns = mean.shape[1]
        first = jnp.arange(mean.shape[0], dtype=jnp.int32) * columns

        def rows(tile: tuple[jax.Array, jax.Array]) -> jax.Array:
            z, own = tile

            def step(carry: tuple[jax.Array, jax.Array], block: tuple[jax.Array, ...]) -> tuple:
                highest, total = carry
                mean, inverse, log_scale, first = block
                value = log_scale[None, :] - 0.5 * distance(z, mean, inverse)
                column = first + jnp.arange(columns, dtype=jnp.int32)
                value = jnp.where(column[None, :] == own[:, None], -jnp.inf, value)
                new = jnp.maximum(highest, value.max(1))
                shift = jnp.where(jnp.isfinite(new), new, 0)
                total = total * jnp.exp(highest - shift) + jnp.exp(value - shift[:, None]).sum(1)
                return (new, total), None

            start = (jnp.full(z.shape[:1], -jnp.inf, z.dtype), jnp.zeros(z.shape[:1], z.dtype))
            (highest, total), _ = jax.lax.scan(step, start, (mean, inverse, log_scale, first))
            return highest + jnp.log(total)

        return jax.lax.map(rows, (z, own))

    sharded = jax.shard_map(
        device, mesh=mesh, in_specs=(split, split, whole, whole, whole), out_specs=split, check_vma=False
    )
    return sharded(z, own, mean, inverse, log_scale)


def _squared_by_difference(z: jax.Array, mean: jax.Array, inverse: jax.Array) -> jax.Array:
    """‖(z−m)/σ‖², `[b, d]` × `[c, d]` -> `[b, c]`, one dimension at a time: never `[b, c, d]`."""
    mean, inverse = mean.T, inverse.T
    total = jnp.zeros((z.shape[0], mean.shape[1]), z.dtype)
    for j in range(z.shape[1]):
        scaled = (z[:, j, None] - mean[None, j]) * inverse[None, j]
        total = total + scaled * scaled
    return total


def _squared_by_product(z: jax.Array, mean: jax.Array, inverse: jax.Array) -> jax.Array:
    """The same, as one matrix product: [z², z, 1] · [1/v, −2m/v, m²/v]ᵀ."""
    precision = inverse * inverse
    left = jnp.concatenate([z * z, z], axis=1)
    right = jnp.concatenate([precision, -2.0 * mean * precision], axis=1)
    constant = (mean * mean * precision).sum(1)
    return jnp.matmul(left, right.T, precision="highest") + constant[None, :]
