"""The declared dependencies are exactly those that the code imports: none unused, none only indirectly installed."""

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OWN = {"study", "experiments"}
PART_OF = {"google": "onnx"}  # a file that onnx cannot parse is told by protobuf's error


def imported(*folders: str) -> set[str]:
    """First names of all third-party modules that the files of some folders import, also within functions."""
    found = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    found.add(str(node.module).partition(".")[0])
    return found - OWN - sys.stdlib_module_names


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [
        *project["dependencies"],
        *(line for e in extras for line in project["optional-dependencies"][e]),
    ]
    return {normal(re.split(r"[^A-Za-z0-9._-]", line)[0]) for line in lines}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def owners() -> dict[str, set[str]]:
    """For each module, the distributions that may provide it."""
    return {name: set(map(normal, found)) for name, found in metadata.packages_distributions().items()}


def test_every_declared_dependency_is_imported(owners):
    used = set().union(*(owners.get(name, {normal(name)}) for name in imported("study", "experiments")))
    assert declared() - used == set()


def test_every_import_is_declared(owners):
    known = declared("onnx", "gpu", "ray")
    missing = {
        name
        for name in imported("study")
        if not (owners.get(name, {normal(name)}) | {PART_OF.get(name, "")}) & known
    }
    assert missing == set()


def test_what_is_declared_is_pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert declared("onnx", "test") - {normal(line.partition("==")[0]) for line in lines} == set()
