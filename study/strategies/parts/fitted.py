"""The base class of fitted strategies that ignore labels."""

import jax
import numpy as np

from study.runtime.keys import Key, as_key


class Unconditional:
    """A fitted strategy whose draws do not depend on labels; a subclass implements `_sample`."""

    def sample(self, key: Key, *, n: int, labels: np.ndarray | None = None) -> np.ndarray:
        """Draw z `[n, d]` float32, independent; `labels` are ignored.

        Raises:
            StudyError: the key is invalid, or n is negative or not a whole number.
        """
        return self._sample(as_key(key), n)

    def _sample(self, key: jax.Array, n: int) -> np.ndarray:
        raise NotImplementedError
