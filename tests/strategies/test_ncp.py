"""The prior reweighted by a classifier: its ratio, both samplers, and its estimated constant."""

from typing import Any

import jax
import numpy as np
import pytest
from scipy import stats

from study.errors import StudyError
from study.latents import Latents
from study.strategies import strategy
from study.strategies.ncp import Ncp, sampler_gap
from tests.tiers import variant

FIT, DRAW = jax.random.key(0), jax.random.key(1)
SMALL: dict[str, Any] = {"steps": 600, "batch_size": 512, "width": 32}


@pytest.fixture(scope="module")
def narrow() -> Latents:
    """q(z) = N(0.5, 0.6²) in 1-D, so that r = q/p is known; 0.36 = 0.2 + 0.16."""
    mean = 0.5 + np.sqrt(0.2) * stats.norm.ppf((np.arange(4000) + 0.5) / 4000)[:, None]
    return Latents(mean, np.full(mean.shape, np.log(0.16)))


@pytest.mark.integration
def test_ratio_is_the_known_one(narrow: Latents) -> None:
    """Within 0.1 nats where codes are, two standard deviations to either side."""
    fitted: Any = strategy("ncp", **{**SMALL, "steps": 1500}).fit(FIT, narrow)
    z = np.linspace(-0.7, 1.7, 25)[:, None]
    exact = stats.norm.logpdf(z[:, 0], 0.5, 0.6) - stats.norm.logpdf(z[:, 0])
    np.testing.assert_allclose(fitted.log_ratio(z), exact, atol=0.1)
    assert abs(fitted.info["log_normaliser"]) < 0.05
    # Σw² of the exact ratio: E_p[r²] = ∫ q²/p, by quadrature
    grid = np.linspace(-8, 8, 4001)
    second = np.trapezoid(stats.norm.pdf(grid, 0.5, 0.6) ** 2 / stats.norm.pdf(grid), grid)
    assert fitted.info["effective_sample_size"] == pytest.approx(512 / second, rel=0.1)


@pytest.mark.integration
@pytest.mark.parametrize(
    "fields",
    [
        {"sampler": "sir", "proposals": 64},
        variant({"sampler": "sir", "proposals": 64, "proposal": "gaussian"}),
        variant({"sampler": "langevin", "langevin_steps": 150}),
        variant({"sampler": "langevin", "langevin_steps": 150, "proposal": "gaussian"}),
    ],
)
def test_draws_follow_the_density(fields: dict[str, Any], narrow: Latents) -> None:
    """A histogram of 40,000 draws agrees with the density within five binomial standard errors plus 0.004:

    importance resampling from K proposals is off by O(1/K).
    """
    fitted: Any = strategy("ncp", **SMALL, **fields).fit(FIT, narrow)
    grid = np.linspace(-5, 5, 5001)[:-1, None] + 0.001
    p = np.exp(fitted.log_prob(grid)) * 0.002
    assert abs(p.sum() - 1) < 5 * fitted.info["log_normaliser_stderr"] + 1e-3
    n = 40_000
    z = fitted.sample(DRAW, n=n)
    assert z.dtype == np.float32
    share, found = p.reshape(50, 100).sum(1), np.histogram(z[:, 0], np.linspace(-5, 5, 51))[0] / n
    np.testing.assert_array_less(np.abs(found - share), 5 * np.sqrt(share / n) + 0.004)
    assert abs(z.std() - 0.6) < 0.06  # not the prior's 1
    if fields.get("proposal") == "gaussian":  # which N(0.5, 0.6²) is: nothing to reweight
        assert fitted.info["effective_sample_size"] > 63
    if fields["sampler"] == "langevin":
        assert 0.5 < fitted.info["acceptance_rate"] < 1
        assert abs(fitted.langevin_acceptance(DRAW, n=500) - fitted.info["acceptance_rate"]) < 0.05


@pytest.mark.parametrize("proposals", [1, 64, 512])
def test_sampler_gap_of_known_weights(proposals: int) -> None:
    """q = N(2, 0.2²) from p = N(0, 1): p_K by quadrature over z, its expectation over 4,000 sets of other draws.

    With K = 1 the sampler draws from p, and the gap is KL(q ‖ p) in closed form. 64, the former default, give 0.07.
    """
    rng = np.random.default_rng(0)

    def ratio(z: np.ndarray) -> np.ndarray:
        return stats.norm.pdf(z, 2, 0.2) / stats.norm.pdf(z)

    z = np.linspace(0.8, 3.2, 300)
    others = ratio(rng.normal(size=(4000, proposals - 1))).sum(1)
    drawn = stats.norm.pdf(z) * ratio(z) * (proposals / (ratio(z)[:, None] + others)).mean(1)
    q = stats.norm.pdf(z, 2, 0.2)
    expected = np.trapezoid(q * np.log(q / drawn), z) + np.log(np.trapezoid(drawn, z))
    if proposals == 1:
        expected = 0.5 * (2**2 + 0.2**2 - 1) - np.log(0.2)
    # E_q over some hundred draws that count, and c over 512 sets
    found = sampler_gap(ratio(rng.normal(size=400_000)), proposals=proposals)
    assert found == pytest.approx(expected, rel=0.25, abs=0.002)


@pytest.mark.integration
def test_the_default_number_of_proposals_is_enough(narrow: Latents) -> None:
    """For codes with q(z) = N(2, 0.2²), draws are within 0.01 nats of `log_prob`; with the former 64 they were not.

    A histogram of the draws says the same as `info`.
    """
    codes = Latents(2 + (narrow.mean - 0.5) / 3, narrow.log_var + 2 * np.log(1 / 3))
    edges = np.linspace(1.2, 2.8, 33)
    gaps = {}
    for proposals in (Ncp().proposals, 64):
        fitted: Any = strategy("ncp", **SMALL, proposals=proposals).fit(FIT, codes)
        gaps[proposals] = fitted.info["sampler_gap"]
        n = 40_000
        found = np.histogram(fitted.sample(DRAW, n=n)[:, 0], edges)[0] / n
        grid = edges[0] + 0.05 * (np.arange(3200) + 0.5) / 100
        share = (np.exp(fitted.log_prob(grid[:, None])) * 0.0005).reshape(32, 100).sum(1)
        drawn = (found > 0) & (share > 1e-4)
        seen = float((share[drawn] * np.log(share[drawn] / found[drawn])).sum())
        assert seen == pytest.approx(
            gaps[proposals], rel=0.3, abs=0.006
        )  # 32 bins add 32/2n, the network its own
    assert gaps[Ncp().proposals] < 0.01 < 0.03 < gaps[64]


@pytest.mark.integration
def test_one_proposal_is_the_prior(narrow: Latents) -> None:
    fitted: Any = strategy("ncp", proposals=1, steps=20).fit(FIT, narrow)
    prior: Any = strategy("prior").fit(FIT, narrow)
    np.testing.assert_array_equal(fitted.sample(DRAW, n=100), prior.sample(DRAW, n=100))


@pytest.mark.slow
def test_density_in_the_plane_integrates_to_one(plane: Latents) -> None:
    fitted: Any = strategy("ncp", **SMALL).fit(FIT, plane, validation=plane)
    axis = np.arange(-6, 8, 0.05)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    total = np.exp(fitted.log_prob(grid)).sum() * 0.05**2
    assert abs(total - 1) < 5 * fitted.info["log_normaliser_stderr"] + 1e-3
    assert all(type(value) in (int, float, bool, str) for value in fitted.info.values())


@pytest.mark.usefixtures("unchecked")
def test_errors() -> None:
    with pytest.raises(StudyError, match="proposal must be 'gaussian' or 'prior', got 'posterior'"):
        strategy("ncp", proposal="posterior")
    with pytest.raises(StudyError, match="sampler must be 'sir' or 'langevin', got 'gibbs'"):
        strategy("ncp", sampler="gibbs")
    for field in ("proposals", "langevin_steps", "step_size"):
        with pytest.raises(StudyError, match=f"{field} must be positive, got 0"):
            strategy("ncp", **{field: 0})
