"""Invalid codes, weights, keys and numbers of draws give a message of one line."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from study import AggregatePosterior, Latents, StudyError, dimension_table, surgery
from study.latents.by_class import by_class
from study.latents.two_sample import two_sample

pytestmark = pytest.mark.usefixtures("unchecked")

RNG = np.random.default_rng(0)
CODES = Latents(RNG.normal(size=(40, 2)), RNG.uniform(-3, -1, (40, 2)), np.arange(40) % 2)
ZEROS = np.zeros((4, 2))

CALLS: dict[str, Callable[..., Any]] = {
    "surgery": lambda key, codes=CODES, draws=20: surgery(key, codes, CODES, draws=draws),
    "dimension_table": lambda key, codes=CODES, draws=20: dimension_table(key, codes, draws=draws),
    "by_class": lambda key, codes=CODES, draws=20: by_class(key, codes, draws=draws),
    "two_sample": lambda key, codes=CODES, draws=20: two_sample(key, codes, draws=draws),
}
KEYS = [-1, 2**32, 1.0, True, None, "3", np.zeros(3, np.uint32)]


@pytest.mark.parametrize(
    ("mean", "log_var", "told"),
    [
        ("text", ZEROS, "latents: mean: give an array of numbers, got 'text'"),
        (ZEROS, [["a", "b"]] * 4, "latents: log_var: give an array of numbers"),
        (None, None, "latents: mean: give an array of numbers, got None"),
        ([[1, 2], [3]], ZEROS, "latents: mean: give an array of numbers"),
        (ZEROS * 1j, ZEROS, "latents: mean: give an array of numbers"),
        (ZEROS + 1e300, ZEROS, "latents: mean has 8 values that are not finite"),
        (
            ZEROS,
            ZEROS + 100,
            "latents: log_var is 100 at example 0, dimension 0; a variance above .* overflows float32",
        ),
        (ZEROS, np.diag([0, 41.0, 0, 0])[:, :2], "latents: log_var is 41 at example 1, dimension 1"),
        (ZEROS, ZEROS[:3], r"must both be \[N, d\], got \[4, 2\] and \[3, 2\]"),
        (ZEROS[0], ZEROS[0], r"must both be \[N, d\]"),
        (ZEROS[:0], ZEROS[:0], "no codes to work on"),
    ],
)
def test_what_are_no_codes(mean: Any, log_var: Any, told: str) -> None:
    with pytest.raises(StudyError, match=told) as raised:
        Latents(mean, log_var)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([1j, 2j, 3j, 4j], "labels: give an array of numbers"),
        ([0, 1, None, 1], "labels: give an array of numbers"),
        ([0.0, 1.0, np.nan, 1.0], "labels must be whole numbers, got float64"),
        ([0, 1], r"labels must be \[4\], got \[2\]"),
        (3, r"labels must be \[4\], got \[\]"),
    ],
)
def test_what_are_no_labels(labels: Any, told: str) -> None:
    with pytest.raises(StudyError, match=rf"^latents: {told}[^\n]*$"):
        Latents(ZEROS, ZEROS, labels)


@pytest.mark.parametrize(
    "weights",
    ["text", [1.0], np.full(40, np.nan), np.full(40, -np.inf), np.full(40, np.inf), [["a"]], [None] * 40],
)
def test_what_are_no_weights(weights: Any) -> None:
    with pytest.raises(StudyError, match=r"^aggregate posterior: log_weights[^\n]*$"):
        AggregatePosterior(CODES, weights)


@pytest.mark.parametrize("codes", [None, ZEROS, "text", (ZEROS, ZEROS)], ids=repr)
def test_an_aggregate_of_what_are_no_codes(codes: Any) -> None:
    with pytest.raises(StudyError, match=r"^aggregate posterior: give Latents\(mean, log_var\), got [^\n]*$"):
        AggregatePosterior(codes)


@pytest.mark.parametrize("z", ["text", None, [["a", "b"]], [[1, 2], [3]]], ids=repr)
def test_a_density_at_what_are_no_numbers(z: Any) -> None:
    with pytest.raises(StudyError, match=r"^aggregate posterior: z: give an array of numbers, got [^\n]*$"):
        AggregatePosterior(CODES).log_prob(z)


@pytest.mark.integration
def test_a_whole_number_is_taken_for_a_key() -> None:
    key = jax.random.key(3)
    np.testing.assert_array_equal(CODES.sample(3), CODES.sample(key))
    q = AggregatePosterior(CODES)
    np.testing.assert_array_equal(q.sample(3, n=5), q.sample(key, n=5))
    for call in CALLS.values():
        assert str(call(3)) == str(call(key))


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_what_is_no_key(key: Any) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: CODES.sample(key),
        lambda: AggregatePosterior(CODES).sample(key, n=3),
        *(lambda call=call: call(key) for call in CALLS.values()),
    ]
    for call in calls:
        with pytest.raises(StudyError, match=r"^key: give [^\n]*$"):
            call()


@pytest.mark.parametrize("n", [-1, 1.5, "3", True, None, 10**30])
def test_what_is_no_number_of_draws(n: Any) -> None:
    with pytest.raises(StudyError, match=r"^n: give a whole number[^\n]*$"):
        AggregatePosterior(CODES).sample(0, n=n)
    for call in CALLS.values():
        with pytest.raises(StudyError, match=r"^draws: give a whole number[^\n]*$"):
            call(0, draws=n)


def test_no_draws_are_too_few_to_measure() -> None:
    for call in CALLS.values():
        with pytest.raises(StudyError, match=r"^draws: give a whole number from 1 to 2147483647, got 0$"):
            call(0, draws=0)


@pytest.mark.parametrize("name", CALLS)
def test_measuring_what_are_no_codes(name: str) -> None:
    with pytest.raises(StudyError, match=rf"^{name}: give Latents\(mean, log_var\), got [^\n]*$"):
        CALLS[name](0, codes=ZEROS)
    with pytest.raises(StudyError, match=r"^surgery: give Latents\(mean, log_var\), got None$"):
        surgery(0, CODES, None, draws=5)


def test_the_largest_variance_overflows_nowhere() -> None:
    """With log_var = 100 the moments were infinite in float32; at the limit, everything is finite."""
    wide = Latents(RNG.normal(size=(40, 2)), np.full((40, 2), 40.0))
    q = AggregatePosterior(wide)
    assert np.isfinite(q.log_prob(q.sample(0, n=20))).all()
    assert all(np.isfinite(moment).all() for moment in q.moments())
    assert np.isfinite(dimension_table(0, wide, draws=20)[["kl", "marginal_kl", "w1", "ks"]]).all(axis=None)
