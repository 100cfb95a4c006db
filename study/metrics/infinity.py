"""FD∞: the Fréchet distance for infinitely many samples, as the intercept of a line in 1/n.

The bias of the Fréchet distance is nearly proportional to 1/n (:cite:`chong2020`), so its values at several
sizes lie on a line whose intercept is free of bias. Samples and reference are cut to the same sizes, which removes
the bias of both sides.
"""

import dataclasses
import functools

import jax
import numpy as np
from jaxtyping import Float, Int

from study.metrics.base import Metric, Prepared, Score, no_score
from study.metrics.frechet import frechet_distance, symmetric_root
from study.metrics.reference import HALF, Reference
from study.runtime.drawing import permutation, split

SIZES = 10
_BLOCKS = 64  # rows are summed in blocks; every subset is a union of blocks
_TURNS = 8  # subsets of one size
_GROUPS = 32  # groups of the jackknife
_PARTNERS = 1  # for each group, the number of other groups that are left out together with it


@dataclasses.dataclass(frozen=True, eq=False)
class Design:
    """Which blocks belong to which subset, as 0 or 1.

    Attributes:
        fit: the subsets for the line: from 64 blocks down to 32, evenly spaced in 1/n. Subsets of one
            size are windows of a shuffled circle, so that each block is used equally often.
        jackknife: all blocks; then one group left out; then two groups left out.
        pairs: the two groups that are left out together.
    """

    fit: Float[np.ndarray, "73 64"]
    jackknife: Float[np.ndarray, "65 64"]
    pairs: Int[np.ndarray, "2 32"]


@functools.cache
def design() -> Design:
    """The design, which all samples share; its shuffles come from a fixed key."""
    sizes = np.rint(_BLOCKS / np.linspace(1, 2, SIZES)).astype(int)
    fit = []
    for size, key in zip(sizes, split(jax.random.key(0), SIZES), strict=True):
        place = permutation(key, _BLOCKS)
        starts = np.arange(_TURNS) * (_BLOCKS // _TURNS) if size < _BLOCKS else np.zeros(1, int)
        fit += [(place - start) % _BLOCKS < size for start in starts]
    group = np.arange(_BLOCKS) % _GROUPS
    first = np.repeat(np.arange(_GROUPS), _PARTNERS)
    second = (first + np.tile(np.arange(_PARTNERS) + 1, _GROUPS)) % _GROUPS
    without = group != np.arange(_GROUPS)[:, None]
    jackknife = np.concatenate([np.ones((1, _BLOCKS), bool), without, without[first] & without[second]])
    return Design(np.array(fit, float), jackknife.astype(float), np.stack([first, second]))


@dataclasses.dataclass(frozen=True, eq=False)
class SubsetMoments:
    """Moments of every subset of the design; those of `fit` come first.

    Attributes:
        sizes: numbers of rows of the S subsets.
        mean: of each.
        covariance: of each, divided by n - 1.
    """

    sizes: Float[np.ndarray, " S"]
    mean: Float[np.ndarray, "S f"]
    covariance: Float[np.ndarray, "S f f"]

    @classmethod
    def of(cls, features: Float[np.ndarray, "n f"]) -> "SubsetMoments":
        """Compute them from features, n at least 64: one pass over the rows, then sums over blocks."""
        x = np.asarray(features, np.float64)
        centre = x.mean(axis=0)
        parts = np.array_split(x - centre, _BLOCKS)
        member = np.concatenate([design().fit, design().jackknife])
        sizes = member @ np.array([len(part) for part in parts])
        mean = member @ np.stack([part.sum(axis=0) for part in parts]) / sizes[:, None]
        products = np.tensordot(member, np.stack([part.T @ part for part in parts]), axes=1)
        products -= sizes[:, None, None] * mean[:, :, None] * mean[:, None, :]
        return cls(sizes, mean + centre, products / (sizes - 1)[:, None, None])

    @functools.cached_property
    def root(self) -> Float[np.ndarray, "S f f"]:
        """Symmetric roots of the covariances."""
        return symmetric_root(self.covariance)


def enough(*, n: int, dimensions: int) -> str:
    """The reason why n samples are too few for FD∞ with so many features; empty if they suffice."""
    least = max(_BLOCKS, 2 * (dimensions + 1))
    if n < least:
        return f"the line in 1/n needs at least {least} samples for {dimensions} features, got {n}"
    return ""


def fd_infinity(features: Float[np.ndarray, "n f"], reference_moments: SubsetMoments | None) -> Score:
    """Intercept of FD against 1/n over 10 sizes, n down to n/2, by weighted least squares. May be negative.

    The weights are n², since the part of FD's noise that differs between sizes has a standard deviation of about 1/n.
    All sizes share the same rows, so the residuals of the fit say little about its error. The standard error comes
    from a delete-a-group jackknife over rows of both sides (32 groups). Second differences split its variance into a
    part linear in the rows and a quadratic part, which the jackknife doubles and which is all that is left if the
    distributions agree (:cite:`efron1981`). Each part is scaled by its effect on the intercept.

    Args:
        features: of the samples.
        reference_moments: those of as many rows of the reference; None if `enough` returns a reason.
    """
    n, f = np.shape(features)
    if reference_moments is None:
        return no_score(enough(n=n, dimensions=f))
    own, plan = SubsetMoments.of(features), design()
    values = frechet_distance(own.mean, own.covariance, reference=reference_moments)
    subsets = len(plan.fit)
    weights = _intercept_weights(own.sizes[:subsets])
    value = weights @ values[:subsets]
    linear, quadratic = _variances(values[subsets:], plan.pairs)
    shares = weights / own.sizes[:subsets] * n
    single = shares @ plan.fit / _BLOCKS
    double = np.einsum("s,sg,sh->gh", shares / own.sizes[:subsets] * n, plan.fit, plan.fit) / _BLOCKS**2
    variance = linear * _BLOCKS * (single**2).sum() + quadratic * _BLOCKS**2 * (double**2).sum()
    return Score(value, np.sqrt(variance))


def _intercept_weights(sizes: Float[np.ndarray, " S"]) -> Float[np.ndarray, " S"]:
    """Weights whose product with the values is the intercept of a line in 1/n; they sum to one."""
    columns = np.stack([np.ones_like(sizes), 1 / sizes], axis=1)
    return np.linalg.pinv(columns * sizes[:, None])[0] * sizes


def _variances(values: Float[np.ndarray, " 65"], pairs: Int[np.ndarray, "2 32"]) -> tuple[float, float]:
    """Variances of the part linear in the rows and of the quadratic part, from values on the jackknife's subsets.

    The jackknife counts the linear variance once and the quadratic one twice. The second difference contains the
    quadratic part alone, and half its mean square is the variance of that part.
    """
    g = _GROUPS
    whole, one, two = values[0], values[1 : g + 1], values[g + 1 :]
    jackknife = (g - 1) * one.var()
    second = g * whole - (g - 1) * one[pairs].sum(axis=0) + (g - 2) * two
    quadratic = second.var() / 2
    return max(jackknife - 2 * quadratic, 0.0), quadratic


def _prepare(real: Reference) -> Prepared:
    n, dimensions = real.features.shape
    subsets = None if enough(n=n, dimensions=dimensions) else SubsetMoments.of(real.features)
    return Prepared(f"{HALF}, {real.view}", lambda samples: fd_infinity(samples.features, subsets))


FD_INFINITY = Metric(
    "fd_infinity",
    label="FD∞",
    summary="Fréchet distance for infinitely many samples: the intercept of a line in 1/n over 10 sizes",
    source="Chong & Forsyth 2020",
    better="lower",
    meaning=(
        "FD for infinitely many samples: the intercept of a line through FD at 10 sizes against 1/n; free of "
        "most of FD's bias, so it is near 0 if the distributions agree, and may be slightly negative"
    ),
    prepare=_prepare,
    version=2,
)
