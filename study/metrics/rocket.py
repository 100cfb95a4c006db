"""Random convolutions of windows, the features of a ridge classifier: accurate, fast, and only the ridge is trained."""

import dataclasses

import jax
import numpy as np
from jaxtyping import Bool, Float, Float32

from study.runtime.drawing import generator

KERNELS = 128
_LENGTHS = (7, 9, 11)
_BLOCK = 1024


@dataclasses.dataclass(frozen=True, eq=False)
class Rocket:
    """Random convolution kernels for windows `[T, F]` :cite:`dempster2020`.

    Length 7, 9 or 11 (that of the window if it is shorter), centred normal weights on a random subset of the features,
    bias uniform on [-1, 1], dilation 2^u with u uniform up to the window, zero padding for half of the kernels on
    average. Unlike in the paper, windows are not standardised one by one, since level and spread also distinguish
    samples from data. Centred kernels do not respond to the level, so mean and standard deviation of each feature are
    added to the responses.

    Attributes:
        matrix: `[T * F, K * T]`; a product with it gives the responses of all kernels at all steps.
        bias: of each of K kernels.
        counts: the steps at which a kernel is applied.
    """

    matrix: Float32[np.ndarray, "inputs responses"]
    bias: Float32[np.ndarray, " K"]
    counts: Bool[np.ndarray, "K T"]

    @classmethod
    def draw(cls, key: jax.Array, *, shape: tuple[int, int], kernels: int = KERNELS) -> "Rocket":
        """Draw kernels for windows of this shape."""
        rng = generator(key)
        steps, features = shape
        lengths = [length for length in _LENGTHS if length <= steps] or [steps]
        matrix = np.zeros((kernels, steps, steps, features), np.float32)
        counts = np.zeros((kernels, steps), bool)
        for k in range(kernels):
            length = int(rng.choice(lengths))
            widest = np.log2((steps - 1) / max(length - 1, 1)) if steps > length else 0.0
            offsets = (np.arange(length) - (length - 1) // 2) * int(2 ** rng.uniform(0, widest))
            chosen = rng.permutation(features)[: int(2 ** rng.uniform(0, np.log2(features + 1)))]
            weights = rng.normal(size=(length, len(chosen)))
            weights -= weights.mean(axis=0)
            padded = rng.random() < 0.5
            for t in range(steps):
                inside = (t + offsets >= 0) & (t + offsets < steps)
                matrix[k, t, (t + offsets[inside])[:, None], chosen] = weights[inside]
                counts[k, t] = padded or inside.all()
        flat = matrix.reshape(kernels * steps, steps * features).T
        return cls(np.ascontiguousarray(flat), rng.uniform(-1, 1, kernels).astype(np.float32), counts)

    def features(self, x: Float[np.ndarray, "n inputs"]) -> Float32[np.ndarray, "n f"]:
        """Per kernel the share of positive responses and the largest one; per feature mean and standard deviation.

        For windows of T * F inputs these are 2 K + 2 F features.
        """
        steps = self.counts.shape[1]
        found = []
        for start in range(0, len(x), _BLOCK):
            block = x[start : start + _BLOCK].astype(np.float32, copy=False)
            responses = (block @ self.matrix).reshape(len(block), *self.counts.shape) + self.bias[:, None]
            positive = ((responses > 0) & self.counts).sum(axis=2) / self.counts.sum(axis=1)
            largest = np.where(self.counts, responses, -np.inf).max(axis=2)
            windows = block.reshape(len(block), steps, -1)
            columns = [positive, largest, windows.mean(axis=1), windows.std(axis=1)]
            found.append(np.concatenate(columns, axis=1, dtype=np.float32))
        return np.concatenate(found)
