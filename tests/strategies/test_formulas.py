"""Values computed by hand from each formula, including the mistaken formulas of the thread."""

from typing import Any

import jax
import numpy as np

from study.latents import Latents
from study.strategies import strategy

KEY = jax.random.key(0)
# means 0 and 4, variances e^-2 and 1; and a second dimension with means 1 and 1, variances e and e
CODES = Latents(np.array([[0.0, 1.0], [4.0, 1.0]]), np.array([[-2.0, 1.0], [0.0, 1.0]]))


def _fit(name: str, **fields: Any) -> Any:
    return strategy(name, **fields).fit(KEY, CODES)


def test_global_gaussian() -> None:
    fitted = _fit("global-gaussian")
    np.testing.assert_allclose(fitted.mean, [2.0, 1.0])
    np.testing.assert_allclose(np.diag(fitted.cholesky) ** 2, [4.0 + (np.exp(-2) + 1) / 2, np.e], rtol=1e-12)


def test_averaged_moments_forget_the_spread_of_the_codes() -> None:
    fitted = _fit("averaged-moments")
    np.testing.assert_allclose(fitted.mean, [2.0, 1.0])
    np.testing.assert_allclose(np.diag(fitted.cholesky) ** 2, [np.exp(-1), np.e], rtol=1e-12)


def test_literal_logvar_scales_by_the_log_variance() -> None:
    z, epsilon = _fit("literal-logvar").sample(KEY, n=100), _fit("prior").sample(KEY, n=100)
    first = z[:, 0] - epsilon[:, 0] * -2.0
    # component 0: 0 - 2 ε; component 1: exactly 4, for its log-variance is 0
    assert set(np.unique(np.where(z[:, 0] == 4.0, 4.0, np.round(first, 5)))) == {0.0, 4.0}
    np.testing.assert_allclose(z[:, 1], 1.0 + epsilon[:, 1], rtol=1e-6)


def test_mean_plus_logvar_adds_the_log_variance() -> None:
    z = _fit("mean-plus-logvar").sample(KEY, n=100)
    np.testing.assert_array_equal(np.unique(z, axis=0), [[-2.0, 2.0], [4.0, 2.0]])


def test_log_prob_of_a_gaussian_by_hand() -> None:
    """At the mean of N((2, 1), diag(1/e, e)): -log 2π - ½ log(1/e · e) = -log 2π."""
    np.testing.assert_allclose(_fit("averaged-moments").log_prob(np.array([[2.0, 1.0]])), -np.log(2 * np.pi))
    np.testing.assert_allclose(
        _fit("prior").log_prob(np.array([[1.0, 2.0]])), -np.log(2 * np.pi) - 2.5, rtol=1e-12
    )


def test_means_are_narrower_by_the_average_posterior_variance(plane: Latents) -> None:
    samples: Any = strategy("gaussian-full").fit(KEY, plane)
    means: Any = strategy("gaussian-full", fit_on="means").fit(KEY, plane)
    gap = samples.cholesky @ samples.cholesky.T - means.cholesky @ means.cholesky.T
    np.testing.assert_allclose(gap, np.diag(np.exp(plane.log_var.astype(np.float64)).mean(0)), atol=1e-12)


def test_validation_log_prob_is_the_mean_over_the_validation_posterior() -> None:
    """E log N(z; 0, I) over N(m, s²) is -½ log 2π - ½ (m² + s²); 2000 draws, 5 standard errors."""
    codes = Latents(np.full((3000, 1), 1.5), np.full((3000, 1), 2 * np.log(0.5)))
    info = strategy("prior").fit(KEY, codes, validation=codes).info
    assert info["validation_codes"] == 2000
    error = np.sqrt((1.5 * 0.5) ** 2 + 0.5**4 / 2) / np.sqrt(2000)
    assert abs(info["validation_log_prob"] + 0.5 * np.log(2 * np.pi) + 0.5 * (1.5**2 + 0.5**2)) < 5 * error
