"""Results do not depend on how many threads libraries use."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration

PROGRAM = """
import hashlib
import jax
import numpy as np
from study import Latents
from study.metrics.data_copying import Cells
from study.strategies.gmm import Gmm
from study.strategies.riemannian import Riemannian

x = np.random.default_rng(0).normal(size=(4000, 40)).astype(np.float32)
few = np.ascontiguousarray(x[:1500, :3])
found = [Cells(x, n=1000).centres, Riemannian(centroids=60)._choose(jax.random.key(0), x[:, :5])]
found.append(Gmm(n_components=5).fit(jax.random.key(1), Latents(few, 0 * few - 2)).means)
print(*(hashlib.sha256(np.ascontiguousarray(one).tobytes()).hexdigest() for one in found))
"""


SCORES = """
import hashlib
from pathlib import Path
from tempfile import mkdtemp
from study import StudyConfig, TrainConfig, VAEConfig, load_dataset
from study.pipeline.plan import make_plan
from study.pipeline.run import execute
from study.pipeline.store import Store

config = StudyConfig(
    model=VAEConfig(latent_dim=4, hidden=(16,)), training=TrainConfig(steps=50), seeds=(0,), n_samples=300,
    strategies=("prior", "gaussian-full", "gmm", "kde", "held-out"), evaluations=2,
)
found = execute(make_plan(config, load_dataset("digits")), Store(Path(mkdtemp()))).outcomes[0].evaluation
rows = found.metrics[~found.metrics["metric"].str.startswith("seconds")]
for metric, values in rows.groupby("metric")["value"]:
    print(f"{metric}={hashlib.sha256(values.to_numpy().tobytes()).hexdigest()}")
"""


def by_threads(program: str) -> list[list[str]]:
    """What a program prints with one thread, and with four."""
    said = []
    for threads in ("1", "4"):
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **limits},
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(done.stdout.split())
    return said


def test_clusters_are_the_same_with_one_thread_and_four() -> None:
    """k-means adds up in the order in which its threads end: 7 of 99 centres moved."""
    one, four = by_threads(PROGRAM)
    assert len(one) == 3 and one == four


def test_scores_are_the_same_with_one_thread_and_four() -> None:
    """Principal components in float32 and what is prepared of real data: fd, kid and sliced_w2 moved in last bits."""
    one, four = by_threads(SCORES)
    assert {"fd_pixels", "kid_pixels", "sliced_w2"} <= {line.split("=")[0] for line in one}
    assert one == four
