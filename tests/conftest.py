"""Settings under which every test runs: two CPU devices, no silent promotion of type or rank."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

import jax  # noqa: E402

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture
def mnist_available() -> None:
    """Skips where `$STUDY_DATA` does not hold MNIST."""
    home = os.environ.get("STUDY_DATA", "")
    if not home or not (Path(home) / "mnist").is_dir():
        pytest.skip("needs MNIST below $STUDY_DATA")
