"""Digits, a model trained on them here, and the same model as files."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from sklearn.datasets import load_digits

from study import TrainConfig, VAEConfig, train
from study.audit.files import Files
from study.audit.given import Examples, checked, dataset_of
from study.training import TrainedModel
from tests.audit.networks import exported


class Made(NamedTuple):
    """A model, its data, and the folder of its files."""

    model: TrainedModel
    examples: Examples
    folder: Path

    def files(self, **changes: object) -> Files:
        """The paths, as `study audit` is given them."""
        given = {name: self.folder / f"{name}.npz" for name in ("train", "test")}
        given |= {name: self.folder / f"{name}.onnx" for name in ("encoder", "decoder")}
        return Files(**{**given, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """1,197 training and 600 test digits, and a VAE of 4 latents trained for a few seconds."""
    folder = tmp_path_factory.mktemp("audited")
    bunch = load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.data))
    x, y = (bunch.images[order] / 16).astype(np.float32), bunch.target[order]
    examples = checked(x[600:], x[:600], (y[600:], y[:600]))
    np.savez(folder / "train.npz", x=x[600:], y=y[600:])
    np.savez(folder / "test.npz", x=x[:600], y=y[:600])
    data, _ = dataset_of(examples, axes=None, name="train", source="made")
    config = VAEConfig(latent_dim=4, hidden=(64,))
    model = train(data, config, alpha=10.0, training=TrainConfig(steps=1500, learning_rate=3e-3))
    exported(model, folder)
    return Made(model, examples, folder)
