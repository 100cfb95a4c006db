"""The controls rank as expected: copies lose in novelty and win in fidelity, real data win in fidelity, noise loses."""

import jax
import numpy as np
import pytest

from study.config import TrainConfig, VAEConfig
from study.data import load_dataset
from study.data.base import Dataset
from study.metrics.base import Measurement
from study.metrics.evaluate import Evaluator
from study.metrics.features import train_extractor
from study.report.frames import NOVELTY
from study.scoring.encode import encode
from study.scoring.generate import in_range
from study.strategies import REFERENCES, strategy
from study.training import train

pytestmark = pytest.mark.integration

DRAWS = 9  # recall of draws from the prior varies: a few far ones have large balls
SIGMAS = 4  # between two values, in standard errors: a false alarm in 30,000 comparisons
FIDELITY = ("fd", "kid", "precision", "recall", "density", "coverage", "sharpness", "class_histogram")
DRAWN = ("prior", "posterior")  # strategies of a trained model


def scored(data: Dataset, *, n: int | None, steps: int) -> dict[str, list[dict[str, Measurement]]]:
    """Scores of a few draws from each reference row and strategy of one trained model."""
    evaluator = Evaluator(data, train_extractor(data), n=n)
    model = train(
        data,
        VAEConfig(latent_dim=8, hidden=(128,)),
        training=TrainConfig(steps=steps),
        alpha=10.0,
        beta=1.0,
        seed=0,
    )
    latents = encode(model, data.train)
    found: dict[str, list[dict[str, Measurement]]] = {}
    for key in jax.random.split(jax.random.key(0), DRAWS):
        for name in (*REFERENCES, *DRAWN):
            if name in REFERENCES:
                x = REFERENCES[name](key, data=data, model=model, n=evaluator.n)
            else:
                fitted = strategy(name).fit(key, latents, model=model)
                x = model.decode(fitted.sample(key, n=evaluator.n))
            rows = evaluator.measure(in_range(x, data))
            found.setdefault(name, []).append({row.metric: row for row in rows})
    return found


def gap(rows: dict[str, list[dict[str, Measurement]]], metric: str, better: str, worse: str) -> float:
    """The number of standard errors by which one row is better than another in a metric, from means over draws.

    Held-out data are the same in every draw, so their error does not shrink with draws.
    """
    ends = []
    for name in (better, worse):
        values = np.array([draw[metric].value for draw in rows[name]])
        variance = np.mean([draw[metric].stderr ** 2 for draw in rows[name]])
        cost = {"lower": values, "higher": -values, "one": abs(values - 1)}[rows[name][0][metric].better]
        ends.append((cost.mean(), variance / (1 if name == "held-out" else DRAWS)))
    return (ends[1][0] - ends[0][0]) / np.sqrt(ends[0][1] + ends[1][1])


def check(rows: dict[str, list[dict[str, Measurement]]]) -> None:
    real, copies, noise = "held-out", "copycat", "noise"
    for metric in [name for name in NOVELTY if name in rows[real][0]]:
        assert gap(rows, metric, real, copies) > SIGMAS, metric
        assert all(draw[metric].status == "ok" for name in rows for draw in rows[name])
    for metric in FIDELITY:
        # Copies and held-out data are both draws from the data: neither is shown to be worse than the other.
        assert abs(gap(rows, metric, real, copies)) < SIGMAS, metric
        for winner in (real, copies, *DRAWN):
            assert gap(rows, metric, winner, noise) > SIGMAS, (metric, winner)
    for metric in ("fd", "kid", "coverage", "recall"):
        for name in DRAWN:
            assert gap(rows, metric, real, name) > SIGMAS, (metric, name)
            assert gap(rows, metric, copies, name) > SIGMAS, (metric, name)


def test_controls_on_digits() -> None:
    check(scored(load_dataset("digits"), n=None, steps=1500))


@pytest.mark.slow
def test_controls_on_mnist(mnist_available: None) -> None:
    check(scored(load_dataset("mnist"), n=1000, steps=3000))
