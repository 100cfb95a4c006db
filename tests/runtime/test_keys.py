from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from study.errors import StudyError
from study.runtime.keys import as_key, stage_key


def data(key: jax.Array) -> list[int]:
    return np.asarray(jax.random.key_data(key)).tolist()


@pytest.mark.parametrize(
    "key", [0, 3, 2**31, 2**32 - 1, np.int64(3), np.uint32(2**32 - 1), np.array(3), jnp.asarray(3)]
)
def test_whole_numbers_stand_for_keys(key: Any) -> None:
    assert data(as_key(key)) == data(jax.random.key(int(key)))


def test_keys_stay_what_they_are() -> None:
    key = jax.random.key(7)
    assert as_key(key) is key
    named = jax.random.key(7, impl="rbg")
    assert as_key(named) is named
    raw = jax.random.PRNGKey(7)
    assert as_key(raw) is not None
    np.testing.assert_array_equal(jax.random.normal(as_key(raw)), jax.random.normal(key))
    np.testing.assert_array_equal(jax.random.normal(as_key(np.asarray(raw))), jax.random.normal(key))
    traced = jax.jit(lambda key: jax.random.normal(as_key(key)))(key)
    np.testing.assert_array_equal(traced, jax.random.normal(key))


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (-1, "key: give a whole number from 0 to 4294967295, got -1"),
        (2**32, "key: give a whole number from 0 to 4294967295, got 4294967296"),
        (10**400, "key: give a whole number from 0 to 4294967295, got 1000000"),
        (True, "key: give a whole number, got True"),
        (1.0, r"key: give jax.random.key\(...\) or a whole number, got 1.0"),
        (None, r"key: give jax.random.key\(...\) or a whole number, got None"),
        ("3", r"key: give jax.random.key\(...\) or a whole number, got '3'"),
        ([1, 2], r"key: give a whole number, got \[1, 2\]"),
        (np.array(-1), "got -1"),
        (np.array(1.5), "got 1.5"),
        (np.zeros(3, np.uint32), r"got uint32 of shape \[3\]"),
        (np.zeros((2, 2), np.uint32), r"got uint32 of shape \[2, 2\]"),
        (np.zeros(2, np.int32), r"got int32 of shape \[2\]"),
    ],
)
def test_what_is_no_key(key: Any, told: str) -> None:
    with pytest.raises(StudyError, match=f"^{told}" if told.startswith("key") else told) as raised:
        as_key(key)
    assert "\n" not in str(raised.value)


def test_many_keys_are_not_one() -> None:
    with pytest.raises(StudyError, match=r"^key: give one jax.random.key\(...\) .* of shape \[2\]$"):
        as_key(jax.random.split(jax.random.key(0)))


def test_a_number_that_is_only_known_later() -> None:
    with pytest.raises(StudyError, match=r"^key: give one jax.random.key\(...\) .*, got int32 of shape \[\]"):
        jax.jit(as_key)(jnp.int32(3))


def test_stages_have_keys_of_their_own() -> None:
    """`jax.random.split` of a key has the same first keys for any number, so training and measuring with one key share
    their numbers."""
    first = jax.random.split(jax.random.key(0), 2)
    assert data(first[1]) == data(jax.random.split(jax.random.key(0), 5)[1])
    found = [stage_key(seed, stage) for seed in (0, 1) for stage in ("train", "features")]
    found += [jax.random.key(0), jax.random.key(1)]
    halves = [tuple(data(key)) for one in found for key in jax.random.split(one, 2)]
    assert len(set(halves)) == len(halves)
