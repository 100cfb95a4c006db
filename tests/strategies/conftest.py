"""Codes that every test of a strategy can use."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from study.latents import Latents
from study.strategies import strategy


@pytest.fixture(scope="session")
def classes() -> Latents:
    """300 codes in 3 dimensions, three classes 20 apart, labelled 0, 1 and 2 in the shares 1/2, 1/3, 1/6."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [150, 100, 50])[rng.permutation(300)]
    mean = rng.normal(size=(300, 3)) + 20.0 * (labels[:, None] - 1)
    return Latents(mean, rng.uniform(-3.0, -1.0, (300, 3)), labels)


@pytest.fixture(scope="session")
def plane() -> Latents:
    """40 correlated codes in 2 dimensions, standard deviations 0.22 to 0.61, two classes of 30 and 10."""
    rng = np.random.default_rng(1)
    mean = rng.normal(size=(40, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]]) + np.array([1.0, -0.5])
    mean[30:] += 2.0
    return Latents(mean, rng.uniform(-3.0, -1.0, (40, 2)), np.repeat([0, 1], [30, 10]))


@pytest.fixture(scope="session")
def lopsided() -> Latents:
    """1000 codes in 1 dimension: class 0 is 800 at -2 ± 0.3, class 1 is 200 at 3 ± 0.8."""
    share = np.repeat([0, 1], [800, 200])
    mean = np.array([-2.0, 3.0])[share][:, None]
    return Latents(mean, 2 * np.log(np.array([0.3, 0.8]))[share][:, None], share)


@dataclasses.dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture as a known q(z): weights `[K]`, means `[K, d]`, covariances `[K, d, d]`."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """n independent draws `[n, d]`."""
        k = rng.choice(len(self.weights), n, p=self.weights)
        scale = np.linalg.cholesky(self.covariances)[k]
        return self.means[k] + np.einsum("nij,nj->ni", scale, rng.normal(size=(n, self.means.shape[1])))

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """Exact log-density at z `[n, d]`, `[n]`."""
        parts = zip(self.means, self.covariances, strict=True)
        each = np.stack([stats.multivariate_normal.logpdf(z, m, c) for m, c in parts])
        return logsumexp(each, axis=0, b=self.weights[:, None])

    def codes(self, rng: np.random.Generator, n: int, *, sigma: float = 0.1) -> Latents:
        """n posteriors of standard deviation sigma whose z ~ q(z|x_n) are draws of this mixture."""
        eye = np.eye(self.means.shape[1])
        inner = dataclasses.replace(self, covariances=self.covariances - sigma**2 * eye)
        return Latents(inner.draw(rng, n), np.full((n, len(eye)), 2 * np.log(sigma)))


@pytest.fixture(scope="session")
def ring() -> Mixture:
    """Eight Gaussians of standard deviation 0.35 on a circle of radius 3."""
    angle = 2 * np.pi * np.arange(8) / 8
    means = 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Mixture(np.full(8, 1 / 8), means, np.tile(0.35**2 * np.eye(2), (8, 1, 1)))


@pytest.fixture(scope="session")
def clusters() -> Mixture:
    """Ten Gaussians in 16 dimensions: means N(0, I), standard deviations 0.3 to 0.8 along random axes."""
    rng = np.random.default_rng(0)
    means, weights = rng.normal(size=(10, 16)), rng.dirichlet(np.full(10, 5.0))
    axes = [np.linalg.qr(rng.normal(size=(16, 16)))[0] * rng.uniform(0.3, 0.8, 16) for _ in range(10)]
    return Mixture(weights, means, np.stack([a @ a.T for a in axes]))


def _auc(x: np.ndarray, y: np.ndarray) -> float:
    """How well gradient-boosted trees tell x from y, `[n, d]` each: the cross-validated area under the curve."""
    features, label = np.concatenate([x, y]), np.repeat([0, 1], [len(x), len(y)])
    classifier = HistGradientBoostingClassifier(random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_predict(classifier, features, label, cv=folds, method="predict_proba")
    return float(roc_auc_score(label, scores[:, 1]))


@pytest.fixture(scope="session")
def auc() -> Callable[[np.ndarray, np.ndarray], float]:
    """The classifier two-sample test of draws."""
    return _auc


@pytest.fixture
def scores(auc: Callable[[np.ndarray, np.ndarray], float]) -> Callable[..., dict[str, float]]:
    """What a strategy trained on 20,000 codes of a mixture scores on draws of its own, printed for the record."""

    def measure(mixture: Mixture, name: str, **fields: Any) -> dict[str, float]:
        rng = np.random.default_rng(1)
        codes, validation = mixture.codes(rng, 20_000), mixture.codes(rng, 2000)
        began = time.perf_counter()
        fitted: Any = strategy(name, **fields).fit(jax.random.key(0), codes, validation=validation)
        fit_seconds = time.perf_counter() - began
        fitted.sample(jax.random.key(1), n=10_000)
        began = time.perf_counter()
        z = fitted.sample(jax.random.key(2), n=10_000)
        found = {"fit_seconds": fit_seconds, "draw_seconds": time.perf_counter() - began}
        held_out = mixture.draw(rng, 10_000)
        found["auc"] = auc(z[:5000], held_out[:5000])
        found["trace_ratio"] = float(z.var(0).sum() / held_out.var(0).sum())
        if hasattr(fitted, "log_prob"):
            found["gap"] = float(np.mean(mixture.log_prob(held_out) - fitted.log_prob(held_out)))
        print(name, fields, {k: round(v, 4) for k, v in {**fitted.info, **found}.items()})
        return found

    return measure
