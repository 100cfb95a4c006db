"""The aggregate posterior q(z) = Σₙ wₙ q(z|xₙ): a Gaussian mixture with one component per training example.

Its density is exact: a logsumexp over all N components, streamed in tiles so that no N×M array is ever held.
A tile's squared distances come from a matrix product, which suffers from cancellation: ‖(z−m)/σ‖² is a difference of
terms as large as (|z|+|m|)²/σ², and the rounding error grows with them. So the error decides the arithmetic:
- float32, if its worst-case error is small, or its error measured on a few z;
- otherwise float64 for the components that can matter, which float32 still identifies, since sharp posteriors lie
  hundreds of nats apart; float64 for all components if posteriors overlap;
- differences in float64, which do not cancel, if σ is too small even for float64 products.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Float, Float32, Float64, Int, Num

from study.errors import StudyError
from study.latents.base import Latents, require_latents
from study.models.normal import LOG_2PI
from study.runtime.arrays import numbers
from study.runtime.brief import Brief
from study.runtime.checks import whole_number
from study.runtime.drawing import choice, split
from study.runtime.environment import blas_threads
from study.runtime.keys import Key, as_key

TOLERANCE = 2e-4  # nats of rounding error that are allowed in the worst case
PROBED = 4e-4  # nats of rounding error that are allowed on the probes; the promise for all z is 1e-3
PROBES = 64
PRODUCTS = 16  # terms of a product that cost less time than the exponential after it
MARGIN = 40.0  # a component so many nats below the largest is negligible: N of them add N·4e-18
SPARSE = 0.1  # largest share of blocks with components that matter for which taking these singly is faster
HOPELESS = 100.0  # a worst-case error of so many tolerances is not worth a probe


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class AggregatePosterior(Brief):
    """Exact q(z) of a set of encoded examples.

    Attributes:
        latents: the N posteriors.
        log_weights: log wₙ of each component, normalised on construction; None is uniform, 1/N.

    Raises:
        StudyError: latents are not `Latents`, or log_weights not `[N]` with a positive and finite total.
    """

    latents: Latents
    log_weights: Float[np.ndarray, " N"] | None = None

    shapes: ClassVar[Mapping[str, str]] = {"log_weights": "N", "latents.mean": "Nd"}  # where read from a file

    def __post_init__(self) -> None:
        require_latents("aggregate posterior", self.latents)
        if self.log_weights is None:
            weights = np.full(self.latents.n, -math.log(self.latents.n))
        else:
            weights = numbers(self.log_weights, name="aggregate posterior: log_weights", dtype=np.float64)
            positive = weights.shape == (self.latents.n,) and not np.isnan(weights).any()
            if not positive or not np.isfinite(np.logaddexp.reduce(weights)):
                raise StudyError(
                    f"aggregate posterior: log_weights must be [{self.latents.n}] with a positive total, "
                    f"got shape {list(weights.shape)}"
                )
            weights = weights - np.logaddexp.reduce(weights)
        object.__setattr__(self, "log_weights", weights)

    def log_prob(self, z: Float[np.ndarray, "M d"]) -> Float64[np.ndarray, " M"]:
        """log q(z) in nats; time O(N·M·d), memory O(N·d + M·d).

        Raises:
            StudyError: z is not `[M, d]`.
        """
        return self._stream(numbers(z, name="aggregate posterior: z", dtype=None), None)

    def log_prob_without_own(
        self, z: Float[np.ndarray, "M d"], index: Int[np.ndarray, " M"]
    ) -> Float64[np.ndarray, " M"]:
        """log of 1/(N−1) Σ_{m≠n} q(z|x_m) at z drawn from component n = index."""
        kept = np.log1p(-np.exp(self._weights[index]))
        return self._stream(np.asarray(z), np.asarray(index)) - kept

    def sample(self, key: Key, *, n: int) -> Float32[np.ndarray, "{n} {self.latents.d}"]:
        """n exact draws: a component by weight, then z ~ q(z|x).

        Raises:
            StudyError: n is negative or not a whole number, or the key is invalid.
        """
        key, n = as_key(key), whole_number(n, name="n")
        index_key, noise_key = split(key)
        index = choice(index_key, np.exp(self._weights, dtype="f"), n)
        epsilon = np.asarray(jax.random.normal(noise_key, (n, self.latents.d)))
        return self.latents.mean[index] + np.exp(0.5 * self.latents.log_var[index]) * epsilon

    def moments(self) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, "d d"]]:
        """Mean and covariance, in closed form: Cov(mean) + diag E[exp log_var]."""
        weights = np.exp(self._weights)
        means = self.latents.mean.astype(np.float64)
        centre = weights @ means
        within = weights @ np.exp(self.latents.log_var.astype(np.float64))
        between = (means - centre).T @ ((means - centre) * weights[:, None])
        return centre, between + np.diag(within)

    @property
    def _weights(self) -> Float64[np.ndarray, " N"]:
        assert self.log_weights is not None
        return self.log_weights

    def _stream(self, z: np.ndarray, own: np.ndarray | None) -> Float64[np.ndarray, " M"]:
        """log Σ_{n≠own} wₙ q(z|xₙ), by the cheapest arithmetic within the tolerance."""
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

        single, double = (float(np.finfo(dtype).eps) * largest for dtype in (np.float32, np.float64))
        if single < TOLERANCE:
            return by(np.float32)
        if double > TOLERANCE:
            return by(np.float64, product=False)
        if single < HOPELESS * TOLERANCE:
            rows = _probes(z, inverse)
            if np.abs(by(np.float32, rows) - by(np.float64, rows)).max() < PROBED:
                return by(np.float32)
        found = _of_what_counts(z, mean, inverse, log_scale, own)
        return by(np.float64) if found is None else found + offset


def _probes(z: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """At most PROBES rows of z: half where rounding errors are largest, half evenly spread."""
    farthest = np.argsort(-(np.square(z) @ np.square(inverse).mean(0)), kind="stable")[: PROBES // 2]
    spread = np.linspace(0, len(z) - 1, PROBES // 2).astype(int)
    return np.concatenate([farthest, spread])


def _terms(
    z: Float[np.ndarray, "M d"],
    mean: Float[np.ndarray, "N d"],
    inverse: Float[np.ndarray, "N d"],
    log_scale: Float[np.ndarray, " N"],
) -> tuple[Float[np.ndarray, "M K"], Float[np.ndarray, "N K"], Float[np.ndarray, " N"]]:
    """left, right and constant with −½‖(z−m)/σ‖² + log_scale = left · rightᵀ + constant.

    K is 2d, with columns of zeros up to a multiple of `PRODUCTS`: one dimension and all are then one program.
    """
    precision = np.square(inverse)
    left = np.concatenate([np.square(z), z], axis=1)
    right = np.concatenate([-0.5 * precision, mean * precision], axis=1)
    zeros = -left.shape[1] % PRODUCTS
    left, right = (np.pad(a, ((0, 0), (0, zeros))) for a in (left, right))
    return left, right, log_scale - 0.5 * (np.square(mean) * precision).sum(1)


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
    if product:
        terms = _terms(z, mean, inverse, log_scale)
        return _tiles(*terms, own, dtype=dtype, reduction=_sum_by_product)[:, 0]
    right = np.concatenate([mean, inverse], axis=1)
    return _tiles(z, right, log_scale, own, dtype=dtype, reduction=_sum_by_difference)[:, 0]


def _of_what_counts(
    z: np.ndarray, mean: np.ndarray, inverse: np.ndarray, log_scale: np.ndarray, own: np.ndarray | None
) -> np.ndarray | None:
    """The result of `_logsumexp` in float64 from the blocks of components that matter; None if these are too many.

    In float32 a product of K terms has an error of at most (K + 4)/2 · eps times the sum of their absolute values
    :cite:`higham2002`, here at most ½ Σⱼ ((|z|+|m|)/σ)ⱼ². So a block is negligible if its largest value lies below the
    largest of all blocks by more than MARGIN plus twice this error.
    """
    left, right, constant = _terms(z, mean, inverse, log_scale)
    largest = np.square((np.abs(z).max(0) + np.abs(mean)) * inverse).sum(1).max()
    error = 0.25 * (left.shape[1] + 4) * float(np.finfo(np.float32).eps) * float(largest)
    maxima = _tiles(left, right, constant, own, dtype=np.float32, reduction=_largest_by_product)
    counts = maxima >= maxima.max(axis=1, keepdims=True) - (MARGIN + 2 * error)
    if counts.mean() > SPARSE:
        return None
    width = _tile_sizes()[1]
    total = np.full(len(z), -np.inf)
    with blas_threads(1), np.errstate(divide="ignore"):  # log 0 if a block holds only the own component
        for block in np.flatnonzero(counts.any(axis=0)):
            rows, columns = np.flatnonzero(counts[:, block]), slice(block * width, (block + 1) * width)
            value = left[rows] @ right[columns].T + constant[columns]
            if own is not None:
                value[own[rows][:, None] == np.arange(len(constant))[columns]] = -np.inf
            highest = value.max(axis=1, keepdims=True)
            shift = np.where(np.isfinite(highest), highest, 0)
            np.exp(np.subtract(value, shift, out=value), out=value)
            total[rows] = np.logaddexp(total[rows], shift[:, 0] + np.log(value.sum(axis=1)))
    return total


def _tile_sizes() -> tuple[int, int]:
    """The largest number of rows, and the number of columns, of a tile."""
    return (512, 512) if jax.devices()[0].platform == "cpu" else (4096, 4096)


def _tiles(
    left: np.ndarray,
    right: np.ndarray,
    constant: np.ndarray,
    own: np.ndarray | None,
    *,
    dtype: type,
    reduction: "Reduction",
) -> np.ndarray:
    """Rows of left `[M, ·]` against components right `[N, ·]`, reduced tile by tile: `[M, k]` float64."""
    devices = len(jax.devices())
    most, columns = _tile_sizes()
    tiles = 2 ** math.ceil(math.log2(-(-len(left) // (most * devices))))
    rows = 32 * -(-len(left) // (32 * tiles * devices))  # few shapes to compile, and little padding
    m, n = tiles * rows * devices, -(-len(right) // columns) * columns
    with jax.enable_x64(dtype is np.float64):
        out = _stream_tiles(
            _padded(left.astype(dtype), m, 0).reshape(-1, rows, left.shape[1]),
            None if own is None else _padded(own.astype(np.int32), m, -1).reshape(-1, rows),
            _padded(right.astype(dtype), n, 0).reshape(-1, columns, right.shape[1]).swapaxes(1, 2),
            _padded(constant.astype(dtype), n, -np.inf).reshape(-1, columns),
            reduction=reduction,
        )
    return np.asarray(out, np.float64).reshape(m, -1)[: len(left)]


def _padded(a: Num[np.ndarray, "rows ..."], size: int, value: float) -> Num[np.ndarray, "{size} ..."]:
    """The array with further rows of one value, `size` in all."""
    return np.concatenate([a, np.full((size - len(a), *a.shape[1:]), value, a.dtype)])


class Reduction(NamedTuple):
    """How tiles `[b, ·]` × `[·, c]` become exponents `[b, c]`, and how these are reduced.

    Attributes:
        exponent: −½‖(z−m)/σ‖², without the terms that are in the constant.
        maxima: whether to return the largest value in each block instead of log Σ exp over all.
    """

    exponent: Callable[[jax.Array, jax.Array], jax.Array]
    maxima: bool


@functools.partial(jax.jit, static_argnames=("reduction",))
def _stream_tiles(
    left: jax.Array, own: jax.Array | None, right: jax.Array, constant: jax.Array, *, reduction: Reduction
) -> jax.Array:
    """Tiles `[t, b, ·]` of z against blocks `[s, ·, c]` of components, `[t, b, k]`; t is split over devices.

    k is the number of blocks if their maxima are asked for, else 1.
    """
    mesh = Mesh(np.array(jax.devices()), ("rows",))
    split, whole = PartitionSpec("rows"), PartitionSpec()

    def device(left: jax.Array, own: jax.Array | None, right: jax.Array, constant: jax.Array) -> jax.Array:
        columns = right.shape[2]
        first = jnp.arange(right.shape[0], dtype=jnp.int32) * columns

        def rows(tile: tuple[jax.Array, jax.Array | None]) -> jax.Array:
            left, own = tile

            def values(block: tuple[jax.Array, ...]) -> jax.Array:
                right, constant, first = block
                value = reduction.exponent(left, right) + constant[None, :]
                if own is not None:
                    column = first + jnp.arange(columns, dtype=jnp.int32)
                    value = jnp.where(column[None, :] == own[:, None], -jnp.inf, value)
                return value

            def step(
                carry: tuple[jax.Array, jax.Array], block: tuple[jax.Array, ...]
            ) -> tuple[tuple[jax.Array, jax.Array], None]:
                highest, total = carry
                value = values(block)
                new = jnp.maximum(highest, value.max(1))
                shift = jnp.where(jnp.isfinite(new), new, 0)
                # after the shift float32 is precise enough
                small = jnp.exp((value - shift[:, None]).astype(jnp.float32)).sum(1)
                return (new, total * jnp.exp((highest - shift).astype(jnp.float32)) + small), None

            blocks = (right, constant, first)
            if reduction.maxima:
                return jax.lax.map(lambda block: values(block).max(1), blocks).T
            start = (jnp.full(left.shape[:1], -jnp.inf, left.dtype), jnp.zeros(left.shape[:1], jnp.float32))
            (highest, total), _ = jax.lax.scan(step, start, blocks)
            return (highest + jnp.log(total).astype(left.dtype))[:, None]

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
    """−½‖(z−m)/σ‖² without the term that depends on m alone, `[b, 2d]` × `[2d, c]` -> `[b, c]`."""
    return jnp.matmul(left, right, precision="highest")


_sum_by_product = Reduction(_exponent_by_product, maxima=False)
_sum_by_difference = Reduction(_exponent_by_difference, maxima=False)
_largest_by_product = Reduction(_exponent_by_product, maxima=True)
