"""The configuration of a training run."""

import dataclasses
from typing import Any, Literal

from study.config.fields import MOST, POSITIVE, POSITIVE_FLOAT, Limits, check
from study.config.serialise import to_dict

TRAINING_LIMITS = {
    "steps": Limits(1, 100_000_000, "must be positive"),
    "batch_size": POSITIVE,
    "learning_rate": POSITIVE_FLOAT,
    "kl_warmup": Limits(0, 1, "is a share of the steps, 0 to 1"),
    "patience": Limits(0, MOST, "is a number of epochs, or 0 to switch it off"),
}


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """How a model is trained.

    Attributes:
        steps: the most optimiser steps, rounded up to whole epochs.
        batch_size: examples per step; the whole training set if that is smaller.
        learning_rate: Adam's step size; traced, so that it may differ between the cells of one program.
        schedule: "cosine" decay to zero over all steps, or "constant".
        kl_warmup: share of the steps over which β rises linearly from 0 :cite:`bowman2016`; 0 is off.
        binarise: each step draws new binary examples from Bernoulli(x), x in [0, 1], as :cite:`burda2016` does; all
            measurements use data that were binarised once (`study.data.binarised`).
        patience: epochs, counted from the end of the warm-up, after which training stops if none of them had a
            validation loss within 0.5 % of the lowest so far; the parameters are those of the last epoch that had
            :cite:`prechelt1998`. 0 is off. A family without an encoder has no loss that tells when to stop, and is
            always trained to the end.
    """

    steps: int = 40_000
    batch_size: int = 128
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "cosine"
    kl_warmup: float = 0.0
    binarise: bool = False
    patience: int = 100

    def __post_init__(self) -> None:
        check(self, TRAINING_LIMITS)

    @property
    def deciding(self) -> dict[str, Any]:
        """The settings that affect a training run, as plain values: all of them."""
        return to_dict(self)

    def epochs(self, n: int) -> int:
        """The fewest whole epochs over n examples that have at least `steps` steps."""
        return -(-self.steps // self.steps_per_epoch(n))

    def steps_per_epoch(self, n: int) -> int:
        """Steps per epoch over n examples; the last, incomplete batch is left out, with other examples each epoch."""
        return max(1, n // min(self.batch_size, n))
