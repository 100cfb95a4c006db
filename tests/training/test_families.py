"""Every family in the engine: one program, a falling loss, models restored from disk, and codes for strategies."""

import dataclasses
import itertools
from typing import Any

import jax
import numpy as np
import pytest

from study import Dataset, TrainConfig, VAEConfig, load_dataset, load_model, save_model, strategy
from study.config import FAMILIES as KNOWN
from study.config import ObjectiveConfig, PriorConfig
from study.models import FAMILY_CLASSES
from study.models.base import Model
from study.scoring.encode import encode
from study.strategies.base import with_labels
from study.training import Architecture, Cell, train_cells
from tests.tiers import first_of, variant

pytestmark = pytest.mark.integration

LEARNED = [name for name, family in KNOWN.items() if family.prior]  # their training is in test_learned_priors
OWN = [name for name, family in FAMILY_CLASSES.items() if family.encodes and name not in ("vae", *LEARNED)]
# Labels, a parameter beside the networks, a loss that couples the examples of a batch, and a loss without R: all other
# families go through the same code.
PATHS = ("cvae", "sigma-vae", "beta-tc-vae", "ae")


def _cases(name: str) -> list[Any]:
    kind = FAMILY_CLASSES[name]
    found = [(name, dict(settings)) for settings in (kind.quick, *kind.variants)]
    return first_of(found) if name in PATHS else [variant(*case) for case in found]


CASES = [case for name in OWN for case in _cases(name)]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.mark.parametrize("name", FAMILY_CLASSES)
def test_what_a_family_says_of_itself(name):
    kind, known = FAMILY_CLASSES[name], KNOWN[name]
    assert issubclass(kind, Model)
    assert kind.summary and kind.source and "\n" not in kind.summary
    assert set(known.prior) <= {field.name for field in dataclasses.fields(PriorConfig)}
    assert set(known.objective) <= {field.name for field in dataclasses.fields(ObjectiveConfig)}
    assert set(known.unused) <= {"alphas", "betas"}
    for settings in (kind.quick, *kind.variants):
        assert set(settings) <= {*known.prior, *known.objective}


@pytest.mark.parametrize(("family", "settings"), CASES)
def test_a_family_trains_in_one_program_and_comes_back_from_disk(
    digits, four_cells, family, settings, tmp_path
):
    config = VAEConfig(family=family, latent_dim=3, hidden=(16,), objective=ObjectiveConfig(**settings))
    architecture = Architecture.of(config, digits)
    found = four_cells(digits, architecture)
    for one in found:
        recon = one.model.losses[:, :, 0]
        assert (recon[-1] < 0.8 * recon[0]).all()
    # β matters to all but the autoencoder, whose loss it does not enter
    leaves = [jax.tree.leaves(one.model.parameters)[0] for one in (found[0], found[2])]
    assert np.array_equal(*leaves) == (family == "ae")

    model = found[0].model
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert again.architecture == model.architecture
    labels = digits.validation_labels
    codes, seen = encode(model, digits.validation, labels=labels), with_labels(model, labels)
    assert codes.mean.shape == codes.log_var.shape == (200, 3)
    x = model.decode(codes.mean, *seen)
    assert x.shape == (200, 64)
    np.testing.assert_array_equal(again.decode(again.encode(digits.validation, *seen)[0], *seen), x)
    assert again.noise_variance == model.noise_variance
    for name in ("prior", "posterior", "gaussian-full", "gmm"):
        fitted: Any = strategy(name).fit(jax.random.key(0), codes, model=model)
        assert np.isfinite(fitted.sample(jax.random.key(1), n=20)).all()
        if hasattr(fitted, "log_prob"):
            assert np.isfinite(fitted.log_prob(codes.mean)).all()


@pytest.mark.parametrize("noise", first_of(["learned", "optimal"]))
def test_the_variance_of_a_sigma_vae_on_digits_is_its_analytic_optimum(digits, noise):
    """After long training σ² = E[D]/n over the training data (Rybkin 2021)."""
    config = VAEConfig(family="sigma-vae", latent_dim=3, hidden=(16,), objective=ObjectiveConfig(noise=noise))
    training = TrainConfig(steps=4000, batch_size=64, schedule="cosine")
    for one in train_cells(
        digits, Architecture.of(config, digits), training, [Cell(1.0, 1.0, s, 5e-3) for s in (0, 1)]
    ):
        codes = encode(one.model, digits.train)
        draws = [one.model.decode(codes.sample(jax.random.key(i))) for i in range(5)]
        errors = np.square(np.stack(draws) - digits.train).mean(2)
        # Over the last steps σ² follows the mean of about a hundred minibatches of D, whose examples spread by half.
        assert one.model.noise_variance == pytest.approx(errors.mean(), rel=5 * 0.5 / np.sqrt(6400))


def test_the_optimal_variance_does_not_lag_behind_a_short_training(digits):
    """After 300 steps it is the mean squared error over train. A parameter that follows it by Adam's steps of 1e-3
    is still above: 1.81 times the error after 2,000 steps on MNIST."""
    config = VAEConfig(
        family="sigma-vae", latent_dim=3, hidden=(16,), objective=ObjectiveConfig(noise="optimal")
    )
    training = TrainConfig(steps=300, batch_size=64)
    (one,) = train_cells(digits, Architecture.of(config, digits), training, [Cell(1.0, 1.0, 0, 1e-3)])
    codes = encode(one.model, digits.train)
    errors = [float(np.square(one.model.decode(codes.sample(i)) - digits.train).mean()) for i in range(5)]
    # two means over draws of z, of which a single one varies by the standard deviation of these five
    assert one.model.noise_variance == pytest.approx(np.mean(errors), abs=5 * float(np.std(errors, ddof=1)))


@pytest.mark.parametrize("penalty", first_of(["l2", "gradient"]))
def test_a_linear_rae_reaches_its_closed_form(penalty):
    """An axis of variance λ with encoder gain e and decoder gain g, p = e·g, costs

    α·λ(1 − p)² + β·(½λe² + w·g²) ≥ α·λ(1 − p)² + β·p·√(2λw), so that p = max(0, 1 − (β/α)·√(w/(2λ))).
    """
    rng = np.random.default_rng(0)
    variances = np.array([4.0, 2.0, 1.0, 0.02, 0.01, 0.01])
    x = rng.normal(size=(3000, 6))
    x = (x - x.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T, bias=True))).T * np.sqrt(variances)
    data = Dataset("gaussian", *np.split(x.astype(np.float32), [2000, 2500]), (6,))
    found = np.linalg.eigvalsh(np.cov(data.train.T, bias=True))[::-1][:3]
    alpha, beta, w = 1.0, 0.5, 0.3
    p = 1 - beta / alpha * np.sqrt(w / (2 * found))
    objective = ObjectiveConfig(penalty=penalty, penalty_weight=w)
    config = VAEConfig(family="rae", network="linear", latent_dim=3, objective=objective)
    training = TrainConfig(steps=3000, batch_size=2000, schedule="cosine")
    (one,) = train_cells(data, Architecture.of(config, data), training, [Cell(alpha, beta, 0, 1e-2)])
    recon, rate = one.model.losses[-1, 0]
    floor = 0.5 * 3 * (1e-6 - 1 - np.log(1e-6))
    left_out = np.cov(data.train.T, bias=True).trace() - found.sum()
    assert recon == pytest.approx((found * (1 - p) ** 2).sum() + left_out, rel=5e-3)
    assert rate - floor == pytest.approx((0.5 * p * np.sqrt(2 * found * w)).sum(), rel=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["vae", *OWN, *LEARNED])  # a GAN has no weights
def test_the_ratio_of_the_weights_decides(digits, family):
    """(α, β) and (1, β/α) have one optimum. Adam divides out the scale of a gradient: one step size matches both."""
    _ratio(digits, family, steps=1500)


def test_the_ratio_of_the_weights_decides_for_the_vae(digits):
    _ratio(digits, "vae", steps=300)


def _ratio(digits: Dataset, family: Any, *, steps: int) -> None:
    quick = {
        name: value for name, value in FAMILY_CLASSES[family].quick.items() if name in KNOWN[family].prior
    }
    config = VAEConfig(family=family, latent_dim=3, hidden=(16,), prior=PriorConfig(**quick))
    cells = [Cell(a, b, s, 3e-3) for (a, b), s in itertools.product([(10.0, 2.0), (1.0, 0.2)], range(5))]
    trained = train_cells(digits, Architecture.of(config, digits), TrainConfig(steps, 64), cells)
    first, second = np.array([one.model.losses[-1, 1] for one in trained]).reshape(2, 5, 2)
    assert (first != second).any() or family == "ae"
    for j in range(2):  # D and R: within the 95 % interval of a difference of two means over seeds
        error = np.sqrt(first[:, j].var(ddof=1) / 5 + second[:, j].var(ddof=1) / 5)
        assert abs(first[:, j].mean() - second[:, j].mean()) < 2.31 * error  # t of 8 degrees of freedom
