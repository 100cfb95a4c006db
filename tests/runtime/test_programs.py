"""Compiled programs are kept between runs, whole, and only for the processor that they were compiled for."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import jax
import pytest

from study.pipeline.store import Store
from study.runtime import programs
from study.runtime.files import TEMPORARY
from study.runtime.programs import kept_programs, link

PROGRAM = """
import json, os, sys, time
from pathlib import Path
import jax, jax.monitoring
from study.runtime.programs import kept_programs

hits = []
jax.monitoring.register_event_listener(lambda name, **_: hits.append(name) if name.endswith("cache_hits") else None)
jax.jit(lambda x: x - 5)(1.0)  # JAX has decided on its place by now
before = jax.config.jax_compilation_cache_dir
with kept_programs(Path(sys.argv[1])):
    value = float(jax.jit(lambda x: x * 3 + 1)(2.0))
    if sys.argv[2] == "die":
        os._exit(9)
    if sys.argv[2] == "wait":  # until another process can read it
        ends = time.monotonic() + 60
        while not list(Path(sys.argv[1]).glob("[0-9a-f]*/*")):
            assert time.monotonic() < ends
            time.sleep(0.1)
after = len(hits)
jax.jit(lambda x: x * 3 + 1)(2.0)
print(json.dumps([value, after, len(hits), before == jax.config.jax_compilation_cache_dir]))
"""


def run(folder: Path, how: str = "", **changes: str) -> list[object]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")} | changes
    command = [sys.executable, "-c", PROGRAM, str(folder), how]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == (9 if how == "die" else 0) and done.stderr == ""
    return list(json.loads(done.stdout)) if done.stdout else []


@pytest.mark.integration
def test_the_second_run_reads_what_the_first_has_compiled(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.prepare()
    assert run(store.programs, "die") == []  # it leaves its own folder and nothing in the shared one
    assert len(list(store.programs.glob(f"{TEMPORARY}*/*"))) >= 1
    assert not list((store.programs / programs._processor()).glob("*"))
    value, hits, later, restored = run(store.programs)
    assert (value, hits, restored) == (7.0, 0, True)
    value, hits, later, restored = run(store.programs)
    assert value == 7.0 and isinstance(hits, int) and hits > 0 and later == hits and restored
    shared = store.programs / programs._processor()
    assert (
        len(list(shared.iterdir())) >= 1 and len(shared.name) == 16
    )  # with two, one machine in 256 shares it
    assert {path.parent.parent.name for path in store.contents() if path != tmp_path / ".study-store"} >= {
        "programs"
    }
    store.remove()
    assert not store.programs.exists()


def test_processes_exchange_programs_that_are_whole(tmp_path: Path) -> None:
    own, shared = tmp_path / "own", tmp_path / "shared"
    for folder in (own, shared):
        folder.mkdir()
    (own / "mine").write_bytes(b"1")
    os.utime(own / "mine", (time.time() - 2 * programs.WHOLE,) * 2)
    (own / "unfinished").write_bytes(b"2")
    os.utime(own / "unfinished", (time.time() + 60,) * 2)  # it is being written to all the time
    (shared / "theirs").write_bytes(b"3")
    programs.exchange(own, shared)
    assert {path.name for path in shared.iterdir()} == {"mine", "theirs"}
    assert (own / "theirs").read_bytes() == b"3" and (shared / "mine").read_bytes() == b"1"


@pytest.mark.integration
def test_programs_are_exchanged_while_work_goes_on(tmp_path: Path) -> None:
    _, hits, *_ = run(tmp_path / "programs", "wait")
    assert hits == 0


def test_a_place_that_the_user_has_set_is_kept(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    run(
        tmp_path / "ours",
        JAX_COMPILATION_CACHE_DIR=str(theirs),
        JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="0",
    )
    assert not (tmp_path / "ours").exists() and list(theirs.iterdir())


def test_a_folder_that_cannot_be_made_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        programs, "_OURS", "jax_debug_nans"
    )  # a setting that is off here, unlike the tests' own place
    (tmp_path / "file").write_text("")
    with kept_programs(tmp_path / "file" / "programs"):
        assert jax.config.values["jax_debug_nans"] is False


def test_old_programs_are_deleted_and_not_linked(tmp_path: Path) -> None:
    for name, age in (("new", 0.0), ("old", programs.KEPT + 9)):
        path = tmp_path / "one" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
        os.utime(path, (time.time() - age,) * 2)
    link(tmp_path / "one", tmp_path / "two")
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["new"]
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["new"]
    link(tmp_path / "none", tmp_path / "two")
