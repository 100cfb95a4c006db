"""The study on digits as one writes it with pythae and prdc: one model after the other, one strategy after the other.

    python -m experiments.benchmarks.speed.peer_study --models 45

Trained by pythae with the network, batches, epochs and step size of ours. `prior` and `gmm` (with ten components, since
it does not choose their number) are drawn by pythae's samplers; it has none of the other strategies, which are ours, on
codes of its encoder. Precision, recall, density and coverage are those of prdc, in two calls, since they have two
values of k; it has none of the other measures, which are ours. Ours has besides: quality along the density of single
draws, tables with intervals and verdicts, figures and the report.
"""

import argparse
import contextlib
import io
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
import torch
from prdc import compute_prdc

from experiments.benchmarks.speed import pythae_vae
from experiments.benchmarks.speed.study_flags import ALPHAS, BETAS, SEEDS, STEPS, STRATEGIES
from study import load_dataset
from study.data.base import Dataset
from study.metrics.features import pixel_extractor, train_extractor
from study.metrics.manifold import DENSITY_K, PRECISION_K
from study.metrics.reference import Reference, Samples
from study.metrics.registry import metrics_for
from study.runtime.environment import blas_threads
from study.scoring.context import Context
from study.scoring.encode import Encoded, encode_splits
from study.scoring.generate import generate, in_range
from study.scoring.latents import measure_latents
from study.strategies import REFERENCES, strategy

LATENTS, HIDDEN, BATCH = 8, 128, 128
PRDC = ("precision", "recall", "density", "coverage")
SAMPLERS = {"prior": ("normal", {}), "gmm": ("gmm", {"n_components": 10})}


class Model:
    """Encoder and decoder of pythae as functions of arrays."""

    conditional, likelihood, prior = False, "gaussian", None

    def __init__(self, model: pythae_vae.BetaVAE) -> None:
        self.model = model.eval()

    def encode(self, x: np.ndarray, labels: None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and log-variance `[N, d]`."""
        with torch.no_grad():
            found = self.model.encoder(torch.tensor(x))
        return found.embedding.numpy(), found.log_covariance.numpy()

    def decode(self, z: np.ndarray, labels: None = None) -> np.ndarray:
        """The mean of p(x|z), `[n, D]`."""
        with torch.no_grad():
            return self.model.decoder(torch.tensor(np.asarray(z, np.float32))).reconstruction.numpy()


def samples(key: jax.Array, data: Dataset, model: Model, encoded: Encoded, n: int) -> Iterator[np.ndarray]:
    """n samples of every strategy and reference row."""
    fit_key, draw_key = jax.random.split(key)
    for name in STRATEGIES:
        if name in SAMPLERS:
            kind, settings = SAMPLERS[name]
            made = pythae_vae.sampler(kind, model.model, torch.tensor(data.train), **settings)
            yield made.sample(n, batch_size=n).numpy()
        elif name in REFERENCES:
            yield REFERENCES[name](draw_key, data=data, model=model, n=n)
        else:
            fitted = strategy(name).fit(fit_key, encoded.train, model=model, validation=encoded.validation)
            yield generate(draw_key, fitted, model=model, data=data, n=n)[0]


class Scores:
    """All measures of a set of samples; the reference's side is computed once."""

    def __init__(self, data: Dataset) -> None:
        self.n = len(data.reference)
        self.reference = Reference(data, train_extractor(data), pixels=pixel_extractor(data), n=self.n)
        wanted = [m for m in metrics_for(windows=False) if m.name not in PRDC]
        self.metrics = [metric.prepare(self.reference) for metric in wanted]

    def __call__(self, x: np.ndarray) -> list[float]:
        """Of x `[n, D]`."""
        scored = Samples(x.astype(np.float32), self.reference)
        with blas_threads(1), contextlib.redirect_stdout(io.StringIO()):
            real, fake = self.reference.features, scored.features
            theirs = [compute_prdc(real, fake, k) for k in (PRECISION_K, DENSITY_K)]
            ours = [metric.score(scored).value for metric in self.metrics]
        return [*theirs[0].values(), *theirs[1].values(), *ours]


def main(models: int, steps: int) -> None:
    """Train, sample and score the first models of the grid."""
    data = load_dataset("digits")
    scores = Scores(data)
    settings = list(itertools.product(range(SEEDS), ALPHAS, BETAS))[:models]
    epochs = -(-steps // (len(data.train) // BATCH))
    for seed, alpha, beta in settings:
        torch.manual_seed(seed)
        vae = pythae_vae.build(data.train.shape[1], LATENTS, HIDDEN, beta=beta / (2 * alpha))
        split = (torch.tensor(data.train), torch.tensor(data.validation))
        pythae_vae.train(vae, *split, epochs=epochs, batch=BATCH, learning_rate=1e-3)
        model, key = Model(vae), jax.random.key(seed)
        encoded = encode_splits(model, data)
        measure_latents(Context(key, model, encoded, data, ()), density_draws=1000)
        for x in samples(key, data, model, encoded, scores.n):
            scores(in_range(np.asarray(x), data))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, default=len(ALPHAS) * len(BETAS) * SEEDS)
    parser.add_argument("--steps", type=int, default=STEPS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(Path(scratch)):  # for what pythae writes
        main(chosen.models, chosen.steps)
