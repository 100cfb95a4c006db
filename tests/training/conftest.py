"""Shared by tests of whole training runs."""

from collections.abc import Callable

import jax
import pytest

from study import Dataset, TrainConfig
from study.training import Architecture, Cell, engine, train_cells
from study.training.engine import Trained

TRAINING = TrainConfig(steps=200, batch_size=64, learning_rate=3e-3)


@pytest.fixture
def four_cells() -> Callable[[Dataset, Architecture], list[Trained]]:
    """Trains β 0.1 and 1, two seeds each, in two calls, of which the second compiles nothing."""

    def trained(data: Dataset, architecture: Architecture) -> list[Trained]:
        cells = [Cell(1.0, beta, seed, 3e-3) for beta in (0.1, 1.0) for seed in (0, 1)]
        compilations = 0

        def count(event: str, duration_secs: float, **_: str | int) -> None:
            nonlocal compilations
            compilations += event == "/jax/core/compile/backend_compile_duration"

        engine._program.cache_clear()
        waiting = train_cells(data, architecture, TRAINING, cells)
        found = [next(waiting), next(waiting)]  # the first call's two cells
        jax.monitoring.register_event_duration_secs_listener(count)
        try:
            found += list(waiting)
        finally:
            jax.monitoring.unregister_event_duration_listener(count)
        assert compilations == 0
        assert all(one.model.finite for one in found)
        return found

    return trained
