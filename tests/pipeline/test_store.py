"""The store: equal keys mean equal content, and a damaged file is never used."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from study.errors import FileError
from study.pipeline.store import Store, content_key


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.put(
        "train", "ab12", {"a/b": np.arange(5.0), "text": np.array("α")}, {"seconds": 1.5, "nan": float("nan")}
    )
    return store


def test_round_trip(store):
    found = store.get("train", "ab12")
    assert found is not None
    np.testing.assert_array_equal(found.arrays["a/b"], np.arange(5.0))
    assert str(found.arrays["text"]) == "α"
    assert found.facts["seconds"] == 1.5
    assert np.isnan(found.facts["nan"])
    assert store.get("train", "cd34") is None
    assert store.get("encode", "ab12") is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "renamed", "facts"])
def test_damage_is_reported_removed_and_never_used(store, damage):
    path = store.path("train", "ab12")
    content = path.read_bytes()
    key = "ab12"
    if damage == "cut":
        path.write_bytes(content[:-20])
    elif damage == "flipped":
        path.write_bytes(content[:-60] + bytes([content[-60] ^ 1]) + content[-59:])
    elif damage == "emptied":
        path.write_bytes(b"")
    elif damage == "facts":
        path.write_bytes(content.replace(b'"seconds": 1.5', b'"seconds": 2.5'))
    else:
        key = "abff"
        path.rename(store.path("train", key))
    with pytest.warns(UserWarning, match="damaged"):
        assert store.get("train", key) is None
    assert not store.has("train", key)


def test_a_writer_killed_midway_leaves_nothing_that_is_read(tmp_path):
    """A process that dies between writing and renaming leaves a temporary file and no cell."""
    script = (
        "import os, sys, numpy as np\nfrom pathlib import Path\nfrom study.pipeline.store import Store\n"
        "Path.replace = lambda *_: os._exit(9)\n"
        "Store(Path(sys.argv[1])).put('train', 'ab12', {'a': np.zeros(3)}, {})\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == 9
    assert not Store(tmp_path).has("train", "ab12")
    assert Store(tmp_path).get("train", "ab12") is None


def test_a_failed_write_leaves_no_temporary_file(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(FileError, match="disk full; free the disk"):
        Store(tmp_path).put("train", "ab12", {"a": np.zeros(3)}, {})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_keys_follow_content_and_not_its_order():
    key = content_key({"a": 1, "b": {"c": [1.0, 2.0], "d": "x"}})
    assert key == content_key({"b": {"d": "x", "c": [1.0, 2.0]}, "a": 1})
    assert len(key) == 64
    assert key != content_key({"a": 1, "b": {"c": [1.0, 2.5], "d": "x"}})
    with pytest.raises(ValueError, match="JSON"):
        content_key({"a": float("nan")})


def test_remove_frees_everything(store):
    assert store.remove() > 0
    assert not store.folder.exists()
