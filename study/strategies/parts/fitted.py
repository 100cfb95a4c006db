"""The base class of fitted strategies that ignore labels."""

import warnings
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Float32, Integer

from study.runtime.brief import Brief
from study.runtime.keys import Key, as_key


class Unconditional(Brief):
    """A fitted strategy whose draws do not depend on labels; a subclass implements `_sample`."""

    info: Mapping[str, Any]

    def sample(
        self, key: Key, *, n: int, labels: Integer[np.ndarray, " n"] | None = None
    ) -> Float32[np.ndarray, " {n} d"]:
        """Draw z, independent. `labels` play no part, of which a warning tells.

        Raises:
            StudyError: the key is invalid, or n is negative or not a whole number.
        """
        key = as_key(key)
        if labels is not None:
            warnings.warn(
                f"strategy {self.info.get('strategy', type(self).__name__)!r}: labels play no part in its draws; "
                "'class-posterior' draws from requested classes",
                stacklevel=2,
            )
        return self._sample(key, n)

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        raise NotImplementedError
