"""Stored fuzzing inputs: every parser accepts or refuses each in one line, within limits of time and memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent


def test_every_kept_input_is_taken_or_refused_in_one_line() -> None:
    """Runs in a separate process, because such files may crash libraries."""
    command = [sys.executable, str(HERE / "fuzz.py"), "--replay", str(HERE / "corpus")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env=_environment()
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert len(done.stdout.splitlines()) == len(list((HERE / "corpus").glob("*.json")))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
