"""Common random numbers: strategies given the same key differ only by their own map."""

from typing import Any

import jax
import numpy as np

from study.data.base import Dataset
from study.latents import Latents
from study.strategies import REFERENCES, strategy
from study.strategies.parts.draws import own_key, shared_draws

FIT, DRAW = jax.random.key(20), jax.random.key(21)
N = 4000


def _draw(name: str, latents: Latents, **fields: Any) -> np.ndarray:
    return strategy(name, **fields).fit(FIT, latents).sample(DRAW, n=N)


def test_gaussians_are_affine_maps_of_the_prior_draw(classes: Latents) -> None:
    epsilon = _draw("prior", classes)
    np.testing.assert_array_equal(epsilon, shared_draws(DRAW, n=N, d=3, components=7)[1])
    for name in ("global-gaussian", "gaussian-full", "averaged-moments"):
        fitted: Any = strategy(name).fit(FIT, classes)
        z = fitted.sample(DRAW, n=N)
        np.testing.assert_allclose(z, fitted.mean + epsilon @ fitted.cholesky.T, rtol=2e-6, atol=1e-5)


def test_codes_share_index_and_noise(classes: Latents) -> None:
    index, epsilon = shared_draws(DRAW, n=N, d=3, components=classes.n)
    location, log_var = classes.mean[index], classes.log_var[index]
    np.testing.assert_array_equal(_draw("posterior-mean", classes), location)
    np.testing.assert_array_equal(_draw("mean-plus-logvar", classes), location + log_var)
    np.testing.assert_allclose(
        _draw("posterior", classes), location + np.exp(log_var / 2) * epsilon, rtol=1e-5
    )
    np.testing.assert_allclose(
        _draw("literal-logvar", classes), location + log_var * epsilon, rtol=1e-5, atol=1e-5
    )


def test_kernels_share_index_and_noise(classes: Latents) -> None:
    index, epsilon = shared_draws(DRAW, n=N, d=3, components=classes.n)
    fitted: Any = strategy("kde").fit(FIT, classes)
    centre = fitted.mean + fitted.white.latents.mean[index] @ fitted.cholesky.T
    expected = centre + fitted.info["bandwidth"] * epsilon @ fitted.cholesky.T
    np.testing.assert_allclose(fitted.sample(DRAW, n=N), expected, rtol=1e-5, atol=1e-4)


def test_paths_begin_where_the_others_draw(classes: Latents) -> None:
    """At z = a + u (b - a), a is the posterior's draw: z - a is then a multiple of some b - a, b a code."""
    start = _draw("posterior-mean", classes)[:50]
    z = _draw("interpolation", classes, fit_on="means")[:50]
    towards = classes.mean[None] - start[:, None]
    length = np.maximum(np.linalg.norm(towards, axis=2, keepdims=True), 1e-9)
    moved = (z - start)[:, None]
    across = moved - (moved * towards / length).sum(2, keepdims=True) * towards / length
    assert np.linalg.norm(across, axis=2).min(axis=1).max() < 1e-3


def test_copycat_repeats_the_examples_whose_codes_are_drawn(classes: Latents) -> None:
    x = np.arange(classes.n, dtype=np.float32)[:, None]
    data = Dataset("rows", train=x, validation=x, test=x, shape=(1,))
    rows = REFERENCES["copycat"](DRAW, data=data, model=None, n=N)[:, 0].astype(int)
    np.testing.assert_array_equal(_draw("posterior-mean", classes), classes.mean[rows])


def test_noise_is_shared_where_the_index_is_not(classes: Latents) -> None:
    """Each z is some code plus its own scale times the shared noise: found again by trying every code."""
    _, epsilon = shared_draws(DRAW, n=N, d=3, components=1)
    scale = np.exp(0.5 * classes.log_var)
    z = _draw("class-posterior", classes)[:200]
    rebuilt = classes.mean[None] + scale[None] * epsilon[:200, None]
    assert np.abs(rebuilt - z[:, None]).max(axis=2).min(axis=1).max() < 1e-4
    z = _draw("shuffled-marginals", classes)[:200]
    assert np.abs(rebuilt - z[:, None]).min(axis=1).max() < 1e-4


def test_own_key_is_independent_of_the_shared_draws() -> None:
    """`jax.random.split` and `fold_in` coincide for small numbers: the strategy's own key must be neither half."""
    own = jax.random.key_data(own_key(DRAW))
    for other in jax.random.key_data(jax.random.split(DRAW)):
        assert not np.array_equal(own, other)


def test_mixture_components_are_independent_of_the_noise(lopsided: Latents) -> None:
    """Correlation of the component with the noise within 5 / sqrt(n) of zero."""
    fitted: Any = strategy("gmm", n_components=2).fit(FIT, lopsided)
    _, epsilon = shared_draws(DRAW, n=N, d=1, components=1)
    assert abs(np.corrcoef(fitted.components(DRAW, n=N), epsilon[:, 0])[0, 1]) < 5 / np.sqrt(N)
