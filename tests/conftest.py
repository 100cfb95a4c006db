"""Settings under which every test runs: two CPU devices, no silent promotion of type or rank, checked annotations."""

import contextlib
import html
import importlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
# Most programs of the tests run once on little data: light optimisation takes less time than it saves, and so does
# XLA's older code generator for fused loops (of the time to train, encode, fit and draw, a third is saved).
# So does splitting a small program into parts that are compiled side by side, where each worker has one core.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=1 --xla_cpu_use_fusion_emitters=false "
    "--xla_cpu_parallel_codegen_split_count=1 --xla_llvm_disable_expensive_passes=true",
)


# Programs that were compiled before are read again. JAX writes its cache in place, so every process that runs beside
# others has its own folder, filled with links to the shared one; what is new is linked back, whole.
SHARED_PROGRAMS = Path(__file__).parents[1] / ".cache" / "programs"
OWN_PROGRAMS = Path(tempfile.mkdtemp(prefix="study-programs-"))


def link(source: Path, target: Path) -> None:
    """Link every file of one folder into another, unless a file of that name exists there."""
    for folder in (source, target):
        folder.mkdir(parents=True, exist_ok=True)
    known, there = ({path.name for path in folder.iterdir()} for folder in (source, target))
    for name in known - there:
        with contextlib.suppress(OSError):  # another worker was faster, or the folders lie on two disks
            os.link(source / name, target / name)


link(SHARED_PROGRAMS, OWN_PROGRAMS)
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(OWN_PROGRAMS)
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
os.environ["JAX_PERSISTENT_CACHE_ENABLE_XLA_CACHES"] = "none"  # else the folder's path is part of every key

import jax  # noqa: E402  which reads these settings
import jaxtyping  # noqa: E402

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

# Every function and dataclass of the package that a test imports checks the types and shapes in its annotations; an int
# may stand for a float. In processes that tests start there is no such check.
jaxtyping.install_import_hook("study", "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")

ROOT = Path(__file__).parents[1]


def without_checks() -> Iterator[None]:
    """No check of types and shapes, as for a user: for tests of what is said about wrong arguments."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


unchecked = pytest.fixture(without_checks, name="unchecked")
unchecked_module = pytest.fixture(without_checks, name="unchecked_module", scope="module")


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips the report, which would take most of a tiny run; the smoke run and others write it."""
    instead: Callable[..., tuple[str, Path]] = lambda folder, *_, **__: ("", folder / "report.html")  # noqa: E731
    monkeypatch.setattr("study.pipeline.publish.build_report", instead)


def sketch(figure: Any) -> tuple[str, Callable[[], bytes]]:
    """The texts of a figure as SVG, and a PNG of one pixel."""
    from matplotlib.text import Text
    from PIL import Image

    from study.report.outside import visible

    said = (visible(text.get_text()) for text in figure.findobj(Text))
    body = "".join(f"<text>{html.escape(text)}</text>" for text in said if text)
    png = io.BytesIO()
    Image.new("P", (1, 1)).save(png, format="png")
    return f'<svg viewBox="0 0 1 1">{body}</svg>', png.getvalue


@pytest.fixture(scope="session")
def sketching() -> Callable[[], contextlib.AbstractContextManager[None]]:
    """While active, figures are composed and not drawn, which takes most of a report: for tests of its texts."""

    @contextlib.contextmanager
    def active() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("study.report.figures.rendered", sketch)
            yield

    return active


@pytest.fixture
def sketched(sketching: Callable[[], contextlib.AbstractContextManager[None]]) -> Iterator[None]:
    """`sketching`, for the whole test."""
    with sketching():
        yield


@pytest.fixture
def mnist_available() -> None:
    """Skips where `$STUDY_DATA` does not hold MNIST."""
    home = os.environ.get("STUDY_DATA", "")
    if not home or not (Path(home) / "mnist").is_dir():
        pytest.skip("needs MNIST below $STUDY_DATA")


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After each file, workers exchange the programs that they compiled."""
    if nextitem is None or nextitem.path != item.path:
        link(OWN_PROGRAMS, SHARED_PROGRAMS)
        link(SHARED_PROGRAMS, OWN_PROGRAMS)


def pytest_sessionfinish() -> None:
    link(OWN_PROGRAMS, SHARED_PROGRAMS)
    shutil.rmtree(OWN_PROGRAMS, ignore_errors=True)


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Callable[..., dict[str, str]]]:
    """Environments for processes that run side by side: each has its own folder of compiled programs."""
    folders: list[Path] = []

    def environment(**changes: str) -> dict[str, str]:
        folders.append(tmp_path / f"programs-{len(folders)}")
        link(OWN_PROGRAMS, folders[-1])
        return {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(folders[-1]), **changes}

    yield environment
    for folder in folders:
        link(folder, OWN_PROGRAMS)


@pytest.fixture(scope="session")
def extractor_of() -> Callable[..., Any]:
    """`train_extractor`, which trains once for each data set and configuration."""
    from study.metrics.features import train_extractor

    known: dict[Any, Any] = {}

    def trained(data: Any, config: Any = None) -> Any:
        key = (data.fingerprint, config)
        if key not in known:
            known[key] = train_extractor(data, config)
        return known[key]

    return trained


@pytest.fixture(scope="session", autouse=True)
def one_extractor_for_all(extractor_of: Callable[..., Any]) -> Iterator[None]:
    """Runs in this process share their feature extractors, whose training would take most of a tiny run."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("study.pipeline.extractor", "study.metrics.evaluate", "study.audit.measuring"):
            patch.setattr(importlib.import_module(module), "train_extractor", extractor_of)
        yield


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """`made_once(name, make)`: the folder that `make` fills, once for all workers; not to be changed."""
    base = tmp_path_factory.getbasetemp()
    home = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(home / f"{name}.lock"):
            if not (home / f"{name}.done").exists():
                make(home / name)
                (home / f"{name}.done").touch()
        return home / name

    return folder


@pytest.fixture(scope="session")
def smoke_run(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The results folder of one `smoke` run through the command line."""

    def make(folder: Path) -> None:
        command = ("run", "sampling_strategies", "--profile", "smoke", "--out", str(folder / "out"))
        done = run_study(*command, store=folder)
        assert done.returncode == 0, done.stderr

    return made_once("smoke", make) / "out"


def run_study(*arguments: str, store: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """`study ARGUMENTS` in a process of its own, as a user types it."""
    environment = {**os.environ, "STUDY_STORE": str(store / "store"), "PYTHONWARNINGS": "default"}
    command = [sys.executable, "-m", "study.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=environment)
