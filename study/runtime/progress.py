"""Progress on standard error: one live bar on a terminal, otherwise a plain line every few seconds.

Output that fails is ignored, since a closed terminal must not end a run of hours.
"""

import contextlib
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, TextIO

from tqdm import tqdm

EVERY = 5.0  # seconds between plain lines
LONGEST = 200  # most characters of a label or note


class Progress:
    """Counts finished cells; a context manager."""

    def __init__(self, total: int, label: str):
        self.total, self.done = total, 0
        self._began = self._last = time.monotonic()
        self._stream: TextIO | None = sys.stderr
        self.label = sayable(label, self._stream)
        self._bar: tqdm[Any] | None = None
        with quietly():
            if self._stream is not None and self._stream.isatty():
                self._bar = tqdm(
                    total=total, desc=self.label, unit="cell", dynamic_ncols=True, file=self._stream
                )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            with quietly():
                self._bar.close()

    def advance(self, note: str = "") -> None:
        """Count one more finished cell."""
        self.done += 1
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
            self._last = now
            rate = self.done / max(now - self._began, 1e-9)
            left = (self.total - self.done) / rate
            line = f"{self.label}: {self.done}/{self.total} cells, {rate:.2f}/s, {left:.0f} s left"
            print(f"{line}, {note}" if note else line, file=self._stream, flush=True)


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
