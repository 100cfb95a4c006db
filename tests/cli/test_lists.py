"""`study list`, `study --version`, and output whose reader closes the pipe early."""

import json
import os
import re
import subprocess
import sys
from importlib import metadata

import pytest

from study.cli import main
from study.pipeline.experiment_files import INSTALLED, experiments

DECLARING = '''"""My own question, in short."""
raise SystemExit("run while it was listed")
EXPERIMENT: object = None
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Makes the current folder one with its own `experiments`, and returns that."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "experiments"
    folder.mkdir()
    return folder


def test_only_what_study_run_takes_is_listed_and_none_of_it_is_run(here):
    (here / "mine.py").write_text(DECLARING)
    (here / "asks.py").write_text('EXPERIMENT = Experiment(name="asks", question="Why?", profiles={})\n')
    (here / "helper.py").write_text('"""No experiment."""\n')
    (here / "with.dot.py").write_text(DECLARING)
    (here / "benchmarks").mkdir()
    (here / "benchmarks" / "speed.py").write_text(DECLARING)
    rows = {row["name"]: row for row in experiments()}
    installed = {path.stem for path in INSTALLED.glob("*.py") if "EXPERIMENT = " in path.read_text()}
    assert set(rows) == {"mine", "asks"} | installed
    assert rows["mine"] == {
        "name": "mine", "summary": "My own question, in short.", "source": "experiments/mine.py"
    }  # fmt: skip
    assert rows["asks"]["summary"] == "Why?"
    assert rows["sampling_strategies"]["source"] == "experiments/sampling_strategies.py, installed"


def test_files_that_cannot_be_read_do_not_break_the_list(here, capsys):
    (here / "torn.py").write_text("def half(:\n")
    (here / "bytes.py").write_bytes(b"\xff\x00\xfe")
    (here / "deep.py").write_text("EXPERIMENT = " + "(" * 3000 + ")" * 3000)
    (here / "folder.py").mkdir()
    (here / "gone.py").symlink_to("nowhere.py")
    (here / "loop.py").symlink_to("loop.py")
    (here / "escape.py").write_text("EXPERIMENT = '\\d'\n")
    (here / "sampling_strategies.py").write_text("torn(")  # hides the installed one from `study run` too
    assert main(["list", "experiments", "--json"]) == 0
    names = {row["name"] for row in json.loads(capsys.readouterr().out)}
    assert {"escape", "sequences"} <= names
    assert not names & {"torn", "bytes", "deep", "folder", "gone", "loop", "sampling_strategies"}


@pytest.mark.integration
@pytest.mark.parametrize("what", ["experiments", "strategies"])
def test_a_closed_pipe_is_no_traceback(what):
    command = [sys.executable, "-m", "study.cli", "list", what]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


@pytest.mark.integration
def test_signs_that_a_terminal_cannot_show_are_no_traceback():
    command = [sys.executable, "-m", "study.cli", "list", "metrics"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\xe4" in done.stdout


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    assert re.match(rf"vae-sampling-study {re.escape(metadata.version('vae-sampling-study'))}\b", printed)
