"""An ONNX file and the files of weights beside it: their digests, and which outputs of the graph are random."""

import dataclasses
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from study.errors import StudyError
from study.metrics.onnx_file import MOST_BYTES, check_network, limited
from study.runtime.checks import shown
from study.runtime.folders import sha256
from study.runtime.reading import read_file

MEND = "give the path of an ONNX file"


@dataclasses.dataclass(frozen=True, eq=False)
class OnnxFile:
    """A file that was checked, and what it holds.

    Attributes:
        path: of the file.
        where: its flag and name, for messages.
        digests: SHA-256 by name, of the file and of those beside it that hold weights.
        noise: by output of the graph, the random operators that it depends on, such as "RandomNormalLike".
    """

    path: Path
    where: str
    digests: dict[str, str]
    noise: dict[str, tuple[str, ...]]


def read_onnx(path: str | Path, *, flag: str) -> OnnxFile:
    """Check a file before onnxruntime reads it.

    Raises:
        StudyError: there is no such file, it is no ONNX network, or weights beside it are missing.
    """
    where = f"{flag} {path}"
    content = read_file(path, what="an ONNX network", mend=MEND, most=MOST_BYTES, name=where)
    with limited(where):
        network = check_network(content, where=where, strict=False)
    path = Path(path)
    digests = {path.name: hashlib.sha256(content).hexdigest()}
    for name in network.outside:
        beside = path.parent / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise StudyError(
                f"{where}: its weights lie outside its folder, in {shown(name)}; export it again"
            )
        if not beside.is_file():
            raise StudyError(
                f"{where}: its weights are in {shown(name)}, which is not beside it; move both files together, or "
                "export with external_data=False"
            )
        digests[name] = sha256(beside)
    graph = network.model.graph
    random = {output: what for what, output in network.random}
    noise = {
        output.name: tuple(sorted(_noise_of(output.name, network.model, random))) for output in graph.output
    }
    return OnnxFile(path, where, digests, {name: found for name, found in noise.items() if found})


def _noise_of(output: str, model: Any, random: dict[str, str]) -> set[str]:
    """The random operators among all nodes that an output depends on, those in subgraphs and functions included."""
    made = {name: node for node in model.graph.node for name in node.output}
    functions = {function.name: function.node for function in model.functions}
    waiting, seen, found = [output], set[str](), set[str]()
    while waiting:
        name = waiting.pop()
        node = made.get(name)
        if name in seen or node is None:
            continue
        seen.add(name)
        inside = list(_nodes([node], functions, set()))
        found |= {random[out] for one in inside for out in one.output if out in random}
        waiting += [given for one in inside for given in one.input]
    return found


def _nodes(nodes: Iterable[Any], functions: dict[str, Any], entered: set[str]) -> Iterable[Any]:
    """The nodes, and all in their subgraphs and in the functions that they call."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _nodes(graph.node, functions, entered)
        if node.op_type in functions and node.op_type not in entered:
            yield from _nodes(functions[node.op_type], functions, entered | {node.op_type})
