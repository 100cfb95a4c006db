"""Compilation time is counted for the first call only."""

import time

import jax
import jax.numpy as jnp

from study.runtime.compiling import compile_seconds


def test_compiling_is_counted_once_and_only_within():
    program = jax.jit(lambda x: jnp.tanh(x * 3.25).sum())  # like no other program of the tests
    with compile_seconds() as first:
        began = time.perf_counter()
        program(jnp.ones(7)).block_until_ready()
        elapsed = time.perf_counter() - began
    with compile_seconds() as second:
        program(jnp.ones(7)).block_until_ready()
    counted = first[0]
    assert 0 < counted <= elapsed
    assert second == [0.0]
    jax.jit(lambda x: jnp.tanh(x * 4.25).sum())(jnp.ones(7)).block_until_ready()
    assert first[0] == counted
