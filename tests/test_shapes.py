"""Types and shapes are checked in every test: without that, annotations would be mere comments."""

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from study.latents import Latents
from study.models.mmd import mmd


def test_a_function_checks_that_its_shapes_agree() -> None:
    with pytest.raises(TypeCheckError, match="parameter 'y'"):
        mmd(jnp.zeros((3, 2)), jnp.zeros((3, 4)), [1.0])


def test_a_dataclass_checks_that_its_shapes_agree() -> None:
    with pytest.raises(TypeCheckError, match="parameter 'log_var'"):
        Latents(np.zeros((3, 2), np.float32), np.zeros((3, 4), np.float32))


def test_a_type_is_checked() -> None:
    with pytest.raises(TypeCheckError, match="parameter 'scales'"):
        mmd(jnp.zeros((3, 2)), jnp.zeros((3, 2)), 1.0)  # type: ignore[arg-type]


def test_a_test_of_wrong_arguments_can_do_without(unchecked: None) -> None:
    with pytest.raises(TypeError, match="incompatible shapes"):
        mmd(jnp.zeros((3, 2)), jnp.zeros((3, 4)), [1.0])
