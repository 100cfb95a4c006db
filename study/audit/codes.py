"""The codes of the data under the audited model, after what its encoder returns has been made out."""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from study.audit.model import NOISE_FREE, AuditedModel, Function
from study.audit.readings import MEANT, MEND, Read, Reading, read
from study.data.base import Dataset
from study.errors import StudyError
from study.latents import Latents
from study.scoring.encode import Encoded, encode

Decode = Callable[[np.ndarray, np.ndarray], np.ndarray]  # z, and the row of each z's example -> x
TRIED = 256  # training examples whose reconstructions are compared
BETTER = 0.5  # of the error: what another order of outputs, or other units, must bring it down to
UNITS = (  # of the decoder's output, and how the data would be stored then
    ("255 times its output", lambda x: 255 * x, "divide the data by 255"),
    ("its output divided by 255", lambda x: x / 255, "multiply the data by 255"),
    ("(output + 1) / 2", lambda x: (x + 1) / 2, "store the data as 2 x - 1"),
    ("2 × output - 1", lambda x: 2 * x - 1, "store the data as (x + 1) / 2"),
    ("the logistic function of its output", expit, "export the decoder with its sigmoid"),
)  # fmt: skip


@dataclasses.dataclass(frozen=True, eq=False)
class Codes:
    """What the encoder returned.

    Attributes:
        model: the audited model, whose `encode` gives means and log-variances.
        encoded: posteriors of train, validation and held-out data.
        read: what the second output was found to be; None if there is none.
        notes: what a reader must know.
    """

    model: AuditedModel
    encoded: Encoded
    read: Read | None
    notes: tuple[str, ...]


def codes_of(model: AuditedModel, data: Dataset, *, reading: Reading | None, assumed: bool) -> Codes:
    """Encode the data set, and check that codes and data are what they are taken for.

    Args:
        model: as given.
        data: the data set.
        reading: what the second output is, if the user says so.
        assumed: whether the order of the two outputs is a guess.

    Raises:
        StudyError: the outputs look swapped although the user named them, the decoder's output is in other units than
            the data, or codes cannot be used.
    """
    mean, second = model.raw(data.train, data.train_labels)
    notes: list[str] = []
    labels = data.train_labels

    def decode(z: Float[np.ndarray, "n d"], rows: np.ndarray) -> Float[np.ndarray, "n D"]:
        return model.decode(np.float32(model.scale) * z, None if labels is None else labels[rows])

    if second is not None:
        swapped = _swapped(decode, data.train, mean, second)
        if swapped and not assumed:
            raise StudyError(
                "encode: its second output reconstructs the data and its first does not, so they look swapped; give "
                "--mu and --log-var the other way round"
            )
        if swapped:
            model = dataclasses.replace(model, encoder=_exchanged(model.encoder))
            mean, second = second, mean
        if assumed:
            order = "the second output is the mean and the first the log-variance" if swapped else (
                "the first output is the mean and the second the log-variance"
            )  # fmt: skip
            notes.append(f"no name tells the outputs apart; by their reconstructions, {order}")
    found: Read | None = None
    if second is None:
        model = dataclasses.replace(
            model, floor=float(np.log(NOISE_FREE * max(float(mean.var(0).mean()), 1e-12)))
        )
        notes.append(
            f"codes have no noise; they are given a variance of {np.exp(model.floor):.2g} to have densities"
        )
    elif reading is None:
        found = read(mean, second, decode)
        model = dataclasses.replace(model, reading=found.reading)
        if found.reading != "log-variance":
            notes.append(f"the second output was read as {MEANT[found.reading]}: {MEND[found.reading]}")
    else:
        model = dataclasses.replace(model, reading=reading)
    train = Latents(*model.scaled(mean, second), data.train_labels)
    rest = [
        encode(model, getattr(data, part), labels=getattr(data, f"{part}_labels"))
        for part in ("validation", "held_out")
    ]
    _check_units(decode, data.train, mean)
    return Codes(model, Encoded(train, *rest), found, tuple(notes))


def _error(x: np.ndarray, output: np.ndarray) -> float:
    return float(np.square(x.astype(np.float64) - output).mean())


def _swapped(decode: Decode, x: np.ndarray, mean: np.ndarray, second: np.ndarray) -> bool:
    """Whether the second output reconstructs much better than the first, and better than the mean of the data."""
    rows = np.arange(min(TRIED, len(x)))
    first, other = (_error(x[rows], decode(one[rows], rows)) for one in (mean, second))
    return other < BETTER * first and other < _error(x[rows], x.mean(0))


def _check_units(decode: Decode, x: np.ndarray, mean: np.ndarray) -> None:
    rows = np.arange(min(TRIED, len(x)))
    output = decode(mean[rows], rows).astype(np.float64)
    own = _error(x[rows], output)
    for what, change, mend in UNITS:
        if _error(x[rows], change(output)) < BETTER * BETTER * own:
            raise StudyError(
                f"decode: {what} reconstructs the data with less than a quarter of its error, so data and model are "
                f"in different units; {mend}"
            )


def _exchanged(encoder: Function) -> Function:
    def exchanged(*given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, second = encoder(*given)
        return second, first

    return exchanged
