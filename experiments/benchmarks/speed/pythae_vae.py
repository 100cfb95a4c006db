"""Models and samplers of pythae with the layers of ours."""

from typing import Any

import numpy as np
import torch
from pythae.models import BetaVAE, BetaVAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.pipelines import TrainingPipeline
from pythae.samplers import (
    GaussianMixtureSampler,
    GaussianMixtureSamplerConfig,
    MAFSampler,
    MAFSamplerConfig,
    NormalSampler,
    TwoStageVAESampler,
    TwoStageVAESamplerConfig,
)
from pythae.trainers import BaseTrainerConfig
from torch import nn


class Encoder(BaseEncoder):
    """One hidden layer, then mean and log-variance."""

    def __init__(self, size: int, latent_dim: int, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(size, hidden), nn.ReLU())
        self.mean, self.log_var = nn.Linear(hidden, latent_dim), nn.Linear(hidden, latent_dim)

    def forward(self, x: torch.Tensor) -> ModelOutput:
        """Of x `[n, D]`."""
        h = self.hidden(x)
        return ModelOutput(embedding=self.mean(h), log_covariance=self.log_var(h))


class Decoder(BaseDecoder):
    """One hidden layer, then x."""

    def __init__(self, size: int, latent_dim: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, size))

    def forward(self, z: torch.Tensor) -> ModelOutput:
        """Of z `[n, d]`."""
        return ModelOutput(reconstruction=self.layers(z))


def build(size: int, latent_dim: int, hidden: int, *, beta: float = 1.0) -> BetaVAE:
    """A VAE with the loss ½ SSE + β KL."""
    config = BetaVAEConfig(input_dim=(size,), latent_dim=latent_dim, beta=beta, reconstruction_loss="mse")
    return BetaVAE(config, Encoder(size, latent_dim, hidden), Decoder(size, latent_dim, hidden))


def train(
    model: BetaVAE,
    x: torch.Tensor,
    validation: torch.Tensor,
    *,
    epochs: int,
    batch: int,
    learning_rate: float,
) -> None:
    """Train by pythae's pipeline, which keeps the parameters of the best epoch."""
    config = _trainer(epochs=epochs, batch=batch, learning_rate=learning_rate)
    TrainingPipeline(model, config)(train_data=x, eval_data=validation)


def _trainer(*, epochs: int, batch: int, learning_rate: float, **further: Any) -> BaseTrainerConfig:
    return BaseTrainerConfig(
        output_dir=".", per_device_train_batch_size=batch, per_device_eval_batch_size=batch, num_epochs=epochs,
        learning_rate=learning_rate, **further,
    )  # fmt: skip


class _Codes(BaseEncoder):
    """The mean and log-variance that an example holds side by side, shifted."""

    def __init__(self, shift: torch.Tensor) -> None:
        super().__init__()
        self.shift = shift

    def forward(self, x: torch.Tensor) -> ModelOutput:
        mean, log_var = (x + self.shift).chunk(2, dim=1)
        return ModelOutput(embedding=mean, log_covariance=log_var)


class _Same(BaseDecoder):
    def forward(self, z: torch.Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=z)


class _HandingThrough(BetaVAE):
    def loss_function(self, *_: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (torch.zeros(()),) * 3


def handing_through(mean: np.ndarray, log_var: np.ndarray) -> tuple[BetaVAE, torch.Tensor]:
    """A model whose codes are given, and the data that it encodes: both moments, shifted to be positive."""
    both = torch.tensor(np.hstack([mean, log_var]))
    shift = both.amin(0)
    d = mean.shape[1]
    config = BetaVAEConfig(input_dim=(2 * d,), latent_dim=d)
    model = _HandingThrough(config, _Codes(shift), _Same())
    model.latent_dim = d  # which the two-stage sampler reads
    return model, both - shift


def sampler(name: str, model: BetaVAE, data: torch.Tensor, **settings: Any) -> Any:
    """A fitted sampler: "normal", "gmm", "maf" or "two-stage"."""
    trained = {key: settings.pop(key) for key in ("epochs", "batch", "learning_rate") if key in settings}
    match name:
        case "normal":
            made: Any = NormalSampler(model)
            made.fit(data)
        case "gmm":
            made = GaussianMixtureSampler(model, GaussianMixtureSamplerConfig(**settings))
            made.fit(data)
        case "maf":
            made = MAFSampler(model, MAFSamplerConfig(**settings))
            made.fit(data, training_config=_trainer(**trained, keep_best_on_train=True))
        case "two-stage":
            made = TwoStageVAESampler(model, TwoStageVAESamplerConfig(**settings))
            made.fit(data, training_config=_trainer(**trained, keep_best_on_train=True))
        case _:
            raise ValueError(name)
    return made
