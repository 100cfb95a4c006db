"""A folder of broken inputs of every kind: experiments, data, networks, results folders and stores."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from study.pipeline.store import Store
from study.tables.results import Results, write_results
from tests.plain_tables import plain_table

MINE = """
from study import Experiment, StudyConfig, TrainConfig, VAEConfig
import dataclasses
PLAIN = StudyConfig(
    model=VAEConfig(latent_dim=2, hidden=(4,)), training=TrainConfig(steps=2), seeds=(0,), strategies=("prior",)
)
def changed(**values):
    return dataclasses.replace(PLAIN, **values)
def model(**values):
    return changed(model=dataclasses.replace(PLAIN.model, **values))
EXPERIMENT = Experiment(name={name!r}, question="?", profiles={{"default": {grids}}})
"""
EXPERIMENTS = {
    "mine": MINE.format(name="mine", grids="PLAIN"),
    "pair": MINE.format(name="pair", grids="(changed(betas=(0.5,)), changed(betas=(2.0,)))"),
    "twins": MINE.format(name="twins", grids="(PLAIN, changed(draws=2))"),
    "apart": MINE.format(name="apart", grids="(PLAIN, model(family='ae', prior=PLAIN.model.prior))"),
    "gan": MINE.format(name="gan", grids="(PLAIN, model(family='gan'))"),
    "bare": MINE.format(name="bare", grids="changed(strategies=())"),
    "two_sets": MINE.format(name="two_sets", grids="(PLAIN, changed(dataset='gaussian'))"),
    "no_grid": MINE.format(name="no_grid", grids="changed(alphas=())"),
    "bad_name": MINE.format(name="../out", grids="PLAIN"),
    "torn": "def half(:\n",
    "raises": "1 / 0\n",
    "leaves": "raise SystemExit(3)\n",
    "imports": "import nothing_of_that_name\n",
    "declares_nothing": "x = 1\n",
    "declares_text": "EXPERIMENT = 'mine'\n",
}
CSV = {
    "none.csv": "",
    "header.csv": "a,b\n",
    "numbers.csv": "1,2\n3,4\n",
    "words.csv": "a,b\n" + "1,two\n" * 30,
    "gaps.csv": "a,b\n" + "1,\n" * 30,
    "short.csv": "a,b\n1,2\n",
    "infinite.csv": "a,b\n" + "1,inf\n" * 30,
    "longer.csv": "a,b\n1,2,3\n" * 9,
    "times.csv": "t,a\n" + "".join(f"{i},{i % 7}\n" for i in range(30)),
    "back.csv": "t,a\n" + "".join(f"{-i},{i % 7}\n" for i in range(300)),
}
TOML = {
    "torn.toml": "csv = [",
    "nothing.toml": "",
    "unknown.toml": 'csv = "times.csv"\ntime = "t"\nfeatures = ["a"]\ntarget = "a"\nn_past = 2\nn_future = 1\nx = 1',
    "absent.toml": 'csv = "no.csv"\ntime = "t"\nfeatures = ["a"]\ntarget = "a"\nn_past = 2\nn_future = 1',
    "column.toml": 'csv = "times.csv"\ntime = "t"\nfeatures = ["z"]\ntarget = "a"\nn_past = 2\nn_future = 1',
    "few.toml": 'csv = "times.csv"\ntime = "t"\nfeatures = ["a"]\ntarget = "a"\nn_past = 20\nn_future = 9',
    "zero.toml": 'csv = "times.csv"\ntime = "t"\nfeatures = ["a"]\ntarget = "a"\nn_past = 0\nn_future = 1',
    "half.toml": 'csv = "times.csv"\ntime = "t"\nfeatures = ["a"]\ntarget = "a"\nn_past = 2.5\nn_future = 1',
    "word.toml": 'csv = "times.csv"\ntime = "t"\nfeatures = "a"\ntarget = "a"\nn_past = 2\nn_future = 1',
    "back.toml": 'csv = "back.csv"\ntime = "t"\nfeatures = ["a"]\ntarget = "a"\nn_past = 2\nn_future = 1',
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder; it must be left as it is."""
    folder = tmp_path_factory.mktemp("wrong") / "here"
    build(folder)
    return folder


@pytest.fixture
def here(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder as the current one, with nothing set in the environment."""
    monkeypatch.chdir(workspace)
    monkeypatch.setenv("STUDY_STORE", "")
    monkeypatch.setenv("STUDY_DATA", str(workspace / "cache"))
    return workspace


@pytest.fixture
def snapshot(here: Path) -> Callable[[], dict[str, str]]:
    """Everything below the folder: kind and SHA-256 of content by path."""
    return lambda: _snapshot(here)


def build(folder: Path) -> None:
    """Fill a new folder."""
    (folder / "notes").mkdir(parents=True)
    (folder / "notes" / "diary.txt").write_text("mine")
    (folder / "file.txt").write_text("mine")
    (folder / "loop").symlink_to("loop")
    (folder / "empty").mkdir()
    _experiments(folder / "experiments")
    _data(folder / "data")
    _results(folder / "results")
    (folder / "net.onnx").write_bytes(b"no network")
    Store(folder / "store").put("train", "ab" * 32, {"a": np.zeros(3)}, {})
    shutil.copytree(folder / "store", folder / "mixed")
    (folder / "mixed" / "diary.txt").write_text("mine")


def _snapshot(folder: Path) -> dict[str, str]:
    found = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(root) / name
            if path.is_symlink():
                content = f"link to {path.readlink()}"
            else:
                content = (
                    hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else KINDS[path.is_dir()]
                )
            found[str(path.relative_to(folder))] = content
    return found


KINDS = {True: "folder", False: "pipe"}


def _experiments(folder: Path) -> None:
    folder.mkdir()
    for name, text in EXPERIMENTS.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "nul.py").write_bytes(b"x = '\x00'\n")
    (folder / "folder.py").mkdir()
    os.mkfifo(folder / "pipe.py")


def _data(folder: Path) -> None:
    folder.mkdir()
    for name, text in {**CSV, **TOML}.items():
        (folder / name).write_text(text)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4)).astype(np.float32)
    np.savez(folder / "good.npz", x=x)
    whole = (folder / "good.npz").read_bytes()
    (folder / "truncated.npz").write_bytes(whole[: len(whole) // 2])
    (folder / "blank.npz").write_bytes(b"")
    np.savez(folder / "nothing.npz")
    np.savez(folder / "keys.npz", pictures=x)
    np.savez(folder / "words.npz", x=np.full((60, 4), "a"))
    np.savez(folder / "few.npz", x=x[:3])
    np.savez(folder / "labels.npz", x=x, labels=np.zeros(59, int))
    np.savez(folder / "shapes.npz", train=x, test=x[:, :2])
    np.save(folder / "nan.npy", np.where(x > 2, np.nan, x))
    np.save(folder / "flat.npy", x.ravel())
    np.save(folder / "complex.npy", x.astype(complex))
    np.save(folder / "constant.npy", np.ones((60, 4)))
    np.save(folder / "objects.npy", np.array([{}, None] * 30, dtype=object), allow_pickle=True)
    np.save(folder / "huge.npy", np.full((60, 4), 1e300))
    header = np.lib.format.magic(1, 0)
    claim = str({"descr": "<f8", "fortran_order": False, "shape": (10**12, 10)}).encode().ljust(117) + b"\n"
    (folder / "claims.npy").write_bytes(header + len(claim).to_bytes(2, "little") + claim)
    (folder / "latin.csv").write_bytes("ä,b\n".encode("latin-1") + b"1,2\n" * 9)
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "folder.npz").mkdir()
    for kind in ("npz", "npy", "csv", "toml", "onnx"):
        os.mkfifo(folder / f"pipe.{kind}")  # that nobody writes into: who opens it waits for ever
        (folder / f"endless.{kind}").symlink_to("/dev/zero")  # which has no end
    (folder / "pipes.toml").write_text(TOML["absent.toml"].replace("no.csv", "pipe.csv"))
    (folder / "idx").mkdir()
    (folder / "idx" / "train-images-idx3-ubyte").write_bytes(b"\x00\x00\x08\x03")


def _results(folder: Path) -> None:
    runs = [{"run_id": f"r{seed}", "seed": seed, "status": "done", "reason": ""} for seed in (0, 1)]
    metrics = [
        {
            "run_id": f"r{seed}",
            "strategy": name,
            "metric": "kid",
            "status": "ok",
            "better": "lower",
            "fit": 0,
            "draw": 0,
            "evaluation": 0,
        }
        for seed in (0, 1)
        for name in ("prior", "gmm", "held-out")
    ]
    frames = {"runs": plain_table("runs", runs), "metrics": plain_table("metrics", metrics)}
    frames |= {name: plain_table(name, [{"run_id": "r0"}]) for name in ("latents", "losses", "draws")}
    facts = {"experiment": "mine", "question": "?", "created": "2026-01-01"}
    write_results(Results(**frames, samples={}, provenance=facts), folder / "good")
    for name in (
        "torn",
        "missing",
        "altered",
        "no_provenance",
        "broken_provenance",
        "deep",
        "listed",
        "unsaid",
        "old",
        "piped",
    ):
        shutil.copytree(folder / "good", folder / name)
    table = folder / "torn" / "metrics.parquet"
    table.write_bytes(table.read_bytes()[:-20])
    (folder / "missing" / "latents.parquet").unlink()
    plain_table("runs", runs[:1]).to_parquet(folder / "altered" / "runs.parquet")
    for name in ("no_provenance", "piped"):
        (folder / name / "provenance.json").unlink()
    os.mkfifo(folder / "piped" / "provenance.json")
    for name, text in {
        "broken_provenance": '{"experiment": "mine", ',
        "deep": "[" * 3000 + "]" * 3000,
        "listed": "[1, 2]",
        "unsaid": "{}",
        "old": json.dumps(facts),
    }.items():
        (folder / name / "provenance.json").write_text(text)
