"""The kernel density of an exemplar VAE against float64, at its limits, and of a subset against that of all."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from study import StudyError, TrainConfig, VAEConfig
from study.config import PriorConfig
from study.models.priors.exemplar import BLOCK, ExemplarPrior, log_kernel_density
from study.training import steps

D = 3


def drawn(seed: int, n: int) -> Any:
    return jax.random.normal(jax.random.key(seed), (n, D))


def exact(z: Any, centres: Any, log_variance: float, *, without_own: bool = False) -> np.ndarray:
    """In float64, over an array of all distances."""
    z, centres = np.asarray(z, np.float64), np.asarray(centres, np.float64)
    squared = np.square(z[:, None] - centres[None]).sum(-1)
    terms = -0.5 * (squared / np.exp(log_variance) + z.shape[1] * (log_variance + np.log(2 * np.pi)))
    if without_own:
        terms[np.arange(len(z)), np.arange(len(z))] = -np.inf
    return logsumexp(terms, axis=1) - np.log(len(centres) - without_own)


@pytest.mark.integration
@pytest.mark.parametrize("without_own", [True, False])
@pytest.mark.parametrize("m", [40, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 70])
def test_the_density_is_that_of_a_direct_computation(m, without_own):
    z, centres = drawn(0, 40), drawn(1, m)
    found = log_kernel_density(z, centres, jnp.float32(-1.5), without_own=without_own)
    np.testing.assert_allclose(found, exact(z, centres, -1.5, without_own=without_own), atol=2e-5)


def test_rows_of_a_later_block_leave_out_their_own_centre_too():
    """At its own centre a narrow kernel is all there is; left out, the nearest of the others is."""
    centres = drawn(0, BLOCK + 1)
    found = log_kernel_density(centres, centres, jnp.float32(-4.0), without_own=True)
    expected = exact(centres, centres, -4.0, without_own=True)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)
    assert (expected < exact(centres, centres, -4.0)).all()


@pytest.mark.integration
def test_marginals_are_kernel_densities_of_single_dimensions():
    prior = ExemplarPrior(D)
    prior.place(drawn(1, 30))
    prior.log_variance[...] = jnp.float32(-0.7)
    z = drawn(0, 20)
    found = prior.marginal_log_prob(z)
    for j in range(D):
        np.testing.assert_allclose(found[:, j], exact(z[:, [j]], drawn(1, 30)[:, [j]], -0.7), atol=2e-5)
    np.testing.assert_allclose(found, super(ExemplarPrior, prior).marginal_log_prob(z), atol=2e-5)


def test_wide_kernels_are_one_gaussian_and_narrow_ones_are_the_nearest_alone():
    z, centres = drawn(0, 50), drawn(1, 200)
    wide = log_kernel_density(z, centres, jnp.float32(16.0))
    one = norm.logpdf(np.asarray(z), np.asarray(centres).mean(0), np.exp(8.0)).sum(-1)
    np.testing.assert_allclose(wide, one, atol=1e-5)
    narrow = log_kernel_density(z, centres, jnp.float32(-12.0))
    nearest = np.square(np.asarray(z)[:, None] - np.asarray(centres)[None]).sum(-1).min(1)
    expected = -0.5 * (nearest * np.exp(12.0) + D * (-12.0 + np.log(2 * np.pi))) - np.log(200)
    np.testing.assert_allclose(narrow, expected, rtol=1e-4)


@pytest.mark.integration
@pytest.mark.parametrize("log_variance", [0.0, -20.0, 20.0])
@pytest.mark.parametrize("m", [12, BLOCK + 12])
def test_gradients_are_finite_and_reach_the_variance_and_the_centres(m, log_variance):
    z, centres = drawn(0, 12), drawn(1, m)

    def loss(centres: Any, log_variance: Any) -> Any:
        return log_kernel_density(z, centres, log_variance, without_own=True).mean()

    of_centres, of_variance = jax.grad(loss, argnums=(0, 1))(centres, jnp.float32(log_variance))
    assert np.isfinite(of_centres).all() and np.isfinite(of_variance) and of_variance != 0
    assert np.abs(of_centres).max() > 0
    if log_variance == 0:
        step = 1e-4
        high, low = (exact(z, centres, sign * step, without_own=True).mean() for sign in (1, -1))
        assert of_variance == pytest.approx((high - low) / (2 * step), rel=1e-3)


N, BATCH, SEEN, EPOCHS = 60, 8, 20, 400


def test_a_step_sees_its_batch_and_a_random_subset_of_the_others():
    key, training = jax.random.key(0), TrainConfig(batch_size=BATCH)
    rows, noise = steps.drawn(key, 3, training, N, SEEN)
    batches, same = steps.drawn(key, 3, training, N, BATCH)
    np.testing.assert_array_equal(rows[:, :BATCH], batches)  # those of every other family
    np.testing.assert_array_equal(jax.random.key_data(noise), jax.random.key_data(same))
    assert all(len(set(row)) == SEEN for row in np.asarray(rows).tolist())
    whole, _ = steps.drawn(key, 3, training, N, N)
    np.testing.assert_array_equal(np.sort(whole, axis=1), np.broadcast_to(np.arange(N), (N // BATCH, N)))


def test_the_density_over_a_step_s_subset_is_unbiased_and_its_logarithm_too_low():
    """Mean over the steps in which an example is in the batch, against the density over all others."""
    codes, z = drawn(1, N), drawn(0, N)
    training = TrainConfig(batch_size=BATCH)

    def of_epoch(number: Any) -> Any:
        rows, _ = steps.drawn(jax.random.key(5), number, training, N, SEEN)
        one = lambda own: log_kernel_density(z[own[:BATCH]], codes[own], jnp.float32(-1.0), without_own=True)  # noqa: E731
        return rows[:, :BATCH].ravel(), jax.vmap(one)(rows).ravel()

    rows, found = map(np.ravel, jax.jit(jax.vmap(of_epoch))(jnp.arange(EPOCHS)))
    logs = exact(z, codes, -1.0, without_own=True)
    lower = []
    for i in range(N):
        own = found[rows == i].astype(np.float64)
        density = np.exp(own)
        assert density.mean() == pytest.approx(
            np.exp(logs[i]), abs=5 * density.std(ddof=1) / np.sqrt(len(own))
        )
        lower.append(logs[i] - own.mean())
    assert np.mean(lower) > 5 * np.std(lower) / np.sqrt(N)


def test_draws_follow_the_kernel_density():
    """Each draw is a kernel's, all kernels are drawn alike, and the distance from the kernel has variance σ²."""
    n, prior = 20_000, ExemplarPrior(D)
    centres = 100.0 * drawn(1, 25)  # so far apart that the nearest centre is the one that was drawn
    prior.place(centres)
    prior.log_variance[...] = jnp.float32(np.log(0.09))
    z = np.asarray(prior.sample(jax.random.key(3), n=n))
    away = z[:, None] - np.asarray(centres)[None]
    nearest = np.square(away).sum(-1).argmin(1)
    counts = np.bincount(nearest, minlength=25)
    np.testing.assert_allclose(counts, n / 25, atol=5 * np.sqrt(n / 25))
    noise = away[np.arange(n), nearest] / 0.3
    assert noise.mean() == pytest.approx(0, abs=5 / np.sqrt(n * D))
    assert np.square(noise).mean() == pytest.approx(1, abs=5 * np.sqrt(2 / (n * D)))


def test_fewer_than_two_exemplars_are_refused():
    with pytest.raises(StudyError, match="exemplars: of fewer than 2, none is left beside an example's own"):
        VAEConfig(family="exemplar", prior=PriorConfig(exemplars=1))
