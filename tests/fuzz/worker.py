"""The process in which inputs are tried. If it is killed, runs out of memory or hangs, its parent records that."""

import contextlib
import io
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import time
import traceback
import types
import warnings
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

SECONDS = 10.0  # that one input may take
MEMORY = 3 << 30  # bytes of address space beyond what the process has before the first input
HOME = f"{Path(__file__).parents[2] / 'study'}{os.sep}"
Recipe = tuple[int, ...]  # which seed, and the seeds of the mutations one after the other


class TooLong(BaseException):
    """One input took more than `SECONDS`; no parser's `except Exception` catches it."""


class Coverage:
    """Lines of study/ that were reached, each as file and number."""

    def __init__(self, seen: set[tuple[str, int]]):
        self.seen, self.new = seen, set[tuple[str, int]]()
        self._ours: dict[types.CodeType, bool] = {}

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """While active, executed lines are recorded."""
        self.new = set()
        sys.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(None)
            self.seen |= self.new

    def _call(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        ours = self._ours.get(code)
        if ours is None:
            ours = self._ours[code] = code.co_filename.startswith(HOME)
        return self._line if ours else None

    def _line(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            place = frame.f_code.co_filename[len(HOME) :], frame.f_lineno
            if place not in self.seen:
                self.new.add(place)
        return self._line


def built(target: Any, recipe: Recipe, known: dict[Recipe, Any]) -> Any:
    """The files of a recipe; `known` holds those of its beginnings."""
    if recipe not in known:
        files = target.made[recipe[0]]
        for seed in recipe[1:]:
            files = target.mutated(files, seed)
        known[recipe] = files
    return known[recipe]


def tried(target: Any, files: Any) -> tuple[str, str, float]:
    """The outcome of one input: ("taken" | "refused" | place of the failure, what happened, seconds)."""
    from study.errors import StudyError
    from tests.fuzz.targets import Wrong, check_message

    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        for path, content in {**target.fixed(), **files}.items():
            full = Path(name) / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_bytes(content)
        said = io.StringIO()
        began = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            with (
                warnings.catch_warnings(record=True) as warned,
                contextlib.redirect_stdout(said),
                contextlib.redirect_stderr(said),
            ):
                warnings.simplefilter("always")
                found = target.read(Path(name))
            if said.getvalue() or (warned and not target.warns):
                raise Wrong(
                    f"said {said.getvalue()[:300]!r}, warned {[str(w.message)[:300] for w in warned]}"
                )
            state = ("refused" if found in (None, 2) else "taken"), ""
        except StudyError as error:
            try:
                check_message(str(error).replace(name, "."))
                if said.getvalue() or warned:
                    raise Wrong(
                        f"said {said.getvalue()[:300]!r}, warned {[str(w.message)[:300] for w in warned]}"
                    )
                state = "refused", ""
            except Wrong as wrong:
                state = _place(error, name), f"Wrong: {wrong}"
        except (Exception, TooLong) as error:
            state = _place(error, name), f"{type(error).__name__}: {str(error)[:500]}"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return *state, time.perf_counter() - began


def _place(error: BaseException, folder: str) -> str:
    """The innermost line of study/ of a traceback."""
    ours = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(HOME)]
    last = f"{ours[-1].filename[len(HOME) :]}:{ours[-1].lineno}" if ours else "tests"
    return f"{type(error).__name__} at {last}"


def prepare() -> None:
    """No network, an alarm, and no warnings but those of parsers."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network while fuzzing")

    def too_long(*_: object) -> None:
        raise TooLong

    socket.create_connection = refuse  # type: ignore[assignment]
    socket.getaddrinfo = refuse  # type: ignore[assignment]
    signal.signal(signal.SIGALRM, too_long)
    warnings.simplefilter("ignore")  # of what mutations do with NumPy


def limit_memory() -> int:
    """Set the limit on address space; returns the resident size at this moment, KiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    mapped = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (mapped, mapped))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def work(
    pipe: Connection, name: str, seed: int, kept: Sequence[Recipe], seen: set[tuple[str, int]], count: int
) -> None:
    """Try `count` inputs; report ("try", recipe) before each and ("did", state, what, seconds, lines, KiB) after it."""
    prepare()
    from tests.fuzz.targets import TARGETS

    target, coverage, rng = TARGETS[name], Coverage(seen), random.Random(seed)
    queue = list(kept)
    known: dict[Recipe, Any] = {}
    starts = [] if queue else [(i,) for i in range(len(target.made))]
    tried(target, target.made[0])  # imports are no input's memory
    base = limit_memory()
    for _ in range(count):
        recipe = starts.pop() if starts else (*_chosen(rng, queue), rng.getrandbits(32))
        pipe.send(("try", recipe))
        files = known.get(recipe) or built_from(target, recipe, known)
        with coverage.on():
            state, what, seconds = tried(target, files)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base
        if coverage.new and state in ("taken", "refused"):
            queue.append(recipe)
            known[recipe] = files
        pipe.send(("did", state, what, seconds, sorted(coverage.new), peak))
    pipe.send(("end",))


def built_from(target: Any, recipe: Recipe, known: dict[Recipe, Any]) -> Any:
    """The files of a recipe that starts from a stored input."""
    if len(recipe) == 1:
        return target.made[recipe[0]]
    return target.mutated(built(target, recipe[:-1], known), recipe[-1])


def _chosen(rng: random.Random, queue: list[Recipe]) -> Recipe:
    """A stored input, preferring newer ones, or a seed file."""
    chance = rng.random()
    if chance < 0.25:
        return (rng.choice([one for one in queue if len(one) == 1] or queue)[0],)
    return queue[-1 - min(int(rng.expovariate(0.1)), len(queue) - 1)] if chance < 0.6 else rng.choice(queue)
