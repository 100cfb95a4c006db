"""A run with nothing left to do leaves its folder as it is; whatever changed is made anew."""

import shutil
from pathlib import Path

import pytest

from study.cli import main
from study.pipeline.finished import remember, written
from study.pipeline.store import Store

FILE = """
from study import Experiment, StudyConfig, TrainConfig, VAEConfig

EXPERIMENT = Experiment(
    name="tiny", question="Does it run?",
    profiles={
        "default": StudyConfig(
            model=VAEConfig(latent_dim=2, hidden=(8,)), training=TrainConfig(steps=20), seeds=(0,),
            strategies=("prior", "held-out"), n_samples=50, density_draws=50,
        )
    },
)
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, no_report):
    """Runs the experiment and returns whether it wrote its folder."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.py").write_text(FILE)

    def once(*flags: str, out: str = "a") -> bool:
        manifest = Path(out, "provenance.json")
        before = manifest.stat().st_ino if manifest.is_file() else None
        assert main(["run", "tiny.py", "--store", "s", "--out", out, *flags]) == 0
        printed = capsys.readouterr().out
        wrote = manifest.stat().st_ino != before
        assert ("nothing was left to do" in printed) == (not wrote)
        assert ("trained 0, scored 0" in printed) or wrote
        return wrote

    assert once()
    return once


def test_a_folder_that_cannot_be_read_is_never_what_was_written(tmp_path):
    store = Store(tmp_path / "s")
    remember(store, "ab" * 32, tmp_path / "no folder", "yes")
    assert written(store, "ab" * 32, tmp_path / "no folder") is None


@pytest.mark.integration
def test_a_run_with_nothing_left_to_do_writes_nothing(run):
    assert not run()
    assert not run()


@pytest.mark.integration
@pytest.mark.parametrize(
    "change", ["a table", "a missing file", "the experiment", "a file beside it", "a unit"]
)
def test_what_was_changed_is_made_anew(run, change):
    match change:
        case "a table":
            Path("a/losses.parquet").write_bytes(b"other")
        case "a missing file":
            Path("a/samples.npz.xz").unlink()
        case "the experiment":
            Path("tiny.py").write_text(FILE.replace("Does it run?", "Does it still run?"))
        case "a file beside it":
            Path("helper.py").write_text("COLOUR = 1\n")
        case "a unit":
            next(Path("s/score").glob("*/*.cell")).unlink()
    assert run()
    assert not run()


@pytest.mark.integration
def test_another_folder_or_other_flags_are_another_run(run):
    assert run(out="b")
    assert run("--seeds", "2")  # into the folder of the first run
    assert run()
    assert not run(out="b")


@pytest.mark.integration
def test_a_store_that_cannot_be_written_is_no_error(run, monkeypatch):
    shutil.rmtree("s/report")

    def full(*_: object) -> None:
        from study.errors import FileError

        raise FileError("s: no space left on device")

    monkeypatch.setattr(Store, "put", full)
    assert run()
    assert run()
