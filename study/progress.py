"""Progress on standard error: one live bar on a terminal, a plain line now and then elsewhere."""

import sys
import time
from types import TracebackType

from tqdm import tqdm

EVERY = 5.0  # seconds between plain lines


class Progress:
    """Counts cells done; a context manager."""

    def __init__(self, total: int, label: str):
        self.total, self.label, self.done = total, label, 0
        self._began = self._last = time.monotonic()
        self._bar = (
            tqdm(total=total, desc=label, unit="cell", dynamic_ncols=True) if sys.stderr.isatty() else None
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def advance(self, note: str = "") -> None:
        """One more cell is done."""
        self.done += 1
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
            print(f"{line}, {note}" if note else line, file=sys.stderr, flush=True)
