"""Bounds on log p(x) against the exact log-density of linear models, and the posterior gap against the exact KL."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from flax import nnx
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from study import (
    AnnealingConfig,
    Dataset,
    LikelihoodConfig,
    StudyError,
    TrainConfig,
    VAEConfig,
    likelihood,
    train,
)
from study.errors import CannotFit
from study.metrics.likelihood import ON_HELD_OUT, ais, importance, likelihood_rows
from study.metrics.likelihood.density import density
from study.models.linear_theory import linear_optimum
from study.training.architecture import Architecture
from study.training.model import TrainedModel
from tests.tiers import first_of

NOISE, LATENTS, SIZE = 0.1, 3, 8
ROUNDING = 2e-3  # nats that float32 sums may cost where the Monte Carlo has no error at all
ANNEALING = AnnealingConfig(temperatures=60, chains=32, leapfrog_steps=3)


def arrays(model: TrainedModel) -> tuple[np.ndarray, np.ndarray, float]:
    """W `[D, d]`, b `[D]` and s of a linear model, float64."""
    decoder: Any = model.architecture.merge(model.parameters).decoder
    s = model.beta / (2 * model.alpha)
    return np.asarray(decoder.kernel[...], np.float64).T, np.asarray(decoder.bias[...], np.float64), s


def exact(model: TrainedModel, x: np.ndarray) -> np.ndarray:
    """log N(x; b, W Wᵀ + s I), `[N]` float64."""
    w, b, s = arrays(model)
    return np.asarray(multivariate_normal(b, w @ w.T + s * np.eye(len(b))).logpdf(x.astype(np.float64)))


def exact_gap(model: TrainedModel, x: np.ndarray) -> np.ndarray:
    """KL(q(z|x)‖p(z|x)) of a linear model, `[N]` float64."""
    w, b, s = arrays(model)
    precision = np.eye(w.shape[1]) + w.T @ w / s
    centre = (x.astype(np.float64) - b) @ w / s @ np.linalg.inv(precision)
    mean, log_var = (a.astype(np.float64) for a in model.encode(x))
    apart = mean - centre
    quadratic = np.einsum("ni,ij,nj->n", apart, precision, apart)
    trace = np.exp(log_var) @ np.diag(precision)
    log_ratio = -np.linalg.slogdet(precision)[1] - log_var.sum(1)
    return 0.5 * (trace + quadratic - w.shape[1] + log_ratio)


def optimum(x: np.ndarray, *, shift: float = 0.0, widen: float = 0.0) -> TrainedModel:
    """The linear VAE at its closed-form optimum for data x, with s = NOISE; `shift` and `widen` perturb its encoder."""
    centred = x.astype(np.float64) - x.mean(0, dtype=np.float64)
    values, axes = np.linalg.eigh(centred.T @ centred / len(x))
    values, axes = values[::-1][:LATENTS], axes[:, ::-1][:, :LATENTS]
    w = axes * np.sqrt(
        values - NOISE
    )  # orthogonal columns: the posterior is diagonal, and so is the encoder's
    config = VAEConfig(network="linear", latent_dim=LATENTS, hidden=())
    architecture = Architecture(config, x.shape[1], "gaussian")
    model: Any = architecture.merge(architecture.initialise(jax.random.key(0)))
    encoder = w / values
    bias = x.mean(0, dtype=np.float64)
    for parameter, value in (
        (model.decoder.kernel, w.T),
        (model.decoder.bias, bias),
        (model.encoder.mean.kernel, encoder),
        (model.encoder.mean.bias, shift - bias @ encoder),
        (model.encoder.log_var, np.log(NOISE / values) + widen),
    ):
        parameter[...] = jnp.asarray(value, jnp.float32)
    return TrainedModel(architecture, nnx.split(model)[1], 1.0, 2 * NOISE, 0, np.zeros((1, 2, 2)))


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    rng = np.random.default_rng(0)
    scales = np.array([2.0, 1.2, 0.8] + [NOISE**0.5] * (SIZE - LATENTS))
    rotation = np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0]
    return (rng.normal(size=(4000, SIZE)) * scales @ rotation + 1.0).astype(np.float32)


def columns(table: pd.DataFrame, what: str = "value") -> pd.DataFrame:
    return table.pivot_table(index="example", columns="metric", values=what)


def assert_within(table: pd.DataFrame, metric: str, truth: np.ndarray, *, below: float = 0.0) -> None:
    """The mean over examples is within 5 standard errors of the true mean, or at most `below` under it."""
    rows = table[table["metric"] == metric]
    spread = np.sqrt(np.square(rows["stderr"]).sum()) / len(rows)
    difference = rows["value"].mean() - truth[: len(rows)].mean()
    assert -(5 * spread + ROUNDING + below) < difference < 5 * spread + ROUNDING, (metric, difference, spread)


@pytest.mark.integration
@pytest.mark.parametrize("start", ["posterior", "prior"])
def test_all_bounds_are_exact_at_the_optimum(x, start):
    model = optimum(x)
    assert arrays(model)[2] == pytest.approx(linear_optimum(x, alpha=1.0, beta=2 * NOISE).noise_variance)
    annealing = dataclasses.replace(ANNEALING, start=start)
    table = likelihood(jax.random.key(0), model, x[:48], samples=(1, 50, 500), annealing=annealing)
    truth = exact(model, x[:48])
    for metric in ("elbo", "iwae_1", "iwae_50", "iwae_500", "ais"):
        assert_within(table, metric, truth)
    for metric in ("posterior_gap", "posterior_gap_ais"):
        assert_within(table, metric, np.zeros(48))
    values = columns(table)
    np.testing.assert_allclose(values["elbo"], truth, atol=ROUNDING)  # each one: log-weights do not vary
    np.testing.assert_allclose(values["effective_samples"], 500, rtol=1e-3)


@pytest.mark.parametrize(("shift", "widen"), first_of([(-0.1, -0.4), (0.15, 0.0), (0.0, 0.6)]))
def test_the_gap_of_a_wrong_encoder_is_its_kl(x, shift, widen):
    model = optimum(x, shift=shift, widen=widen)
    table = likelihood(jax.random.key(1), model, x[:48], samples=(50, 5000), annealing=ANNEALING)
    truth, gap = exact(model, x[:48]), exact_gap(model, x[:48])
    assert gap.min() > 0.05
    assert_within(table, "elbo", truth - gap)
    assert_within(table, "iwae_5000", truth)
    assert_within(table, "ais", truth)
    assert_within(table, "posterior_gap", gap)
    assert_within(table, "posterior_gap_ais", gap)
    spread = columns(table, "stderr")["posterior_gap"]
    assert np.square((columns(table)["posterior_gap"] - gap) / spread).mean() < 2  # near 1; 48 terms, sd 0.2


@pytest.mark.integration
def test_annealing_mends_what_an_encoder_far_off_leaves(x):
    model = optimum(x, shift=0.8)  # an importance-weighted bound misses nats; chains move there
    annealing = dataclasses.replace(ANNEALING, temperatures=150)
    table = likelihood(jax.random.key(2), model, x[:32], samples=(50,), annealing=annealing)
    truth = exact(model, x[:32])
    values = columns(table)
    assert (values["iwae_50"] - truth).mean() < -0.5
    assert_within(table, "ais", truth, below=0.05)
    assert 0.4 < values["ais_acceptance"].mean() < 0.9  # steps aim at 0.65


def test_bounds_rise_with_the_number_of_samples(x):
    model = optimum(x, shift=0.3)
    table = likelihood(jax.random.key(3), model, x[:48], samples=(1, 5, 50, 500))
    bounds = columns(table)[["elbo", "iwae_1", "iwae_5", "iwae_50", "iwae_500"]].mean()
    assert bounds["elbo"] == pytest.approx(bounds["iwae_1"], abs=1e-9)
    assert (bounds.diff().iloc[2:] > 0.01).all()
    assert bounds["iwae_500"] < exact(model, x[:48]).mean() + ROUNDING


@pytest.mark.integration
def test_a_trained_linear_model(x):
    data = Dataset("linear", x[:2000], x[2000:3000], x[3000:], (SIZE,))
    config, training = (
        VAEConfig(network="linear", latent_dim=3, hidden=()),
        TrainConfig(1500, 64, 1e-2, "cosine"),
    )
    model = train(data, config, alpha=2.0, beta=1.0, training=training)  # s = 0.25, less than the data's
    some = data.held_out[:64]
    table = likelihood(jax.random.key(4), model, some, samples=(50, 5000), annealing=ANNEALING)
    truth, gap = exact(model, some), exact_gap(model, some)
    assert_within(table, "elbo", truth - gap)
    assert_within(table, "iwae_5000", truth)
    assert_within(table, "ais", truth)
    assert_within(table, "posterior_gap", gap)
    assert (
        truth.mean() - columns(table)["elbo"].mean() < 0.05
    )  # training reached an encoder that is nearly exact


def quadrature(model: TrainedModel, x: np.ndarray) -> np.ndarray:
    """log p(x) of a model with one latent by a sum over a fine grid, `[N]` float64."""
    z = np.linspace(-9, 9, 4001)[:, None]
    output = model.decode(z.astype(np.float32)).astype(np.float64)
    log_prior = -0.5 * (np.square(z[:, 0]) + np.log(2 * np.pi))
    if model.prior is not None:
        log_prior = model.prior.log_prob(z)
    x = x.astype(np.float64)
    if model.architecture.likelihood == "bernoulli":
        output = np.clip(output, 1e-9, 1 - 1e-7)  # float32 rounds up to 1
        log_p = x @ np.log(output).T + (1 - x) @ np.log1p(-output).T
    else:
        s = model.beta / (2 * model.alpha)
        squared = np.square(x[:, None] - output[None]).sum(2)
        log_p = -squared / (2 * s) - x.shape[1] / 2 * np.log(2 * np.pi * s)
    return logsumexp(log_p + log_prior, axis=1) + np.log(z[1, 0] - z[0, 0])


@pytest.mark.integration
@pytest.mark.parametrize("family", first_of(["vampprior", "vae"]))
def test_bernoulli_decoders_and_learned_priors_against_quadrature(family):
    rng = np.random.default_rng(1)
    y = (rng.random((200, 1)) * rng.random((200, 6)) < 0.2).astype(np.float32)
    data = Dataset("bits", y, y, y, (6,), likelihood="bernoulli")
    config = VAEConfig(family=family, latent_dim=1, hidden=(8,))
    model = train(data, config, training=TrainConfig(steps=300, batch_size=50, learning_rate=1e-2))
    truth = quadrature(model, y[:16])
    annealing = dataclasses.replace(ANNEALING, start="prior")
    table = likelihood(jax.random.key(5), model, y[:16], samples=(2500,), annealing=annealing)
    assert_within(table, "iwae_2500", truth)
    assert_within(table, "ais", truth)


@pytest.mark.integration
def test_only_chains_from_the_prior_find_a_mode_that_the_encoder_does_not_know():
    """The decoder has two branches, (z, 0) and (0, −z); the encoder lies on the one that explains x worse."""
    config = VAEConfig(latent_dim=1, hidden=(2,))
    architecture = Architecture(config, 2, "gaussian")
    model: Any = architecture.merge(architecture.initialise(jax.random.key(0)))
    first, last = model.decoder.layers
    for layer, kernel in ((first, [[1.0, -1.0]]), (last, [[1.0, 0.0], [0.0, 1.0]])):
        layer.kernel[...], layer.bias[...] = jnp.array(kernel), jnp.zeros(2)
    out = model.encoder.body.layers[-1]
    out.kernel[...], out.bias[...] = jnp.zeros((2, 2)), jnp.array([-1.15, np.log(0.04)])
    trained = TrainedModel(architecture, nnx.split(model)[1], 1.0, 0.08, 0, np.zeros((1, 2, 2)))
    x = np.tile(np.array([[1.5, 1.2]], np.float32), (8, 1))
    truth = quadrature(trained, x)
    annealing = AnnealingConfig(start="prior", temperatures=200, chains=64, leapfrog_steps=3)
    table = likelihood(jax.random.key(6), trained, x, samples=(500,), annealing=annealing)
    values = columns(table)
    assert (values["effective_samples"] > 400).all()  # nothing in the weights shows what is missed
    assert (values["iwae_500"] < truth - 5).all()
    assert_within(table, "ais", truth)


def test_memory_does_not_grow_with_samples_or_examples(x, monkeypatch):
    model = optimum(x)
    shapes: list[tuple[int, int]] = []
    block = importance._block

    def spy(*arguments: Any) -> Any:
        memory = block.lower(*arguments).compile().memory_analysis()
        assert memory is not None
        shapes.append((arguments[-1], memory.temp_size_in_bytes + memory.output_size_in_bytes))
        return block(*arguments)

    monkeypatch.setattr(importance, "_block", spy)
    for examples, k in ((3, 50), (3, 5000), (100, 5000)):
        likelihood(jax.random.key(0), model, x[:examples], samples=(k,))
    small, *large = shapes
    assert small[0] == 50
    assert len(set(large)) == 1  # one program, whatever K and however many examples
    assert large[0][0] == importance.SAMPLES
    assert large[0][1] < 10 * small[1] < 5000 / 50 * small[1]


def test_an_example_keeps_its_values_among_others(x):
    model = optimum(x, shift=0.2)
    key = jax.random.key(8)
    whole = likelihood(key, model, x[:40], samples=(50,), annealing=ANNEALING)
    part = likelihood(key, model, x[:7], samples=(50,), annealing=ANNEALING)
    both = whole[whole["example"] < 7].merge(part, on=["example", "metric"])
    assert len(both) == len(part)
    np.testing.assert_allclose(both["value_x"], both["value_y"], rtol=1e-4, atol=1e-4)


def test_schedules_run_from_zero_to_one():
    for schedule in ("sigmoid", "linear"):
        b = ais.powers(AnnealingConfig(schedule=schedule, temperatures=10))
        assert (b[0], b[-1], len(b)) == (0, 1, 11)
        assert (np.diff(b) > 0).all()
    steps = np.diff(ais.powers(AnnealingConfig(temperatures=10)))
    assert steps[0] < steps[5] / 3


def test_rows_are_means_over_examples(x):
    model = optimum(x, shift=0.2)
    config = LikelihoodConfig(examples=20, samples=(5, 50), annealed=4, annealing=ANNEALING)
    rows = {m.metric: m for m in likelihood_rows(jax.random.key(9), model, x, config)}
    table = likelihood(
        jax.random.key(9), model, x[:20], samples=(5, 50), annealing=ANNEALING, annealed_examples=4
    )
    values = columns(table)
    assert set(rows) == set(values)
    assert rows["elbo"].value == pytest.approx(values["elbo"].mean())
    assert rows["elbo"].stderr == pytest.approx(values["elbo"].std() / np.sqrt(20))
    assert (rows["elbo"].n, rows["ais"].n, rows["iwae_50"].reference) == (20, 4, ON_HELD_OUT)
    assert (rows["iwae_5"].better, rows["posterior_gap"].better) == ("higher", "lower")
    assert likelihood_rows(jax.random.key(9), model, x, LikelihoodConfig()) == []


@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_is_said(x):
    model = optimum(x)
    with pytest.raises(StudyError, match="each must divide the largest"):
        likelihood(jax.random.key(0), model, x[:3], samples=(30, 50))
    key, annealing = jax.random.key(0), AnnealingConfig(temperatures=2, chains=2)
    for count in (-1, 1.5, True, "3"):
        other: Any = count
        with pytest.raises(StudyError, match=r"^annealed_examples: give a whole number[^\n]*$"):
            likelihood(key, model, x[:3], samples=(2,), annealing=annealing, annealed_examples=other)
    nothing: Any = None
    with pytest.raises(StudyError, match=r"^likelihood: give a model that study.train made, got None$"):
        likelihood(key, nothing, x[:3])
    yes: Any = "yes"
    with pytest.raises(
        StudyError, match=r"^likelihood: annealing must be study.AnnealingConfig\(...\), got 'yes'$"
    ):
        likelihood(key, model, x[:3], annealing=yes)
    with pytest.raises(StudyError, match=r"^key: give a whole number from 0 to 4294967295, got -1$"):
        likelihood(-1, model, x[:3])
    table = likelihood(0, model, x[:3], samples=(2,))
    pd.testing.assert_frame_equal(table, likelihood(key, model, x[:3], samples=(2,)))
    with pytest.raises(CannotFit, match="holds no examples"):
        likelihood(jax.random.key(0), model, x[:0])
    with pytest.raises(StudyError, match=r"x must be \[N, 8\]"):
        likelihood(jax.random.key(0), model, x[:3, :4])
    flat = dataclasses.replace(model, beta=0.0)
    with pytest.raises(CannotFit, match="so it has no density"):
        density(flat)
    (row,) = likelihood_rows(jax.random.key(0), flat, x, LikelihoodConfig(examples=4))
    assert row.status == "missing"
    with pytest.raises(StudyError, match=r"x must be"):  # a wrong call is no gap in a table
        likelihood_rows(jax.random.key(0), model, x[:, :4], LikelihoodConfig(examples=4))
    with pytest.raises(StudyError, match="2 or more"):
        AnnealingConfig(chains=1)
    with pytest.raises(StudyError, match="cannot be negative"):
        LikelihoodConfig(examples=-1)
