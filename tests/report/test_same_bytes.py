"""The same tables give the same bytes in every process, whatever hash seed, folder, locale, time zone and settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

BUILD = """
import importlib.util, sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("made", sys.argv[1])
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)
made.build_dressed(Path(sys.argv[2]), hostile=True)
"""
UNLIKE = {  # what the other process does not share with this one
    "PYTHONHASHSEED": "2",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "TZ": "Asia/Kathmandu",
    "COLUMNS": "200",
    "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=3",
}


@pytest.fixture(scope="module")
def folders(hostile_report: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same report, made by this process and by another one."""
    home = tmp_path_factory.mktemp("process")
    (home / "matplotlibrc").write_text("font.size: 21\naxes.facecolor: red\nsvg.hashsalt: other\n")
    folder = home / "here" / "digits-default"
    command = [sys.executable, "-c", BUILD, str(Path(__file__).with_name("conftest.py")), str(folder)]
    assert subprocess.run(command, cwd=home, env={**os.environ, **UNLIKE}, check=False).returncode == 0
    return hostile_report, folder


def test_two_processes_give_the_same_figures(folders):
    first, second = ({p.name: p.read_bytes() for p in (f / "figures").iterdir()} for f in folders)
    assert first.keys() == second.keys() and len(first) > 20
    assert [name for name in sorted(first) if first[name] != second[name]] == []


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_two_processes_give_the_same_report(folders, name):
    first, second = ((folder / name).read_text(encoding="utf-8") for folder in folders)
    # Where the folder lies below one called "results", its command says so.
    assert first.replace("results/digits-default", "digits-default") == second


def test_nothing_of_a_process_is_in_what_it_wrote(folders):
    for folder in folders:
        for path in (p for p in folder.rglob("*") if p.suffix in (".html", ".md", ".svg")):
            text = path.read_text(encoding="utf-8")
            assert str(folder.parents[1]) not in text and " at 0x" not in text and "<dc:date>" not in text
