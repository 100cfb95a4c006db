"""A checkpoint is restored exactly or refused, whoever wrote the file."""

import dataclasses
import io
import json
import os
import resource
import signal
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from study import StudyError, TrainConfig, VAEConfig, load_dataset, load_model, save_model, train
from study.errors import FileError
from study.training import TrainedModel, archive, checkpoint

CONFIG = VAEConfig(latent_dim=3, hidden=(16,))


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return train(load_dataset("digits"), CONFIG, alpha=2.0, beta=0.5, seed=7, training=TrainConfig(steps=20))


@pytest.fixture
def path(model: TrainedModel, tmp_path: Path) -> Path:
    save_model(model, tmp_path / "model.npz")
    return tmp_path / "model.npz"


def packed(model: TrainedModel) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and facts as in a file, free to be altered; the facts are a deep copy."""
    arrays, facts = checkpoint.pack(model)
    return arrays, json.loads(json.dumps({**facts, "format": "study-checkpoint", "version": 1}))


def write(path: Path, arrays: dict[str, np.ndarray], facts: Any, *, sign: bool = True) -> None:
    """Write a file with a valid checksum."""
    signed = {**facts, "sha256": archive.digest(facts, arrays)} if sign else facts
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, facts=np.array(json.dumps(signed)), **arrays)


def refused(path: Path, told: str = "") -> str:
    """The message with which loading must fail: one short line that names the file, raised quickly."""
    began = time.perf_counter()
    with pytest.raises(StudyError, match=told) as raised:
        load_model(path)
    line = str(raised.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    assert len(line) < len(str(path)) + 500
    assert time.perf_counter() - began < 10
    return line


@pytest.mark.integration
def test_it_comes_back(model: TrainedModel, path: Path) -> None:
    again = load_model(path)
    assert again.architecture == model.architecture
    assert (again.alpha, again.beta, again.seed) == (2.0, 0.5, 7)
    np.testing.assert_array_equal(again.losses, model.losses)
    for one, other in zip(jax.tree.leaves(again.parameters), jax.tree.leaves(model.parameters), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_an_altered_array_is_found(model: TrainedModel, path: Path) -> None:
    """One number of one parameter is changed: without a check the model would silently generate other pictures."""
    with np.load(path, allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    arrays["parameter/001"] = arrays["parameter/001"] + np.float32(0.01)
    with path.open("wb") as file:
        np.savez(file, **arrays)
    refused(
        path,
        r"damaged, altered, or not a checkpoint \(its checksum does not match\); train the model again and use",
    )


@pytest.mark.parametrize("change", ["alpha", "size", "likelihood", "latent_dim"])
def test_an_altered_fact_is_found(model: TrainedModel, path: Path, change: str) -> None:
    arrays, facts = packed(model)
    digest = archive.digest(facts, arrays)
    match change:
        case "alpha":
            facts["cell"]["alpha"] = 3.0
        case "latent_dim":
            facts["architecture"]["config"]["latent_dim"] = 4
        case _:
            facts["architecture"][change] = {"size": 65, "likelihood": "bernoulli"}[change]
    write(path, arrays, {**facts, "sha256": digest}, sign=False)
    refused(path, "its checksum does not match")


def test_any_altered_byte_is_found_or_harmless(model: TrainedModel, path: Path) -> None:
    """Some bytes of a zip file are never read; a change in any other byte must be detected."""
    whole, found = path.read_bytes(), 0
    positions = range(0, len(whole), 31)
    for position in positions:
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x20]) + whole[position + 1 :])
        try:
            again = load_model(path)
        except StudyError as error:
            assert "\n" not in str(error)
            found += 1
        else:
            for one, other in zip(
                jax.tree.leaves(again.parameters), jax.tree.leaves(model.parameters), strict=True
            ):
                np.testing.assert_array_equal(one, other)
    assert found > 0.9 * len(positions)


def test_files_of_older_versions_have_to_be_saved_again(model: TrainedModel, path: Path) -> None:
    arrays, facts = checkpoint.pack(model)
    write(path, arrays, facts, sign=False)
    refused(path, r"has no checksum, like files of older versions; .* save it with `study.save_model`$")


def test_torn_files(path: Path) -> None:
    whole = path.read_bytes()
    for kept in range(1, len(whole), 97):
        path.write_bytes(whole[:kept])
        refused(path, "damaged, altered, or not a checkpoint")
    path.write_bytes(b"")
    refused(path, "is empty; `study.save_model` writes one")


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(levels):
        inner = {"a": inner}
    return inner


def _facts(name: str, value: Any) -> Callable[[Any, Any], None]:
    """A change that puts a value into the facts at `name`, a path with dots."""

    def change(arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        *outer, last = name.split(".")
        for part in outer:
            facts = facts[part]
        facts[last] = value

    return change


BUILT, SET = "architecture", "architecture.config"
WRONG_FACTS: list[tuple[str, Any, str]] = [
    (BUILT, [], "architecture is missing"),
    (BUILT, None, "architecture is missing"),
    (BUILT, {}, "expected a mapping of names to values, got None"),
    ("cell", "text", "cell is missing"),
    ("cell", {}, "alpha: give a number, got None"),
    ("cell.alpha", "1", "alpha: give a number, got '1'"),
    ("cell.alpha", -1, "alpha: give a number of 0 or more, got -1"),
    ("cell.alpha", 10**400, "alpha: give a finite number"),
    ("cell.seed", 1.5, "seed: give a whole number, got 1.5"),
    ("cell.seed", -1, "seed: give a whole number from 0"),
    ("cell.more", 1, "unknown key 'more' of the cell"),
    ("more", 1, "holds 'more'"),
    (f"{BUILT}.more", 1, "unknown key 'more' of the architecture"),
    (f"{BUILT}.size", -64, "size: give a whole number from 1"),
    (f"{BUILT}.size", 64.5, "size: give a whole number"),
    (f"{BUILT}.size", 10**12, "size: give a whole number from 1"),
    (f"{BUILT}.size", 2**31 - 1, "parameter 0 is not|parameter [0-9]+ is not"),
    (f"{BUILT}.likelihood", "poisson", "unknown likelihood 'poisson'"),
    (f"{BUILT}.likelihood", ["gaussian"], "unknown likelihood"),
    (f"{BUILT}.shape", "8x8", "shape must be a list of sizes, got '8x8'"),
    (f"{BUILT}.shape", [8, 8], "shape"),
    (f"{BUILT}.shape", [-1], "shape: give a whole number from 1"),
    (f"{BUILT}.classes", 10, "10 classes do not fit family 'vae'"),
    (f"{BUILT}.classes", "ten", "classes: give a whole number"),
    (SET, [], "expected a mapping of names to values"),
    (f"{SET}.family", "gan", "parameter"),
    (f"{SET}.family", "cvae", "0 classes do not fit family 'cvae'"),
    (f"{SET}.family", "no such", "family"),
    (f"{SET}.family", ["vae"], "family"),
    (f"{SET}.network", "conv", "shape"),
    (f"{SET}.hidden", [10**9], "hidden"),
    (f"{SET}.hidden", [16_000], "parameter"),
    (f"{SET}.hidden", [8] * 10**5, "hidden"),
    (f"{SET}.hidden", ["16"], "hidden"),
    (f"{SET}.hidden", 16, "hidden"),
    (f"{SET}.latent_dim", -3, "latent_dim"),
    (f"{SET}.latent_dim", 10**12, "latent_dim"),
    (f"{SET}.unknown", 1, "unknown key 'unknown'"),
    ("version", 2, "has version 2, newer than 1"),
    ("version", "one", "damaged, altered, or not a checkpoint"),
    ("format", "study-fitted-strategy", "it has another format"),
]


@pytest.mark.parametrize(("name", "value", "told"), WRONG_FACTS, ids=lambda v: repr(v)[:30])
@pytest.mark.usefixtures("unchecked")
def test_facts_that_are_none_of_a_model(
    model: TrainedModel, path: Path, name: str, value: Any, told: str
) -> None:
    """The checksum is valid, but the facts must still be checked, and before anything is allocated."""
    arrays, facts = packed(model)
    _facts(name, value)(arrays, facts)
    write(path, arrays, facts)
    refused(path, told)


def test_a_large_claim_takes_no_memory(model: TrainedModel, path: Path) -> None:
    """Layers of 16,000 units would be parameters of gigabytes; shapes alone are compared."""
    arrays, facts = packed(model)
    facts["architecture"]["config"]["hidden"] = [16_000] * 50
    write(path, arrays, facts)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(path, "parameter 0 is not float32")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


@pytest.mark.parametrize(
    ("name", "array", "told"),
    [
        ("parameter/000", None, "parameter 0 is not"),
        ("parameter/000", np.zeros(3, np.float32), "parameter 0 is not float32"),
        ("parameter/000", "float64", "parameter 0 is not float32"),
        ("parameter/000", "nan", "parameters hold values that are not finite"),
        ("parameter/000", np.array("text"), "parameter 0 is not"),
        ("parameter/999", np.zeros(3, np.float32), "holds 'parameter/999'"),
        ("more", np.zeros(3), "holds 'more'"),
        ("losses", None, "losses are not"),
        ("losses", np.zeros((3, 2), np.float32), "losses are not"),
        ("losses", np.zeros((3, 2, 2), int), "losses are not"),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_arrays_that_are_none_of_the_model(
    model: TrainedModel, path: Path, name: str, array: Any, told: str
) -> None:
    arrays, facts = packed(model)
    if array is None:
        del arrays[name]
    elif isinstance(array, str):
        arrays[name] = (
            arrays[name].astype(np.float64) if array == "float64" else np.full_like(arrays[name], np.nan)
        )
    else:
        arrays[name] = array
    write(path, arrays, facts)
    refused(path, told)


@pytest.mark.parametrize(
    "text", ["[]", "3", "null", "", "{", "NaN", '{"sha256": NaN}', "9" * 5000, "[" * 3000]
)
def test_headers_that_are_none(path: Path, text: str) -> None:
    with path.open("wb") as file:
        np.savez(file, facts=np.array(text or " "))
    refused(path, "damaged, altered, or not a checkpoint")


def test_a_header_nested_too_deeply(model: TrainedModel, path: Path) -> None:
    deep = '{"a": ' * 3000 + "1" + "}" * 3000
    with path.open("wb") as file:
        np.savez(file, facts=np.array(deep))
    refused(path, "damaged, altered, or not a checkpoint")


def npy(header: str, values: bytes = b"") -> bytes:
    """An .npy file of this header."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + values


@pytest.mark.parametrize(
    "member",
    [
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"),
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x04N."),
        npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", b"\0" * 4),
        npy("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,), }", b"\0" * 8),
        npy("(" * 3000),
        b"no array",
    ],
    ids=("10^12 elements", "a negative size", "objects", "records", "dates", "nested", "no array"),
)
def test_arrays_that_claim_what_they_do_not_hold(path: Path, member: bytes) -> None:
    with zipfile.ZipFile(path, "a") as found:
        found.writestr("parameter/099.npy", member)
    refused(path, "damaged, altered, or not a checkpoint")


def test_what_would_expand_is_not_expanded(path: Path) -> None:
    """A few megabytes that would decompress to gigabytes: compressed members are refused, since none are written."""
    block = io.BytesIO()
    with (
        zipfile.ZipFile(block, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as found,
        found.open("facts.npy", "w") as f,
    ):
        f.write(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (100000000,), }"))
        for _ in range(100):
            f.write(b"\0" * 10**6)
    path.write_bytes(block.getvalue())
    assert path.stat().st_size < 10**6
    refused(path, "unpacks to more than its own size")


def test_a_pickle_is_not_opened(path: Path, tmp_path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, facts=np.array([{"a": 1}], object))
    refused(path, "damaged, altered, or not a checkpoint")
    np.save(tmp_path / "alone.npy", np.array([{}], object), allow_pickle=True)
    refused(tmp_path / "alone.npy", "damaged, altered, or not a checkpoint")


@pytest.mark.usefixtures("unchecked")
def test_paths_that_are_no_file(tmp_path: Path) -> None:
    pipe, loop = tmp_path / "pipe", tmp_path / "loop"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    for path, told in (
        (tmp_path, "is a folder, not a checkpoint"),
        (pipe, "is a pipe"),
        (Path("/dev/zero"), "is a device"),
        (tmp_path / "none", "no such file; `study.save_model` writes one"),
        (tmp_path / ("a" * 300), "file name too long"),
        (loop, "symbolic link"),
    ):
        refused(path, told)
    for wrong in ("", None, 3):
        with pytest.raises(StudyError, match="a checkpoint: give a path, got"):
            load_model(wrong)


def test_more_than_the_limit_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    refused(path, "bytes, more than the limit of 1,000 for a checkpoint")


@pytest.mark.usefixtures("unchecked")
def test_where_nothing_can_be_written(model: TrainedModel, path: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for target, told in (
        (tmp_path / "no" / "model", "no such folder"),
        (tmp_path, "is a folder"),
        (path / "below", "no such folder"),
        (pipe, "is a device or a pipe"),
        (tmp_path / ("a" * 300), "file name too long"),
    ):
        with pytest.raises(FileError, match=rf"^[^\n]*: cannot be written \({told}\); give [^\n]*$"):
            save_model(model, target)
    for wrong in ("", None, 3):
        with pytest.raises(StudyError, match=r"^checkpoint: give the path of a file, got"):
            save_model(model, wrong)
    assert {p.name for p in tmp_path.iterdir()} == {"model.npz", "pipe"}


def test_a_full_disk_leaves_the_old_file(model: TrainedModel, path: Path) -> None:
    """A limit on file size simulates a full disk."""
    whole = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(FileError, match=r"^[^\n]*model.npz: file too large; free the disk, [^\n]*$"):
            save_model(model, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert path.read_bytes() == whole
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.usefixtures("unchecked")
def test_what_is_no_model_is_not_saved(model: TrainedModel, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"^save_model: give a model returned by study.train, got 'model'$"):
        save_model("model", tmp_path / "model.npz")
    broken = dataclasses.replace(
        model, parameters=jax.tree.map(lambda a: a * np.float32("nan"), model.parameters)
    )
    with pytest.raises(StudyError, match="parameters hold values that are not finite"):
        save_model(broken, tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("unchecked")
def test_a_cell_of_a_store_needs_no_checksum(model: TrainedModel) -> None:
    """The store has its own checksum and stores additional facts."""
    arrays, facts = checkpoint.pack(model)
    again = checkpoint.unpack(arrays, {**facts, "train_seconds": 1.0})
    assert again.architecture == model.architecture
    several: tuple[Any, ...] = (None, [], {}, {**facts, "cell": None})
    for wrong in several:
        with pytest.raises(
            StudyError, match=r"^checkpoint: (architecture|cell) is missing; train the model again$"
        ):
            checkpoint.unpack(arrays, wrong)
