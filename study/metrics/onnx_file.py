"""Checks of an ONNX file before onnxruntime reads it: it is complete, has no random nodes, and no false sizes.

onnxruntime follows a tensor's `external_data` to other files, which the digest of this file would not cover, and would
silently load changed weights from there. So references to other files are refused anywhere in the file: in subgraphs,
attributes, functions, sparse tensors and training information.
"""

import contextlib
import dataclasses
import hashlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from study.errors import StudyError
from study.runtime.limits import memory_at_most
from study.runtime.reading import read_file

MOST_BYTES = 2**31 - 1  # in one protocol buffer message
MOST_MEMORY = 8 << 30  # bytes that reading or running a network may allocate
MOST_MESSAGES = 2_000_000  # nodes, tensors, attributes and their parts
MOST_AXES = 32
RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
)
ALWAYS_DROPS = 7  # before this operator version a Dropout always drops, unless its attribute `is_test` is set
PER_BYTE, PER_NUMBER = (
    4,
    8,
)  # most elements that a byte or a number of a tensor can hold, however they are packed
MEND = "give the path of an ONNX network"


@contextlib.contextmanager
def limited(where: str) -> Iterator[None]:
    """Limit the memory of a network to `MOST_MEMORY` within this context; exceeding the limit is an error.

    Raises:
        StudyError: in place of a MemoryError.
    """
    with memory_at_most(MOST_MEMORY, where=where):
        try:
            yield
        except MemoryError as error:
            raise StudyError(
                f"{where}: needs more memory than there is, or than {MOST_MEMORY >> 30} GiB; give a smaller network"
            ) from error


def read_network(path: str | Path) -> bytes:
    """The content of the file, after `check_network` accepted it.

    Raises:
        StudyError: there is no such file, it cannot be read, or `check_network` refuses it.
    """
    where = f"--features {path}"
    content = read_file(path, what="an ONNX network", mend=MEND, most=MOST_BYTES, name=where)
    with limited(where):
        check_network(content, where=where)
    return content


def network_digest(path: str | Path) -> str:
    """SHA-256 of the file, which contains everything that decides the features.

    Raises:
        StudyError: as `read_network`.
    """
    return hashlib.sha256(read_network(path)).hexdigest()


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """A network that was checked.

    Attributes:
        model: the protocol buffer.
        random: of every random node what it is and its first output.
        outside: the other files that hold some of its weights, as it names them.
    """

    model: Any
    random: tuple[tuple[str, str], ...]
    outside: tuple[str, ...]


def check_network(content: bytes, *, where: str, strict: bool = True) -> Network:
    """Check that the bytes are an ONNX network without false sizes, that holds all its weights and no random nodes.

    Args:
        content: of the file.
        where: its name in messages.
        strict: refuse random nodes and weights in other files, instead of only naming them.

    Raises:
        StudyError: they are not; or the package onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise StudyError(
            f"{where}: needs onnx; install it with: pip install 'vae-sampling-study[onnx]'"
        ) from None
    try:
        model = onnx.ModelProto.FromString(content)
    except MemoryError:
        raise
    except Exception as error:  # protobuf's DecodeError
        raise StudyError(f"{where}: not an ONNX network, or a torn one; {MEND}") from error
    if not model.HasField("graph") or not model.graph.node:
        raise StudyError(f"{where}: not an ONNX network, it holds no graph; {MEND}")
    random, outside = _check_messages(model, onnx, where, strict=strict)
    return Network(model, tuple(random), tuple(sorted(outside)))


def _check_messages(
    model: Any, onnx: Any, where: str, *, strict: bool
) -> tuple[list[tuple[str, str]], set[str]]:
    """Random nodes and other files."""
    versions = {given.domain: given.version for given in model.opset_import}
    version = versions.get("", versions.get("ai.onnx", ALWAYS_DROPS))
    constants: dict[str, list[Any]] = {}  # by name; names are unique within a graph, not within a file
    computed: set[str] = set()
    drops, random, outside = [], [], set[str]()
    for number, message in enumerate(_messages(model)):
        if number >= MOST_MESSAGES:
            raise StudyError(f"{where}: more than {MOST_MESSAGES:,} parts, which no network has; {MEND}")
        if isinstance(message, onnx.TensorProto):
            outside |= _check_tensor(message, where, strict=strict)
            constants.setdefault(message.name, []).append(message)
        elif isinstance(message, onnx.SparseTensorProto):
            _check_claim(message.dims, room=MOST_BYTES // 4, name="a sparse tensor", where=where)
        elif isinstance(message, onnx.NodeProto):
            if message.op_type in RANDOM:
                random.append((message.op_type, _named(message)))
            if message.op_type == "Dropout":
                drops.append(message)
            values = [given.t for given in message.attribute if given.name == "value"]
            if message.op_type == "Constant" and values and message.output:
                constants.setdefault(message.output[0], []).extend(values)
            else:
                computed |= set(message.output)
    training = [node for node in drops if _drops(node, constants, computed, version)]
    random += [("Dropout in training mode", _named(node)) for node in training]
    if random and strict:
        raise _random(random[0][0], where)
    return random, outside


def _named(node: Any) -> str:
    return node.output[0] if node.output else ""


def _messages(root: Any) -> Iterator[Any]:
    """A message and all messages nested in it, in any field."""
    waiting = [root]
    while waiting:
        message = waiting.pop()
        yield message
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting.extend([value] if hasattr(value, "ListFields") else value)


def _check_tensor(tensor: Any, where: str, *, strict: bool) -> set[str]:
    """The other files that hold it; whether they are as large as it claims, onnxruntime checks."""
    name = f"tensor {tensor.name[:60]!r}" if tensor.name else "a tensor"
    if tensor.data_location == tensor.EXTERNAL or tensor.external_data:
        if not strict:
            return {entry.value for entry in tensor.external_data if entry.key == "location"}
        raise StudyError(
            f"{where}: {name} lies outside the file; save it as one file, in torch with external_data=False, in onnx "
            "with onnx.save(model, path, save_as_external_data=False)"
        )
    typed = ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")
    room = PER_BYTE * len(tensor.raw_data) + PER_NUMBER * sum(len(getattr(tensor, data)) for data in typed)
    _check_claim(tensor.dims, room=room, name=name, where=where)
    return set()


def _check_claim(dims: Sequence[int], *, room: int, name: str, where: str) -> None:
    if len(dims) > MOST_AXES or any(size < 0 for size in dims) or math.prod(dims) > room:
        shape = ", ".join(map(str, [*dims[:6], *["..."] * (len(dims) > 6)]))
        raise StudyError(
            f"{where}: {name} claims the shape [{shape}] but holds fewer values; export the network again"
        )


def _drops(node: Any, constants: dict[str, list[Any]], computed: set[str], version: int) -> bool:
    """Whether a Dropout may drop: it has a third input, the training mode, that is not known to be false."""
    if version < ALWAYS_DROPS:
        return not any(given.name == "is_test" and given.i for given in node.attribute)
    if len(node.input) < 3 or not node.input[2]:
        return False
    modes = constants.get(node.input[2], [])
    known = bool(modes) and node.input[2] not in computed
    return not known or any(any(mode.raw_data) or any(mode.int32_data) for mode in modes)


def _random(what: str, where: str) -> StudyError:
    return StudyError(
        f"{where}: is random ({what}), so features would differ from run to run; export it in evaluation mode and "
        "without sampling, for instance its mean"
    )
