"""A model that somebody else trained, behind the interface of one that was trained here."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Integer

from study.audit.layout import Layout
from study.audit.readings import Reading, as_log_var
from study.errors import StudyError
from study.models.likelihoods import Likelihood

BLOCK = 512  # examples that are given to a function at a time
Function = Callable[..., Any]
NOISE_FREE = 1e-6  # variance of a code without noise, relative to the mean variance of codes


@dataclasses.dataclass(frozen=True, eq=False)
class AuditedModel:
    """Encoder and decoder as functions of NumPy arrays, called in blocks and checked at every call.

    A code z of the strategies is `scale` times the encoder's own; the decoder is given z / scale in its own shape.

    Attributes:
        encoder: x `[n, *given]`, and labels if `conditional`, -> mean and a second output, or the mean alone.
        decoder: z `[n, *shape]`, and labels if `conditional`, -> x.
        layout: axes of x.
        shape: of one code.
        scale: see above.
        reading: what the encoder's second output is.
        floor: the log-variance of every code, if the encoder has no second output.
        classes: the user's name of each class, in the order of the data set's numbers; None if not `conditional`.
    """

    encoder: Function
    decoder: Function
    layout: Layout
    shape: tuple[int, ...]
    scale: float = 1.0
    reading: Reading = "log-variance"
    floor: float = 0.0
    classes: np.ndarray | None = None

    likelihood: Likelihood = dataclasses.field(default="gaussian", init=False)

    @property
    def conditional(self) -> bool:
        """Whether the functions take labels."""
        return self.classes is not None

    @property
    def latent_dim(self) -> int:
        """Dimensions of a code, flattened."""
        return int(np.prod(self.shape))

    def encode(
        self, x: Float[np.ndarray, "N D"], labels: Integer[np.ndarray, " N"] | None = None
    ) -> tuple[Float32[np.ndarray, "N d"], Float32[np.ndarray, "N d"]]:
        """Mean and log-variance of q(z|x), in the scale of the strategies.

        Raises:
            StudyError: the encoder fails, or its outputs cannot be used.
        """
        mean, second = self.raw(x, labels)
        return self.scaled(mean, second)

    def raw(
        self, x: Float[np.ndarray, "N D"], labels: Integer[np.ndarray, " N"] | None = None
    ) -> tuple[Float32[np.ndarray, "N d"], Float32[np.ndarray, "N d"] | None]:
        """The encoder's outputs as they are, flattened."""
        found = _blocks(self.encoder, x, self._named(labels), self.layout.examples, "encode")
        means, seconds = zip(*(_pair(one, self.shape) for one in found), strict=True)
        return np.concatenate(means), None if seconds[0] is None else np.concatenate(seconds)

    def scaled(
        self, mean: Float[np.ndarray, "N d"], second: Float[np.ndarray, "N d"] | None
    ) -> tuple[Float32[np.ndarray, "N d"], Float32[np.ndarray, "N d"]]:
        """Mean and log-variance from `raw` outputs."""
        log_var = np.full_like(mean, self.floor) if second is None else as_log_var(second, self.reading)
        shift = np.float32(2 * np.log(self.scale))
        return np.float32(self.scale) * mean, (log_var + shift).astype(np.float32)

    def decode(
        self, z: Float[np.ndarray, "n d"], labels: Integer[np.ndarray, " n"] | None = None
    ) -> Float32[np.ndarray, "n D"]:
        """The decoder's output as rows of the data set.

        Raises:
            StudyError: the decoder fails, or its output is not an example for each code.
        """

        def shaped(rows: np.ndarray) -> np.ndarray:
            return (rows / np.float32(self.scale)).astype(np.float32, copy=False).reshape(-1, *self.shape)

        found = _blocks(self.decoder, z, self._named(labels), shaped, "decode")
        parts = [self.layout.output(_array(one, "decode"), where="decode") for one in found]
        return np.concatenate(parts).astype(np.float32, copy=False)

    def first_shape(self, *given: np.ndarray) -> tuple[int, ...]:
        """The shape of one code, from the encoder's output for a few examples `[k, *given]` and labels."""
        found = _blocks(self.encoder, given[0], given[1] if len(given) > 1 else None, lambda x: x, "encode")
        _pair(found[0], ())
        first = found[0][0] if isinstance(found[0], tuple | list) else found[0]
        return tuple(_array(first, "encode").shape[1:])

    def _named(self, labels: np.ndarray | None) -> np.ndarray | None:
        """Classes by the user's names, or None if the model does not see them."""
        if self.classes is None:
            return None
        if labels is None:
            raise StudyError(
                "audit: the model takes labels, but none are there; give labels of train and test"
            )
        return self.classes[labels]


def _blocks(
    function: Function,
    rows: np.ndarray,
    labels: np.ndarray | None,
    shaped: Callable[[np.ndarray], np.ndarray],
    name: str,
) -> list[Any]:
    """The function's outputs, block by block; no rows are one empty block."""
    found = []
    for start in range(0, max(len(rows), 1), BLOCK):
        part = slice(start, start + BLOCK)
        given = shaped(rows[part])
        more = () if labels is None else (labels[part],)
        try:
            output = function(given, *more)
        except StudyError:
            raise
        except Exception as error:
            told = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise StudyError(f"{name}: fails on {given.dtype} {list(given.shape)} ({told})") from error
        first = output[0] if isinstance(output, tuple | list) else output
        if len(_array(first, name)) != len(given):
            raise StudyError(
                f"{name}: gives {len(_array(first, name))} rows for {len(given)}; give one row for each row of the "
                "input"
            )
        found.append(output)
    return found


def _array(value: Any, name: str) -> np.ndarray:
    """An output as an array of numbers."""
    try:
        found = np.asarray(value)
    except Exception as error:  # a tensor that still has gradients, or lies on another device
        raise StudyError(
            f"{name}: its output is no NumPy array ({type(value).__name__}); end it with .detach().cpu().numpy()"
        ) from error
    if found.dtype.kind not in "fiub" or found.ndim < 2:
        raise StudyError(
            f"{name}: its output must be numbers [n, ...], got {found.dtype} {list(found.shape)}"
        )
    return found.astype(found.dtype.newbyteorder("="), copy=False)


def _pair(output: Any, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray | None]:
    """Mean and second output of one block, flattened, float32."""
    if not isinstance(output, tuple | list):
        output = (output,)
    if len(output) not in (1, 2):
        raise StudyError(
            f"encode: gives {len(output)} outputs; give mean and log-variance, or the mean alone"
        )
    arrays = [_array(one, "encode") for one in output]
    if shape and arrays[0].shape[1:] != shape:
        raise StudyError(
            f"encode: codes have the shape {list(arrays[0].shape[1:])}, the decoder takes {list(shape)}"
        )
    if len(arrays) == 2 and arrays[1].shape != arrays[0].shape:
        raise StudyError(
            f"encode: mean {list(arrays[0].shape)} and log-variance {list(arrays[1].shape)} differ in shape"
        )
    flat = [one.reshape(len(one), -1).astype(np.float32) for one in arrays]
    for name, one in zip(("mean", "log-variance"), flat, strict=False):
        if not np.isfinite(one).all():
            row = int((~np.isfinite(one)).any(1).argmax())
            raise StudyError(
                f"encode: {name} holds values that are not finite, the first at row {row} of a block"
            )
    return flat[0], flat[1] if len(flat) == 2 else None
