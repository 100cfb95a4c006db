"""What fitted strategies share that draw whatever labels are asked for."""

import jax
import numpy as np

from study.runtime.keys import Key, as_key


class Unconditional:
    """A fitted strategy whose draws no label changes; a subclass writes `_sample`."""

    def sample(self, key: Key, *, n: int, labels: np.ndarray | None = None) -> np.ndarray:
        """Draw z `[n, d]` float32, independent; `labels` play no part in an unconditional draw.

        Raises:
            StudyError: a wrong key, or n is negative or no whole number.
        """
        return self._sample(as_key(key), n)

    def _sample(self, key: jax.Array, n: int) -> np.ndarray:
        raise NotImplementedError
