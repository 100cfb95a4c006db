"""Files that the parsers take, made by code: what mutations begin from."""

import dataclasses
import functools
import gzip
import io
import json
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.fuzz.mutate import Files

FLAGS = (
    *("--profile", "--dataset", "--seeds", "--alphas", "--betas", "--latent-dim", "--steps", "--strategies"),
    *(
        "--features",
        "--out",
        "--store",
        "--max-gigabytes",
        "--force",
        "--fail-fast",
        "--json",
        "--yes",
        "--help",
    ),
    *(
        "--format",
        "--metrics",
        "--family",
        "--experiment",
        "--version",
        "--",
        "-",
        "-x",
        "--seeds=3",
        "--out=",
    ),
    *(
        "run",
        "report",
        "table",
        "status",
        "list",
        "env",
        "data",
        "clean",
        "smoke",
        "quick",
        "digits",
        "gaussian",
    ),
    *(
        "own.csv",
        "own.npz",
        "net.onnx",
        "r",
        "store",
        "nowhere",
        "own.csv/x",
        "prior",
        "posterior",
        "held-out",
    ),
)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _npz(save: Callable[..., None] = np.savez, /, **arrays: Any) -> bytes:
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


def npy() -> list[Files]:
    """Single arrays."""
    x = _rng().normal(size=(18, 4))
    pictures = (np.abs(x) * 60).astype(np.uint8)
    arrays = (
        x,
        x.astype(np.float32),
        np.asfortranarray(x),
        x.astype(">f8"),
        pictures,
        pictures.reshape(18, 2, 2),
    )
    return [
        {"own.npy": _npy(array)}
        for array in (*arrays, x > 0, pictures.astype(np.int16), x.astype(np.float16))
    ]


def npz() -> list[Files]:
    """Named arrays, with and without labels and splits."""
    x, y = _rng().normal(size=(18, 4)), np.arange(18) % 2
    words = np.array(["a", "b"])[y]
    split = {"train": x[:9], "validation": x[9:12], "test": x[12:]}
    labels = {"train_labels": y[:9], "validation_labels": y[9:12], "test_labels": y[12:]}
    made = [
        _npz(x=x),
        _npz(x=x, y=y),
        _npz(x=x, labels=words),
        _npz(np.savez_compressed, x=x, y=y),
        _npz(train=x[:9], test=x[9:]),
        _npz(**split),
        _npz(**split, **labels),
    ]
    return [{"own.npz": content} for content in made]


def _idx(array: np.ndarray, kind: int = 8) -> bytes:
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def idx() -> list[Files]:
    """Folders named as MNIST's are, plain and gzipped."""
    rng = _rng()
    train, test = (rng.integers(0, 256, (n, 3, 3), np.uint8) for n in (12, 8))
    labels = np.arange(12, dtype=np.uint8) % 2
    files = {
        "train-images-idx3-ubyte": _idx(train),
        "train-labels-idx1-ubyte": _idx(labels),
        "t10k-images-idx3-ubyte": _idx(test),
        "t10k-labels-idx1-ubyte": _idx(labels[:8]),
    }
    zipped = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in files.items()}
    floats = {"train-images-idx3-ubyte": _idx(rng.normal(size=(18, 2, 2)).astype(">f4"), 13)}
    return [files, zipped, floats]


def csv() -> list[Files]:
    """Tables with and without labels, quotes and large numbers."""
    rows = _rng().normal(size=(12, 3)).round(3)
    plain = "a,b,c\n" + "\n".join(",".join(map(str, row)) for row in rows) + "\n"
    labels = "a,label,b\n" + "\n".join(f"{row[0]},{'uv'[i % 2]},{i}" for i, row in enumerate(rows)) + "\n"
    quoted = 'x,"y, z"\r\n' + "\r\n".join(f'"{row[0]}",{row[1]:e}' for row in rows)
    large = "a,b\n" + "\n".join(f"{10**18 + i},{i % 2 == 0}" for i in range(12)) + "\n"
    return [{"own.csv": text.encode()} for text in (plain, labels, quoted, large)]


def windows() -> list[Files]:
    """A description of windows, and the table that it is of."""
    rows = _rng().normal(size=(60, 2)).round(2)
    dates = np.datetime64("2020-01-01") + np.arange(60)
    table = (
        "date,load,heat\n" + "\n".join(f"{d},{a},{b}" for d, (a, b) in zip(dates, rows, strict=True)) + "\n"
    )
    counted = "t,y\n" + "\n".join(f"{i},{row[0]}" for i, row in enumerate(rows)) + "\n"
    first = 'csv = "own.csv"\ntime = "date"\nfeatures = ["load", "heat"]\ntarget = "load"\nn_past = 2\nn_future = 1\n'
    second = 'csv = "own.csv"\ntime = "t"\nfeatures = []\ntarget = "y"\nn_past = 2\nn_future = 1\nstride = 2\ngap = 0\n'
    return [
        {"own.toml": first.encode(), "own.csv": table.encode()},
        {"own.toml": second.encode(), "own.csv": counted.encode()},
    ]


@functools.cache
def little_images() -> Any:
    """A data set of 18 pictures of 4 × 4."""
    from study.data.own.arrays import from_arrays

    x = (np.abs(_rng().normal(size=(18, 4, 4))) * 60).astype(np.uint8)
    return from_arrays({"x": x}, name="little", seed=0, source="made")


def networks() -> list[bytes]:
    """ONNX networks for `little_images`: affine, of pictures, with a branch, a constant, a Dropout and a reshape."""
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(_rng().normal(size=(16, 3)).astype(np.float32), "w")

    def network(shape: list[Any], *nodes: Any, more: tuple[Any, ...] = ()) -> bytes:
        given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
        out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
        graph = helper.make_graph(nodes, "g", given, out, [weight, *more])
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        return made.SerializeToString()

    node, flat = helper.make_node, helper.make_node("Flatten", ["x"], ["flat"], axis=1)
    product = node("MatMul", ["flat", "w"], ["y"])
    size = numpy_helper.from_array(np.array([-1, 16]), "size")
    value = numpy_helper.from_array(np.array([1, 2, 3], np.float32), "value")
    return [
        network(["N", 16], node("MatMul", ["x", "w"], ["y"])),
        network(["N", 1, 4, 4], flat, product),
        network([6, 16], node("MatMul", ["x", "w"], ["z"]), node("Relu", ["z"], ["y"])),
        network(["N", 4, 4], node("Reshape", ["x", "size"], ["flat"]), product, more=(size,)),
        network(
            ["N", 16],
            node("MatMul", ["x", "w"], ["z"]),
            node("Constant", [], ["c"], value=value),
            node("Add", ["z", "c"], ["d"]),
            node("Dropout", ["d"], ["y"]),
        ),
    ]


def _written(write: Callable[[Path], object], name: str) -> Files:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return {name: (Path(folder) / name).read_bytes()}


@functools.cache
def _models() -> list[Any]:
    import study

    data = little_images()
    configs = (
        study.VAEConfig(latent_dim=2, hidden=(3,)),
        study.VAEConfig(latent_dim=2, family="vampprior", hidden=(3,)),
        study.VAEConfig(latent_dim=1, family="ae", network="linear"),
    )
    training = study.TrainConfig(steps=2)
    return [study.train(data, config, training=training) for config in configs]


def checkpoints() -> list[Files]:
    """Models of several families, hardly trained."""
    from study import save_model

    return [_written(functools.partial(save_model, model), "model.npz") for model in _models()]


def strategies() -> list[Files]:
    """Strategies of several kinds, fitted to a few codes."""
    import jax

    import study

    rng = _rng()
    codes = study.Latents(rng.normal(size=(24, 2)), rng.normal(size=(24, 2)) - 2, np.arange(24) % 2)
    names = ("prior", "posterior", "global-gaussian", "gaussian-full", "gmm", "kde", "class-posterior")
    fits = [(name, study.strategy(name).fit(jax.random.key(0), codes)) for name in names]
    return [
        _written(functools.partial(study.save_strategy, fitted=fit, strategy=study.strategy(name)), "fit.npz")
        for name, fit in fits
    ]


def cells(key: str) -> list[bytes]:
    """Files of the store."""
    from study.pipeline.store import Store

    arrays = {"parameter/000": np.arange(6.0).reshape(2, 3), "text": np.array("α"), "none": np.zeros((0, 2))}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        found = []
        for facts in ({"seconds": 1.5}, {"rows": [["a", 1, None]], "nan": float("nan"), "deep": {"a": [[]]}}):
            store.put("train", key, arrays, facts)
            found.append(store.path("train", key).read_bytes())
    return found


def results() -> list[Files]:
    """A results folder of two cells and two strategies, less its pictures and its page."""
    from study.tables.results import Results, write_results

    pairs = [(f"r{seed}", name) for seed in (0, 1) for name in ("prior", "gmm", "held-out")]
    rng, row = _rng(), {"fit": 0, "draw": 0, "n": 60, "better": "lower", "status": "ok", "reason": ""}
    kid = [
        {**row, "run_id": run, "strategy": name, "metric": "kid", "value": rng.random()}
        for run, name in pairs
    ]
    lost = [
        {**row, "run_id": "r1", "strategy": "gmm", "metric": "fd", "status": "failed", "reason": "it broke"}
    ]
    runs = [
        {"run_id": f"r{seed}", "seed": seed, "family": "vae", "status": "done", "reason": ""}
        for seed in (0, 1)
    ]
    frames = {"runs": _frame("runs", runs), "metrics": _frame("metrics", [*kid, *lost])}
    for name in ("latents", "losses", "draws"):
        frames[name] = _frame(name, [{"run_id": "r0", "dimension": i, "epoch": i} for i in range(3)])
    samples: dict[str, np.ndarray] = {
        "r0/prior": np.zeros((4, 2, 2), np.uint8),
        "r0/codes": np.zeros((3, 2, 2), np.float32),
    }
    facts = {
        "experiment": "mine",
        "question": "?",
        "created": "2026-01-01",
        "seconds": 1.0,
        "versions": {"jax": "1"},
    }
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        write_results(Results(**frames, samples=samples, provenance=facts), out)
        return [{path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.name[0] != "."}]


DEFAULTS: dict[str, Any] = {"string": "x", "int64": 1, "bool": False, "float64": 1.0, "float32": 1.0}


def _frame(table: str, rows: list[dict[str, Any]]) -> Any:
    import pandas as pd

    from study.tables import schemas

    schema = schemas.TABLES[table]
    full = [{column: row.get(column, DEFAULTS[kind]) for column, kind in schema.items()} for row in rows]
    return schemas.conform(pd.DataFrame(full), table)


def configurations() -> list[Files]:
    """Configurations as JSON, by the name of their class."""
    from study import config
    from study.config.serialise import to_dict
    from study.config.windows import WindowsConfig

    full = config.StudyConfig(strategies=("prior", "gmm"), betas=(0.5, 2.0))
    conv = dataclasses.replace(full, model=config.VAEConfig(network="conv", family="iwae"))
    kinds = (full, conv, WindowsConfig("t", ("a", "b"), "b", 2, 1), config.AnnealingConfig())
    return [{f"{type(one).__name__}.json": json.dumps(to_dict(one)).encode()} for one in kinds]


def commands() -> list[Files]:
    """Command lines that are right, or nearly."""
    lines = (
        "run sampling_strategies --dry-run --profile smoke --out out --store store",
        "run gap_ladder --dry-run --profile smoke --seeds 0 1 --alphas 1 0.5 --betas 2 --out out",
        "run mine.py --dry-run --dataset own.csv --latent-dim 2 --steps 3 --out=out --strategies prior,posterior",
        "run mine.py --dry-run --features net.onnx --max-gigabytes 1 --fail-fast --force --store=store",
        "run conditional --dry-run --profile quick --dataset own.npz --seeds 3",
        "table r --format latex --metrics fd kid --family vae",
        "status r",
        "list strategies --json",
        "list experiments",
        "env --json",
        "data fetch digits --max-gigabytes 0.5",
        "clean --store store --yes",
        "--version",
    )
    return [{"words.json": json.dumps(line.split()).encode()} for line in lines]


MINE = """
from study import Experiment, StudyConfig, TrainConfig, VAEConfig
PLAIN = StudyConfig(
    model=VAEConfig(latent_dim=2, hidden=(4,)), training=TrainConfig(steps=2), seeds=(0,), strategies=("prior",)
)
EXPERIMENT = Experiment(name="mine", question="?", profiles={"default": PLAIN})
"""


def surroundings() -> Files:
    """What lies in the folder in which command lines are tried."""
    tables = {f"r/{name}": content for name, content in _results_once()[0].items()}
    return {
        "mine.py": MINE.encode(),
        "own.csv": csv()[1]["own.csv"],
        "own.npz": npz()[1]["own.npz"],
        "net.onnx": networks()[0],
        "store/.study-store": b"",
        **tables,
    }


_results_once = functools.cache(results)
