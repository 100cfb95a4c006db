"""Was training long enough? By how much the validation loss fell over the last tenth of it, and how sure that is."""

import dataclasses
import math

import numpy as np

SHARE = 0.1  # of the epochs, over which the fall is stated
FEWEST = 8  # epochs that the slope is estimated from, at least
SURE, MATTERS = 2.0, 1e-3  # standard errors, and the share of the loss, that a fall must exceed


@dataclasses.dataclass(frozen=True)
class Convergence:
    """The end of a training.

    Attributes:
        fall: by how much the validation loss fell over the last tenth of the epochs, in nats; negative if it rose.
        stderr: its standard error, for the noise of single epochs.
        loss: the mean validation loss over the epochs that this comes from, in nats.
        epochs: how many these are; 0 if the training was too short to tell, and then the numbers are NaN.
    """

    fall: float
    stderr: float
    loss: float
    epochs: int

    @property
    def still_falling(self) -> bool:
        """Whether the fall is more than two standard errors and more than 0.1 % of the loss."""
        return self.fall > SURE * self.stderr and self.fall > MATTERS * abs(self.loss)


def convergence(losses: np.ndarray, *, alpha: float, beta: float) -> Convergence:
    """The fall of α·D + β·R on validation data over the last tenth of the epochs.

    The slope of a line through the last tenth of the epochs, or the last 8 if these are more, times the length of that
    tenth. The standard error is that of least squares, widened for noise that lasts from epoch to epoch by
    √((1 + ρ)/(1 − ρ)), where ρ is the residuals' correlation with those one epoch before. That
    estimate is too low by about (2 + 4ρ)/n after a line is fitted to n epochs, which is added; below 0 it counts as 0.

    Args:
        losses: `[epochs, 2, 2]` as in `TrainedModel.losses`: epoch × (train, validation) × (D, R), means over examples.
        alpha, beta: the weights of D and R; for sigma-vae that of D is α/(2σ²).
    """
    values = np.asarray(losses, np.float64)[:, 1] @ np.array([alpha, beta])
    n = max(math.ceil(SHARE * len(values)), FEWEST)
    if len(values) < n:
        return Convergence(math.nan, math.nan, math.nan, 0)
    values = values[-n:]
    time = np.arange(n) - (n - 1) / 2
    slope = float(time @ values / (time @ time))
    rest = values - values.mean() - slope * time
    square = float(rest @ rest)
    lasting = float(rest[1:] @ rest[:-1]) / square if square else 0.0
    lasting = min(max(lasting + (2 + 4 * lasting) / n, 0.0), 0.9)
    stderr = math.sqrt(square / (n - 2) / (time @ time) * (1 + lasting) / (1 - lasting))
    length = SHARE * len(losses)
    return Convergence(-slope * length, stderr * length, float(values.mean()), n)
