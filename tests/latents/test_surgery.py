"""The decomposition of the rate against closed forms."""

import math

import jax
import numpy as np
import pytest
from scipy import stats

from study import Latents, dimension_table, surgery
from study.latents.dimensions import normal_distances, normal_null
from study.latents.surgery import COMPLEMENT, DIRECT
from tests.tiers import first_of

VARIANCES = np.array([0.36, 1.0, 0.5])


def linear_codes(n: int, ratio: float, d: int, seed: int) -> Latents:
    """Codes of the linear-Gaussian optimum: Var(mean) = 1 − r, posterior variance r, so q(z) = N(0, I)."""
    mean = np.random.default_rng(seed).normal(size=(n, d)) * math.sqrt(1 - ratio)
    return Latents(mean, np.full((n, d), math.log(ratio)))


@pytest.mark.integration
def test_gaussian_channel_has_the_mutual_information_of_its_formula():
    ratio, d, n = 0.3, 2, 20_000
    apart = surgery(
        jax.random.key(0), linear_codes(n, ratio, d, 0), linear_codes(2000, ratio, d, 1), draws=4000
    )
    exact = -0.5 * d * math.log(ratio)
    # N examples stand for the population: the rate over them is off by (1 − r) √(d/2N) = 0.005.
    sampling = 4 * (1 - ratio) * math.sqrt(d / (2 * n))
    assert apart.mi_lower.value - sampling < exact < apart.mi_upper.value + sampling
    assert apart.identified
    assert apart.rate.value == pytest.approx(exact, abs=5 * d / math.sqrt(n))
    # q(z) is the prior up to sampling: the rate minus I had a standard error of 0.014 here, the mean of log q/p 0.0002
    assert apart.kl_aggregate_upper.how == DIRECT
    assert abs(apart.kl_aggregate_upper.value) < 5 * apart.kl_aggregate_upper.stderr + 0.001
    assert apart.kl_aggregate_upper.stderr < 0.001
    assert apart.hole_mass.value == pytest.approx(0.01, abs=0.01)
    assert apart.hole_mass_converse.value == pytest.approx(0.01, abs=5 * math.sqrt(0.01 / 4000))


def test_identical_posteriors_hold_no_information():
    latents = Latents(np.zeros((500, 3)), np.zeros((500, 3)))
    apart = surgery(jax.random.key(0), latents, latents, draws=500)
    assert apart.mi_lower.value == pytest.approx(0, abs=1e-5)
    assert apart.mi_upper.value == pytest.approx(0, abs=1e-5)
    assert apart.rate.value == pytest.approx(0, abs=1e-6)
    assert apart.overlap.value == pytest.approx(500, rel=1e-4)
    assert apart.active_units.value == 0


def test_posteriors_far_apart_hold_log_n_and_are_not_identified():
    grid = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), -1).reshape(-1, 2)
    latents = Latents(grid, np.full((400, 2), 2 * math.log(0.01)))
    apart = surgery(jax.random.key(0), latents, latents, draws=400)
    assert apart.kl_aggregate_upper.how == COMPLEMENT  # log q(z|x) − log q(z) is the same at every draw
    assert apart.mi_lower.value == pytest.approx(math.log(400), abs=1e-4)
    assert apart.overlap.value == pytest.approx(1, abs=1e-3)
    assert apart.mi_upper.value > 100
    assert not apart.identified
    assert apart.active_units.value == 2


def test_bracket_is_ordered_and_adds_up():
    latents = linear_codes(300, 0.05, 4, 3)
    apart = surgery(jax.random.key(1), latents, linear_codes(100, 0.05, 4, 4), draws=300)
    assert apart.mi_lower.value <= min(apart.mi_upper.value, math.log(300) + 1e-9)
    assert apart.kl_aggregate_lower.value <= apart.kl_aggregate_upper.value
    assert apart.kl_aggregate_upper.value + apart.mi_lower.value == pytest.approx(apart.rate.value)

    for end in ("lower", "upper"):
        parts = (getattr(apart, f"{name}_{end}") for name in ("total_correlation", "dimension_wise_kl"))
        whole = getattr(apart, f"kl_aggregate_{end}")
        assert sum(part.value for part in parts) == pytest.approx(whole.value, abs=1e-6)


@pytest.mark.integration
@pytest.mark.parametrize("correlation", first_of([0.7, 0.0]))
def test_total_correlation_of_a_gaussian(correlation):
    d, n, noise = 3, 20_000, 0.2
    covariance = np.full((d, d), correlation) + (1 - correlation) * np.eye(d)
    between = np.linalg.cholesky(1.5 * covariance - noise * np.eye(d))
    mean = np.random.default_rng(0).normal(size=(n, d)) @ between.T
    latents = Latents(mean, np.full((n, d), math.log(noise)))
    apart = surgery(jax.random.key(0), latents, latents, draws=4000)
    exact = -0.5 * np.linalg.slogdet(covariance)[1]
    wise = 0.5 * d * (1.5 - 1 - math.log(1.5))
    for name, value in {"total_correlation": exact, "dimension_wise_kl": wise}.items():
        lower, upper = (getattr(apart, f"{name}_{end}") for end in ("lower", "upper"))
        # 20,000 means stand for the population: their own covariance is off by 1/√n
        assert lower.value - 4 * lower.stderr - 0.02 < value < upper.value + 4 * upper.stderr + 0.02, name


def test_hole_mass_of_a_shell_is_what_the_prior_leaves_empty():
    """Codes on a wide ring: nearly all of the prior lies where q(z) has next to nothing."""
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    ring = Latents(4 * np.stack([np.cos(angle), np.sin(angle)], 1), np.full((400, 2), 2 * math.log(0.1)))
    apart = surgery(jax.random.key(0), ring, ring, draws=2000)
    # 1 − P(3.7 < |z| < 4.3) under the prior, the ring's own width being about 0.1
    inside = stats.chi2.cdf(4.3**2, 2) - stats.chi2.cdf(3.7**2, 2)
    assert apart.hole_mass.value == pytest.approx(1 - inside, abs=0.01)
    assert apart.hole_mass_converse.value == 1.0


def test_dimension_table_against_closed_forms():
    mean = np.random.default_rng(0).normal(size=(4000, 3)) * [0.8, 0.0, 2.0]
    latents = Latents(mean, np.log(np.tile(VARIANCES, (4000, 1))))
    table = dimension_table(jax.random.key(0), latents, draws=4000)
    total = mean.var(0) + VARIANCES
    centre = mean.mean(0)
    # Each marginal is nearly Gaussian, so its KL is the Gaussian one. The average is over log q/p, whose standard
    # deviation is |1 − 1/v|·v/√2 for q = N(0, v).
    exact = 0.5 * (total + centre**2 - 1 - np.log(total))
    stderr = np.abs(total - 1) / np.sqrt(2) / np.sqrt(4000)
    assert (np.abs(table["marginal_kl"] - exact) < 5 * stderr + 2e-3).all()
    expected = 0.5 * ((mean**2).mean(0) + VARIANCES - 1 - np.log(VARIANCES))
    np.testing.assert_allclose(table["kl"], expected, atol=1e-5)
    np.testing.assert_allclose(table["mutual_information"], table["kl"] - table["marginal_kl"])
    np.testing.assert_allclose(table["mean_variance"], mean.var(0), rtol=1e-4)
    assert table["active"].tolist() == [True, False, True]
    assert table["w1"][1] < 0.03 < table["w1"][2]
    assert (table["ks"] > table["ks_null_high"]).tolist() == [False, False, True]  # the first two are N(0, 1)
    x = np.linspace(-6, 6, 2001)
    farthest = np.abs(stats.norm.cdf(x, centre[2], np.sqrt(total[2])) - stats.norm.cdf(x)).max()
    assert table["ks"][2] == pytest.approx(farthest, abs=5 / np.sqrt(20_000))


def test_normal_distances_against_scipy():
    z = np.random.default_rng(0).normal(0.3, 1.2, size=5000)
    w1, ks = normal_distances(z)
    assert ks == pytest.approx(stats.kstest(z, "norm").statistic, abs=1e-12)
    fine = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    assert w1 == pytest.approx(stats.wasserstein_distance(z, fine), abs=2e-3)


@pytest.mark.parametrize("m", first_of([300, 20_000]))
def test_nulls_of_the_marginals_hold_in_95_percent(m):
    """Of 600 sets of prior draws 5 ± 0.9 % exceed the null; a quantile simulated from 400 adds an error of 1.1 %."""
    rng = np.random.default_rng(m)
    found = np.array([normal_distances(rng.normal(size=m)) for _ in range(600)])
    np.testing.assert_allclose((found > normal_null(m)).mean(0), 0.05, atol=3 * 0.014)
