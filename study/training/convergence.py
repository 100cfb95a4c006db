"""Was training long enough? By how much the validation loss fell over the last tenth of it, and how sure that is.

A decaying step size stops the loss from falling, whether or not the optimum is reached: a linear VAE on digits whose
rate was 8.75 nats of 10.70 had lost 0.005 ± 0.011 nats over its last epochs. Training is therefore measured by the sum
of its step sizes, not by its epochs. The last tenth of a decay along half a cosine is the last 40 % of the epochs.
"""

import dataclasses
import math

import numpy as np
from jaxtyping import Float

SHARE = 0.1  # of the sum of step sizes, over which the fall is stated
FEWEST = 8  # epochs that the slope is estimated from, at least
SURE = 2.0  # standard errors that a fall must exceed
MATTERS = 5e-3  # share of the loss that a change must exceed to count


@dataclasses.dataclass(frozen=True)
class Convergence:
    """The end of a training.

    Attributes:
        fall: by how much the validation loss fell over the last tenth of training, in nats; negative if it rose.
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
        """Whether the fall is more than two standard errors and more than 0.5 % of the loss."""
        return self.fall > SURE * self.stderr and self.fall > MATTERS * abs(self.loss)


def convergence(
    losses: Float[np.ndarray, "epochs 2 2"], *, alpha: float, beta: float, decay: int = 0
) -> Convergence:
    """The fall of α·D + β·R on validation data over the last tenth of training.

    The slope of a line through the last tenth of training, or the last 8 epochs if these are more, against the sum of
    step sizes, times the length of that tenth. The standard error is that of least squares, widened for noise that
    lasts from epoch to epoch by √((1 + ρ)/(1 − ρ)), where ρ is the residuals' correlation with those one epoch before.
    That estimate is too low by about (2 + 4ρ)/n after a line is fitted to n epochs, which is added; below 0 it counts
    as 0.

    Args:
        losses: as in `TrainedModel.losses`: epoch × (train, validation) × (D, R), means over examples.
        alpha, beta: the weights of D and R; for sigma-vae that of D is α/(2σ²).
        decay: as in `TrainedModel`.
    """
    values = np.asarray(losses, np.float64)[:, 1] @ np.array([alpha, beta])
    if len(values) < FEWEST:
        return Convergence(math.nan, math.nan, math.nan, 0)
    done = np.cumsum(_sizes(len(values), decay))
    length = float(SHARE * done[-1])
    n = max(int((done > (1 + 1e-9) * (done[-1] - length)).sum()), FEWEST)
    values, time = values[-n:], done[-n:] - done[-n:].mean()
    slope = float(time @ values / (time @ time))
    rest = values - values.mean() - slope * time
    square = float(rest @ rest)
    lasting = float(rest[1:] @ rest[:-1]) / square if square else 0.0
    lasting = min(max(lasting + (2 + 4 * lasting) / n, 0.0), 0.9)
    stderr = math.sqrt(square / (n - 2) / (time @ time) * (1 + lasting) / (1 - lasting))
    return Convergence(-slope * length, stderr * length, float(values.mean()), n)


def _sizes(epochs: int, decay: int) -> Float[np.ndarray, " {epochs}"]:
    """The mean step size of each epoch, relative to the first step."""
    if not decay:
        return np.ones(epochs)
    return 0.5 * (1 + np.cos(np.pi * (np.arange(epochs) + 0.5) / decay))
