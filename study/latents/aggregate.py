"""The aggregate posterior q(z) = Σₙ wₙ q(z|xₙ): a Gaussian mixture with one component per training example.

Its density is exact: a logsumexp over all N components, streamed in tiles so that no N×M array is ever held.
A tile's squared distances come from a matrix product. Products cancel: ‖(z−m)/σ‖² is a difference of terms as
large as (|z|+|m|)²/σ², and the rounding error grows with them. So float32 is used where its worst case is small,
or where the error is found to be small on a few z; else float64; and differences in float64, which do not
cancel, where σ is too small even for that.
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
TOLERANCE = 2e-4  # nats of rounding error that arithmetic may have at worst
PROBED = 4e-4  # nats of rounding error that it may show on the probes; 1e-3 are promised for all z
PROBES = 64
HOPELESS = 100.0  # times the tolerance, from where the worst case is too far off to be worth a probe


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
        return self._stream(np.asarray(z), None)

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

    def _stream(self, z: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        """log Σ_{n≠own} wₙ q(z|xₙ), `[M]` float64, by the cheapest arithmetic that keeps the tolerance."""
        if z.ndim != 2 or z.shape[1] != self.latents.d:
            raise StudyError(f"aggregate posterior: z must be [M, {self.latents.d}], got {list(z.shape)}")
        if len(z) == 0:
            return np.zeros(0)
        mean, log_var = (a.astype(np.float64) for a in (self.latents.mean, self.latents.log_var))
        centre = mean.mean(0)
        z, mean, inverse = z - centre, mean - centre, np.exp(-0.5 * log_var)
        peak = self._weights - 0.5 * (log_var.sum(1) + self.latents.d * LOG_2PI)
        offset = float(peak.max())
        log_scale = peak - offset
        largest = float(np.square((np.abs(z).max(0) + np.abs(mean)) * inverse).sum(1).max())

        def by(dtype: type, rows: slice | np.ndarray = slice(None), *, product: bool = True) -> np.ndarray:
            kept = None if own is None else own[rows]
            return _logsumexp(z[rows], mean, inverse, log_scale, kept, dtype=dtype, product=product) + offset

        def bound(dtype: type) -> float:
            return float(np.finfo(dtype).eps) * largest

        if bound(np.float32) < TOLERANCE:
            return by(np.float32)
        if bound(np.float64) > TOLERANCE:
            return by(np.float64, product=False)
        if bound(np.float32) < HOPELESS * TOLERANCE:
            rows = _probes(z, inverse)
            if np.abs(by(np.float32, rows) - by(np.float64, rows)).max() < PROBED:
                return by(np.float32)
        return by(np.float64)


def _probes(z: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """At most PROBES of the rows of z: half of them where rounding errors are largest, half spread over all."""
    farthest = np.argsort(-(np.square(z) @ np.square(inverse).mean(0)), kind="stable")[: PROBES // 2]
    spread = np.linspace(0, len(z) - 1, PROBES // 2).astype(int)
    return np.concatenate([farthest, spread])


def _logsumexp(
    z: np.ndarray,
    mean: np.ndarray,
    inverse: np.ndarray,
    log_scale: np.ndarray,
    own: np.ndarray | None,
    *,
    dtype: type,
    product: bool,
) -> np.ndarray:
    """log Σ_{n≠own} exp(log_scaleₙ − ½‖(z−meanₙ)·inverseₙ‖²), `[M]` float64, with distances in dtype."""
    if product:  # −½‖(z−m)/σ‖² = [z², z] · [−½/σ², m/σ²]ᵀ − ½‖m/σ‖²
        precision = np.square(inverse)
        left = np.concatenate([np.square(z), z], axis=1)
        right = np.concatenate([-0.5 * precision, mean * precision], axis=1)
        constant = log_scale - 0.5 * (np.square(mean) * precision).sum(1)
    else:
        left, right, constant = z, np.concatenate([mean, inverse], axis=1), log_scale
    devices = len(jax.devices())
    most, columns = (512, 512) if jax.devices()[0].platform == "cpu" else (4096, 4096)
    tiles = 2 ** math.ceil(math.log2(-(-len(z) // (most * devices))))
    rows = 32 * -(-len(z) // (32 * tiles * devices))  # few shapes, so few compilations, and little padding
    m, n = tiles * rows * devices, -(-len(mean) // columns) * columns

    def pad(a: np.ndarray, size: int, value: float) -> np.ndarray:
        return np.concatenate([a, np.full((size - len(a), *a.shape[1:]), value, a.dtype)])

    with jax.enable_x64(dtype is np.float64):
        out = _stream_tiles(
            pad(left.astype(dtype), m, 0).reshape(-1, rows, left.shape[1]),
            None if own is None else pad(own.astype(np.int32), m, -1).reshape(-1, rows),
            pad(right.astype(dtype), n, 0).reshape(-1, columns, right.shape[1]).swapaxes(1, 2),
            pad(constant.astype(dtype), n, -np.inf).reshape(-1, columns),
            product=product,
        )
    return np.asarray(out, np.float64).reshape(-1)[: len(z)]


@functools.partial(jax.jit, static_argnames=("product",))
def _stream_tiles(
    left: jax.Array, own: jax.Array | None, right: jax.Array, constant: jax.Array, *, product: bool
) -> jax.Array:
    """Tiles `[t, b, ·]` of z against blocks `[s, ·, c]` of components, `[t, b]`; t is split over devices."""
    mesh = Mesh(np.array(jax.devices()), ("rows",))
    split, whole = PartitionSpec("rows"), PartitionSpec()
    exponent = _exponent_by_product if product else _exponent_by_difference

    def device(left: jax.Array, own: jax.Array | None, right: jax.Array, constant: jax.Array) -> jax.Array:
        columns = right.shape[2]
        first = jnp.arange(right.shape[0], dtype=jnp.int32) * columns

        def rows(tile: tuple[jax.Array, jax.Array | None]) -> jax.Array:
            left, own = tile

            def step(carry: tuple[jax.Array, jax.Array], block: tuple[jax.Array, ...]) -> tuple:
                highest, total = carry
                right, constant, first = block
                value = exponent(left, right) + constant[None, :]
                if own is not None:
                    column = first + jnp.arange(columns, dtype=jnp.int32)
                    value = jnp.where(column[None, :] == own[:, None], -jnp.inf, value)
                new = jnp.maximum(highest, value.max(1))
                shift = jnp.where(jnp.isfinite(new), new, 0)
                # what is left after the shift needs no more than float32
                small = jnp.exp((value - shift[:, None]).astype(jnp.float32)).sum(1)
                return (new, total * jnp.exp((highest - shift).astype(jnp.float32)) + small), None

            start = (jnp.full(left.shape[:1], -jnp.inf, left.dtype), jnp.zeros(left.shape[:1], jnp.float32))
            (highest, total), _ = jax.lax.scan(step, start, (right, constant, first))
            return highest + jnp.log(total).astype(left.dtype)

        return jax.lax.map(rows, (left, own))

    sharded = jax.shard_map(
        device, mesh=mesh, in_specs=(split, split, whole, whole), out_specs=split, check_vma=False
    )
    return sharded(left, own, right, constant)


def _exponent_by_difference(z: jax.Array, right: jax.Array) -> jax.Array:
    """−½‖(z−m)/σ‖², `[b, d]` × `[2d, c]` -> `[b, c]`, one dimension at a time: never `[b, c, d]`."""
    mean, inverse = jnp.split(right, 2)
    total = jnp.zeros((z.shape[0], right.shape[1]), z.dtype)
    for j in range(z.shape[1]):
        scaled = (z[:, j, None] - mean[None, j]) * inverse[None, j]
        total = total + scaled * scaled
    return -0.5 * total


def _exponent_by_product(left: jax.Array, right: jax.Array) -> jax.Array:
    """The same without the term of m alone, `[b, 2d]` × `[2d, c]` -> `[b, c]`."""
    return jnp.matmul(left, right, precision="highest")
