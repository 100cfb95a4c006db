"""The machine and the versions of packages, for provenance and `study env`."""

import contextlib
import functools
import os
import platform
import resource
import sys
from pathlib import Path
from typing import Any

import jax
import threadpoolctl

from study.runtime import versions
from study.runtime.versions import project_version, version_line

__all__ = [
    "blas_threads",
    "cores",
    "describe",
    "device_name",
    "package_versions",
    "peak_memory",
    "project_version",
    "use_all_cores",
    "version_line",
]


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def blas_threads(limit: int) -> contextlib.AbstractContextManager[Any]:
    """Limit the threads of NumPy's and SciPy's matrix products within this context.

    The threads of a small product spend more time waiting for each other than working, and how many there are decides
    the last bits of sums.
    """
    return _blas().limit(limits=limit)


@functools.cache
def _blas() -> threadpoolctl.ThreadpoolController:
    """The BLAS libraries, listed once, since this takes 5 ms."""
    import scipy.linalg  # noqa: F401  its BLAS must be loaded before the libraries are listed

    return threadpoolctl.ThreadpoolController().select(user_api="blas")


def use_all_cores() -> None:
    """Split the host into one JAX device per core; no effect if JAX has started or the user set the number."""
    if "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):
        return
    try:
        if jax.config.values["jax_num_cpu_devices"] == -1:
            jax.config.update("jax_num_cpu_devices", cores())
    except RuntimeError:  # JAX has started already: keep its devices
        pass


def device_name() -> str:
    """The accelerator's name, or the processor's and how many devices it is split into."""
    devices = jax.devices()
    if devices[0].platform != "cpu":
        return f"{len(devices)} × {devices[0].device_kind}"
    return f"{platform.machine()} CPU, {len(devices)} devices"


def package_versions() -> dict[str, str]:
    """The versions by package that affect numbers, including Python, and as `blas` the BLAS libraries in use."""
    return dict(_versions())


@functools.cache
def _versions() -> dict[str, str]:
    """The versions, computed once, since every trained cell needs them."""
    return {**versions.package_versions(), "blas": blas_libraries()}


def blas_libraries() -> str:
    """Name, version, kernels and owning package of every BLAS library that is loaded."""
    found = []
    for library in _blas().info():
        owner = [
            part.removesuffix(".libs") for part in Path(library["filepath"]).parts if part.endswith(".libs")
        ]
        words = [str(library.get(key) or "") for key in ("internal_api", "version", "architecture")]
        found.append(" ".join([word for word in words if word] + [f"({owner[0]})"] * bool(owner)))
    return ", ".join(sorted(set(found))) or "none found"


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def free_memory() -> int:
    """Bytes of memory that programs may still take, as Linux estimates it; a gigabyte on other systems."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return 1 << 30


def describe() -> dict[str, Any]:
    """Everything that `study env` prints."""
    return {
        "platform": platform.platform(),
        "cores": cores(),
        "devices": [str(device) for device in jax.devices()],
        "device": device_name(),
        "project": project_version(),
        "versions": package_versions(),
    }
