"""A results folder holds either the old content or all of the new, and never loses the user's files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from study.errors import FileError, StudyError
from study.runtime import folders
from study.runtime.folders import MANIFEST, digests, exchanged, is_ours, read_manifest, settle


def fill(fresh: Path, **files: str) -> None:
    for name, text in files.items():
        path = fresh / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    facts = {"format": folders.FORMAT, "files": digests(fresh)}
    (fresh / MANIFEST).write_text(json.dumps(facts))


def content(folder: Path) -> dict[str, str]:
    names = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in names}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with exchanged(tmp_path / "out") as fresh:
        fill(fresh, a_csv="old", figures__b_png="old", gone_txt="old")
    return tmp_path / "out"


def test_new_files_replace_old_ones_and_the_users_stay(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    (folder / "figures" / "mine.png").write_text("mine")
    with exchanged(folder) as fresh:
        fill(fresh, a_csv="new", figures__c_png="new")
    assert content(folder) == {
        "a.csv": "new",
        "figures/c.png": "new",
        "figures/mine.png": "mine",
        "notes.txt": "mine",
    }


def test_a_file_of_the_users_in_the_way_is_moved_aside(folder: Path) -> None:
    (folder / "new.txt").write_text("mine")
    (folder / "gone.txt").write_text("changed by hand")  # and no longer written: it stays
    with exchanged(folder) as fresh:
        fill(fresh, a_csv="new", new_txt="ours")
    assert content(folder) == {
        "a.csv": "new",
        "new.txt": "ours",
        "new.txt.kept": "mine",
        "gone.txt": "changed by hand",
    }


def test_nothing_changes_where_writing_fails(folder: Path) -> None:
    before = content(folder)
    with pytest.raises(RuntimeError, match="no"), exchanged(folder) as fresh:
        fill(fresh, a_csv="new")
        raise RuntimeError("no")
    assert content(folder) == before
    assert {path.name for path in folder.iterdir()} == {"a.csv", "figures", "gone.txt", MANIFEST}


@pytest.mark.parametrize("moves", range(5))
def test_a_writer_killed_at_any_move_leaves_the_old_or_the_new(folder: Path, moves: int) -> None:
    """Killed before the decisive rename nothing has changed; killed after it the next reader finishes the exchange."""
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom study.runtime import folders\n"
        "sys.path.insert(0, sys.argv[3])\nfrom test_folders import fill\n"
        "left = int(sys.argv[2])\n"
        "def counted(name):\n"
        "    method = getattr(Path, name)\n"
        "    def call(*arguments):\n"
        "        global left\n"
        "        left -= 1\n"
        "        if left < 0:\n"
        "            os._exit(9)\n"
        "        return method(*arguments)\n"
        "    setattr(Path, name, call)\n"
        "counted('rename'), counted('replace')\n"
        "with folders.exchanged(Path(sys.argv[1])) as fresh:\n"
        "    fill(fresh, a_csv='new', figures__b_png='new', d_txt='new')\n"
    )
    command = [sys.executable, "-c", script, str(folder), str(moves), str(Path(__file__).parent)]
    assert subprocess.run(command, check=False).returncode == 9
    before = {"a.csv": "old", "figures/b.png": "old", "gone.txt": "old"}
    after = {"a.csv": "new", "figures/b.png": "new", "d.txt": "new"}
    settle(folder)
    found = {name: text for name, text in content(folder).items() if not name.startswith(".")}
    assert found == (after if moves else before)
    with exchanged(folder) as fresh:  # the next writer clears what is left
        fill(fresh, a_csv="third")
    assert content(folder) == {"a.csv": "third"}


@pytest.mark.parametrize("name", ["../victim.txt", "/victim.txt", "figures/../../victim.txt", ".hidden"])
def test_a_manifest_cannot_name_files_elsewhere(folder: Path, name: str) -> None:
    victim = folder.parent / "victim.txt"
    victim.write_text("mine")
    (folder / ".hidden").write_text("mine")
    facts = read_manifest(folder)
    facts["files"][name] = folders.sha256(victim)
    (folder / MANIFEST).write_text(json.dumps(facts))
    with exchanged(folder) as fresh:
        fill(fresh, a_csv="new")
    assert victim.read_text() == "mine" and (folder / ".hidden").exists()


def test_a_symlink_within_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "plots").symlink_to(tmp_path / "elsewhere")
    with exchanged(folder) as fresh:
        fill(fresh, plots__a_png="new")
    assert not list((tmp_path / "elsewhere").iterdir())
    assert (folder / "plots.kept").is_symlink() and (folder / "plots" / "a.png").read_text() == "new"


def test_whose_folder_it_is(folder: Path, tmp_path: Path) -> None:
    assert is_ours(folder) and is_ours(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    assert is_ours(tmp_path / "empty")
    (tmp_path / "empty" / "letter.txt").write_text("mine")
    assert not is_ours(tmp_path / "empty")
    assert not is_ours(tmp_path / "empty" / "letter.txt")
    (tmp_path / "empty" / MANIFEST).write_text("{}")
    assert not is_ours(tmp_path / "empty")


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "not JSON"), ("[1]", "not a JSON object"), ("[" * 100_000, "not JSON"), ('{"a": 1', "not JSON")],
)
def test_manifests_that_cannot_be_read(folder: Path, text: str, message: str) -> None:
    (folder / MANIFEST).write_text(text)
    with pytest.raises(StudyError, match=message):
        read_manifest(folder)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"not a directory|file exists"), exchanged(tmp_path / "file"):
        pass
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(FileError, match=r"file exists|too many levels"), exchanged(loop / "out"):
        pass
    with pytest.raises(FileError, match="file name too long"), exchanged(tmp_path / ("a" * 300)):
        pass
