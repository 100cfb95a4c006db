"""ONNX features of a network that is a single affine map, so that they are known."""

import builtins
import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from study.cli.flags import add_flags, changes
from study.cli.parsing import Parser
from study.config import StudyConfig
from study.data.base import Dataset
from study.errors import StudyError
from study.metrics.evaluate import Evaluator
from study.metrics.features import Extractor
from study.metrics.onnx_features import OnnxExtractor, network_digest
from study.pipeline.grids import changed
from study.pipeline.plan import make_plan


def affine(
    path: Path,
    weight: np.ndarray,
    *,
    shape: tuple[Any, ...] = ("N", 64),
    dtype: int = TensorProto.FLOAT,
    inputs: int = 1,
) -> Path:
    """x [shape] -> flatten -> x @ weight."""
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    nodes = [
        helper.make_node("Flatten", ["x0"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
    ]
    given = [helper.make_tensor_value_info(f"x{i}", dtype, shape) for i in range(inputs)]
    out = [helper.make_tensor_value_info("y", dtype, [None, weight.shape[1]])]
    graph = helper.make_graph(
        nodes, "affine", given, out, [numpy_helper.from_array(weight.astype(kind), "w")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def weight() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(64, 8))


@pytest.mark.parametrize(
    "shape", [("N", 64), (None, 8, 8), ("N", 1, 8, 8), ("N", 8, 8, 1), (100, 64), ("N", "height", "width")]
)
def test_features_are_the_networks(
    shape: tuple[Any, ...], tmp_path: Path, weight: np.ndarray, digits: Dataset, extractor: Extractor
) -> None:
    """Float32 against float64, up to rounding of sums of 64 terms; fixed and free batch sizes, and several blocks."""
    path = affine(tmp_path / "net.onnx", weight, shape=shape)
    made = OnnxExtractor.load(path, digits, classifier=extractor)
    scale = 1 / math.sqrt((digits.train.astype(np.float64) @ weight).var(axis=0).mean())
    for n in (0, 1, 257):
        x = digits.train[:n]
        features, probabilities = made.forward(x)
        np.testing.assert_allclose(features, x @ weight * scale, rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal(probabilities, extractor.probabilities(x))
    assert made.dimensions == 8
    assert math.isnan(made.accuracy)
    assert made.digest == hashlib.sha256(path.read_bytes()).hexdigest() == network_digest(path)
    assert made.name == f"onnx {made.digest[:8]}"


def test_float64_networks(tmp_path: Path, weight: np.ndarray, digits: Dataset, extractor: Extractor) -> None:
    path = affine(tmp_path / "net.onnx", weight, dtype=TensorProto.DOUBLE)
    made = OnnxExtractor.load(path, digits, classifier=extractor)
    assert made.features(digits.test).dtype == np.float32


def test_many_outputs_are_projected(tmp_path: Path, digits: Dataset, extractor: Extractor) -> None:
    wide = np.random.default_rng(0).normal(size=(64, 100))
    made = OnnxExtractor.load(affine(tmp_path / "net.onnx", wide), digits, classifier=extractor)
    features = made.features(digits.train).astype(np.float64)
    assert features.shape == (len(digits.train), made.dimensions) == (len(digits.train), 64)
    assert features.var(axis=0).mean() == pytest.approx(1, rel=1e-4)
    # 64 inputs span at most 64 directions, so nothing is lost: distances are those of the outputs
    outputs = digits.train[:20] @ wide
    ratio = np.linalg.norm(features[1:20] - features[0], axis=1) / np.linalg.norm(
        outputs[1:] - outputs[0], axis=1
    )
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_every_row_names_the_network(
    tmp_path: Path, weight: np.ndarray, digits: Dataset, extractor: Extractor
) -> None:
    made = OnnxExtractor.load(affine(tmp_path / "net.onnx", weight), digits, classifier=extractor)
    rows = {row.metric: row for row in Evaluator(digits, made).measure(digits.held_out)}
    of_features = [name for name, row in rows.items() if made.name in row.reference]
    expected = {
        "fd",
        "kid",
        "precision",
        "recall",
        "density",
        "coverage",
        "fd_infinity",
        "vendi",
        "sliced_w2",
    }
    assert set(of_features) == expected | {"c2st", "nearer_to_train_features", "nn_ratio"}
    assert rows["fd"].reference == f"reference half of test, onnx {made.digest[:8]} features"
    built_in = {row.metric: row for row in Evaluator(digits, extractor).measure(digits.held_out)}
    for name in ("class_histogram", "confidence", "fd_pixels", "kid_pixels", "sharpness"):
        assert rows[name] == built_in[name]
    assert rows["fd"].value != built_in["fd"].value


def test_the_plans_key_holds_the_content(tmp_path: Path, weight: np.ndarray, digits: Dataset) -> None:
    def key(**changes: Any) -> str:
        return make_plan(StudyConfig(strategies=("prior",), **changes), digits).cells[0].evaluate_key

    path = affine(tmp_path / "a.onnx", weight)
    first = key(features=str(path))
    assert first == key(features=str(affine(tmp_path / "b.onnx", weight)))  # another name, the same content
    assert len({first, key(), key(features=str(affine(path, weight + 1)))}) == 3
    with pytest.raises(StudyError, match=r"--features .*none.onnx: no such file; give the path"):
        key(features=str(tmp_path / "none.onnx"))


def test_the_flag_reaches_the_configuration() -> None:
    parser = Parser()
    add_flags(parser)
    assert (
        changed(StudyConfig(), changes(parser.parse_args(["--features", "net.onnx"]))).features == "net.onnx"
    )
    assert changed(StudyConfig(), changes(parser.parse_args([]))).features == ""


def test_errors(
    tmp_path: Path,
    weight: np.ndarray,
    digits: Dataset,
    extractor: Extractor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(path: Path) -> OnnxExtractor:
        return OnnxExtractor.load(path, digits, classifier=extractor)

    net = tmp_path / "net.onnx"
    with pytest.raises(StudyError, match=r"--features .*net.onnx: no such file"):
        load(net)
    net.write_text("no network")
    with pytest.raises(StudyError, match="not an ONNX network, or a torn one"):
        load(net)
    unknown = helper.make_graph([helper.make_node("NoSuchOperator", ["x"], ["y"])], "g", [], [])
    net.write_bytes(helper.make_model(unknown).SerializeToString())
    with pytest.raises(StudyError, match="not an ONNX network that onnxruntime reads"):
        load(net)
    with pytest.raises(StudyError, match=r"takes \[N, 63\], but the data are \[N, 64\] or \[N, 8, 8\]"):
        load(affine(net, weight[:63], shape=("N", 63)))
    with pytest.raises(StudyError, match=r"takes \[N, 4, 16\], but the data are"):
        load(affine(net, weight, shape=("N", 4, 16)))
    with pytest.raises(StudyError, match="must have one input, has 2: x0, x1"):
        load(affine(net, weight, inputs=2))
    with pytest.raises(
        StudyError, match=r"must be tensor\(float\) or tensor\(double\), is tensor\(float16\)"
    ):
        load(affine(net, weight, dtype=TensorProto.FLOAT16))
    with pytest.raises(StudyError, match="output holds values that are not finite"):
        load(affine(net, np.full((64, 2), np.inf)))
    with pytest.raises(StudyError, match=r"x must be \[n, 64\], got \[2, 3\]"):
        load(affine(net, weight)).features(np.zeros((2, 3), np.float32))

    found = builtins.__import__
    for missing in ("onnxruntime", "onnx"):

        def without(name: str, *args: Any, missing: str = missing, **kwargs: Any) -> Any:
            if name == missing:
                raise ImportError(name)
            return found(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(StudyError, match=rf"needs {missing}; install it with: pip install '.*\[onnx\]'"):
            load(net)
