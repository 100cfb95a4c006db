"""The tutorial notebook runs from its first cell to its last, and holds no outputs."""

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "experiments" / "tutorial.ipynb"


def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def test_it_is_small_and_without_outputs() -> None:
    assert NOTEBOOK.stat().st_size < 20_000
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells())
    for cell in cells():
        compile("".join(cell["source"]), str(NOTEBOOK), "exec")


@pytest.mark.slow
def test_its_code_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "notebook"}
    for i, cell in enumerate(cells()):
        exec(compile("".join(cell["source"]), f"cell {i}", "exec"), names)
    assert names["inside"] > names["outside"]  # q(z) is where the codes are
    assert "posterior" in repr(names["found"]) and names["z"].shape == (16, 8)
    assert not list(tmp_path.iterdir())
