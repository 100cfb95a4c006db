"""The time that JAX spends compiling, so that a first call can be timed without running it twice."""

import contextlib
import threading
from collections.abc import Iterator

import jax.monitoring

_STAGES = (  # tracing, lowering, compiling
    "/jax/core/compile/jaxpr_trace_duration",
    "/jax/core/compile/jaxpr_to_mlir_module_duration",
    "/jax/core/compile/backend_compile_duration",
)
_seconds = threading.local()


def _count(event: str, duration_secs: float, **_: str | int) -> None:
    if event in _STAGES and hasattr(_seconds, "spent"):
        _seconds.spent[-1] += duration_secs


jax.monitoring.register_event_duration_secs_listener(_count)


@contextlib.contextmanager
def compile_seconds() -> Iterator[list[float]]:
    """Add up the seconds that this thread compiles within the context, in the one element of the list.

    Such contexts do not nest.
    """
    _seconds.spent = [0.0]
    try:
        yield _seconds.spent
    finally:
        del _seconds.spent
