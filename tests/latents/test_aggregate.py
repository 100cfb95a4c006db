"""The exact density of q(z) against float64, and its memory."""

import jax
import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import logsumexp

from study import AggregatePosterior, Latents, StudyError
from study.latents import aggregate


def codes(n: int, d: int, sigma: float, seed: int = 0) -> Latents:
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=(n, d)) * np.sqrt(max(1 - sigma**2, 0.01))
    return Latents(mean, 2 * np.log(sigma * np.exp(0.2 * rng.normal(size=(n, d)))))


def float64_log_prob(latents: Latents, z: np.ndarray) -> np.ndarray:
    mean, log_var = latents.mean.astype(np.float64), latents.log_var.astype(np.float64)
    out = []
    for row in z.astype(np.float64):
        scaled = (row - mean) * np.exp(-0.5 * log_var)
        out.append(logsumexp(-0.5 * (scaled**2 + log_var + np.log(2 * np.pi)).sum(1)) - np.log(len(mean)))
    return np.array(out)


@pytest.mark.integration
@pytest.mark.parametrize("sigma", [1e-3, 1e-2, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("drawn_from", ["q", "prior"])
def test_agrees_with_float64_at_full_size(sigma, drawn_from):
    latents = codes(60_000, 8, sigma)
    q = AggregatePosterior(latents)
    key = jax.random.key(1)
    z = q.sample(key, n=50) if drawn_from == "q" else np.asarray(jax.random.normal(key, (50, 8)))
    np.testing.assert_allclose(q.log_prob(z), float64_log_prob(latents, z), atol=1e-3, rtol=0)


@pytest.mark.integration
@pytest.mark.parametrize("d", [2, 16, 64])
@pytest.mark.parametrize("sigma", [0.05, 0.1, 0.2, 0.4])
def test_agrees_with_float64_where_arithmetic_is_chosen_by_probing(sigma, d):
    latents = codes(5_000, d, sigma)
    q = AggregatePosterior(latents)
    z = np.concatenate([q.sample(jax.random.key(1), n=300), jax.random.normal(jax.random.key(2), (300, d))])
    np.testing.assert_allclose(q.log_prob(z), float64_log_prob(latents, z), atol=1e-3, rtol=0)


def test_every_arithmetic_path_is_taken(monkeypatch):
    taken = []
    stream = aggregate._logsumexp

    def spy(z, *arrays, dtype, product):
        taken.append((len(z), dtype.__name__, product))
        return stream(z, *arrays, dtype=dtype, product=product)

    monkeypatch.setattr(aggregate, "_logsumexp", spy)
    z = np.asarray(jax.random.normal(jax.random.key(0), (200, 4)))
    for sigma in (1.0, 0.2, 0.03, 1e-3, 1e-7):
        AggregatePosterior(codes(100, 4, sigma)).log_prob(z)
    probe = [(64, "float32", True), (64, "float64", True)]
    assert taken == [
        (200, "float32", True),
        *probe,
        (200, "float32", True),
        *probe,
        (200, "float64", True),
        (200, "float64", True),
        (200, "float64", False),
    ]


@pytest.mark.parametrize("sigma", [1e-3, 0.03, 0.1])
def test_blocks_that_cannot_count_are_left_out(sigma, monkeypatch):
    """Tests draws near one component of q, draws from the prior, and points between two codes."""
    latents = codes(20_000, 16, sigma)
    q = AggregatePosterior(latents)
    index = np.arange(0, 20_000, 500)
    own = latents.mean[index] + 0.1 * sigma
    between = 0.5 * (latents.mean[:20] + latents.mean[20:40])
    z = np.concatenate([own, np.asarray(jax.random.normal(jax.random.key(0), (40, 16))), between])
    expected = float64_log_prob(latents, z)
    without = [
        float64_log_prob(Latents(np.delete(latents.mean, i, 0), np.delete(latents.log_var, i, 0)), row[None])[
            0
        ]
        for i, row in zip(index[:5], own, strict=False)
    ]
    monkeypatch.setattr(aggregate, "_logsumexp", None)  # no other path
    monkeypatch.setattr(aggregate, "HOPELESS", 0.0)
    monkeypatch.setattr(aggregate, "SPARSE", 1.0)
    np.testing.assert_allclose(q.log_prob(z), expected, atol=1e-6, rtol=1e-12)
    np.testing.assert_allclose(q.log_prob_without_own(own[:5], index[:5]), without, atol=1e-6, rtol=1e-12)


def test_tiny_posteriors_need_differences():
    latents = codes(100, 4, 1e-7)
    z = AggregatePosterior(latents).sample(jax.random.key(0), n=50)  # float32 draws: off by many of these σ
    expected = float64_log_prob(latents, z)
    np.testing.assert_allclose(AggregatePosterior(latents).log_prob(z), expected, rtol=1e-9, atol=1e-3)


def test_holds_no_array_of_n_by_m():
    latents = codes(20_000, 4, 0.3), codes(20_000, 4, 0.01)
    z = np.asarray(jax.random.normal(jax.random.key(0), (4_000, 4)))
    shapes = []
    stream = aggregate._stream_tiles

    def lower(*arrays, reduction):
        memory = stream.lower(*arrays, reduction=reduction).compile().memory_analysis()
        assert memory is not None
        shapes.append(memory.temp_size_in_bytes + memory.output_size_in_bytes)
        return stream(*arrays, reduction=reduction)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aggregate, "_stream_tiles", lower)
        for sigma in latents:
            AggregatePosterior(sigma).log_prob(z)
    assert max(shapes) < 20_000 * 4_000 * 4 / 20


@pytest.mark.parametrize("m", [1, 2, 129, 300])
def test_any_number_of_points(m):
    latents = codes(37, 3, 0.4)
    z = np.asarray(jax.random.normal(jax.random.key(2), (m, 3)))
    np.testing.assert_allclose(
        AggregatePosterior(latents).log_prob(z), float64_log_prob(latents, z), atol=1e-4
    )
    assert AggregatePosterior(latents).log_prob(z[:0]).shape == (0,)


def test_leaving_the_own_component_out():
    latents = codes(50, 3, 0.2)
    index = np.array([3, 3, 49])
    z = latents.mean[index] + 0.01
    expected = [
        float64_log_prob(
            Latents(np.delete(latents.mean, i, 0), np.delete(latents.log_var, i, 0)), z[k : k + 1]
        )[0]
        for k, i in enumerate(index)
    ]
    np.testing.assert_allclose(
        AggregatePosterior(latents).log_prob_without_own(z, index), expected, atol=1e-4
    )


def test_weights_and_moments():
    latents = Latents(np.array([[-2.0, 0.0], [3.0, 1.0]]), np.log([[0.25, 1.0], [1.0, 4.0]]))
    q = AggregatePosterior(latents, np.log([8.0, 2.0]))
    mean, covariance = q.moments()
    np.testing.assert_allclose(mean, [-1.0, 0.2])
    np.testing.assert_allclose(
        covariance, [[0.8 * 0.25 + 0.2 + 4.0, 0.8], [0.8, 0.8 + 0.8 + 0.16]], rtol=1e-6
    )
    z = np.array([[0.5, -0.3]], np.float32)
    parts = [
        0.8 * stats.multivariate_normal.pdf(z[0], m, np.diag(np.exp(v)))
        for m, v in zip(latents.mean[:1], latents.log_var[:1], strict=True)
    ]
    parts += [0.2 * stats.multivariate_normal.pdf(z[0], latents.mean[1], np.diag(np.exp(latents.log_var[1])))]
    np.testing.assert_allclose(q.log_prob(z), [np.log(sum(parts))], atol=1e-5)
    draws = q.sample(jax.random.key(0), n=40_000).astype(np.float64)
    stderr = np.sqrt(np.diag(covariance) / 40_000)
    assert (np.abs(draws.mean(0) - mean) < 5 * stderr).all()


def test_integrates_to_one_in_one_dimension():
    q = AggregatePosterior(codes(20, 1, 0.3))
    grid = np.linspace(-8, 8, 20_001, dtype=np.float32)[:, None]
    assert integrate.trapezoid(np.exp(q.log_prob(grid)), grid[:, 0]) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("shape", [(5,), (5, 2)])
@pytest.mark.usefixtures("unchecked")
def test_wrong_shape_is_said(shape):
    with pytest.raises(StudyError, match=r"z must be \[M, 3\]"):
        AggregatePosterior(codes(10, 3, 0.5)).log_prob(np.zeros(shape, np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_latents_that_are_not_finite_are_said(bad):
    mean = np.zeros((4, 2))
    mean[2, 1] = bad
    with pytest.raises(StudyError, match="first at example 2, dimension 1"):
        Latents(mean, np.zeros((4, 2)))
