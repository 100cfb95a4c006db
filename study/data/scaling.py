"""From the user's units to the model's range and back, with statistics of the training split alone."""

import dataclasses

import numpy as np

from study.errors import StudyError

_BLOCK = 4096


@dataclasses.dataclass(frozen=True, eq=False)
class Affine:
    """x = offset + scale * model value. Called, it takes model values `[n, D]` to the user's units, float64.

    Attributes:
        offset, scale: float64, scalars or one per feature `[D]`.
    """

    offset: np.ndarray | float
    scale: np.ndarray | float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Model range `[n, D]` -> user's units `[n, D]` float64."""
        return np.asarray(x, np.float64) * self.scale + self.offset

    def to_model(self, x: np.ndarray) -> np.ndarray:
        """User's units `[n, D]` -> model range `[n, D]` float32."""
        scaled = np.empty(x.shape, np.float32)
        for start in range(0, len(x), _BLOCK):  # in blocks: float64 copies of a large set would not fit
            block = x[start : start + _BLOCK].astype(np.float64)
            scaled[start : start + _BLOCK] = (block - self.offset) / self.scale
        return scaled


def choose_scaling(splits: dict[str, np.ndarray], *, is_table: bool, where: str) -> Affine | None:
    """The map between the user's units and the model's range; None where values are kept as they are.

    Binary values and images in [0, 1] are kept; uint8 is divided by 255; other images go to [0, 1] by the
    least and greatest value in train; a table is standardised feature by feature, a feature that is constant
    in train becoming zero there.

    Args:
        splits: `train`, `validation`, `test`, each `[N, D]` of a boolean or real numeric type.
        is_table: rows of features rather than images.
        where: what error messages call the data.

    Raises:
        StudyError: train holds a single value.
    """
    train = splits["train"]
    low, high = train.min(axis=0), train.max(axis=0)
    if low.min() == high.max():
        raise StudyError(f"{where}: every training value is {low.min()}; give data that vary")
    if all(is_binary(x) for x in splits.values()):
        return None
    if train.dtype == np.uint8:
        return Affine(0.0, 255.0)
    if is_table:
        constant = low == high
        mean = np.where(constant, low, train.mean(axis=0, dtype=np.float64))
        scale = np.where(constant, 1.0, train.std(axis=0, dtype=np.float64))
        return Affine(mean, scale)
    if all(x.min() >= 0 and x.max() <= 1 for x in splits.values()):
        return None
    return Affine(float(low.min()), float(high.max()) - float(low.min()))


def is_binary(x: np.ndarray) -> bool:
    """Whether every value is exactly 0 or 1."""
    return bool(((x == 0) | (x == 1)).all())
