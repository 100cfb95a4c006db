"""An ONNX network in onnxruntime: how many rows it takes, in bounded memory, and whether rows are independent.

What an export may hide is tried, not read from the declared shapes: a batch that is fixed although it is declared
free, one row out for several in, batch statistics that make a row depend on its neighbours, and noise.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from study.audit.onnx_file import OnnxFile
from study.errors import StudyError
from study.metrics.onnx_file import limited
from study.runtime.checks import said

BLOCK = 256  # rows of one call, if the network takes any number
SAME = 1e-4  # relative to the largest value: more is no rounding
# Of the types that onnxruntime takes, and never converts.
TYPES: Mapping[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(uint8)": np.uint8,
}


@dataclasses.dataclass(frozen=True)
class Port:
    """An input or output: its name, declared shape, and the type that it takes or gives."""

    name: str
    shape: tuple[Any, ...]
    kind: str

    @property
    def told(self) -> str:
        """For messages and reports."""
        axes = ", ".join("?" if axis is None else str(axis) for axis in self.shape)
        return f"{self.name} {self.kind.removeprefix('tensor(').removesuffix(')')} [{axes}]"


@dataclasses.dataclass(frozen=True, eq=False)
class Session:
    """A network that can be called with named arrays of any number of rows.

    Attributes:
        file: what it was read from.
        raw: onnxruntime's session.
        options: of every call: the arena returns what it took.
        inputs, outputs: as declared.
        rows: rows of one call.
        fixed: whether only that number of rows is accepted.
    """

    file: OnnxFile
    raw: Any
    options: Any
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    rows: int = BLOCK
    fixed: bool = False

    @property
    def where(self) -> str:
        """Its name in messages."""
        return self.file.where

    def call(self, names: Sequence[str], feed: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """The named outputs for the rows of `feed`, in calls of bounded size.

        Raises:
            StudyError: the network fails, or its outputs do not have one row for each row given.
        """
        n = len(next(iter(feed.values())))
        parts: list[list[np.ndarray]] = [[] for _ in names]
        for start in range(0, max(n, 1), self.rows):
            block = {name: given[start : start + self.rows] for name, given in feed.items()}
            size = len(next(iter(block.values())))
            if self.fixed and size < self.rows:
                block = {name: _padded(given, self.rows) for name, given in block.items()}
            for part, output in zip(parts, self.once(names, block), strict=True):
                part.append(output[:size])
        return [np.concatenate(part) for part in parts]

    def once(self, names: Sequence[str], feed: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """One call.

        Raises:
            StudyError: the network fails, or its outputs do not have one row for each row given.
        """
        rows = len(next(iter(feed.values())))
        try:
            with limited(self.where):
                found = self.raw.run(list(names), dict(feed), self.options)
        except StudyError:
            raise
        except Exception as error:  # its exceptions have no common class
            shapes = ", ".join(f"{name} {list(given.shape)}" for name, given in feed.items())
            raise StudyError(f"{self.where}: fails on {shapes} ({said(error)}); export it again") from error
        for name, output in zip(names, found, strict=True):
            if np.ndim(output) < 2 or len(output) != rows:
                raise StudyError(
                    f"{self.where}: output {name} has the shape {list(np.shape(output))} for {rows} rows; export it "
                    "so that each row of the input gives one row"
                )
        return [np.asarray(output) for output in found]


def open_session(file: OnnxFile) -> Session:
    """Load a network; by path, since weights beside it are looked for there.

    Raises:
        StudyError: onnxruntime is not installed or cannot load it.
    """
    try:
        import onnxruntime
    except ImportError:
        raise StudyError(
            f"{file.where}: needs onnxruntime; install it with: pip install 'vae-sampling-study[onnx]'"
        ) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.load_model_format", "ONNX")
    running = onnxruntime.RunOptions()
    running.log_severity_level = 4
    running.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    try:
        with limited(file.where):
            raw = onnxruntime.InferenceSession(
                str(file.path), options, providers=["CPUExecutionProvider"], enable_fallback=0
            )
    except StudyError:
        raise
    except Exception as error:
        raise StudyError(
            f"{file.where}: onnxruntime cannot load it ({said(error)}); export it again"
        ) from error
    ports = [
        tuple(Port(one.name, tuple(one.shape), one.type) for one in side)
        for side in (raw.get_inputs(), raw.get_outputs())
    ]
    for port in ports[0]:
        if port.kind not in TYPES:
            raise StudyError(
                f"{file.where}: input {port.told} has a type that is not supported; export it in float32"
            )
    return Session(file, raw, running, ports[0], ports[1])


def cast(value: np.ndarray, port: Port) -> np.ndarray:
    """The array in the type and byte order of an input."""
    return np.ascontiguousarray(value).astype(TYPES[port.kind], copy=False)


def probed(
    session: Session, names: Sequence[str], feed: Mapping[str, np.ndarray]
) -> tuple[Session, list[str]]:
    """The session with the number of rows that it takes, found by trying, and what a reader must know about it.

    Args:
        session: as it was opened.
        names: outputs that will be used.
        feed: at least 3 different rows of every input.

    Raises:
        StudyError: it takes no number of rows, gives other than one row for each, depends on neighbouring rows, or two
            runs on the same rows differ.
    """
    declared = [port.shape[0] for port in session.inputs if port.shape and isinstance(port.shape[0], int)]
    notes = []
    if declared and declared[0] > 0:
        session = dataclasses.replace(session, rows=declared[0], fixed=True)
        notes.append(f"{session.where} takes {_rows(declared[0])} at a time; the last ones are padded")
    elif not _accepts_any(session, names, feed):
        session = dataclasses.replace(session, rows=1, fixed=True)
        notes.append(f"{session.where} declares any number of rows but takes one at a time, which is slow")
    first, second = session.call(names, feed), session.call(names, feed)
    for name, one, other in zip(names, first, second, strict=True):
        if not _alike(one, other):
            raise StudyError(
                f"{session.where}: output {name} differs from run to run, so it is a sample and no mean; export it "
                "in evaluation mode and cut it before the sampling"
            )
    backwards = session.call(names, {name: given[::-1].copy() for name, given in feed.items()})
    alone = session.call(names, {name: given[1:] for name, given in feed.items()})
    for name, one, other, rest in zip(names, first, backwards, alone, strict=True):
        if not (_alike(one, other[::-1]) and _alike(one[1:], rest)):
            raise StudyError(
                f"{session.where}: output {name} of a row depends on the other rows of a call, as batch "
                "normalisation in training mode does; export it in evaluation mode"
            )
    return session, notes


def _accepts_any(session: Session, names: Sequence[str], feed: Mapping[str, np.ndarray]) -> bool:
    """Whether it takes two rows and three; if not, whether it takes one, else its own error."""
    for rows in (2, 3):
        try:
            session.once(names, {name: given[:rows] for name, given in feed.items()})
        except StudyError as error:
            try:
                session.once(names, {name: given[:1] for name, given in feed.items()})
            except StudyError:
                raise error from None
            return False
    return True


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    scale = max(float(np.abs(one).max(initial=0)), 1e-3)
    tolerance = SAME if one.dtype != np.float16 else 1e-2
    return bool(np.allclose(one, other, rtol=0, atol=tolerance * scale, equal_nan=True))


def _padded(given: np.ndarray, rows: int) -> np.ndarray:
    return np.concatenate([given, np.zeros((rows - len(given), *given.shape[1:]), given.dtype)])


def _rows(n: int) -> str:
    return "one row" if n == 1 else f"{n:,} rows"
