"""`study clean` deletes what the store wrote, after saying so, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from study.cli import main
from study.errors import StudyError
from study.pipeline.store import MARKER, Store, default_store

KEY = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    for stage in ("train", "encode", "score"):
        store.put(stage, KEY, {"a": np.zeros(1000)}, {})
    return store


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_of_a_store_goes_after_it_was_said(store: Store, capsys: pytest.CaptureFixture) -> None:
    assert main(["clean", "--store", str(store.folder), "--yes"]) == 0
    said = capsys.readouterr().out
    assert f"deleting 3 files of trained and measured cells in {store.folder}, 0.0 MiB" in said
    assert not store.folder.exists()


def test_without_a_terminal_it_wants_yes(store: Store, capsys: pytest.CaptureFixture) -> None:
    before = files(store.folder)
    assert main(["clean", "--store", str(store.folder)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("study: clean: would delete 3 files") and error.endswith("; say --yes\n")
    assert files(store.folder) == before


@pytest.mark.parametrize(("answer", "left"), [("", 4), ("n", 4), ("yes please", 4), ("y", 0), ("Yes", 0)])
def test_on_a_terminal_it_asks(store: Store, monkeypatch: pytest.MonkeyPatch, answer: str, left: int) -> None:
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda _: True})())
    monkeypatch.setattr("builtins.input", lambda question: answer if "Delete 3 files" in question else "y")
    assert main(["clean", "--store", str(store.folder)]) == 0
    assert len(files(store.folder.parent)) == left


def test_what_the_store_did_not_write_stays(store: Store, tmp_path: Path) -> None:
    """Files beside cells, in folders of cells, with names like those of cells, and behind links."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / f"{KEY}.cell").write_bytes(b"mine")
    own = [
        "notes.txt",
        "train/notes.txt",
        "train/ab/notes.txt",
        f"other/ab/{KEY}.cell",
        f"train/zz/{KEY}.cell",
    ]
    for name in own:
        (store.folder / name).parent.mkdir(exist_ok=True, parents=True)
        (store.folder / name).write_text("mine")
    (store.folder / "encode" / "cd").symlink_to(elsewhere)
    (store.folder / "latents").symlink_to(elsewhere)
    (store.folder / "encode" / "ab" / f"{'cd' * 32}.cell").symlink_to(elsewhere / f"{KEY}.cell")
    assert main(["clean", "--store", str(store.folder), "--yes"]) == 0
    left = {name for name in files(store.folder) if (store.folder / name).is_file()}
    assert set(own) <= left and not (store.folder / "train" / "ab" / f"{KEY}.cell").exists()
    assert (elsewhere / f"{KEY}.cell").read_bytes() == b"mine"
    assert (store.folder / "encode" / "ab" / f"{'cd' * 32}.cell").is_symlink()


@pytest.mark.parametrize("kind", ["home", "layout without the mark", "file", "absent", "results"])
def test_folders_that_are_no_store_are_refused(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "folder"
    if kind == "file":
        folder.write_text("mine")
    elif kind != "absent":
        (folder / "train" / "ab").mkdir(parents=True)
        (folder / "train" / "ab" / f"{KEY}.cell").write_text("mine")
        (folder / "letter.txt").write_text("mine")
    before = files(tmp_path)
    assert main(["clean", "--store", str(folder), "--yes"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and ("not a store of this program" in error or "no such folder" in error)
    assert files(tmp_path) == before


def test_an_empty_name_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """An empty name was once taken for the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("thesis.tex").write_text("mine")
    Path(MARKER).write_text("")
    assert main(["clean", "--yes", "--store", ""]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setenv("STUDY_STORE", "")
    assert default_store() == Path(".study")
    assert main(["clean", "--yes"]) == 2  # there is no .study
    assert Path("thesis.tex").read_text() == "mine"


def test_the_variable_is_held_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    monkeypatch.setenv("STUDY_STORE", str(tmp_path))
    assert main(["clean", "--yes"]) == 2
    assert "not a store of this program" in capsys.readouterr().err
    assert (tmp_path / "letter.txt").exists()


def test_a_linked_store_is_emptied_where_it_lies(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    link = tmp_path / "link"
    link.symlink_to(store.folder)
    assert main(["clean", "--store", str(link), "--yes"]) == 0
    assert f"deleting 3 files of trained and measured cells in {store.folder}" in capsys.readouterr().out
    assert not files(store.folder)


def test_not_while_another_process_is_at_work(store: Store, tmp_path: Path) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom study.pipeline.store import Store\n"
        "held = Store(Path(sys.argv[1])).claim('train', 'cd' * 32)\nprint('held', flush=True)\ntime.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(store.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(StudyError, match="another process uses this store; nothing was deleted"):
            store.remove()
        assert store.has("train", KEY)
        other.kill()
    assert store.remove() > 0  # a claim of a process that is gone holds nobody up
    assert not store.folder.exists()


def test_leftovers_of_killed_writers_are_cleared(store: Store) -> None:
    left, new = (store.folder / "train" / "ab" / f".writing-{name}" for name in ("old", "new"))
    for path in (left, new):
        path.write_text("half")
    os.utime(left, (0, 0))
    store.prepare()
    assert not left.exists() and new.exists()
