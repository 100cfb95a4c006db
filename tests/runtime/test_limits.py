"""Limits: too large claims are refused; a ceiling on memory holds, is lifted again, and does not affect JAX."""

import resource
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from study.errors import StudyError
from study.runtime.limits import MAX_BYTES, byte_limit, check_bytes, memory_at_most

MIB = 1 << 20


def ceiling() -> int:
    return resource.getrlimit(resource.RLIMIT_AS)[0]


@pytest.mark.usefixtures("unchecked")
def test_the_limit_is_what_is_given_or_two_gibibytes():
    assert byte_limit(None) == MAX_BYTES == 2 * 2**30
    assert byte_limit(7) == 7
    for wrong in (0, -1, 1.5, True, "1", 2**63):
        with pytest.raises(StudyError, match="max_bytes: give a whole number"):
            byte_limit(wrong)  # type: ignore[arg-type]


def test_what_is_claimed_is_compared_exactly_and_told_in_one_line():
    check_bytes(1000, limit=1000, where="f")
    with pytest.raises(
        StudyError, match=r"^f: announces 1001 bytes, the limit is 1000 bytes unpacked; give less"
    ):
        check_bytes(1001, limit=1000, where="f")
    with pytest.raises(StudyError, match=r"announces more than 10\^30 bytes"):
        check_bytes(10**5000, limit=1000, where="f")


def test_memory_beyond_the_ceiling_is_one_line_and_the_ceiling_is_lifted():
    before = ceiling()
    with (
        pytest.raises(
            StudyError, match=r"^mine\.csv: needs more memory than there is, or than the 104857600"
        ),
        memory_at_most(100 * MIB, where="mine.csv"),
    ):
        assert ceiling() != before
        np.ones(50 * MIB, np.uint8)  # fits
        np.ones(500 * MIB, np.uint8)
    assert ceiling() == before
    np.ones(500 * MIB, np.uint8)


def test_other_errors_pass_and_lift_the_ceiling():
    before = ceiling()
    with pytest.raises(KeyError), memory_at_most(100 * MIB):
        raise KeyError("x")
    assert ceiling() == before


def test_the_lowest_ceiling_of_several_holds_and_the_last_to_leave_lifts_it():
    before, high, low = ceiling(), memory_at_most(400 * MIB), memory_at_most(100 * MIB)
    high.__enter__()
    highest = ceiling()
    low.__enter__()
    assert ceiling() < highest
    high.__exit__(None, None, None)  # not in the order of a stack, as threads do
    assert ceiling() < highest
    low.__exit__(None, None, None)
    assert ceiling() == before


def test_many_threads_leave_the_ceiling_as_it_was():
    before = ceiling()

    def work() -> None:
        for _ in range(50):
            with memory_at_most(2000 * MIB):
                pass

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ceiling() == before


def test_jax_computes_on_after_memory_ran_out_beside_it():
    square = jax.jit(lambda x: x @ x)
    x = jnp.ones((200, 200))
    square(x).block_until_ready()
    with pytest.raises(StudyError), memory_at_most(10 * MIB):
        bytearray(200 * MIB)
    assert float(square(x)[0, 0]) == 200
    assert float(jnp.ones((300, 300)).sum()) == 90_000  # a program that is compiled after it
