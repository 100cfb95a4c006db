"""Of several processes one computes and the others wait, but never for a process that has ended."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from study.errors import FileError
from study.runtime import claims
from study.runtime.claims import claim, claimed

LEAVES = """
import os, sys
from pathlib import Path
from study.runtime import claims
claims.LEASE = 1.0
held = claims.claim(Path(sys.argv[1]))
assert held
os._exit(9)
"""


def test_one_has_it_until_it_is_released(tmp_path: Path) -> None:
    first = claim(tmp_path / "a" / "x.claim")
    assert first is not None
    script = "import sys\nfrom pathlib import Path\nfrom study.runtime.claims import claim\n"
    script += "sys.exit(claim(Path(sys.argv[1])) is not None)\n"
    command = [sys.executable, "-c", script, str(tmp_path / "a" / "x.claim")]
    assert subprocess.run(command, check=False).returncode == 0
    first.release()
    assert not list((tmp_path / "a").iterdir())
    assert subprocess.run(command, check=False).returncode == 1


@pytest.mark.parametrize("machine", ["this", "another"])
def test_an_owner_that_is_gone_blocks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, capsys: pytest.CaptureFixture
) -> None:
    """On this machine the missing process is detected; on another its claim is no longer refreshed."""
    monkeypatch.setattr(claims, "LEASE", 1.0)
    path = tmp_path / "x.claim"
    assert subprocess.run([sys.executable, "-c", LEAVES, str(path)], check=False).returncode == 9
    if machine == "another":
        path.write_text(re.sub(r"(?m)^host=.*$", "host=elsewhere", path.read_text()))
        assert claim(path) is None  # for all that can be known at once, its owner is at work
    began = time.monotonic()
    with claimed(path, what="cell x"):
        assert path.exists()
    assert not path.exists()
    if machine == "another":
        assert 0.5 < time.monotonic() - began < 30
        assert capsys.readouterr().err == "study: cell x: another process is working on this, waiting\n"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"file: (file exists|not a directory)"):
        claim(tmp_path / "file" / "x.claim")
