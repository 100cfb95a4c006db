"""Reading files made by others: a small file needs little memory, however large files of its kind may be."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from study.errors import StudyError
from study.runtime.reading import read_file


def test_no_more_memory_is_reserved_than_the_file_needs(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(b"content")
    tracemalloc.start()
    try:
        assert read_file(path, what="a checkpoint", mend="make it anew", most=2**30) == b"content"
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_file_that_grows_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"content")
    real = Path.open

    def grows(self: Path, *arguments: Any) -> Any:
        with real(self, "ab") as file:
            file.write(b" and more")
        return real(self, *arguments)

    monkeypatch.setattr(Path, "open", grows)
    with pytest.raises(StudyError, match="growing: grew while it was read; let its writer finish"):
        read_file(path, what="a checkpoint", mend="make it anew", most=2**30)
