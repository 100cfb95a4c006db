"""Which ONNX files are refused before onnxruntime reads them, and that all others are accepted."""

import os
import re
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from study.config import StudyConfig
from study.data.base import Dataset
from study.errors import StudyError
from study.metrics.features import Extractor
from study.metrics.onnx_features import OnnxExtractor
from study.metrics.onnx_file import check_network, network_digest, read_network
from study.pipeline.plan import make_plan

WEIGHT = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
VALUE = helper.make_tensor_value_info
Model = onnx.ModelProto


def model_of(
    nodes: Sequence[Any],
    *,
    constants: Sequence[TensorProto] = (),
    functions: Sequence[Any] = (),
    version: int = 17,
) -> Model:
    """A network from x `[N, 64]` to y."""
    graph = helper.make_graph(
        nodes,
        "net",
        [VALUE("x", TensorProto.FLOAT, ["N", 64])],
        [VALUE("y", TensorProto.FLOAT, ["N", None])],
        [numpy_helper.from_array(WEIGHT, "w"), *constants],
    )
    domains = [helper.make_opsetid("", version), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=domains, ir_version=9, functions=functions)


def matmul(**changes: Any) -> Model:
    return model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], **changes)


def outside(tensor: TensorProto, location: str = "weights") -> TensorProto:
    """The same tensor, its numbers in another file."""
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    tensor.ClearField("raw_data")
    return tensor


def branch(name: str, *, tensor: TensorProto | None = None, nodes: Sequence[Any] = ()) -> Any:
    """A subgraph that gives its input, or a tensor."""
    made = [helper.make_node("Identity", ["w" if tensor is None else tensor.name], [name])]
    kept = [] if tensor is None else [tensor]
    return helper.make_graph([*nodes, *made], name, [], [VALUE(name, TensorProto.FLOAT, None)], kept)


def conditional(then: Any) -> Model:
    yes = numpy_helper.from_array(np.array(True), "yes")
    nodes = [
        helper.make_node("If", ["yes"], ["v"], then_branch=then, else_branch=branch("other")),
        helper.make_node("MatMul", ["x", "v"], ["y"]),
    ]
    return model_of(nodes, constants=[yes])


def in_initialiser() -> Model:
    made = matmul()
    outside(made.graph.initializer[0])
    return made


def in_subgraph() -> Model:
    return conditional(branch("here", tensor=outside(numpy_helper.from_array(WEIGHT, "far"))))


def in_constant() -> Model:
    far = outside(numpy_helper.from_array(WEIGHT, "far"))
    made = [helper.make_node("Constant", [], ["v"], value=far), helper.make_node("MatMul", ["x", "v"], ["y"])]
    return model_of(made)


def in_list_of_tensors() -> Model:
    made, far = matmul(), outside(numpy_helper.from_array(WEIGHT, "far"))
    made.graph.node[0].attribute.append(helper.make_attribute("extra", [far]))
    return made


def in_function() -> Model:
    far = outside(numpy_helper.from_array(WEIGHT, "far"))
    body = [helper.make_node("Constant", [], ["v"], value=far), helper.make_node("MatMul", ["a", "v"], ["b"])]
    function = helper.make_function("own", "Dense", ["a"], ["b"], body, [helper.make_opsetid("", 17)])
    return model_of([helper.make_node("Dense", ["x"], ["y"], domain="own")], functions=[function])


def in_sparse() -> Model:
    made = matmul()
    values = outside(numpy_helper.from_array(np.ones(1, np.float32), "s"))
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "i")
    made.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [64, 8]))
    return made


def in_training() -> Model:
    made = matmul()
    made.training_info.add().algorithm.initializer.append(outside(numpy_helper.from_array(WEIGHT, "far")))
    return made


def said_without_location() -> Model:
    made = matmul()
    made.graph.initializer[0].data_location = TensorProto.EXTERNAL
    return made


def named_without_saying() -> Model:
    """Entries of `external_data`, while the location says that the numbers are inside."""
    made = matmul()
    made.graph.initializer[0].external_data.add(key="location", value="weights")
    return made


@pytest.mark.parametrize(
    "make",
    [
        in_initialiser,
        in_subgraph,
        in_constant,
        in_list_of_tensors,
        in_function,
        in_sparse,
        in_training,
        said_without_location,
        named_without_saying,
    ],
)
def test_weights_outside_the_file_are_refused_wherever_they_are_named(make: Callable[[], Model]) -> None:
    with pytest.raises(
        StudyError, match=r"^here: tensor '\w+' lies outside the file; .* external_data=False.*$"
    ):
        check_network(make().SerializeToString(), where="here")


def test_a_network_with_weights_beside_it_is_refused_before_anything_is_planned(
    tmp_path: Path, digits: Dataset, extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch can export weights to a second file, which onnxruntime would read but the digest would not cover."""
    path = tmp_path / "net.onnx"
    onnx.save(matmul(), path, save_as_external_data=True, location="weights", size_threshold=0)
    assert (tmp_path / "weights").stat().st_size == WEIGHT.nbytes
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match="lies outside the file; save it as one file"):
        OnnxExtractor.load("net.onnx", digits, classifier=extractor)
    with pytest.raises(StudyError, match="lies outside the file"):
        make_plan(StudyConfig(features=str(path)), digits)
    onnx.save(onnx.load(path), tmp_path / "one.onnx", save_as_external_data=False)
    assert network_digest(tmp_path / "one.onnx")


def noisy(op: str) -> Model:
    """y = x w + noise of the shape of x w."""
    noise = helper.make_node(op, ["m"], ["e"])
    if op in ("RandomNormal", "RandomUniform"):
        noise = helper.make_node(op, [], ["e"], shape=[1, 8])
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"]),
        noise,
        helper.make_node("Cast", ["e"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["m", "f"], ["y"]),
    ]
    return model_of(nodes)


@pytest.mark.parametrize(
    "op",
    ["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"],
)
def test_random_networks_are_refused(op: str) -> None:
    with pytest.raises(StudyError, match=rf"^here: is random \({op}\), .* evaluation mode and without.*$"):
        check_network(noisy(op).SerializeToString(), where="here")


def test_randomness_in_a_subgraph_is_found() -> None:
    then = branch("here", nodes=[helper.make_node("RandomNormal", [], ["e"], shape=[64, 8])])
    with pytest.raises(StudyError, match="is random"):
        check_network(conditional(then).SerializeToString(), where="here")


def dropout(
    *mode: str, constants: Sequence[Any] = (), before: Sequence[Any] = (), version: int = 17
) -> Model:
    inputs = ["m", "ratio", *mode] if version >= 12 else ["m"]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"]),
        *before,
        helper.make_node("Dropout", inputs, ["y"]),
    ]
    ratio = numpy_helper.from_array(np.array(0.5, np.float32), "ratio")
    return model_of(nodes, constants=[ratio, *constants], version=version)


def flag(value: bool) -> TensorProto:
    return numpy_helper.from_array(np.array(value), "mode")


def test_dropout_is_refused_where_it_may_drop(tmp_path: Path, digits: Dataset, extractor: Extractor) -> None:
    typed = TensorProto(name="mode", data_type=TensorProto.BOOL, int32_data=[1])
    computed = [helper.make_node("Not", ["no"], ["mode"])]
    constant = [helper.make_node("Constant", [], ["mode"], value=numpy_helper.from_array(np.array(True)))]
    for made in (
        dropout("mode", constants=[flag(True)]),
        dropout("mode", constants=[typed]),
        dropout("mode", before=computed, constants=[numpy_helper.from_array(np.array(False), "no")]),
        dropout("mode", before=constant),
        dropout(version=6),
    ):
        with pytest.raises(StudyError, match=r"is random \(Dropout in training mode\)"):
            check_network(made.SerializeToString(), where="here")
    kept = [helper.make_node("Constant", [], ["mode"], value=numpy_helper.from_array(np.array(False)))]
    for made in (
        dropout(),
        dropout(""),
        dropout("mode", constants=[flag(False)]),
        dropout("mode", before=kept),
        dropout(version=9),
    ):
        path = tmp_path / "net.onnx"
        path.write_bytes(made.SerializeToString())
        found = OnnxExtractor.load(path, digits, classifier=extractor).features(digits.test)
        assert np.corrcoef(found[:, 0], (digits.test @ WEIGHT)[:, 0])[0, 1] > 0.9999


@pytest.mark.parametrize(
    "dims", [[10**12], [10**6, 10**6], [2**62] * 4, [-1], [-8, -8, 8], [64, 9], [2] * 40, [2] * 1000]
)
def test_tensors_that_claim_more_than_they_hold(dims: list[int]) -> None:
    made = matmul()
    del made.graph.initializer[0].dims[:]
    made.graph.initializer[0].dims.extend(dims)
    made.graph.initializer[0].raw_data = b"\0" * 128
    with pytest.raises(
        StudyError, match=r"^here: tensor 'w' claims the shape \[[-0-9, .]+\] but holds fewer"
    ):
        check_network(made.SerializeToString(), where="here")


def test_sparse_tensors_that_claim_more_than_a_file_could_hold() -> None:
    made = in_sparse()
    sparse = made.graph.sparse_initializer[0]
    sparse.values.CopyFrom(numpy_helper.from_array(np.ones(1, np.float32), "s"))
    check_network(made.SerializeToString(), where="here")
    sparse.dims[0] = 10**12
    with pytest.raises(StudyError, match=r"a sparse tensor claims the shape \[1000000000000, 8\]"):
        check_network(made.SerializeToString(), where="here")


def test_packed_numbers_are_not_taken_for_false_claims() -> None:
    """Four-bit integers, two in a byte, and numbers that stand in typed lists."""
    packed = helper.make_tensor("four", TensorProto.INT4, [5], [1, 2, 3, 4, 5])
    typed = helper.make_tensor("typed", TensorProto.FLOAT16, [3], [1.0, 2.0, 3.0])
    complexes = helper.make_tensor("complex", TensorProto.COMPLEX64, [2], np.array([1j, 2j]))
    empty = helper.make_tensor("empty", TensorProto.FLOAT, [0, 10], [])
    check_network(matmul(constants=[packed, typed, complexes, empty]).SerializeToString(), where="here")


def test_torn_files_are_refused_in_one_line(tmp_path: Path, digits: Dataset, extractor: Extractor) -> None:
    whole = matmul().SerializeToString()
    path = tmp_path / "net.onnx"
    for kept in range(1, len(whole), 41):
        path.write_bytes(whole[:kept])
        with pytest.raises(StudyError, match=r"^--features [^\n]*net.onnx: [^\n]*$"):
            OnnxExtractor.load(path, digits, classifier=extractor)


def test_what_onnxruntime_says_at_length_is_one_short_line(
    tmp_path: Path, digits: Dataset, extractor: Extractor
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(model_of([helper.make_node("MatMul", ["z" * 3000, "w"], ["y"])]).SerializeToString())
    with pytest.raises(StudyError, match=r"^--features [^\n]*net.onnx: not an ONNX network [^\n]*$") as told:
        OnnxExtractor.load(path, digits, classifier=extractor)
    assert len(str(told.value)) < 300 + len(str(path))


def test_an_axis_whose_name_is_no_text(tmp_path: Path, digits: Dataset, extractor: Extractor) -> None:
    path = tmp_path / "net.onnx"
    content = matmul().SerializeToString()
    assert content.count(b"\x12\x01N") == 2  # the free number of rows, of input and output
    path.write_bytes(content.replace(b"\x12\x01N", b"\x12\x01\xcd"))
    with pytest.raises(StudyError, match=r"^--features [^\n]*net.onnx: [^\n]*$"):
        OnnxExtractor.load(path, digits, classifier=extractor)


@pytest.mark.parametrize(
    "content", [b"\0" * 64, b"not a network", Model(producer_name="x").SerializeToString()]
)
def test_what_is_no_network(content: bytes) -> None:
    with pytest.raises(
        StudyError, match=r"^here: not an ONNX network, .*; give the path of an ONNX network$"
    ):
        check_network(content, where="here")


def test_nested_too_deeply() -> None:
    """3,000 messages, each in the other."""
    inner = b""
    for _ in range(3000):
        size = len(inner)
        varint = b""
        while size >= 128:
            varint, size = varint + bytes([size % 128 | 128]), size // 128
        inner = b"\x32" + varint + bytes([size]) + inner  # AttributeProto.g, or a field 6 that is unknown
    with pytest.raises(StudyError, match=r"^here: not an ONNX network"):
        check_network(inner, where="here")


def test_more_parts_than_any_network_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("study.metrics.onnx_file.MOST_MESSAGES", 5)
    with pytest.raises(StudyError, match=r"^here: more than 5 parts, which no network has; give"):
        check_network(matmul().SerializeToString(), where="here")


def test_paths_that_are_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Special files are not opened: a pipe would wait for a writer, and a device might never end."""
    pipe, loop, empty = tmp_path / "pipe", tmp_path / "loop", tmp_path / "empty"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    empty.touch()
    for path, told in (
        (tmp_path, "is a folder, not an ONNX network"),
        (pipe, "is a pipe"),
        ("/dev/zero", "is a device"),
        (tmp_path / "none", "no such file"),
        (empty / "below", "not a directory"),
        (loop, "symbolic link"),
        (tmp_path / ("a" * 300), "file name too long"),
        ("a\0b", "not a path"),
        (empty, "is empty"),
    ):
        with pytest.raises(
            StudyError, match=rf"^--features .*: .*{told}.*; give the path of an ONNX network$"
        ):
            read_network(path)
    empty.write_bytes(matmul().SerializeToString())
    monkeypatch.setattr("study.metrics.onnx_file.MOST_BYTES", 10)
    with pytest.raises(StudyError, match=r"bytes, more than the limit of 10 for an ONNX network; give"):
        read_network(empty)


def hungry(shape: list[int]) -> Model:
    """A network that sums more ones than fit into any machine's memory."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["ones"]),
        helper.make_node("ReduceSum", ["ones"], ["sum"], keepdims=0),
        helper.make_node("MatMul", ["x", "w"], ["m"]),
        helper.make_node("Add", ["m", "sum"], ["y"]),
    ]
    return model_of(nodes, constants=[numpy_helper.from_array(np.array(shape), "shape")])


@pytest.mark.parametrize("shape", [[10**12], [10**9, 10**9], [2**62]])
def test_a_network_that_makes_more_than_memory_holds(
    shape: list[int], tmp_path: Path, digits: Dataset, extractor: Extractor
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(hungry(shape).SerializeToString())
    with pytest.raises(StudyError, match=rf"^--features {re.escape(str(path))}: [^\n]*$"):
        OnnxExtractor.load(path, digits, classifier=extractor)


@pytest.mark.skipif(sys.platform != "linux", reason="without a ceiling on memory it would be taken")
def test_a_network_may_take_so_much_memory_and_no_more(
    tmp_path: Path, digits: Dataset, extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An array of 3 GiB, which may fit into memory, is refused before allocation if only 2 GiB are allowed."""
    monkeypatch.setattr("study.metrics.onnx_file.MOST_MEMORY", 2 << 30)
    path = tmp_path / "net.onnx"
    path.write_bytes(hungry([3 << 28]).SerializeToString())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(StudyError, match=rf"^--features {re.escape(str(path))}: [^\n]*$"):
        OnnxExtractor.load(path, digits, classifier=extractor)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # kilobytes


def test_a_fixed_number_of_rows_that_no_memory_holds(
    tmp_path: Path, digits: Dataset, extractor: Extractor
) -> None:
    made = matmul()
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 10**12
    path = tmp_path / "net.onnx"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(StudyError, match="takes 1,000,000,000,000 rows at a time, too many"):
        OnnxExtractor.load(path, digits, classifier=extractor)


def test_outputs_that_are_no_numbers(tmp_path: Path, digits: Dataset, extractor: Extractor) -> None:
    text = numpy_helper.from_array(np.array([["a"]], object), "text")
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"]),
        helper.make_node("Shape", ["m"], ["size"]),
        helper.make_node("Expand", ["text", "size"], ["y"]),
    ]
    made = model_of(nodes, constants=[text])
    made.graph.output[0].type.tensor_type.elem_type = TensorProto.STRING
    path = tmp_path / "net.onnx"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(StudyError, match=r"output must be numbers, got object of shape \[16, 8\]"):
        OnnxExtractor.load(path, digits, classifier=extractor)
