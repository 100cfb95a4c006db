"""The study's side of every case. Each function prepares the work and returns the call that is timed."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.speed import commands
from experiments.benchmarks.speed.cases import Arrays, Call, silent
from study.config import TrainConfig, VAEConfig
from study.data.base import Dataset
from study.latents import AggregatePosterior, Latents
from study.metrics.kid import KernelReference, kid
from study.metrics.manifold import Manifold, manifold_metrics
from study.metrics.neighbours import Neighbours
from study.runtime.environment import use_all_cores
from study.strategies import strategy
from study.training.architecture import Architecture
from study.training.engine import Cell, train_cells

ROOT = Path(__file__).parents[3]


def product(arrays: Arrays) -> Call:
    """A product of two matrices by JAX."""
    use_all_cores()
    a, b = jnp.asarray(arrays["a"]), jnp.asarray(arrays["b"])
    return silent(lambda: jnp.dot(a, b).block_until_ready())


def training(arrays: Arrays, *, latent_dim: int, hidden: int, batch: int, epochs: int, models: int) -> Call:
    """Training of some models at once, the validation loss after every epoch included."""
    use_all_cores()
    x, v = arrays["train"], arrays["validation"]
    data = Dataset("speed", x, v, v, (x.shape[1],))
    config = VAEConfig(latent_dim=latent_dim, hidden=(hidden,), likelihood="gaussian")
    architecture = Architecture.of(config, data)
    settings = TrainConfig(
        steps=epochs * (len(x) // batch), batch_size=batch, schedule="constant", patience=0
    )
    cells = [Cell(0.5, 1.0, seed, 1e-3) for seed in range(models)]
    return silent(lambda: list(train_cells(data, architecture, settings, cells)))


def fitting(arrays: Arrays, *, name: str, **fields: Any) -> Call:
    """Fitting a strategy to codes."""
    use_all_cores()
    latents = Latents(arrays["mean"], arrays["log_var"])
    return silent(lambda: strategy(name, **fields).fit(jax.random.key(0), latents))


def drawing(arrays: Arrays, *, name: str, n: int, **fields: Any) -> Call:
    """n draws of a fitted strategy."""
    use_all_cores()
    fitted = strategy(name, **fields).fit(jax.random.key(0), Latents(arrays["mean"], arrays["log_var"]))
    return silent(lambda: fitted.sample(jax.random.key(1), n=n))


def density(arrays: Arrays) -> Call:
    """The exact log q(z) of draws."""
    use_all_cores()
    q = AggregatePosterior(Latents(arrays["mean"], arrays["log_var"]))
    return silent(lambda: q.log_prob(arrays["z"]))


def manifold(arrays: Arrays) -> Call:
    """Precision, recall, density and coverage, the preparation of the reference included."""
    return silent(lambda: manifold_metrics(arrays["x"], Manifold.of(arrays["y"])))


def kernel(arrays: Arrays) -> Call:
    """KID, the preparation of the reference included."""
    return silent(lambda: kid(arrays["x"].astype(np.float64), KernelReference.of(arrays["y"])))


def neighbours(arrays: Arrays) -> Call:
    """The nearest training example of each sample, exactly; the pool is prepared beforehand."""
    pool = Neighbours(arrays["pool"])
    return silent(lambda: pool.nearest(arrays["x"]))


def command(arrays: Arrays, *, flags: Sequence[str], kept: Sequence[str] = (), root: str = "") -> Call:
    """`study run` with these flags, in a store that holds only the stages `kept`, from a run before the first call.

    With no stage kept nothing is cached at all; with "all" everything is.
    """
    del arrays
    code, folder = Path(root) if root else ROOT, Path(tempfile.mkdtemp(dir=Path.cwd()))
    store, out = folder / "store", folder / "out"
    whole = ["run", *flags, "--store", str(store), "--out", str(out)]
    if kept:
        commands.study(code, whole)

    def call() -> dict[str, float]:
        if "all" not in kept:
            forget(store, out, kept)
        before = _programs(store)
        peak = commands.study(code, whole)
        return {"peak_mib": peak, "start_mib": 0.0, "programs": _programs(store) - before}

    return call


def forget(store: Path, out: Path, kept: Sequence[str]) -> None:
    """Delete what a run has written, except some stages of its store."""
    shutil.rmtree(out, ignore_errors=True)
    for stage in store.iterdir() if store.is_dir() else ():
        if stage.is_dir() and stage.name not in kept:
            shutil.rmtree(stage)


def _programs(store: Path) -> float:
    """How many compiled programs are kept; 0 before they were kept at all."""
    return float(len([path for path in (store / "programs").glob("*/*") if path.name.endswith("-cache")]))


def script(arrays: Arrays, *, command: Sequence[str]) -> Call:
    """Another command, in the folder of this code."""
    del arrays
    return lambda: {"peak_mib": commands.run(command, folder=ROOT), "start_mib": 0.0}
