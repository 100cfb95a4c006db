"""A results folder is data: complete, checked at every read, never executed, and never written over other files."""

import io
import json
import lzma
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study import Experiment, StudyConfig, StudyError, TrainConfig, VAEConfig, cli, load_dataset, load_results
from study.cli import main
from study.pipeline.experiment import installed_experiment
from study.pipeline.study_run import default_folder
from study.runtime.folders import READY, sha256
from study.tables import results as results_module
from study.tables import schemas
from study.tables.results import Results, seal, write_results
from tests.committed import FOLDERS, label

TINY = StudyConfig(
    model=VAEConfig(latent_dim=2, hidden=(8,)),
    training=TrainConfig(steps=20),
    seeds=(0, 1),
    strategies=("prior", "posterior", "held-out"),
    n_samples=50,
    density_draws=50,
    evaluations=2,
)
EXPERIMENT = Experiment(name="tiny", question="Does it run?", profiles={"default": TINY})
TABLES = ("runs", "metrics", "latents", "losses", "draws")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a run of the tiny experiment, `out`, and its store."""
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "study.pipeline.publish.build_report", lambda fresh, *_, **__: ("", fresh / "report.html")
        )
        assert (
            cli.experiment_main(EXPERIMENT, ["--out", str(folder / "out"), "--store", str(folder / "s")]) == 0
        )
    return folder


@pytest.fixture
def out(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_report: None) -> Path:
    """A copy of it, below the current folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    return Path("out")


def refused(capsys: pytest.CaptureFixture, *arguments: str) -> str:
    assert main(list(arguments)) == 2
    error = capsys.readouterr().err
    assert error.startswith("study: ") and error.count("\n") == 1
    return error


@pytest.mark.integration
@pytest.mark.parametrize("folder", FOLDERS, ids=label)
def test_committed_results_are_what_was_written(folder: Path) -> None:
    assert len(load_results(folder).runs)


@pytest.mark.integration
@pytest.mark.parametrize("name", [*(f"{table}.parquet" for table in TABLES), "samples.npz.xz"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "of another run"])
def test_tables_that_are_not_those_that_were_written(
    out: Path, capsys: pytest.CaptureFixture, name: str, damage: str
) -> None:
    path = out / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[:-1])
    elif damage == "flipped":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif name.endswith("xz"):
        path.write_bytes(lzma.compress(b"of another run"))
    else:  # a good table, written by hand
        pd.read_parquet(path).iloc[:-1].to_parquet(path)
    for verb in ("status", "table", "report"):
        error = refused(capsys, verb, str(out))
        assert str(path) in error and ("altered" in error or "missing" in error)


def test_provenance_without_digests_is_not_believed(out: Path, capsys: pytest.CaptureFixture) -> None:
    facts = json.loads((out / "provenance.json").read_text())
    wrong: list[object] = [{}, [], {"runs.parquet": 3}, {"runs.parquet": "0" * 64}]
    for files in wrong:
        (out / "provenance.json").write_text(json.dumps({**facts, "files": files}))
        assert "digest" in refused(capsys, "status", str(out)) or files
    del facts["format"]
    (out / "provenance.json").write_text(json.dumps(facts))
    assert "does not say" in refused(capsys, "status", str(out))


def test_status_on_a_folder_killed_in_mid_write(out: Path, capsys: pytest.CaptureFixture) -> None:
    """If the tables were incomplete it says so; if they were complete the exchange of folders is finished."""
    shutil.move(out, "half")
    Path("out").mkdir()
    shutil.move("half", out / ".writing-1")
    assert "stopped before its tables were complete" in refused(capsys, "status", "out")
    shutil.move(out / ".writing-1", out / READY)
    assert main(["status", "out"]) == 0
    assert "2 of 2 cells done" in capsys.readouterr().out
    assert not (out / READY).exists()


@pytest.mark.integration
@pytest.mark.parametrize("form", ["absolute", "relative", "name", "climbing", "list"])
def test_a_results_folder_names_no_code_that_is_run(
    out: Path, tmp_path: Path, form: str, capsys: pytest.CaptureFixture
) -> None:
    """Neither a path nor the name of a nearby file is executed; the general report is written."""
    trap = "from pathlib import Path\nPath('sprung').write_text('')\nEXPERIMENT = None\n"
    for folder in (Path("experiments"), out, out / "experiments"):
        folder.mkdir(exist_ok=True)
        (folder / "evil.py").write_text(trap)
    named = {
        "absolute": str(tmp_path / "out" / "evil.py"),
        "relative": "out/evil.py",
        "name": "evil",
        "climbing": "../out/evil",
        "list": ["out/evil.py"],
    }[form]
    facts = json.loads((out / "provenance.json").read_text())
    seal(out, {**facts, "experiment": named})
    assert main(["report", "out"]) == 0, capsys.readouterr().err
    assert main(["status", "out"]) == 0 and main(["table", "out"]) == 0
    assert not Path("sprung").exists()
    assert installed_experiment(named) is None


def test_a_reader_may_name_the_experiment(out: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["report", "out", "--experiment", "gap_ladder"]) in (0, 2)
    capsys.readouterr()
    assert "no file" in refused(capsys, "report", "out", "--experiment", "nothing_of_that_name")
    assert installed_experiment("gap_ladder") is not None


@pytest.mark.integration
def test_out_that_holds_what_is_not_ours_is_refused(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    Path("thesis").mkdir()
    Path("thesis/report.md").write_text("mine")
    flags = ["--store", "s", "--out", "thesis"]
    assert cli.experiment_main(EXPERIMENT, flags) == 2
    assert "--out thesis: holds files that this program did not write" in capsys.readouterr().err
    assert [path.name for path in Path("thesis").iterdir()] == ["report.md"]
    Path("thesis/runs.parquet").write_text("mine too")
    assert cli.experiment_main(EXPERIMENT, [*flags, "--force"]) == 0
    assert Path("thesis/report.md").read_text() == "mine"
    assert Path("thesis/runs.parquet.kept").read_text() == "mine too"
    assert cli.experiment_main(EXPERIMENT, flags) == 0  # now it is ours
    assert Path("thesis/runs.parquet.kept").read_text() == "mine too"


def test_own_data_never_share_a_folder(tmp_path: Path) -> None:
    """Neither with results of the bundled data set of that name, nor with another file of the same stem."""
    rng, places = np.random.default_rng(0), set()
    shipped = default_folder(EXPERIMENT, "digits", load_dataset("digits"), "default")
    assert shipped == Path("results/tiny/digits-default")
    for folder, name in (
        ("a", "digits.npz"),
        ("b", "digits.npz"),
        ("a", "digits.npy"),
        ("a", "..$(x) y.npy"),
    ):
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        x = rng.normal(size=(60, 3))
        if name.endswith("npz"):
            np.savez(path, x=x)
        else:
            np.save(path, x)
        places.add(default_folder(EXPERIMENT, str(path), load_dataset(path), "default"))
    assert len(places | {shipped}) == 5
    assert all(place.parent == Path("results/tiny") and "$" not in str(place) for place in places)


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b", "x" * 101])
def test_an_experiment_is_named_as_a_folder_is(name: str) -> None:
    with pytest.raises(StudyError, match="cannot name a folder"):
        Experiment(name=name, question="?", profiles={})


def test_places_are_tried_before_anything_is_trained(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("study.pipeline.run.execute", lambda *_, **__: pytest.fail("trained"))
    Path("file").write_text("mine")
    for flags, message in (
        ({"--out": "file"}, "is a file"),
        ({"--out": "file/below"}, "not a directory"),
        ({"--out": "x" * 300}, "file name too long"),
        ({"--store": "file"}, "file exists"),
        ({"--store": "file/below"}, "not a directory"),
        ({"--store": "/proc/nothing"}, "no such file or directory"),
        ({"--out": "/proc/nothing"}, "no such file or directory"),
    ):
        places = {"--out": "new", "--store": "new-store", **flags}
        before = sorted(Path().rglob("*"))
        assert cli.experiment_main(EXPERIMENT, [word for pair in places.items() for word in pair]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and message in error.lower(), error
        assert sorted(Path().rglob("*")) == before


def test_an_array_that_stands_twice_is_stored_once(tmp_path: Path) -> None:
    """And one that only looks alike, by its bytes or its values, is stored itself."""
    real = np.arange(6000, dtype=np.uint8).reshape(10, 600)
    samples = {
        "a/held-out": real, "b/held-out": real.copy(), "b/prior": real.reshape(20, 300), "b/own": real.astype(float),
        "b/other": real + np.uint8(1),
    }  # fmt: skip
    tables = {name: pd.DataFrame({c: [] for c in schemas.TABLES[name]}) for name in schemas.TABLES}
    write_results(Results(**tables, samples=samples, provenance={}), tmp_path / "out")
    with lzma.open(tmp_path / "out" / "samples.npz.xz") as file, np.load(file) as stored:
        assert [name for name in stored.files if stored[name].ndim == 0] == ["b/held-out"]
    found = load_results(tmp_path / "out").samples
    assert list(found) == list(samples)
    for name, array in samples.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_samples_that_unpack_to_too_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, whether the outer or an inner compression hides how much."""
    tables = {name: pd.DataFrame({c: [] for c in schemas.TABLES[name]}) for name in schemas.TABLES}
    write_results(Results(**tables, samples={"a/prior": np.zeros(10_000)}, provenance={}), tmp_path / "out")
    monkeypatch.setattr(results_module, "MAX_BYTES", 50_000)
    with pytest.raises(StudyError, match="the limit is 50000 bytes"):
        load_results(tmp_path / "out")
    inner = io.BytesIO()
    np.savez_compressed(inner, a=np.zeros(10_000))
    (tmp_path / "out" / "samples.npz.xz").write_bytes(lzma.compress(inner.getvalue()))
    facts = json.loads((tmp_path / "out" / "provenance.json").read_text())
    facts["files"]["samples.npz.xz"] = sha256(tmp_path / "out" / "samples.npz.xz")
    (tmp_path / "out" / "provenance.json").write_text(json.dumps(facts))
    with pytest.raises(StudyError, match="the limit is 50000 bytes"):
        load_results(tmp_path / "out")


@pytest.mark.parametrize("name", ["c/held-out", "b/held-out"])
def test_a_name_that_stands_for_no_array_is_refused(tmp_path: Path, name: str) -> None:
    """Nor does one stand for itself."""
    tables = {name: pd.DataFrame({c: [] for c in schemas.TABLES[name]}) for name in schemas.TABLES}
    samples = {"a/held-out": np.zeros(3), "b/held-out": np.array(name)}
    write_results(Results(**tables, samples=samples, provenance={}), tmp_path / "out")
    with pytest.raises(StudyError, match="not a readable archive"):
        load_results(tmp_path / "out")
