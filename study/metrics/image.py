"""Sharpness: a measure of how blurred samples are."""

import math

import numpy as np
from jaxtyping import Float, Float64

from study.metrics.base import Metric, Prepared, Score, no_score
from study.metrics.reference import HALF, Reference

_BLOCK = 1024


def laplacian_energy(x: Float[np.ndarray, "n D"], *, shape: tuple[int, ...]) -> Float64[np.ndarray, " n"]:
    """Mean square of the five-point discrete Laplacian over the inner pixels of each image.

    The Laplacian passes high frequencies, so blurring lowers this energy (:cite:`tolstikhin2018` measure sharpness in
    this way).

    Args:
        x: images, flattened.
        shape: `(height, width)` or `(height, width, channels)`, both sides at least 3.

    Returns:
        In squared units of the pixels.
    """
    energies = []
    for start in range(0, len(x), _BLOCK):
        image = x[start : start + _BLOCK].reshape(-1, *shape).astype(np.float64)
        around = image[:, :-2, 1:-1] + image[:, 2:, 1:-1] + image[:, 1:-1, :-2] + image[:, 1:-1, 2:]
        laplacian = around - 4 * image[:, 1:-1, 1:-1]
        energies.append((laplacian**2).reshape(len(image), -1).mean(axis=1))
    return np.concatenate(energies)


def sharpness(
    x: Float[np.ndarray, "n D"], *, shape: tuple[int, ...] | None, reference_energy: float
) -> Score:
    """Mean Laplacian energy of samples x, divided by that of the reference; one is as sharp as the data.

    The standard error is that of the samples' mean; the reference is fixed. There is no value if `shape` is None
    (the data are not images) or the reference images are constant.
    """
    reason = ""
    if shape is None:
        reason = "the data are not images"
    elif reference_energy <= 0:
        reason = "the reference images are constant, so sharpness has no reference value"
    if shape is None or reason:
        return no_score(reason)
    ratio = laplacian_energy(x, shape=shape) / reference_energy
    stderr = ratio.std(ddof=1) / np.sqrt(len(x))
    return Score(ratio.mean(), stderr)


def _prepare(real: Reference) -> Prepared:
    shape = real.data.shape if real.data.is_image else None
    energy = float(laplacian_energy(real.real, shape=shape).mean()) if shape else math.nan
    return Prepared(
        f"{HALF}, pixels", lambda samples: sharpness(samples.x, shape=shape, reference_energy=energy)
    )


SHARPNESS = Metric(
    "sharpness",
    label="sharpness",
    summary=("mean squared Laplacian of the samples over that of the reference; below one is blurred"),
    source="Tolstikhin et al. 2018",
    better="one",
    meaning="mean squared Laplacian as a ratio to real data: 1 is as sharp as real data, less is blurred",
    prepare=_prepare,
    needs="no table",
)
