"""Measurements against a learned prior: N(0, I) passed as one must give the same results as its closed forms."""

import math

import jax
import numpy as np
import pytest

from study import Latents, dimension_table, surgery
from study.latents.surgery import learned_rate
from study.latents.two_sample import prior_null, simulated_null, two_sample


class Drawn:
    """N(mean, scale² I) as a prior that can be sampled but does not provide its marginals."""

    def __init__(self, mean: float = 0.0, scale: float = 1.0, d: int = 2):
        self.mean, self.scale, self.d = mean, scale, d

    def marginals(self, z: np.ndarray) -> np.ndarray:
        white = (np.asarray(z, np.float64) - self.mean) / self.scale
        return -0.5 * (white**2 + math.log(2 * math.pi)) - math.log(self.scale)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        return self.marginals(z).sum(1)

    def sample(self, key: jax.Array, *, n: int) -> np.ndarray:
        return self.mean + self.scale * np.asarray(jax.random.normal(key, (n, self.d)))


class Known(Drawn):
    """The same prior, with its marginals."""

    def marginal_log_prob(self, z: np.ndarray) -> np.ndarray:
        return self.marginals(z)


def codes(n: int, seed: int) -> Latents:
    rng = np.random.default_rng(seed)
    return Latents(rng.normal(size=(n, 2)) * [0.9, 0.3] + [0.5, 0.0], np.tile(np.log([0.2, 0.6]), (n, 1)))


def test_the_standard_normal_as_a_learned_prior_gives_what_the_closed_forms_give():
    latents, held_out = codes(2000, 0), codes(500, 1)
    exact = surgery(jax.random.key(0), latents, held_out, draws=2000)
    found = surgery(jax.random.key(0), latents, held_out, draws=2000, prior=Known())
    assert found.total_correlation_upper == exact.total_correlation_upper  # the prior plays no part
    for name in ("mi_lower", "mi_upper"):  # estimated directly, and as the rate minus a KL
        a, b = getattr(found, name), getattr(exact, name)
        assert a.value == pytest.approx(b.value, abs=5 * math.hypot(a.stderr, b.stderr)), name
    assert found.rate.value == pytest.approx(exact.rate.value, abs=5 * found.rate.stderr)
    assert 0 < found.rate.stderr < 0.05 and exact.rate.stderr == 0
    for part in ("kl_aggregate", "dimension_wise_kl"):
        for end in (f"{part}_lower", f"{part}_upper"):
            a, b = getattr(found, end), getattr(exact, end)
            assert a.value == pytest.approx(b.value, abs=5 * math.hypot(a.stderr, b.stderr)), end
    for name in ("hole_mass", "hole_mass_converse"):
        a, b = getattr(found, name), getattr(exact, name)
        # the 1 % edge of the prior is itself known to 10 % from 2,000 draws
        assert a.value == pytest.approx(b.value, abs=5 * math.hypot(a.stderr, b.stderr) + 0.005), name
    assert found.active_units_kl.value == exact.active_units_kl.value == 2


def test_the_rate_is_monte_carlo_of_log_q_minus_log_p():
    latents, prior = codes(200, 0), Drawn(0.7, 0.5)
    # KL between Gaussians, dimension by dimension
    variance = np.exp(latents.log_var.astype(np.float64))
    kl = 0.5 * ((variance + (latents.mean - 0.7) ** 2) / 0.25 - 1 - np.log(variance / 0.25))
    found = [learned_rate(jax.random.key(i), latents, prior) for i in range(40)]
    values = np.array([f.value for f in found])
    assert values.mean() == pytest.approx(kl.sum(1).mean(), abs=5 * values.std() / math.sqrt(40))
    # the stated standard error is the spread over keys, itself known to 1/√80
    assert np.mean([f.stderr for f in found]) == pytest.approx(values.std(ddof=1), rel=0.5)


def test_what_has_no_tractable_marginals_is_nan_and_not_the_standard_normal():
    latents = codes(300, 0)
    found = surgery(jax.random.key(0), latents, codes(100, 1), draws=200, prior=Drawn(0.7, 0.5))
    for name in ("dimension_wise_kl_lower", "dimension_wise_kl_upper", "active_units_kl"):
        assert math.isnan(getattr(found, name).value), name
    assert np.isfinite(found.kl_aggregate_lower.value)
    table = dimension_table(jax.random.key(0), latents, draws=200, prior=Drawn(0.7, 0.5))
    assert table[["kl", "marginal_kl"]].isna().all(axis=None)
    assert table.drop(columns=["kl", "marginal_kl"]).notna().all(axis=None)


def test_dimension_table_against_a_learned_prior():
    latents = codes(3000, 0)
    normal = dimension_table(jax.random.key(0), latents, draws=3000)
    known = dimension_table(jax.random.key(0), latents, draws=3000, prior=Known())
    assert set(known) == set(normal)
    # log q/p of single draws varies by less than 1.5; its mean over 3,000 is known to 0.03
    for name in ("kl", "marginal_kl", "mutual_information"):
        np.testing.assert_allclose(known[name], normal[name], atol=5 * 0.03)
    np.testing.assert_allclose(known[["w1", "ks"]], normal[["w1", "ks"]], atol=0.03)  # two sets of 20,000
    # as many draws on both sides: the null of two samples is √2 that of one, here of 20,000 and 21,000 draws
    np.testing.assert_allclose(
        known["ks_null_high"] / normal["ks_null_high"], math.sqrt(2 * 21 / 20), rtol=0.02
    )
    own = Known(0.5, 1.0)
    moved = dimension_table(jax.random.key(0), latents, draws=3000, prior=own)
    assert (
        moved["w1"][0] < moved["w1_null_high"][0] + 0.02 < normal["w1"][0]
    )  # N(0.5, 1.01) against N(0.5, 1)


def test_two_sample_distances_take_the_learned_prior_and_its_null():
    rng = np.random.default_rng(0)
    latents = Latents(3 + 0.3 * rng.normal(size=(4000, 2)), np.full((4000, 2), 2 * math.log(0.4)))
    prior = Drawn(3.0, 0.5)  # q(z) is N(3, 0.09 + 0.16)
    for name, found in two_sample(jax.random.key(0), latents, draws=300, prior=prior).items():
        assert found.estimate.value < found.null_high + 2 * found.estimate.stderr, name
    for name, found in two_sample(jax.random.key(0), latents, draws=300).items():
        assert found.estimate.value > found.null_high + 5 * found.estimate.stderr, name
    of_prior = simulated_null(jax.random.key(1), 300, lambda key: prior.sample(key, n=600))
    # squared distances of N(3, ¼) are a quarter of those of N(0, 1); a simulated quantile is off by some 10 %
    assert of_prior.sliced_w2 == pytest.approx(prior_null(300, 2).sliced_w2 / 4, rel=0.3)
