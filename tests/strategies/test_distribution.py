"""Draws and densities against the distribution that each docstring states, in closed form."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from scipy import stats

from study.latents import Latents
from study.strategies import REGISTRY, strategy
from study.strategies.parts.mixture import FittedMixture

FIT, DRAW = jax.random.key(10), jax.random.key(11)
N = 40_000
MEANS: dict[str, Any] = {"fit_on": "means"}
THREAD = [name for name, kind in REGISTRY.items() if kind.kind == "thread"]
FITTED = ("gaussian-full", "shuffled-marginals", "kde", "tempered-prior", "interpolation")
CASES: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in (*THREAD, *FITTED)]
CASES += [(name, MEANS) for name in ("global-gaussian", *FITTED)]
CASES += [(name, {"n_components": 2}) for name in ("gmm", "bayesian-gmm")]
DENSITIES = [c for c in CASES if REGISTRY[c[0]].density and c != ("shuffled-marginals", MEANS)]
Moments = tuple[np.ndarray, np.ndarray]


def _ids(cases: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [f"{name}-{fields}" if fields else name for name, fields in cases]


def _mixture(weight: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> Moments:
    """Moments of a mixture: weight `[K]`, mean `[K, d]`, covariance `[K, d, d]`."""
    centre = np.einsum("k,kd->d", weight, mean)
    second = covariance + np.einsum("ki,kj->kij", mean, mean)
    return centre, np.einsum("k,kij->ij", weight, second) - np.outer(centre, centre)


def _moments(name: str, fields: dict[str, Any], latents: Latents, fitted: Any) -> Moments:
    mean, log_var = latents.mean.astype(np.float64), latents.log_var.astype(np.float64)
    uniform = np.full(latents.n, 1 / latents.n)
    eye = np.eye(latents.d)
    spread = lambda variance: variance[:, :, None] * eye  # noqa: E731
    variance = 0 * log_var if fields == MEANS else np.exp(log_var)
    whole = _mixture(uniform, mean, spread(variance))
    match name:
        case "prior":
            return np.zeros(latents.d), eye
        case "posterior" | "held-out-posterior" | "gaussian-full":
            return whole
        case "global-gaussian" | "shuffled-marginals":
            return whole[0], whole[1] * eye
        case "posterior-mean":
            return _mixture(uniform, mean, spread(0 * log_var))
        case "one-from-q" | "one-from-prior":
            kept = np.asarray(fitted.from_q, float)
            assert kept.sum() == 1  # of two dimensions
            return kept * whole[0], np.diag(np.where(kept > 0, np.diag(whole[1]), 1.0))
        case "averaged-moments":
            return mean.mean(0), np.diag(np.exp(log_var.mean(0)))
        case "literal-logvar":
            return _mixture(uniform, mean, spread(log_var**2))
        case "mean-plus-logvar":
            return _mixture(uniform, mean + log_var, spread(0 * log_var))
        case "class-posterior":
            classes, counts = np.unique(np.asarray(latents.labels), return_counts=True)
            weight = 1 / (len(classes) * counts[latents.labels])
            return _mixture(weight, mean, spread(variance))
        case "tempered-prior":
            return np.zeros(latents.d), (mean**2 + variance).mean() * eye
        case "interpolation":  # E[(1 - u)² + u²] = 2/3
            return whole[0], 2 / 3 * whole[1]
        case "kde":
            codes = fitted.white.latents
            kernel = np.exp(codes.log_var[0, 0]) * fitted.cholesky @ fitted.cholesky.T
            return _mixture(uniform, fitted.mean + codes.mean @ fitted.cholesky.T, kernel[None])
    assert isinstance(fitted, FittedMixture)
    return _mixture(fitted.weights, fitted.means, fitted.choleskys @ fitted.choleskys.swapaxes(1, 2))


@pytest.mark.integration
@pytest.mark.parametrize(("name", "fields"), CASES, ids=_ids(CASES))
def test_mean_and_every_covariance(name: str, fields: dict[str, Any], plane: Latents) -> None:
    """Within 5 standard errors, those of the covariances from the draws' own fourth moments."""
    fitted = strategy(name, **fields).fit(FIT, plane)
    z = fitted.sample(DRAW, n=N).astype(np.float64)
    mean, covariance = _moments(name, fields, plane, fitted)
    np.testing.assert_array_less(np.abs(z.mean(0) - mean), 5 * z.std(0) / np.sqrt(N))
    product = np.einsum("ni,nj->nij", z - mean, z - mean)
    np.testing.assert_array_less(np.abs(product.mean(0) - covariance), 5 * product.std(0) / np.sqrt(N))


@pytest.mark.integration
@pytest.mark.parametrize(("name", "fields"), DENSITIES, ids=_ids(DENSITIES))
@pytest.mark.parametrize("d", [1, 2])
def test_density_integrates_to_one_and_agrees_with_the_draws(
    name: str, fields: dict[str, Any], d: int, plane: Latents
) -> None:
    """Trapezoids no wider than half the narrowest standard deviation (0.22) are exact to 1e-8 for a Gaussian.

    What is left is the density's own rounding, stated as 2e-4 nats for the mixtures.
    """
    codes = Latents(plane.mean[:, :d], plane.log_var[:, :d], plane.labels)
    fitted: Any = strategy(name, **fields).fit(FIT, codes)
    z = fitted.sample(DRAW, n=N)
    centre, reach = z.mean(0), 9 * z.std(0)
    points = [
        np.linspace(c - r, c + r, max(int(np.ceil(2 * r / 0.11)), 200))
        for c, r in zip(centre, reach, strict=True)
    ]
    grid = np.stack(np.meshgrid(*points, indexing="ij"), -1).reshape(-1, d)
    cell = np.prod([axis[1] - axis[0] for axis in points])
    log_p = fitted.log_prob(grid)
    p = np.exp(log_p)
    assert abs(p.sum() * cell - 1) < 5e-4
    entropy = -(p[p > 0] * log_p[p > 0]).sum() * cell
    scored = fitted.log_prob(z[:10_000])
    assert abs(-scored.mean() - entropy) < 5 * scored.std() / np.sqrt(len(scored)) + 5e-4


def _two(
    share: float, low: tuple[float, float], high: tuple[float, float]
) -> Callable[[np.ndarray], np.ndarray]:
    """CDF of share · N(low) + (1 - share) · N(high), each (mean, standard deviation)."""
    return lambda z: share * stats.norm.cdf(z, *low) + (1 - share) * stats.norm.cdf(z, *high)


LOPSIDED: dict[str, Any] = {
    "prior": stats.norm.cdf,
    "posterior": _two(0.8, (-2, 0.3), (3, 0.8)),
    "shuffled-marginals": _two(0.8, (-2, 0.3), (3, 0.8)),
    "class-posterior": _two(0.5, (-2, 0.3), (3, 0.8)),
    # mean 0.8 * -2 + 0.2 * 3; variance 0.8 * 0.2 * 5² between and 0.8 * 0.09 + 0.2 * 0.64 within
    "global-gaussian": lambda z: stats.norm.cdf(z, -1, np.sqrt(4.0 + 0.2)),
    "gaussian-full": lambda z: stats.norm.cdf(z, -1, np.sqrt(4.0 + 0.2)),
    # the standard deviation is the geometric mean
    "averaged-moments": lambda z: stats.norm.cdf(z, -1, 0.3**0.8 * 0.8**0.2),
    # E z² = 0.8 (2² + 0.09) + 0.2 (3² + 0.64)
    "tempered-prior": lambda z: stats.norm.cdf(z, 0, np.sqrt(5.2)),
    "literal-logvar": _two(0.8, (-2, -2 * np.log(0.3)), (3, -2 * np.log(0.8))),
}


@pytest.mark.parametrize("name", LOPSIDED)
def test_lopsided_codes_follow_the_exact_distribution(name: str, lopsided: Latents) -> None:
    """Kolmogorov-Smirnov on 40,000 draws sees a CDF off by 0.013 at this level."""
    z = strategy(name).fit(FIT, lopsided).sample(DRAW, n=N)[:, 0].astype(np.float64)
    assert stats.kstest(z, LOPSIDED[name]).pvalue > 1e-5


def test_lopsided_shares_and_skewness(lopsided: Latents) -> None:
    """Shares within 5 binomial standard errors; a Gaussian's skewness within 5 of sqrt(6 / n)."""
    names = (*THREAD, "gaussian-full", "shuffled-marginals")
    draws = {name: strategy(name).fit(FIT, lopsided).sample(DRAW, n=N)[:, 0] for name in names}
    tolerance = 5 * np.sqrt(0.2 * 0.8 / N)
    for name in ("posterior", "posterior-mean", "shuffled-marginals"):
        assert abs((draws[name] > 0.5).mean() - 0.2) < tolerance
        assert stats.skew(draws[name]) > 1.0
    for name in ("prior", "global-gaussian", "gaussian-full", "averaged-moments"):
        assert abs(stats.skew(draws[name])) < 5 * np.sqrt(6 / N)
    # equal shares by construction: a draw of class 0 crosses 0.5 at 8 standard deviations, of class 1 at 3
    crossed = 0.5 * stats.norm.cdf(0.5, 3, 0.8)
    assert abs((draws["class-posterior"] > 0.5).mean() - (0.5 - crossed)) < 5 * np.sqrt(crossed / N)
    np.testing.assert_allclose(np.unique(draws["posterior-mean"]), [-2, 3])
    np.testing.assert_allclose(
        np.unique(draws["mean-plus-logvar"]), [-2 + 2 * np.log(0.3), 3 + 2 * np.log(0.8)], rtol=1e-6
    )
    assert abs((draws["mean-plus-logvar"] > 0).mean() - 0.2) < tolerance


@pytest.mark.integration
def test_class_shares_are_equal_and_in_random_order(classes: Latents) -> None:
    fitted = strategy("class-posterior").fit(FIT, classes)
    drawn = np.round(fitted.sample(DRAW, n=6001).mean(axis=1) / 20.0).astype(int) + 1
    counts = np.bincount(drawn)
    assert sorted(counts.tolist()) == [2000, 2000, 2001]
    # neighbours agree a third of the time, give or take 5 standard errors
    assert abs((drawn[1:] == drawn[:-1]).mean() - 1 / 3) < 5 * np.sqrt(2 / 9 / 6000)
    # over keys, chance gives every class the odd draw
    odd = {int(fitted.sample(jax.random.key(k), n=1).mean() > 10) for k in range(20)}
    assert odd == {0, 1}


def test_shuffled_marginals_cut_the_correlation(plane: Latents) -> None:
    """The codes correlate at about 0.9; shuffled, within 5 / sqrt(n) of none, also in rank."""
    z = strategy("shuffled-marginals").fit(FIT, plane).sample(DRAW, n=N)
    assert np.corrcoef(plane.mean.T)[0, 1] > 0.7
    assert abs(stats.spearmanr(z).statistic) < 5 / np.sqrt(N)


def test_literal_logvar_without_density_where_a_component_is_an_atom() -> None:
    codes = Latents(np.array([[1.0], [2.0]]), np.array([[0.0], [-2.0]]))
    fitted = strategy("literal-logvar").fit(FIT, codes, validation=codes)
    assert not hasattr(fitted, "log_prob")
    assert fitted.info == {"strategy": "literal-logvar", "codes": 2, "components": 2, "atoms": 1}
    z = fitted.sample(DRAW, n=2000)
    assert abs((z == 1.0).mean() - 0.5) < 5 * np.sqrt(0.25 / 2000)
