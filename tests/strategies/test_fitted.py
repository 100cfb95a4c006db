"""`bayesian-gmm`, `kde`, `tempered-prior` and `interpolation` against closed forms and scikit-learn."""

import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.neighbors import KernelDensity

from study.errors import CannotFit, StudyError
from study.latents import Latents
from study.strategies import strategy
from study.strategies.interpolation import lerp, slerp

KEY, DRAW = jax.random.key(60), jax.random.key(61)


def _codes(mean: np.ndarray, variance: float) -> Latents:
    return Latents(mean, np.full_like(mean, np.log(variance)))


def test_bayesian_gmm_empties_what_it_does_not_need() -> None:
    """Of 12 components two are used, with the shares 0.7 and 0.3 of 2000 codes (5 binomial standard errors)."""
    rng = np.random.default_rng(0)
    mean = np.where(rng.random((2000, 1)) < 0.7, -4.0, 4.0) + rng.normal(size=(2000, 2))
    fitted: Any = strategy("bayesian-gmm", n_components=12, max_iter=1000).fit(KEY, _codes(mean, 0.01))
    assert fitted.info["components"] == 12
    assert fitted.info["converged"]
    assert fitted.info["components_above_1_percent"] == 2
    entropy = stats.entropy([0.7, 0.3])
    assert abs(np.log(fitted.info["effective_components"]) - entropy) < 0.1
    share = fitted.weights[fitted.means[:, 0] < 0].sum()
    assert abs(share - 0.7) < 5 * np.sqrt(0.7 * 0.3 / 2000) + 0.01


def test_kde_agrees_with_scikit_learn() -> None:
    """Compared with scikit-learn on codes whitened by NumPy; our stated accuracy is 1e-3 nats.

    With a single leaf scikit-learn's tree sums all kernels; with many it is off by up to 300 nats at these far z.
    """
    rng = np.random.default_rng(1)
    mean = (rng.normal(size=(500, 3)) @ np.array([[2.0, 0.5, 0], [0, 1.0, -0.7], [0, 0, 0.1]])).astype("f4")
    fitted: Any = strategy("kde", bandwidth=0.5, fit_on="means").fit(KEY, _codes(mean, 0.1))
    h = 0.5 * 500 ** (-1 / 7)
    assert fitted.info["bandwidth"] == pytest.approx(h)
    root = np.linalg.cholesky(np.cov(mean.T.astype(np.float64), bias=True))
    white = lambda z: np.linalg.solve(root, (z - mean.mean(0, dtype=np.float64)).T).T  # noqa: E731
    theirs = KernelDensity(bandwidth=h, leaf_size=500).fit(np.sqrt(1 - h**2) * white(mean))
    z = rng.normal(size=(200, 3)) * [3, 2, 1]
    expected = theirs.score_samples(white(z)) - np.log(np.diag(root)).sum()
    np.testing.assert_allclose(fitted.log_prob(z), expected, atol=1e-3)


def test_kde_keeps_mean_and_covariance() -> None:
    """Mean and covariance of the fitted density equal those of the posterior means, whatever the kernel width."""
    mean = np.random.default_rng(6).exponential(size=(100, 2)).astype("f4")
    for bandwidth in (0.1, 1.0, 50.0):
        fitted: Any = strategy("kde", bandwidth=bandwidth, fit_on="means").fit(KEY, _codes(mean, 0.1))
        centre, covariance = fitted.white.moments()
        np.testing.assert_allclose(centre, 0, atol=1e-6)
        np.testing.assert_allclose(covariance, np.eye(2), atol=1e-5)
    gaussian: Any = strategy("gaussian-full", fit_on="means").fit(KEY, _codes(mean, 0.1))
    np.testing.assert_allclose(fitted.log_prob(mean), gaussian.log_prob(mean), atol=1e-3)


@pytest.mark.integration
def test_kde_takes_the_best_of_its_candidates() -> None:
    """For a Gaussian the best factor is no less than Scott's own, 1; for two far clusters it is much smaller."""
    rng = np.random.default_rng(2)
    one = rng.normal(size=(4000, 2))
    two = 0.1 * one + rng.choice([-3.0, 3.0], (4000, 1))
    factor = {}
    for name, mean in (("one", one), ("two", two)):
        train, validation = _codes(mean[:2000], 1e-6), _codes(mean[2000:], 1e-6)
        info = strategy("kde").fit(KEY, train, validation=validation).info
        scores = info["candidate_log_probs"]
        assert info["validation_log_prob"] == max(scores)
        factor[name] = info["candidates"][int(np.argmax(scores))]
        assert factor[name] == pytest.approx(info["bandwidth"] / 2000 ** (-1 / 6))
    assert factor["one"] in (1.0, 1.414, 2.0)
    assert factor["two"] < 0.3
    assert "candidates" not in strategy("kde").fit(KEY, train).info


def test_kde_errors() -> None:
    for bad in (0.0, (), (1.0, -1.0), np.inf):
        with pytest.raises(StudyError, match="strategy 'kde': bandwidth"):
            strategy("kde", bandwidth=bad)
    with pytest.raises(CannotFit, match="'kde': bandwidth: to choose among several, give validation codes"):
        strategy("kde", bandwidth=(0.5, 1.0)).fit(KEY, _codes(np.eye(4)[:, :2], 0.1))


@pytest.mark.parametrize("fit_on", ["samples", "means"])
def test_tempered_prior_maximises_the_validation_log_density(fit_on: str) -> None:
    """No τ on a fine grid gives N(0, τ² I) a larger expected log-density over the validation posteriors."""
    rng = np.random.default_rng(3)
    train, validation = _codes(rng.normal(size=(50, 3)), 0.1), _codes(1 + rng.normal(size=(40, 3)), 0.3)
    tau = strategy("tempered-prior", fit_on=fit_on).fit(KEY, train, validation=validation).info["tau"]
    second = np.square(validation.mean, dtype=np.float64).mean() + (0.3 if fit_on == "samples" else 0)
    grid = np.linspace(0.5, 3, 2501)
    assert abs(grid[np.argmax(-np.log(grid) - second / (2 * grid**2))] - tau) < 1e-3
    assert strategy("tempered-prior", fit_on=fit_on).fit(KEY, train).info["tau"] < tau


def test_tempered_prior_without_width() -> None:
    with pytest.raises(CannotFit, match="'tempered-prior': all means are 0, and so is tau; use fit_on='samp"):
        strategy("tempered-prior", fit_on="means").fit(KEY, _codes(np.zeros((5, 2)), 1.0))


def test_slerp_stays_on_the_sphere_at_the_angle_asked_for() -> None:
    rng = np.random.default_rng(4)
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in rng.normal(size=(2, 200, 5)).astype("f4"))
    weight = rng.random((200, 1)).astype("f4")
    z = np.asarray(slerp(jnp.asarray(a), jnp.asarray(b), jnp.asarray(weight)))
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5)
    whole = np.arccos((a * b).sum(1))
    np.testing.assert_allclose(np.arccos((a * z).sum(1)), weight[:, 0] * whole, atol=2e-3)


def test_slerp_is_a_line_where_the_angle_says_nothing() -> None:
    """The same direction, opposite ones, and a code at 0."""
    a = jnp.array([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0]])
    b = jnp.array([[2.0, 4.0], [-1.0, -2.0], [3.0, 1.0]])
    weight = jnp.full((3, 1), 0.25)
    np.testing.assert_allclose(slerp(a, b, weight), lerp(a, b, weight), rtol=1e-6)
    np.testing.assert_allclose(lerp(a, b, weight)[0], [1.25, 2.5], rtol=1e-6)


@pytest.mark.integration
def test_interpolation_between_two_atoms_is_uniform() -> None:
    """Codes 0 and 1: half of the pairs are one code twice, the rest uniform between (Kolmogorov-Smirnov)."""
    codes = _codes(np.array([[0.0], [1.0]]), 0.1)
    for path in ("lerp", "slerp"):
        fitted = strategy("interpolation", fit_on="means", path=path).fit(KEY, codes)
        z = fitted.sample(DRAW, n=20_000)[:, 0].astype(np.float64)
        same = (z == 0) | (z == 1)
        assert abs(same.mean() - 0.5) < 5 * np.sqrt(0.25 / 20_000)
        assert stats.kstest(z[~same], stats.uniform.cdf).pvalue > 1e-5


@pytest.mark.integration
def test_spherical_paths_keep_the_length_of_many_dimensions() -> None:
    """In 64 dimensions E‖z‖² of N(0, I) is 64: straight lines give 2/3 of it, arcs nearly all."""
    codes = _codes(np.random.default_rng(5).normal(size=(500, 64)), 1e-6)
    length = {}
    for path in ("lerp", "slerp"):
        z = strategy("interpolation", path=path).fit(KEY, codes).sample(DRAW, n=4000)
        length[path] = (z**2).sum(1).mean() / 64
    assert abs(length["lerp"] - 2 / 3) < 0.02
    assert 0.97 < length["slerp"] < 1.03


@pytest.mark.usefixtures("unchecked")
def test_interpolation_errors() -> None:
    with pytest.raises(StudyError, match="'interpolation': path must be 'lerp' or 'slerp', got 'arc'"):
        strategy("interpolation", path="arc")


CALLER = """
import warnings, numpy as np, study
fitted = study.strategy("prior").fit(0, study.Latents(np.zeros((3, 2)), np.zeros((3, 2))))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    fitted.sample(0, n=2, labels=np.zeros(2, int))
assert [(one.filename, one.lineno) for one in told] == [("<string>", 6)], told
"""


@pytest.mark.integration
def test_the_warning_about_labels_blames_the_callers_line() -> None:
    """In a process of its own: in this one, functions are wrapped to check types."""
    done = subprocess.run([sys.executable, "-c", CALLER], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
