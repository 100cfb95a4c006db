import contextlib
import io
import os
import pty
import re
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from study.errors import StudyError
from study.runtime import progress as module
from study.runtime.progress import LONGEST, Progress, heard, sayable, stage

ROOT = Path(__file__).parents[2]
LABEL = "β of \x1b[31m\x07red\n\ud800\u202e label"
RUN = f"""
import time
from study.runtime.progress import Progress
with Progress(3, {LABEL!r}) as progress:
    progress.advance()
    time.sleep(float(__import__("sys").argv[1]))
    progress.advance("first\\rnote")
    progress.advance("≤ ε")
print("finished")
"""


def start(stderr: int, *, wait: float = 0.0, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(wait)],
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def finishes(process: subprocess.Popen) -> None:
    out, _ = process.communicate(timeout=60)
    assert out == b"finished\n" and process.returncode == 0


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "latin-1:strict"])
def test_a_stream_that_cannot_take_every_character_ends_no_run(encoding):
    process = start(subprocess.PIPE, PYTHONIOENCODING=encoding)
    out, said = process.communicate(timeout=60)
    assert out == b"finished\n" and process.returncode == 0
    assert b"3/3 cells" in said


def test_a_pipe_that_nobody_reads_ends_no_run():
    reading, writing = os.pipe()
    os.close(reading)
    process = start(writing)
    os.close(writing)
    finishes(process)


def test_no_stream_at_all_ends_no_run():
    command = [sys.executable, "-c", RUN, "0"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *command],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    assert done.stdout == b"finished\n"  # what was for standard error is not put there


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_under_standard_error_ends_no_run():
    with Path("/dev/full").open("wb") as full:
        finishes(start(full.fileno()))


def test_a_terminal_that_goes_away_ends_no_run():
    ours, theirs = pty.openpty()
    process = start(theirs, wait=1.0)
    os.close(theirs)
    os.read(ours, 1)  # the bar is there
    time.sleep(0.2)
    os.close(ours)
    finishes(process)


def test_a_bar_moves_no_cursor_by_its_label():
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    process = start(theirs)
    finishes(process)
    shown = os.read(ours, 100_000).decode()
    for descriptor in (ours, theirs):
        os.close(descriptor)
    assert "red" in shown and "\x07" not in shown and "\x1b[31m" not in shown


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_a_closed_stream_ends_no_run(stream, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(2, "label") as progress:
        progress.advance()
        if stream is not None:
            stream.close()
        progress.advance()
    assert progress.done == 2
    assert capsys.readouterr().out == ""


def test_plain_lines_say_what_is_done(capsys):
    with Progress(1, LABEL) as progress:
        progress.advance("a\nnote")
    assert re.fullmatch(
        r"(β of  \[31m red    label: )1 cells\n\1.*1/1 cells, 0 s left, a note\n", capsys.readouterr().err
    )


def test_what_is_said_is_one_line_of_some_length():
    said = sayable("x\n" * 1000, None)
    assert len(said) == LONGEST and "\n" not in said


def test_the_first_cell_says_nothing_about_the_time_of_the_others(capsys, monkeypatch):
    """It compiles: nine seconds, and then one second for each."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module, "EVERY", 0.0)
    monkeypatch.setattr(module, "ticking", lambda say: contextlib.nullcontext())
    with Progress(30, "label") as progress:
        now[0] += 9
        for _ in range(3):
            now[0] += 1
            progress.advance()
    assert capsys.readouterr().err.splitlines() == [
        "label: 30 cells",
        "label: 1/30 cells, 290 s left",
        "label: 2/30 cells, 28 s left",
        "label: 3/30 cells, 27 s left",
    ]


def test_nothing_is_silent_for_long(capsys, monkeypatch):
    monkeypatch.setattr(module, "TICK", 0.1)
    with Progress(3, "label"):
        time.sleep(0.45)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 3 and re.fullmatch(r"label: 0/3 cells, \d+ s so far", lines[1])
    with stage("tables"):
        time.sleep(0.45)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "tables" and re.fullmatch(r"tables, \d+ s so far", lines[1])
    time.sleep(0.25)
    assert capsys.readouterr().err == ""  # what is over says nothing more


def test_a_bar_says_no_percentage():
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    finishes(start(theirs))
    shown = os.read(ours, 100_000).decode()
    for descriptor in (ours, theirs):
        os.close(descriptor)
    assert "3/3 cells" in shown and "%" not in shown


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_a_stage_without_a_stream_ends_no_run(stream, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", stream)
    if stream is not None:
        stream.close()
    with stage("tables"):
        pass
    assert capsys.readouterr().out == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "progress", "told"),
    [
        (io.StringIO, None, False),
        (io.StringIO, True, True),
        (Terminal, None, True),
        (Terminal, False, False),
        (type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"}), None, True),
    ],
)
def test_stages_are_told_where_somebody_watches(monkeypatch, stream, progress, told):
    """At a terminal or in a notebook, unless the caller decides, for what is called within too."""
    err = stream()
    monkeypatch.setattr(sys, "stderr", err)
    with heard(progress), heard(None), heard(not told), stage("train"):
        pass
    assert err.getvalue() == ("train\n" if told else "")
    with stage("run"):
        pass
    assert err.getvalue().endswith("run\n")


@pytest.mark.usefixtures("unchecked")
def test_what_is_no_progress():
    told = r"^progress: give True, False or None, got 'yes'$"
    with pytest.raises(StudyError, match=told), heard("yes"):  # type: ignore[arg-type]
        pass
