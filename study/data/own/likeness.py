"""Whether neighbours on a grid are more alike than other pairs: what tells pictures from tables and windows."""

import numpy as np

ALIKE = 0.7  # pixels: neighbours differ by at most this share of what any two values of a line differ
_ROWS = 256  # examples that are looked at
_COLOURS = 3


def roughness(x: np.ndarray, axis: int) -> float:
    """Mean squared difference of neighbours along an axis over that of any two values of the same line.

    It is about 1 where the order along the axis has no meaning, and small in pictures along both axes; NaN if nothing
    varies along the axis.

    Args:
        x: examples `[N, ...]`; the first few hundred, evenly spaced, are looked at.
        axis: 1 or more.
    """
    some = np.moveaxis(x[:: max(1, len(x) // _ROWS)].astype(np.float64), axis, -1)
    n = some.shape[-1]
    if n < 2:
        return float("nan")
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        neighbours = np.square(np.diff(some, axis=-1)).mean()
        pairs = 2 * some.var(axis=-1).mean() * n / (n - 1)
        return float(np.divide(neighbours, pairs))


def picture_shape(x: np.ndarray, *, least_side: int) -> tuple[int, ...] | None:
    """The shape of square pictures, grey or in three colours, whose pixels are the columns of `x` `[N, D]`.

    Returns:
        `(side, side)`, `(side, side, 3)` with channels last, or `(3, side, side)`; None if D is no such number, or
        neighbours on that grid are not alike.
    """
    d = x.shape[1]
    grey, colour = (round((d / channels) ** 0.5) for channels in (1, _COLOURS))
    shapes: list[tuple[tuple[int, ...], tuple[int, int]]] = []
    if grey**2 == d and grey >= least_side:
        shapes.append(((grey, grey), (1, 2)))
    if _COLOURS * colour**2 == d and colour >= least_side:
        shapes += [((colour, colour, _COLOURS), (1, 2)), ((_COLOURS, colour, colour), (2, 3))]
    best: tuple[float, tuple[int, ...] | None] = (ALIKE, None)
    for shape, axes in shapes:
        rough = max(roughness(x.reshape(len(x), *shape), axis) for axis in axes)
        if rough < best[0]:
            best = rough, shape
    return best[1]
