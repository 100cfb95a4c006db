"""The numbers are JAX's own, from one program for each shape and none for each count of keys."""

from collections.abc import Callable, Iterator

import jax
import jax.monitoring
import numpy as np
import pytest

from study import Latents
from study.runtime.drawing import bits, choice, generator, permutation, split
from study.strategies.parts.draws import shared_draws

KEY = jax.random.key(11)


@pytest.fixture
def compiled() -> Iterator[Callable[[], int]]:
    """Counts the programs that JAX has compiled since the fixture was made."""
    found: list[str] = []

    def count(event: str, duration_secs: float, **_: str | int) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            found.append(event)

    jax.monitoring.register_event_duration_secs_listener(count)
    yield lambda: len(found)
    jax.monitoring.unregister_event_duration_listener(count)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 21])
@pytest.mark.parametrize("key", [KEY, jax.random.key(3, impl="rbg"), jax.random.PRNGKey(5)])
def test_split_gives_the_keys_of_jax(key: jax.Array, count: int) -> None:
    def numbers(one: jax.Array) -> list[int]:
        return np.asarray(one if one.dtype == np.uint32 else jax.random.key_data(one)).tolist()

    assert [numbers(one) for one in split(key, count)] == [*map(numbers, jax.random.split(key, count))]


def test_permutation_and_bits_are_those_of_jax() -> None:
    np.testing.assert_array_equal(permutation(KEY, 37), jax.random.permutation(KEY, 37))
    np.testing.assert_array_equal(permutation(KEY, np.int64(37)), permutation(KEY, 37))
    np.testing.assert_array_equal(bits(KEY, 2), jax.random.bits(KEY, (2,)))
    assert generator(KEY).integers(2**60) == np.random.default_rng(bits(KEY, 4)).integers(2**60)


def test_choice_is_that_of_jax_and_has_its_probabilities() -> None:
    p = np.array([0.5, 0.2, 0.0, 0.3])
    drawn = choice(KEY, p, 40_000)
    np.testing.assert_array_equal(drawn, jax.random.choice(KEY, 4, (40_000,), p=p.astype(np.float32)))
    error = np.sqrt(p * (1 - p) / len(drawn))
    assert (np.abs(np.bincount(drawn, minlength=4) / len(drawn) - p) <= 4 * error).all()
    assert choice(KEY, p, 0).shape == (0,)


def test_each_of_many_items_has_its_probability() -> None:
    """How often each comes is Poisson; drawn by float32 its variance was 1.11 times the mean."""
    items, n = 3_000_000, 15_000_000
    counts = np.bincount(choice(KEY, np.full(items, 1 / items), n), minlength=items)
    spread = counts.var() * items / n
    assert abs(spread - 1) <= 4 * np.sqrt(2 / items + 1 / n)
    assert counts.sum() == n


def test_a_count_of_keys_compiles_nothing_and_a_shape_one_program(compiled: Callable[[], int]) -> None:
    split(KEY, 2)
    before = compiled()
    split(KEY, 23)
    assert compiled() == before
    p = np.full(7, 1 / 7)
    for use in (
        lambda: choice(KEY, p, 101),
        lambda: permutation(KEY, 103),
        lambda: bits(KEY, 19),
        lambda: shared_draws(KEY, n=107, d=3, components=5),
        lambda: Latents(np.zeros((109, 3)), np.zeros((109, 3))).sample(KEY),
        lambda: Latents(np.zeros((113, 3)), np.zeros((113, 3))).kl(),
    ):
        before = compiled()
        use()
        assert compiled() == before + 1
    before = compiled()
    shared_draws(KEY, n=107, d=3, components=6)
    assert compiled() == before
