"""Shared by tests of hostile data: a refusal is a message of one line, fast, and takes little memory."""

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from study.data import load_dataset
from study.errors import StudyError

LIMIT = 1_000_000  # bytes that these tests allow a file
MEMORY = 40 * LIMIT
SECONDS = 5.0


@pytest.fixture
def refused() -> Callable[..., str]:
    """Call `load_dataset`, which must refuse, and return its message."""

    def call(name: Any, **arguments: Any) -> str:
        tracemalloc.start()
        began = time.monotonic()
        try:
            with pytest.raises(StudyError) as caught:
                load_dataset(name, **{"max_bytes": LIMIT, **arguments})
            assert time.monotonic() - began < SECONDS
            assert tracemalloc.get_traced_memory()[1] < MEMORY
        finally:
            tracemalloc.stop()
        message = str(caught.value)
        assert message.isprintable(), message
        return message

    return call
