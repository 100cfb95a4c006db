"""Families with a learned prior in the engine: one program, a falling loss, and models restored from disk."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from study import (
    Dataset,
    StudyError,
    TrainConfig,
    VAEConfig,
    load_dataset,
    load_model,
    load_strategy,
    save_model,
    save_strategy,
    strategy,
)
from study.config import FAMILIES as KNOWN
from study.config import PriorConfig
from study.models import FAMILY_CLASSES
from study.scoring.encode import encode
from study.training import Architecture, Cell, train_cells
from study.training.prior import LearnedMixture
from tests.tiers import variant

pytestmark = pytest.mark.integration

LEARNED = [name for name, family in KNOWN.items() if family.prior]
PATHS = (
    "mog-prior",
    "exemplar",
)  # one whose steps see a batch alone, one whose prior stands on other examples


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.mark.parametrize("family", [*PATHS, *(variant(name) for name in LEARNED if name not in PATHS)])
def test_a_family_trains_in_one_program_and_comes_back_from_disk(
    digits, four_cells, family, tmp_path, request
):
    prior = PriorConfig(**FAMILY_CLASSES[family].quick)
    config = VAEConfig(family=family, latent_dim=3, hidden=(16,), prior=prior)
    architecture = Architecture.of(config, digits)
    found = four_cells(digits, architecture)
    for one in found:
        objective = one.model.losses @ [one.cell.alpha, one.cell.beta]
        assert (objective[-1] < 0.8 * objective[0]).all()
    model = found[0].model
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert again.architecture == model.architecture
    assert model.prior is not None and again.prior is not None
    assert again.prior.info == model.prior.info
    key = jax.random.key(0)
    z = model.prior.sample(key, n=50)
    np.testing.assert_array_equal(again.prior.sample(key, n=50), z)
    np.testing.assert_array_equal(again.prior.log_prob(z), model.prior.log_prob(z))
    assert model.prior.log_prob(z).dtype == np.float64
    assert isinstance(model.prior, LearnedMixture) == (family in ("vampprior", "mog-prior", "exemplar"))

    # the strategy draws from it, and its density is the model's
    codes = encode(model, digits.validation)
    fitted: Any = strategy("prior").fit(key, codes, model=model, validation=codes)
    np.testing.assert_array_equal(fitted.sample(key, n=50), z)
    np.testing.assert_array_equal(fitted.log_prob(z), model.prior.log_prob(z))
    assert np.isfinite(fitted.info["validation_log_prob"]) and fitted.info["family"] == family

    # and can be saved on its own
    save_strategy(tmp_path / "prior.npz", fitted, strategy=strategy("prior"))
    alone: Any = load_strategy(tmp_path / "prior.npz")
    assert alone.info == fitted.info
    np.testing.assert_array_equal(alone.sample(key, n=50), z)
    np.testing.assert_array_equal(alone.log_prob(z), fitted.log_prob(z))
    if family == "lars-prior":
        assert 0 < fitted.info["normaliser"] < 1 and 0 < fitted.info["normaliser_stderr"] < 0.01

    # and says what z it cannot take
    request.getfixturevalue("unchecked")  # from here on
    with pytest.raises(StudyError, match=r"z must be \[n, 3\], got \[3\]"):
        fitted.log_prob(z[0])


def test_a_plain_vae_has_no_learned_prior_and_families_begin_alike(digits):
    plain = Architecture(VAEConfig(latent_dim=3, hidden=(16,)), 64, "gaussian")
    (one,) = train_cells(digits, plain, TrainConfig(steps=1, batch_size=64), [Cell(1.0, 1.0, 0, 1e-3)])
    assert one.model.prior is None
    key = jax.random.key(4)
    begun = plain.initialise(key)
    for family in LEARNED:
        config = dataclasses.replace(plain.config, family=family)
        other = dataclasses.replace(plain, config=config)
        own = other.initialise(key, jnp.asarray(digits.train))
        for part in ("encoder", "decoder"):
            for a, b in zip(jax.tree.leaves(begun[part]), jax.tree.leaves(own[part]), strict=True):
                np.testing.assert_array_equal(a, b)


def test_a_learned_mixture_reaches_the_elbo_of_the_prior_that_is_right():
    """Linear model, Gaussian data: q(z) = N(0, I) at the optimum, so no prior is better than N(0, I)."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(4000, 6)) * [2.0, 1.5, 1.0, 0.3, 0.3, 0.3]).astype(np.float32)
    data = Dataset("gaussian", x[:2000], x[2000:3000], x[3000:], (6,))
    training = TrainConfig(steps=2500, batch_size=100, schedule="cosine")
    cells = [Cell(1.0, 0.5, seed, 1e-2) for seed in range(2)]
    losses = {}
    for family in ("vae", "mog-prior"):
        config = VAEConfig(family=family, network="linear", latent_dim=3, prior=PriorConfig(components=3))
        found = train_cells(data, Architecture(config, 6, "gaussian"), training, cells)
        losses[family] = np.mean([t.model.losses[-20:, 1] @ [1.0, 0.5] for t in found])
    # Per example the loss of a draw varies by less than 3; 1,000 validation examples enter 40 times with fresh
    # draws, the same ones in both, so that 3/√1,000 is an upper end of the standard error of the difference.
    assert losses["mog-prior"] == pytest.approx(losses["vae"], abs=3 / np.sqrt(1000))
    assert losses["vae"] > 1
