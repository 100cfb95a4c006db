"""The mixture against a known mixture, its choice of K, and its bounds."""

import warnings
from typing import Any

import jax
import numpy as np
import pytest
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from study.errors import CannotFit
from study.latents import Latents
from study.strategies import strategy
from study.strategies.parts import em
from study.strategies.parts.em import maximise_likelihood

KEY = jax.random.key(30)
WEIGHTS = np.array([0.6, 0.3, 0.1])
CENTRES = np.array([[0.0, 0.0], [4.0, 1.0], [-2.0, 5.0]])
COVARIANCES = np.array([[[1.0, 0.6], [0.6, 1.0]], [[0.5, -0.2], [-0.2, 0.4]], [[0.2, 0.0], [0.0, 1.5]]])
NOISE = 0.04  # variance of every q(z|x_n)


def _draw(rng: np.random.Generator, n: int, noise: float) -> np.ndarray:
    """n draws from the known mixture, whose covariances are narrower by `noise`."""
    k = rng.choice(3, n, p=WEIGHTS)
    root = np.linalg.cholesky(COVARIANCES - noise * np.eye(2))
    return CENTRES[k] + np.einsum("nij,nj->ni", root[k], rng.normal(size=(n, 2)))


def _truth(z: np.ndarray) -> np.ndarray:
    parts = zip(WEIGHTS, CENTRES, COVARIANCES, strict=True)
    return np.log(sum(w * stats.multivariate_normal.pdf(z, m, c) for w, m, c in parts))


@pytest.fixture(scope="module")
def codes() -> Latents:
    """3000 codes whose q(z) is a sample of the known mixture."""
    mean = _draw(np.random.default_rng(0), 3000, NOISE)
    return Latents(mean, np.full_like(mean, np.log(NOISE)))


@pytest.fixture(scope="module")
def validation() -> Latents:
    mean = _draw(np.random.default_rng(1), 1500, NOISE)
    return Latents(mean, np.full_like(mean, np.log(NOISE)))


def test_held_out_log_density_is_that_of_the_truth(codes: Latents) -> None:
    """Expected loss: parameters / 2N = 17 / 6000 nats; tolerance 5 times that. On means it must be worse."""
    z = _draw(np.random.default_rng(2), 20_000, 0.0)
    loss = {}
    for fit_on in ("samples", "means"):
        fitted: Any = strategy("gmm", n_components=3, fit_on=fit_on).fit(KEY, codes)
        loss[fit_on] = (_truth(z) - fitted.log_prob(z)).mean()
        assert fitted.info["converged"]
    assert 0 < loss["samples"] < 5 * 17 / 6000
    assert loss["means"] > loss["samples"]


def test_fitted_numbers(codes: Latents) -> None:
    """Weights and centres within 5 standard errors of a sample of 3000 (the components barely overlap)."""
    fitted: Any = strategy("gmm", n_components=3).fit(KEY, codes)
    order = np.argsort(-fitted.weights)
    np.testing.assert_array_less(
        np.abs(fitted.weights[order] - WEIGHTS), 5 * np.sqrt(WEIGHTS * (1 - WEIGHTS) / 3000)
    )
    error = np.sqrt(np.diagonal(COVARIANCES, axis1=1, axis2=2) / (3000 * WEIGHTS[:, None]))
    np.testing.assert_array_less(np.abs(fitted.means[order] - CENTRES), 5 * error)


def test_agrees_with_scikit_learn(codes: Latents) -> None:
    """scikit-learn's mixture with the same parameters gives the same log-density."""
    fitted: Any = strategy("gmm", n_components=3).fit(KEY, codes)
    theirs = GaussianMixture(3)
    theirs.weights_, theirs.means_ = fitted.weights, fitted.means
    theirs.precisions_cholesky_ = np.linalg.inv(fitted.choleskys).swapaxes(1, 2)
    z = codes.mean.astype(np.float64)
    np.testing.assert_allclose(fitted.log_prob(z), theirs.score_samples(z), rtol=1e-9)


@pytest.mark.integration
@pytest.mark.parametrize(("n", "components"), [(3000, 1), (3000, 7), (200, 60)])
def test_expectation_maximisation_reproduces_scikit_learn(n: int, components: int) -> None:
    """Same start, steps and stopping, far from the origin too, where moments would have no digits left."""
    z = 1e3 + _draw(np.random.default_rng(1), n, 0)
    ours = maximise_likelihood(z, components=components, reg_covar=1e-6, max_iter=25, seed=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = GaussianMixture(components, reg_covar=1e-6, max_iter=25, random_state=5).fit(
            z - z.mean(axis=0)
        )
    assert (ours.iterations, ours.converged) == (theirs.n_iter_, theirs.converged_)
    np.testing.assert_allclose(ours.weights, theirs.weights_, rtol=1e-7)
    np.testing.assert_allclose(ours.means - z.mean(axis=0), theirs.means_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.covariances, theirs.covariances_, rtol=1e-6, atol=1e-9)


def test_expectation_maximisation_does_not_depend_on_the_size_of_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    z = _draw(np.random.default_rng(1), 500, 0)
    whole = maximise_likelihood(z, components=3, reg_covar=1e-6, max_iter=20, seed=5)
    monkeypatch.setattr(em, "BLOCK", 77)
    blocks = maximise_likelihood(z, components=3, reg_covar=1e-6, max_iter=20, seed=5)
    np.testing.assert_allclose(blocks.covariances, whole.covariances, rtol=1e-9)


def test_features_that_are_made_in_every_step_are_those_that_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    z = _draw(np.random.default_rng(1), 500, 0)
    kept = maximise_likelihood(z, components=3, reg_covar=1e-6, max_iter=20, seed=5)
    monkeypatch.setattr(em, "KEPT", 0)
    monkeypatch.setattr(em, "FEW", 0)
    made = maximise_likelihood(z, components=3, reg_covar=1e-6, max_iter=20, seed=5)
    np.testing.assert_array_equal(made.covariances, kept.covariances)


def test_passes_for_each_component_reproduce_features(monkeypatch: pytest.MonkeyPatch) -> None:
    z = 1e3 + _draw(np.random.default_rng(1), 500, 0)
    features = maximise_likelihood(z, components=3, reg_covar=1e-6, max_iter=20, seed=5)
    monkeypatch.setattr(em, "KEPT", 0)
    monkeypatch.setattr(em, "BLOCK", 77)
    monkeypatch.setattr(em, "_features", None)  # none is made
    codes = maximise_likelihood(z, components=3, reg_covar=1e-6, max_iter=20, seed=5)
    assert (codes.iterations, codes.converged) == (features.iterations, features.converged)
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(getattr(codes, name), getattr(features, name), rtol=1e-9)


def test_draws_are_not_grouped_by_component(codes: Latents) -> None:
    """Neighbours agree with probability p = Σ w²; in a 1-dependent series the error is below 2 √(p q / n)."""
    fitted: Any = strategy("gmm", n_components=3).fit(KEY, codes)
    n = 20_000
    component = fitted.components(jax.random.key(31), n=n)
    z = fitted.sample(jax.random.key(31), n=n)
    nearest = ((z[:, None] - fitted.means) ** 2).sum(2).argmin(1)
    assert (nearest == component).mean() > 0.9
    p = (fitted.weights**2).sum()
    assert abs((component[1:] == component[:-1]).mean() - p) < 5 * 2 * np.sqrt(p * (1 - p) / n)
    share = np.bincount(component, minlength=3) / n
    np.testing.assert_array_less(
        np.abs(share - fitted.weights), 5 * np.sqrt(fitted.weights * (1 - fitted.weights) / n)
    )


def test_validation_chooses_the_number_of_components(codes: Latents, validation: Latents) -> None:
    fitted = strategy("gmm", n_components=(1, 2, 3)).fit(KEY, codes, validation=validation)
    assert fitted.info["components"] == 3
    assert fitted.info["candidates"] == (1, 2, 3)
    assert fitted.info["candidate_log_probs"][2] == max(fitted.info["candidate_log_probs"])
    alone = strategy("gmm", n_components=3).fit(KEY, codes, validation=validation)
    assert alone.info.items() <= fitted.info.items()
    with pytest.raises(CannotFit, match="'gmm': n_components: to choose among several, give validation"):
        strategy("gmm", n_components=(1, 2)).fit(KEY, codes)


def test_default_chooses_where_there_are_validation_codes(codes: Latents, validation: Latents) -> None:
    """The true number, 3, is chosen, and nothing above 10, which is worse, is tried; 20 codes allow at most 3."""
    fitted = strategy("gmm").fit(KEY, codes, validation=validation)
    assert fitted.info["candidates"] == (1, 3, 10)
    assert fitted.info["components"] == 3
    assert strategy("gmm").fit(KEY, codes).info["components"] == 10
    few = Latents(codes.mean[:20], codes.log_var[:20])
    assert strategy("gmm").fit(KEY, few, validation=validation).info["candidates"] == (1, 3)


@pytest.mark.integration
def test_hundreds_of_components_are_chosen_where_q_has_them() -> None:
    """144 clusters on a grid 10 apart, 60 codes each: 100 components fit better than 30, and 300 no worse than 100."""
    rng = np.random.default_rng(3)
    grid = 10.0 * np.stack(np.meshgrid(np.arange(12), np.arange(12)), -1).reshape(-1, 2)
    train, other = (
        Latents(np.repeat(grid, n, axis=0) + rng.normal(size=(144 * n, 2)), np.full((144 * n, 2), -6.0))
        for n in (60, 10)
    )
    info = strategy("gmm").fit(KEY, train, validation=other).info
    assert info["candidates"][:5] == (1, 3, 10, 30, 100)
    assert info["components"] >= 100
    assert info["validation_log_prob"] == max(info["candidate_log_probs"])


def test_key_decides_the_codes(codes: Latents) -> None:
    one: Any = strategy("gmm", n_components=2, max_codes=500).fit(jax.random.key(0), codes)
    two: Any = strategy("gmm", n_components=2, max_codes=500).fit(jax.random.key(1), codes)
    assert one.info["codes"] == 500
    assert not np.allclose(one.means, two.means)


def test_steps_that_were_not_enough_are_reported(codes: Latents) -> None:
    info = strategy("gmm", n_components=8, max_iter=1).fit(KEY, codes).info
    assert info["converged"] is False
    assert info["iterations"] == 1


def test_collapsed_covariance_says_how_to_mend_it() -> None:
    mean = np.repeat(np.eye(2), 10, axis=0)
    with pytest.raises(CannotFit, match=r"2 components do not fit 20 codes; take fewer .* reg_covar than 0"):
        strategy("gmm", n_components=2, fit_on="means", reg_covar=0.0).fit(KEY, Latents(mean, 0 * mean))


def test_a_k_that_collapses_is_left_out_of_the_choice() -> None:
    """Two points fit one Gaussian, but not two components with nothing added to their covariances."""
    rng = np.random.default_rng(0)
    mean = np.where(rng.random((60, 1)) < 0.5, np.array([[0.0, 0.0]]), np.array([[4.0, 0.0]]))
    latents = Latents(mean + [[0.0, 1.0]] * rng.normal(size=(60, 1)), np.full((60, 2), -20.0))
    chosen: Any = strategy("gmm", n_components=(2, 1), fit_on="means", reg_covar=0.0)
    fitted = chosen.fit(KEY, latents, validation=latents)
    assert fitted.info["candidates"] == (1,)
    assert fitted.info["left_out"][0].startswith("2: strategy 'gmm': 2 components do not fit 60 codes")
    alone: Any = strategy("gmm", n_components=1, fit_on="means", reg_covar=0.0).fit(KEY, latents)
    np.testing.assert_allclose(fitted.log_prob(latents.mean), alone.log_prob(latents.mean))
    points = Latents(mean, np.full((60, 2), -20.0))
    with pytest.raises(CannotFit, match="2 components do not fit"):
        strategy("gmm", n_components=(2, 3), fit_on="means", reg_covar=0.0).fit(
            KEY, points, validation=points
        )
