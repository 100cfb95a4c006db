"""The base class of fitted strategies that ignore labels."""

import jax
import numpy as np
from jaxtyping import Float32, Integer

from study.runtime.keys import Key, as_key


class Unconditional:
    """A fitted strategy whose draws do not depend on labels; a subclass implements `_sample`."""

    def sample(
        self, key: Key, *, n: int, labels: Integer[np.ndarray, " n"] | None = None
    ) -> Float32[np.ndarray, " {n} d"]:
        """Draw z, independent; `labels` are ignored.

        Raises:
            StudyError: the key is invalid, or n is negative or not a whole number.
        """
        return self._sample(as_key(key), n)

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        raise NotImplementedError
