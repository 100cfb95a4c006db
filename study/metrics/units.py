"""Whether samples are in other units than the data that they are compared with."""

import numpy as np
from jaxtyping import Num

from study.data.base import Dataset
from study.data.scaling import Affine

_CLOSER = 3.0  # by this factor samples lie closer to the data after a conversion than before
_AWAY = 0.5  # standard deviations of the data, between means
_WIDE = 10.0  # standard deviations of the data, within samples


def other_units(x: Num[np.ndarray, "n D"], data: Dataset) -> str:
    """Why samples x seem to be in other units than the model's range; empty if they do not.

    They seem to be in the user's units if converting them to the model's range brings the means of columns three times
    closer to those of the training data, and in unknown units if they spread ten times as wide as the data. Samples of
    a bad model may do so too, so this is a reason for a warning and not for an error.
    """
    if not np.isfinite(x).all():
        return ""
    train = data.train
    spread = float(train.std(dtype=np.float64)) or 1.0
    mean = train.mean(axis=0, dtype=np.float64)
    away = float(np.abs(x.mean(axis=0, dtype=np.float64) - mean).mean()) / spread
    told = (
        f"samples lie in {x.min():.3g} to {x.max():.3g}, the data in {train.min():.3g} to {train.max():.3g}"
    )
    if isinstance(data.inverse, Affine) and away > _AWAY:
        converted = data.inverse.to_model(x).mean(axis=0, dtype=np.float64)
        if float(np.abs(converted - mean).mean()) / spread < away / _CLOSER:
            return f"{told}: they seem to be in the units of the file; give data.inverse.to_model(samples)"
    if float(x.std(dtype=np.float64)) > _WIDE * spread:
        return f"{told}: they seem to be in other units; give samples in the range of data.train"
    return ""
