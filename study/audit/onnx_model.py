"""Encoder and decoder from ONNX files: which input is the data, which output the mean, and how labels are given."""

import dataclasses
import math
from typing import Literal

import numpy as np

from study.audit.layout import Layout, as_declared
from study.audit.model import Function
from study.audit.onnx_file import read_onnx
from study.audit.onnx_outputs import listed, outputs_of, quiet_outputs, row_size
from study.audit.onnx_session import Port, Session, cast, open_session, probed
from study.errors import StudyError

LabelForm = Literal["index", "one-hot"]
LABELS = ("y", "label", "labels", "c", "class", "classes", "cond", "condition")
PROBED = 3  # rows


@dataclasses.dataclass(frozen=True, eq=False)
class Half:
    """The encoder or the decoder.

    Attributes:
        function: takes and gives NumPy arrays.
        notes: what a reader must know of it.
        digests: SHA-256 of its files by name.
        shape: of one code in the decoder's input.
        assumed: whether the order of the encoder's outputs is a guess.
        labelled: whether it takes labels.
    """

    function: Function
    notes: tuple[str, ...]
    digests: dict[str, str]
    shape: tuple[int, ...] = ()
    assumed: bool = False
    labelled: bool = False


def load_encoder(
    path: str,
    *,
    layout: Layout,
    asked: bool,
    x: np.ndarray,
    labels: np.ndarray | None,
    classes: np.ndarray | None,
    form: LabelForm | None,
    mu: str | None,
    log_var: str | None,
) -> Half:
    """The function x `[n, *given]` (and labels) -> (mean, second output).

    Args:
        path: of the file.
        layout: axes of x.
        asked: whether the user gave `--layout`.
        x, labels: some training examples, at least 3.
        classes: all classes, sorted; None if there are no labels.
        form: how labels are given, if the user says so.
        mu, log_var: names or numbers of the outputs, if the user says so.

    Raises:
        StudyError: the file, its inputs or its outputs cannot be used.
    """
    session = open_session(read_onnx(path, flag="--encoder"))
    data, extra = _ports(session, layout.size)
    shaped = as_declared(layout, data.shape, where=session.where, asked=asked)
    told = _Labels.of(extra, classes, form, session.where)

    def feed(examples: np.ndarray, named: np.ndarray | None) -> dict[str, np.ndarray]:
        given = {data.name: cast(shaped(examples, first=layout.moved), data)}
        return given if told is None else {**given, told.port.name: told(named)}

    some = feed(x[:PROBED], None if labels is None else labels[:PROBED])
    chosen = outputs_of(session, some, data_size=layout.size, mu=mu, log_var=log_var)
    session, found = probed(session, chosen.names, some)
    notes = (*chosen.notes, *found, *([told.said] if told else []))

    def encode(examples: np.ndarray, named: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        return tuple(session.call(chosen.names, feed(examples, named)))

    return Half(encode, notes, session.file.digests, assumed=chosen.assumed, labelled=told is not None)


def load_decoder(
    path: str,
    *,
    z: np.ndarray,
    labels: np.ndarray | None,
    classes: np.ndarray | None,
    form: LabelForm | None,
    layout: Layout,
) -> Half:
    """The function z `[n, *shape]` (and labels) -> x, and the shape of one code in its input.

    Args:
        path: of the file.
        z: the encoder's own codes of some examples, at least 3, in its own shape.
        labels, classes, form: as for the encoder.
        layout: axes of x, to find the output among several.

    Raises:
        StudyError: the file, its inputs or its outputs cannot be used.
    """
    session = open_session(read_onnx(path, flag="--decoder"))
    size = math.prod(z.shape[1:])
    data, extra = _ports(session, size)
    shape = _code_shape(data, z.shape[1:], session.where)
    told = _Labels.of(extra, classes, form, session.where)

    def feed(codes: np.ndarray, named: np.ndarray | None) -> dict[str, np.ndarray]:
        given = {data.name: cast(codes.reshape(len(codes), *shape), data)}
        return given if told is None else {**given, told.port.name: told(named)}

    some = feed(z[:PROBED], None if labels is None else labels[:PROBED])
    sizes = {name: row_size(session, name, some) for name in quiet_outputs(session)}
    fitting = [name for name, size in sizes.items() if size == layout.size]
    if not fitting:
        raise StudyError(
            f"{session.where}: no output has {layout.size} values for each row, as the examples have; its outputs "
            f"are {listed(session.outputs)}"
        )
    if len(fitting) > 1:
        raise StudyError(
            f"{session.where}: several outputs could be the data: {', '.join(fitting)}; export one alone"
        )
    session, found = probed(session, fitting, some)
    notes = (*found, *([told.said] if told else []))

    def decode(codes: np.ndarray, named: np.ndarray | None = None) -> np.ndarray:
        return session.call(fitting, feed(codes, named))[0]

    return Half(decode, notes, session.file.digests, shape, labelled=told is not None)


def _ports(session: Session, size: int) -> tuple[Port, Port | None]:
    """The input that takes the data, and the one that takes labels, if there is one."""
    if not 1 <= len(session.inputs) <= 2:
        raise StudyError(
            f"{session.where}: has {len(session.inputs)} inputs, {listed(session.inputs)}; one for the data and at "
            "most one for labels can be used"
        )
    if len(session.inputs) == 1:
        return session.inputs[0], None
    holding = [port for port in session.inputs if _could_hold(port, size)]
    if len(holding) == 2:  # as many classes as values of a code
        holding = [port for port in holding if port.name.lower() not in LABELS]
    if len(holding) != 1:
        raise StudyError(
            f"{session.where}: which of its inputs takes the data of {size} values cannot be told: "
            f"{listed(session.inputs)}; export it with declared shapes"
        )
    return holding[0], next(port for port in session.inputs if port is not holding[0])


def _could_hold(port: Port, size: int) -> bool:
    axes = port.shape[1:]
    known = [axis for axis in axes if isinstance(axis, int)]
    return (
        "int" not in port.kind
        and bool(axes)
        and (math.prod(known) == size if len(known) == len(axes) else size % max(math.prod(known), 1) == 0)
    )


def _code_shape(port: Port, own: tuple[int, ...], where: str) -> tuple[int, ...]:
    """The shape of one code in the decoder's input, from its declaration and the encoder's output."""
    axes = port.shape[1:]
    size = math.prod(own)
    if all(isinstance(axis, int) for axis in axes) and math.prod(axes) == size:
        return tuple(axes)
    if len(axes) == len(own) and all(
        not isinstance(axis, int) or axis == got for axis, got in zip(axes, own, strict=True)
    ):
        return own
    if len(axes) == 1 and not isinstance(axes[0], int):
        return (size,)
    raise StudyError(
        f"{where}: takes codes {port.told}, but the encoder gives {' × '.join(map(str, own))}; give the decoder of "
        "the same model"
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Labels:
    """The input that takes labels, and how."""

    port: Port
    form: LabelForm
    classes: np.ndarray

    @classmethod
    def of(
        cls, port: Port | None, classes: np.ndarray | None, form: LabelForm | None, where: str
    ) -> "_Labels | None":
        if port is None:
            return None
        if classes is None:
            raise StudyError(f"{where}: takes labels ({port.told}), but the files hold none; add `y` to both")
        wide = port.shape[-1] if len(port.shape) > 1 else 1
        hot = form or ("one-hot" if isinstance(wide, int) and wide > 1 else "index")
        if hot == "one-hot" and isinstance(wide, int) and wide != len(classes):
            raise StudyError(
                f"{where}: takes labels of {wide} classes ({port.told}), the data have {len(classes)}"
            )
        if hot == "index" and classes.dtype.kind not in "iub":
            raise StudyError(
                f"{where}: takes labels as numbers ({port.told}), the files hold text; give numbers"
            )
        return cls(port, hot, classes)

    @property
    def said(self) -> str:
        return f"labels are given to input {self.port.name} as {'numbers' if self.form == 'index' else 'one-hot rows'}"

    def __call__(self, named: np.ndarray | None) -> np.ndarray:
        assert named is not None  # `AuditedModel` asks for them
        if self.form == "index":
            column = named.reshape(-1, 1) if len(self.port.shape) > 1 else named
            return cast(column, self.port)
        return cast((named[:, None] == self.classes[None]).astype(np.float32), self.port)
