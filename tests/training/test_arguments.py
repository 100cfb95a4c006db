"""`study.train` from Python: it has the same limits as the flags, with one-line messages before any training."""

import dataclasses
import re
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from study import Dataset, StudyConfig, StudyError, TrainConfig, VAEConfig, load_dataset, train
from study.pipeline.plan import make_plan
from study.runtime.checks import shown
from study.training import engine

SMALL: dict[str, Any] = {"config": VAEConfig(latent_dim=2, hidden=(4,)), "training": TrainConfig(steps=2)}


@pytest.fixture
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be compiled for a call that is wrong."""
    monkeypatch.setattr(engine, "_program", None)


WRONG: list[tuple[str, Any, str]] = [
    *(("alpha", value, told) for value, told in (
        (-1, "weights of a loss cannot be negative, got -1"),
        (0, "is 0, so nothing would be reconstructed"),
        (0.0, "is 0, so nothing would be reconstructed"),
        (float("nan"), "give a finite number, got nan"),
        (float("inf"), "give a finite number, got inf"),
        (10**400, "give a finite number, got 1000"),
        (1e39, "is too large, got 1e+39"),
        (1e-50, "is too small for single precision, got 1e-50"),
        ("1", "give a number, got '1'"),
        (True, "give a number, got True"),
        (None, "give a number, got None"),
        ([1.0], "give a number, got [1.0]"),
        (1j, "give a number, got 1j"),
    )),
    *(("beta", value, told) for value, told in (
        (-1, "weights of a loss cannot be negative, got -1"),
        (float("nan"), "give a finite number, got nan"),
        (-float("inf"), "give a finite number, got -inf"),
        ("1", "give a number, got '1'"),
        (False, "give a number, got False"),
    )),
    *(("seed", value, told) for value, told in (
        (-1, "must lie in 0 .. 2**31 - 1, got -1"),
        (1.5, "expected int, got 1.5"),
        (True, "expected int, got True"),
        ("0", "expected int, got '0'"),
        (None, "expected int, got None"),
        (2**31, "got 2147483648"),
        (10**30, "got 1000000000000"),
        (10**5000, "got a very long int"),
        (float("nan"), "expected int, got nan"),
    )),
    ("config", "mlp", "config must be study.VAEConfig(...), got 'mlp'"),
    ("config", {}, "config must be study.VAEConfig(...), got {}"),
    ("config", TrainConfig(), "config must be study.VAEConfig(...), got TrainConfig("),
    ("training", 3, "training must be study.TrainConfig(...), got 3"),
    ("training", VAEConfig(), "training must be study.TrainConfig(...), got VAEConfig("),
]  # fmt: skip


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize(("name", "value", "told"), WRONG, ids=lambda v: shown(v)[:30])
@pytest.mark.usefixtures("unchecked")
def test_wrong_arguments(digits: Dataset, name: str, value: Any, told: str) -> None:
    with pytest.raises(StudyError, match=rf"^(train: )?{name}:? [^\n]*$") as raised:
        train(digits, **{**SMALL, name: value})
    assert re.search(re.escape(told), str(raised.value))


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("data", ["digits", None, np.zeros((5, 4)), []], ids=repr)
@pytest.mark.usefixtures("unchecked")
def test_data_that_are_no_data_set(data: Any) -> None:
    with pytest.raises(
        StudyError,
        match=r"^train: data must be study.load_dataset\(...\) or study.open_dataset\(...\), got [^\n]*$",
    ):
        train(data, **SMALL)


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("value", [-0.5, 1.5])
def test_bernoulli_on_data_outside_its_range(digits: Dataset, value: float) -> None:
    """The message is the same from Python and from a plan."""
    x = digits.train.copy()
    x[0, 0] = value
    data = dataclasses.replace(digits, train=x)
    config = VAEConfig(latent_dim=2, likelihood="bernoulli")
    told = r"^dataset 'digits': a Bernoulli likelihood needs values in \[0, 1\]; choose gaussian$"
    with pytest.raises(StudyError, match=told):
        train(data, config)
    with pytest.raises(StudyError, match=told):
        make_plan(StudyConfig(model=config), data)


@pytest.mark.integration
@pytest.mark.usefixtures("unchecked")
def test_numbers_of_every_kind_train_the_same_model(digits: Dataset) -> None:
    plain = train(digits, **SMALL, alpha=2.0, beta=0.5, seed=3)
    other = train(digits, **SMALL, alpha=np.int64(2), beta=jnp.float32(0.5), seed=np.uint8(3))
    np.testing.assert_array_equal(plain.losses, other.losses)
    assert (other.alpha, other.beta, other.seed) == (2.0, 0.5, 3)
    assert [type(v) for v in (other.alpha, other.beta, other.seed)] == [float, float, int]
