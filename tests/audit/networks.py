"""Small ONNX networks whose outputs are known, with what exporters do to them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE, LATENTS = 12, 3
RNG = np.random.default_rng(0)
TO_MEAN = RNG.normal(size=(SIZE, LATENTS)).astype(np.float32)
TO_LOG_VAR = (0.1 * RNG.normal(size=(SIZE, LATENTS))).astype(np.float32)
BACK = np.linalg.pinv(TO_MEAN).astype(np.float32)


def saved(
    path: Path,
    nodes: Sequence[Any],
    inputs: Mapping[str, tuple[int, Sequence[Any]]],
    outputs: Mapping[str, Sequence[Any]],
    constants: Mapping[str, Any] | None = None,
    *,
    kind: int = TensorProto.FLOAT,
    outside: bool = False,
) -> Path:
    """A network from its nodes; inputs give type and shape, outputs their shape."""
    graph = helper.make_graph(
        list(nodes),
        "net",
        [helper.make_tensor_value_info(name, one, shape) for name, (one, shape) in inputs.items()],
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path, save_as_external_data=outside, location=f"{path.name}.data", size_threshold=0)
    return path


def node(op: str, given: str, made: str, **settings: Any) -> Any:
    """A node; names are separated by spaces."""
    return helper.make_node(op, given.split(), made.split(), **settings)


def encoder(
    path: Path, *, rows: Any = "N", names: Sequence[str] = ("mu", "log_var"), outside: bool = False
) -> Path:
    """x W and x V, in the order and with the names given; a name "swapped" in them exchanges the order."""
    kind = TensorProto.FLOAT
    return saved(
        path,
        [node("MatMul", "x w", names[0]), node("MatMul", "x v", names[1])],
        {"x": (kind, [rows, SIZE])},
        {names[0]: [rows, LATENTS], names[1]: [rows, LATENTS]},
        {"w": TO_MEAN, "v": TO_LOG_VAR},
        outside=outside,
    )


def decoder(
    path: Path, *, rows: Any = "N", kind: int = TensorProto.FLOAT, shape: Sequence[int] = (LATENTS,)
) -> Path:
    """z W⁺, of codes of any shape."""
    own = helper.tensor_dtype_to_np_dtype(kind)
    return saved(
        path,
        [node("Flatten", "z", "flat", axis=1), node("MatMul", "flat back", "recon")],
        {"z": (kind, [rows, *shape])},
        {"recon": [rows, SIZE]},
        {"back": BACK.astype(own)},
        kind=kind,
    )


def examples(n: int, seed: int = 1) -> np.ndarray:
    """Points that the networks reconstruct exactly."""
    z = np.random.default_rng(seed).normal(size=(n, LATENTS)).astype(np.float32)
    return z @ BACK


def exported(model: Any, folder: Path) -> tuple[Path, Path]:
    """Encoder and decoder of a trained model of network "mlp" as ONNX files."""
    module = model.architecture.merge(model.parameters)
    d, size = model.architecture.config.latent_dim, model.architecture.size
    kind, act = TensorProto.FLOAT, {"relu": "Relu", "tanh": "Tanh"}[model.architecture.config.activation]
    made = []
    for name, body, given, outputs in (
        ("encoder", module.encoder.body, "x", {"mu": ["N", d], "log_var": ["N", d]}),
        ("decoder", module.decoder, "z", {"recon": ["N", size]}),
    ):
        nodes: list[Any] = []
        constants: dict[str, np.ndarray] = {}
        last = given
        for i, layer in enumerate(body.layers):
            constants |= {f"w{i}": np.asarray(layer.kernel[...]), f"b{i}": np.asarray(layer.bias[...])}
            nodes += [node("MatMul", f"{last} w{i}", f"m{i}"), node("Add", f"m{i} b{i}", f"a{i}")]
            last = f"a{i}"
            if i < len(body.layers) - 1:
                nodes.append(node(act, last, f"h{i}"))
                last = f"h{i}"
        nodes.append(
            node("Split", last, "mu log_var", axis=1)
            if name == "encoder"
            else node("Identity", last, "recon")
        )
        width = size if name == "encoder" else d
        made.append(saved(folder / f"{name}.onnx", nodes, {given: (kind, ["N", width])}, outputs, constants))
    return made[0], made[1]
