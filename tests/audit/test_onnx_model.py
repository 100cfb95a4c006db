"""What an ONNX file may hide is found by trying it, and said; what cannot be used is refused in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from study.audit.layout import layout_of
from study.audit.onnx_file import read_onnx
from study.audit.onnx_model import Half, load_decoder, load_encoder
from study.errors import StudyError
from tests.audit.networks import (
    BACK,
    LATENTS,
    SIZE,
    TO_LOG_VAR,
    TO_MEAN,
    decoder,
    encoder,
    examples,
    node,
    saved,
)

LAYOUT = layout_of((SIZE,), axes=None, where="data")
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
X = examples(7)


def half(path: Path, **changes: Any) -> Half:
    given = {"layout": LAYOUT, "asked": False, "x": X, "labels": None, "classes": None, "form": None}
    return load_encoder(str(path), **{**given, "mu": None, "log_var": None, **changes})


def other_half(path: Path, z: np.ndarray = X @ TO_MEAN, **changes: Any) -> Half:
    given = {"labels": None, "classes": None, "form": None, "layout": LAYOUT}
    return load_decoder(str(path), z=z, **{**given, **changes})


def agrees(found: Half, x: np.ndarray = X) -> bool:
    mean, log_var = found.function(x)
    return np.allclose(mean, x @ TO_MEAN, atol=1e-5) and np.allclose(log_var, x @ TO_LOG_VAR, atol=1e-5)


@pytest.mark.parametrize("rows", ["N", None, 5, 2, 1, 300])
def test_any_batch_gives_the_same_rows(tmp_path: Path, rows: Any) -> None:
    found = half(encoder(tmp_path / "e.onnx", rows=rows))
    assert agrees(found) and agrees(found, examples(601)) and agrees(found, X[:1])
    assert any("at a time" in note for note in found.notes) == isinstance(rows, int)


def test_a_batch_that_is_free_in_name_alone(tmp_path: Path) -> None:
    """Exported with one row, and a reshape to one row inside."""
    path = saved(
        tmp_path / "d.onnx",
        [node("Reshape", "z one", "same"), node("MatMul", "same back", "recon")],
        {"z": (FLOAT, ["batch", LATENTS])},
        {"recon": [1, SIZE]},
        {"one": np.array([1, LATENTS], np.int64), "back": BACK},
    )
    found = other_half(path)
    np.testing.assert_allclose(found.function(X @ TO_MEAN), X, atol=1e-5)
    assert any("one at a time" in note for note in found.notes)


@pytest.mark.parametrize("kind", [FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16])
def test_types_are_those_of_the_input(tmp_path: Path, kind: int) -> None:
    found = other_half(decoder(tmp_path / "d.onnx", kind=kind))
    np.testing.assert_allclose(
        found.function(X @ TO_MEAN), X, atol=0.02 if kind == TensorProto.FLOAT16 else 1e-5
    )


def test_big_endian_examples(tmp_path: Path) -> None:
    assert agrees(half(encoder(tmp_path / "e.onnx")), X.astype(">f4").astype("=f4"))


def test_codes_of_any_shape(tmp_path: Path) -> None:
    z = (X @ TO_MEAN).reshape(-1, 1, LATENTS, 1)
    found = other_half(decoder(tmp_path / "d.onnx", shape=(1, LATENTS, 1)), z=z)
    assert found.shape == (1, LATENTS, 1)
    np.testing.assert_allclose(found.function(z), X, atol=1e-5)


def test_weights_in_a_second_file_are_hashed_too(tmp_path: Path) -> None:
    path = encoder(tmp_path / "e.onnx", outside=True)
    found = half(path)
    assert agrees(found) and sorted(found.digests) == ["e.onnx", "e.onnx.data"]
    content = bytearray((tmp_path / "e.onnx.data").read_bytes())
    content[0] ^= 1
    (tmp_path / "e.onnx.data").write_bytes(bytes(content))
    again = read_onnx(path, flag="--encoder").digests
    assert again["e.onnx"] == found.digests["e.onnx"] and again["e.onnx.data"] != found.digests["e.onnx.data"]
    (tmp_path / "e.onnx.data").unlink()
    with pytest.raises(StudyError, match="not beside it"):
        half(path)


@pytest.mark.parametrize(
    ("names", "assumed"),
    [(("mu", "log_var"), False), (("Z_mean", "z_log_var"), False), (("24", "onnx::Mul_14"), True)],
)
def test_outputs_are_found_by_name_or_their_order_is_assumed(
    tmp_path: Path, names: tuple[str, str], assumed: bool
) -> None:
    found = half(encoder(tmp_path / "e.onnx", names=names))
    assert agrees(found) and found.assumed == assumed


@pytest.mark.parametrize("given", [("b", "a"), ("1", "0")])
def test_the_user_names_outputs(tmp_path: Path, given: tuple[str, str]) -> None:
    path = saved(
        tmp_path / "e.onnx",
        [node("MatMul", "x v", "a"), node("MatMul", "x w", "b"), node("Identity", "x", "c")],
        {"x": (FLOAT, ["N", SIZE])},
        {"a": ["N", LATENTS], "b": ["N", LATENTS], "c": ["N", SIZE]},
        {"w": TO_MEAN, "v": TO_LOG_VAR},
    )
    assert agrees(half(path, mu=given[0], log_var=given[1]))
    with pytest.raises(StudyError, match=r"--mu d: .* has no such output; it has a float"):
        half(path, mu="d", log_var="a")


def noisy(path: Path, *, only: bool = False, op: str = "RandomNormalLike") -> Path:
    """Mean, log-variance and a draw of z; or z alone."""
    nodes = [
        node("MatMul", "x w", "mu"),
        node("MatMul", "x v", "log_var"),
        node(op, "mu", "eps") if op != "Dropout" else node("Dropout", "mu ratio on", "eps"),
        node("Add", "mu eps", "z"),
    ]
    outputs = {"z": ["N", LATENTS]} if only else {name: ["N", LATENTS] for name in ("z", "mu", "log_var")}
    constants = {"w": TO_MEAN, "v": TO_LOG_VAR, "ratio": np.float32(0.5), "on": np.array(True)}
    return saved(path, nodes, {"x": (FLOAT, ["N", SIZE])}, outputs, constants)


def test_a_sample_among_the_outputs_is_left_out(tmp_path: Path) -> None:
    found = half(noisy(tmp_path / "e.onnx"))
    assert agrees(found)
    assert "outputs that depend on noise were left out: z" in found.notes


def test_a_sample_is_no_mean(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"every output is random \(RandomNormalLike\)"):
        half(noisy(tmp_path / "e.onnx", only=True))
    with pytest.raises(StudyError, match=r"output z is random \(RandomNormalLike\)"):
        half(noisy(tmp_path / "e.onnx"), mu="z", log_var="log_var")


def test_dropout_in_training_mode_is_said(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "e.onnx",
        [
            node("Dropout", "x ratio on", "less"),
            node("MatMul", "less w", "mu"),
            node("MatMul", "less v", "log_var"),
        ],
        {"x": (FLOAT, ["N", SIZE])},
        {"mu": ["N", LATENTS], "log_var": ["N", LATENTS]},
        {"w": TO_MEAN, "v": TO_LOG_VAR, "ratio": np.float32(0.5), "on": np.array(True)},
    )
    try:
        found = half(path)
    except StudyError as error:
        assert "differs from run to run" in str(error)  # where the runtime keeps it
    else:
        assert agrees(found) and any("dropout in training mode" in note for note in found.notes)


def test_rows_that_depend_on_their_neighbours(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "e.onnx",
        [
            node("ReduceMean", "x", "m", axes=[0], keepdims=1),
            node("Sub", "x m", "c"),
            node("MatMul", "c w", "mu"),
            node("MatMul", "c v", "log_var"),
        ],
        {"x": (FLOAT, ["N", SIZE])},
        {"mu": ["N", LATENTS], "log_var": ["N", LATENTS]},
        {"w": TO_MEAN, "v": TO_LOG_VAR},
    )
    with pytest.raises(StudyError, match="depends on the other rows"):
        half(path)


def test_rows_out_unequal_to_rows_in(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "d.onnx",
        [node("MatMul", "z back", "wide"), node("Reshape", "wide long", "recon")],
        {"z": (FLOAT, ["N", LATENTS])},
        {"recon": ["M", 1]},
        {"back": BACK, "long": np.array([-1, 1], np.int64)},
    )
    with pytest.raises(StudyError, match=r"has the shape \[12, 1\] for 1 rows"):
        other_half(path)


def conditional(path: Path, *, hot: bool) -> Path:
    """A decoder to whose output the label is added."""
    kind, shape = (FLOAT, ["N", 3]) if hot else (INT64, ["N"])
    shift = np.arange(3, dtype=np.float32)[:, None] * np.ones(SIZE, np.float32)
    to = node("MatMul", "y table", "shift") if hot else node("Gather", "table y", "shift")
    return saved(
        path,
        [node("MatMul", "z back", "plain"), to, node("Add", "plain shift", "recon")],
        {"y": (kind, shape), "z": (FLOAT, ["N", LATENTS])},
        {"recon": ["N", SIZE]},
        {"back": BACK, "table": shift},
    )


@pytest.mark.parametrize("hot", [False, True])
def test_labels_as_numbers_or_one_hot(tmp_path: Path, hot: bool) -> None:
    labels, classes = np.arange(7) % 3, np.arange(3)
    found = other_half(conditional(tmp_path / "d.onnx", hot=hot), labels=labels, classes=classes)
    got = found.function(X @ TO_MEAN, labels)
    np.testing.assert_allclose(got, X + labels[:, None], atol=1e-5)
    assert any(("one-hot" if hot else "numbers") in note for note in found.notes)
    with pytest.raises(StudyError, match="takes labels"):
        other_half(conditional(tmp_path / "d.onnx", hot=hot))
    if hot:
        with pytest.raises(StudyError, match="labels of 3 classes"):
            other_half(conditional(tmp_path / "d.onnx", hot=hot), labels=labels, classes=np.arange(4))


def test_text_classes_cannot_be_numbers(tmp_path: Path) -> None:
    words = np.array(["a", "b", "c"])
    with pytest.raises(StudyError, match="hold text"):
        other_half(conditional(tmp_path / "d.onnx", hot=False), labels=words[np.arange(7) % 3], classes=words)


def test_a_decoder_of_another_model(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="encoder gives 4"):
        other_half(decoder(tmp_path / "d.onnx"), z=np.zeros((7, 4), np.float32))
    narrow = saved(
        tmp_path / "n.onnx",
        [node("Identity", "z", "recon")],
        {"z": (FLOAT, ["N", LATENTS])},
        {"recon": ["N", LATENTS]},
    )
    with pytest.raises(StudyError, match="no output has 12 values"):
        other_half(narrow)


def test_noise_inside_a_subgraph(tmp_path: Path) -> None:
    inner = helper.make_graph(
        [node("RandomNormalLike", "mu", "inside")],
        "then",
        [],
        [helper.make_tensor_value_info("inside", FLOAT, None)],
    )
    path = saved(
        tmp_path / "e.onnx",
        [
            node("MatMul", "x w", "mu"),
            node("MatMul", "x v", "log_var"),
            node("If", "on", "z", then_branch=inner, else_branch=inner),
        ],
        {"x": (FLOAT, ["N", SIZE])},
        {"mu": ["N", LATENTS], "log_var": ["N", LATENTS], "z": ["N", LATENTS]},
        {"w": TO_MEAN, "v": TO_LOG_VAR, "on": np.array(True)},
    )
    assert read_onnx(path, flag="--encoder").noise == {"z": ("RandomNormalLike",)}
    assert agrees(half(path))
