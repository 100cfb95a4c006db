"""Imports go one way, including those in functions and for types: a package imports only packages below it."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BELOW = {  # of each room those that it may import, and with them what lies below these
    "cli": {"audit", "pipeline"},
    "notebook": {"audit"},
    "audit": {"report", "scoring"},
    "pipeline": {"report", "claims", "scoring"},
    "report": {"claims", "strategies", "metrics"},  # what strategies and metrics are called and mean
    "claims": {"statistics"},
    "statistics": {"tables"},
    "tables": {"config"},
    "scoring": {"metrics", "strategies"},
    "metrics": {"latents", "training"},
    "strategies": {"latents", "training"},
    "latents": {"models"},
    "training": {"models"},
    "models": {"data"},
    "data": {"config"},
    "config": {"runtime"},
    "runtime": {"errors"},
    "errors": set(),
}


def modules() -> dict[str, Path]:
    found = {}
    for path in [*ROOT.glob("study/**/*.py"), *ROOT.glob("experiments/**/*.py")]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(modules: dict[str, Path]) -> dict[str, set[str]]:
    """For each module, the modules that its import statements name, at any level."""
    found: dict[str, set[str]] = {}
    for name, path in modules.items():
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names} & modules.keys()
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{name} imports relatively"
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    found[name] |= {whole if whole in modules else str(node.module)} & modules.keys()
    return found


def below(room: str) -> set[str]:
    return BELOW[room].union(*map(below, BELOW[room]))


@pytest.mark.integration
def test_rooms_know_what_lies_below_them_alone():
    wrong = [
        f"{name} imports {other}"
        for name, others in imports(modules()).items()
        for other in others
        if name.startswith("study.") and other.split(".")[1:2] != name.split(".")[1:2]
        if other.startswith("experiments") or other == "study" or other.split(".")[1] not in below(name.split(".")[1])
    ]  # fmt: skip
    assert not wrong


def test_no_module_imports_itself_by_way_of_others():
    assert list(TopologicalSorter(imports(modules())).static_order())  # raises CycleError, which names them


def test_every_room_stands_in_the_map():
    rooms = {
        path.stem for path in (ROOT / "study").iterdir() if path.name not in ("__init__.py", "__pycache__")
    }
    assert rooms - {"py"} <= BELOW.keys()


def test_strategies_and_metrics_do_not_know_each_other():
    assert "strategies" not in below("metrics") and "metrics" not in below("strategies")
