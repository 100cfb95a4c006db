"""The peers' side of every case: pythae, plain PyTorch, prdc, scikit-learn by way of pythae, and NumPy.

Nothing here imports JAX. PyTorch uses as many threads as it chooses, which is one per core.
"""

import contextlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy.special import logsumexp

from experiments.benchmarks.speed.cases import Arrays, Call, silent

ROWS = 8  # draws in a NumPy block


def product(arrays: Arrays) -> Call:
    """A product of two matrices by NumPy."""
    out = np.empty_like(arrays["a"])
    return silent(lambda: np.matmul(arrays["a"], arrays["b"], out=out))


def torch_product(arrays: Arrays) -> Call:
    """A product of two matrices by PyTorch."""
    import torch

    a, b = torch.tensor(arrays["a"]), torch.tensor(arrays["b"])
    return silent(lambda: torch.mm(a, b))


def copying(arrays: Arrays) -> Call:
    """A copy of an array, half of it by each of two threads."""
    source, target = arrays["a"].ravel(), np.zeros(arrays["a"].size, arrays["a"].dtype)
    halves = (slice(None, target.size // 2), slice(target.size // 2, None))
    pool = ThreadPoolExecutor(2)
    return silent(lambda: list(pool.map(lambda half: np.copyto(target[half], source[half]), halves)))


def torch_copying(arrays: Arrays) -> Call:
    """A copy of an array by PyTorch."""
    import torch

    source = torch.tensor(arrays["a"])
    target = torch.zeros_like(source)
    return silent(lambda: target.copy_(source))


def pythae_training(arrays: Arrays, *, latent_dim: int, hidden: int, batch: int, epochs: int) -> Call:
    """Training of one model by pythae's pipeline."""
    import torch

    from experiments.benchmarks.speed import pythae_vae

    train, validation = (torch.tensor(arrays[name]) for name in ("train", "validation"))

    def call() -> None:
        model = pythae_vae.build(train.shape[1], latent_dim, hidden)
        pythae_vae.train(model, train, validation, epochs=epochs, batch=batch, learning_rate=1e-3)

    return call


def torch_training(arrays: Arrays, *, latent_dim: int, hidden: int, batch: int, epochs: int) -> Call:
    """Training of one model by a plain loop, with the data in memory and the validation loss after every epoch."""
    import torch

    from experiments.benchmarks.speed import pythae_vae

    train, validation = (torch.tensor(arrays[name]) for name in ("train", "validation"))

    def call() -> None:
        model = pythae_vae.build(train.shape[1], latent_dim, hidden)
        adam = torch.optim.Adam(model.parameters(), 1e-3)
        for _ in range(epochs):
            for rows in torch.randperm(len(train)).split(batch):
                loss = model({"data": train[rows]}).loss
                adam.zero_grad()
                loss.backward()
                adam.step()
            with torch.no_grad():
                model({"data": validation})

    return call


def fitting(arrays: Arrays, *, name: str, **settings: Any) -> Call:
    """Fitting one of pythae's samplers to codes."""
    return silent(_sampler(arrays, name, **settings))


def drawing(arrays: Arrays, *, name: str, n: int, **settings: Any) -> Call:
    """n draws of one of pythae's fitted samplers, in one batch."""
    sampler = _sampler(arrays, name, **settings)()
    return silent(lambda: sampler.sample(n, batch_size=n))


def _sampler(arrays: Arrays, name: str, **settings: Any) -> Callable[[], Any]:
    """A function that fits a sampler to the codes, which its model hands through."""
    from experiments.benchmarks.speed import pythae_vae

    model, data = pythae_vae.handing_through(arrays["mean"], arrays["log_var"])
    return lambda: pythae_vae.sampler(name, model, data, **settings)


def density(arrays: Arrays, *, part: int, columns: int) -> Call:
    """log q(z) of the first `part` draws by broadcasting in float32, in blocks `[ROWS, columns, d]`."""
    z, mean, log_var = arrays["z"][:part], arrays["mean"], arrays["log_var"]
    n = len(mean)

    def call() -> None:
        inverse = np.exp(-0.5 * log_var)
        scale = (-0.5 * (log_var + np.log(2 * np.pi)).sum(1) - np.log(n)).astype(np.float32)
        for i in range(0, len(z), ROWS):
            sums = []
            for j in range(0, n, columns):
                scaled = (z[i : i + ROWS, None] - mean[j : j + columns]) * inverse[j : j + columns]
                sums.append(logsumexp(scale[j : j + columns] - 0.5 * np.square(scaled).sum(2), axis=1))
            logsumexp(sums, axis=0)

    return call


def manifold(arrays: Arrays) -> Call:
    """One call of prdc with k = 5, although precision and recall need a second one with k = 3."""
    from prdc import compute_prdc

    def call() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            compute_prdc(arrays["y"], arrays["x"], 5)

    return call
