"""Reference rows: samples in data space, without a latent distribution, against which strategies are read.

- `held-out`: x from the half of the test split that samples are not compared with: the floor of every distance.
- `reconstruction`: x = decode(z), z ~ q(z|x) for those same x: no strategy should beat it by much.
- `copycat`: training examples, n uniform with replacement: best in fidelity, and must be worst in novelty.
- `noise`: every value uniform between the smallest and the largest training value: the ceiling.

Source: controls of this study; `copycat` is the data-copying that :cite:`meehan2020` tests for.

The thread: names none of them. Without them the effect of "sample the prior" or "sample what the encoder learned"
cannot be separated from the decoder's own blur or from memorised data.
"""

import dataclasses
from typing import Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Float

from study.data.base import Dataset
from study.errors import CannotFit, StudyError
from study.latents import Latents
from study.runtime.checks import whole_number
from study.runtime.keys import Key, as_key
from study.strategies.base import Decoder, Need, Rung, with_labels
from study.strategies.parts.draws import shared_draws


@runtime_checkable
class DrawRows(Protocol):
    """The function that draws the samples of a reference row."""

    def __call__(
        self, key: jax.Array, *, data: Dataset, model: Decoder | None, n: int
    ) -> Float[np.ndarray, " {n} D"]:
        """Draw x, float32."""
        ...


@dataclasses.dataclass(frozen=True)
class ReferenceRow:
    """A reference row, called as `reference(key, data=..., model=..., n=...) -> x` float32.

    `needs`, `keeps_data`, `rung`, `version` and `libraries` mean the same as those of a `Strategy`.
    """

    name: str
    summary: str
    source: str
    rows: DrawRows
    needs: tuple[Need, ...] = ()
    keeps_data: bool = False
    rung: Rung | None = None
    version: int = 1
    libraries: tuple[str, ...] = ()

    def __call__(
        self, key: Key, *, data: Dataset, model: Decoder | None, n: int
    ) -> Float[np.ndarray, " {n} D"]:
        """Draw x, float32.

        Raises:
            CannotFit: fewer than n held-out examples, or the model has no encoder where one is needed.
            StudyError: no model where one is needed, n is negative, or the key is invalid.
        """
        key, n = as_key(key), whole_number(n, name="n")
        return self.rows(key, data=data, model=model, n=n).astype(np.float32, copy=False)


def _held_out(key: jax.Array, *, data: Dataset, model: Decoder | None, n: int) -> Float[np.ndarray, " {n} D"]:
    if n > len(data.held_out):
        raise CannotFit(
            f"dataset {data.name!r}: {n} held-out examples requested, but it has {len(data.held_out)}; "
            "take a smaller n"
        )
    return data.held_out[:n]


def _reconstruction(
    key: jax.Array, *, data: Dataset, model: Decoder | None, n: int
) -> Float[np.ndarray, " {n} D"]:
    if model is None:
        raise StudyError("reference 'reconstruction': needs a model to encode and decode with")
    x, labels = _held_out(key, data=data, model=model, n=n), data.held_out_labels
    seen = with_labels(model, None if labels is None else labels[:n])
    codes = Latents(*model.encode(x, *seen))  # which refuses a variance that overflows
    _, epsilon = shared_draws(key, n=n, d=codes.d, components=1)
    return model.decode(codes.mean + np.exp(0.5 * codes.log_var) * epsilon, *seen)


def _copycat(key: jax.Array, *, data: Dataset, model: Decoder | None, n: int) -> Float[np.ndarray, " {n} D"]:
    index, _ = shared_draws(key, n=n, d=1, components=len(data.train))
    return data.train[index]


def _noise(key: jax.Array, *, data: Dataset, model: Decoder | None, n: int) -> Float[np.ndarray, " {n} D"]:
    shape = (n, data.train.shape[1])
    return np.asarray(jax.random.uniform(key, shape, minval=data.train.min(), maxval=data.train.max()))


_CONTROL = "control of this study"

REFERENCES: dict[str, ReferenceRow] = {
    reference.name: reference
    for reference in (
        ReferenceRow(
            "held-out",
            "real test data that nothing is scored against: the floor",
            _CONTROL,
            _held_out,
            rung=Rung(8, "decoder"),
        ),
        ReferenceRow(
            "reconstruction",
            "held-out data through encoder and decoder",
            _CONTROL,
            _reconstruction,
            needs=("model",),
            rung=Rung(7, "codes of test data"),
        ),
        ReferenceRow(
            "copycat",
            "training examples repeated: must lose novelty",
            "Meehan et al. 2020",
            _copycat,
            keeps_data=True,
        ),
        ReferenceRow("noise", "uniform noise between the training extremes", _CONTROL, _noise),
    )
}
