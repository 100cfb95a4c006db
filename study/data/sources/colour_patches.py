"""Patches of two photographs that scikit-learn bundles :cite:`pedregosa2011`: real, in colour, small, offline.

The photographs, of a temple in China and of a flower, are cut into squares of 64 by 64 pixels, and these into patches
of 16 by 16 without overlap. All patches of a square go into one split, so that no pixel is in two splits, and only
patches at the rim of a square have neighbours in another.
"""

import numpy as np

from study.config.data import DataConfig
from study.data.base import Dataset
from study.data.own.arrays import from_arrays
from study.data.splits import split_rows

SUMMARY = "16x16 colour patches of two photographs, 2,080 of them, bundled with scikit-learn"
SOURCE = "two sample photographs of scikit-learn (CC BY 2.0, by danielbuechele and vultilion)"
SIDE, SQUARE = 16, 64  # pixels
PHOTOGRAPHS = ("china", "flower")


def patches() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All patches `[N, 16, 16, 3]` uint8, the photograph of each `[N]` and its square `[N]`, both whole numbers."""
    from sklearn.datasets import load_sample_image

    found, photographs = [], []
    squares: list[np.ndarray] = []
    for number, name in enumerate(PHOTOGRAPHS):
        photograph = np.asarray(load_sample_image(f"{name}.jpg"))
        rows, columns = (n // SIDE for n in photograph.shape[:2])
        grid = photograph[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE, 3)
        found.append(grid.transpose(0, 2, 1, 3, 4).reshape(rows * columns, SIDE, SIDE, 3))
        row, column = np.divmod(np.arange(rows * columns), columns)
        per_square = SQUARE // SIDE
        across = -(-columns // per_square)
        start = 0 if not squares else int(squares[-1].max()) + 1
        squares.append(start + row // per_square * across + column // per_square)
        photographs.append(np.full(rows * columns, number))
    return np.concatenate(found), np.concatenate(photographs), np.concatenate(squares)


def load(*, seed: int) -> Dataset:
    """Patches in [0, 1], shape (16, 16, 3), two classes: which photograph a patch comes from.

    Args:
        seed: decides which squares go into which split, and the order of patches.
    """
    x, photograph, square = patches()
    _, first = np.unique(square, return_index=True)
    names = np.array(PHOTOGRAPHS)
    rng = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {}
    for split, chosen in split_rows(len(first), seed=seed, labels=photograph[first])._asdict().items():
        rows = rng.permutation(np.flatnonzero(np.isin(square, chosen)))
        arrays |= {split: x[rows], f"{split}_labels": names[photograph[rows]]}
    return from_arrays(
        arrays, name="colour-patches", seed=seed, source=SOURCE, options=DataConfig(kind="image")
    )
