"""Digits, a model trained on them in a second, its codes, and strategies compared on it."""

from typing import NamedTuple

import pytest

import study
from study.data.base import Dataset
from study.latents import Latents
from study.notebook.compare import Comparison
from study.training import TrainedModel

STRATEGIES = ("prior", "posterior", "gaussian-full")


class Made(NamedTuple):
    """What the tests look at."""

    data: Dataset
    model: TrainedModel
    codes: dict[str, Latents]
    found: Comparison


@pytest.fixture(scope="session")
def made() -> Made:
    data = study.load_dataset("digits")
    training = study.TrainConfig(steps=600, learning_rate=3e-3)
    model = study.train(data, study.VAEConfig(latent_dim=4, hidden=(64,)), alpha=10.0, training=training)
    codes = {
        split: study.encode(model, getattr(data, split), labels=getattr(data, f"{split}_labels"))
        for split in ("train", "validation", "test")
    }
    found = study.compare(model, data, strategies=STRATEGIES, evaluations=2)
    return Made(data, model, codes, found)
