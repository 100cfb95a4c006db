"""Progress on standard error: one live bar on a terminal, otherwise a plain line every few seconds.

No minute is silent: whatever takes long says what it is at its start, and again every `TICK` seconds. Output that
fails is ignored, since a closed terminal must not end a run of hours.
"""

import contextlib
import contextvars
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TextIO

from tqdm import tqdm

from study.errors import StudyError
from study.runtime.checks import shown

EVERY = 5.0  # seconds between plain lines
TICK = 20.0  # seconds after which a silent phase says that it goes on
LONGEST = 200  # most characters of a label or note
# Without a percentage: all models of a group finish training at once, and until then it would stay at 0 %.
BAR = "{desc}: |{bar}| {n_fmt}/{total_fmt} cells [{elapsed}<{remaining}{postfix}]"


class Progress:
    """Counts finished cells; a context manager."""

    def __init__(self, total: int, label: str):
        self.total, self.done = total, 0
        self._began = self._last = self._first = time.monotonic()
        self._stream: TextIO | None = sys.stderr
        self.label = sayable(label, self._stream)
        self._bar: tqdm[Any] | None = None
        self._ticking = contextlib.ExitStack()
        with quietly():
            if self._stream is not None and self._stream.isatty():
                self._bar = tqdm(
                    total=total, desc=self.label, bar_format=BAR, dynamic_ncols=True, file=self._stream
                )

    def __enter__(self) -> "Progress":
        if self._bar is None and self._stream is not None:
            with quietly():
                self._line(f"{self.total} cells")
        self._ticking.enter_context(ticking(self._goes_on))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ticking.close()
        if self._bar is not None:
            with quietly():
                self._bar.close()

    def advance(self, note: str = "") -> None:
        """Count one more finished cell."""
        self.done += 1
        if self.done == 1:
            self._first = time.monotonic()
        with quietly():
            self._say(sayable(note, self._stream))

    def _say(self, note: str) -> None:
        if self._stream is None:  # `print` would use standard output
            return
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update()
            return
        now = time.monotonic()
        if now - self._last >= EVERY or self.done == self.total:
            line = f"{self.done}/{self.total} cells, {self._left(now):.0f} s left"
            self._line(f"{line}, {note}" if note else line)

    def _left(self, now: float) -> float:
        """Seconds that the rest will take; the first cell, which compiles, says nothing about the others."""
        each = (now - self._first) / (self.done - 1) if self.done > 1 else now - self._began
        return (self.total - self.done) * each

    def _goes_on(self) -> None:
        """The line of a phase in which no cell has finished for a while."""
        now = time.monotonic()
        if self._bar is not None:
            self._bar.refresh()
        elif now - self._last >= TICK:
            self._line(f"{self.done}/{self.total} cells, {now - self._began:.0f} s so far")

    def _line(self, text: str) -> None:
        self._last = time.monotonic()
        if self._stream is not None:
            print(f"{self.label}: {text}", file=self._stream, flush=True)


_SILENT = contextvars.ContextVar[bool | None]("silent", default=None)


@contextlib.contextmanager
def heard(progress: bool | None) -> Iterator[None]:
    """Within this context stages are told, or not; by default if somebody watches, at a terminal or in a notebook.

    A function that is called within another's context has no say. Outside of any context stages are told.

    Raises:
        StudyError: it is neither True, False nor None.
    """
    if progress is not None and not isinstance(progress, bool):
        raise StudyError(f"progress: give True, False or None, got {shown(progress)}")
    outer, told = _SILENT.get(), _watched(sys.stderr) if progress is None else progress
    before = _SILENT.set(not told if outer is None else outer)
    try:
        yield
    finally:
        _SILENT.reset(before)


def _watched(stream: Any) -> bool:
    """Whether a stream is a terminal, or that of a notebook's kernel."""
    try:
        return type(stream).__module__.startswith("ipykernel") or bool(stream.isatty())
    except (AttributeError, ValueError):  # no stream, or a closed one
        return False


@contextlib.contextmanager
def stage(label: str) -> Iterator[None]:
    """Say that something without countable parts begins, and every `TICK` seconds that it goes on."""
    if _SILENT.get():
        yield
        return
    stream, began = sys.stderr, time.monotonic()
    label = sayable(label, stream)

    def say(more: str = "") -> None:
        if stream is not None:
            print(label + more, file=stream, flush=True)

    with quietly():
        say()
    with ticking(lambda: say(f", {time.monotonic() - began:.0f} s so far")):
        yield


@contextlib.contextmanager
def ticking(do: Callable[[], None], *, every: float | None = None) -> Iterator[None]:
    """Within this context `do` is called every so many seconds, by default `TICK`, by another thread.

    Errors of the operating system in it are ignored.
    """
    over = threading.Event()

    def tick() -> None:
        while not over.wait(TICK if every is None else every):
            with quietly():
                do()

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Within this context errors of a closed or full output stream are ignored."""
    with contextlib.suppress(OSError, ValueError):  # ValueError: closed, or characters it cannot encode
        yield


def sayable(text: str, stream: object) -> str:
    """`text` in one line, without control characters or characters that the stream cannot encode."""
    line = "".join(c if c.isprintable() else " " for c in text)
    line = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        return line.encode(encoding, "replace").decode(encoding, "replace")
    except LookupError:
        return line.encode("ascii", "replace").decode()
