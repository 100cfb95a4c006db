"""No file and no function of the package or of an experiment is longer than a reader can keep in mind."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = [*ROOT.glob("study/**/*.py"), *ROOT.glob("experiments/**/*.py")]
LINES, OF_A_FUNCTION = 400, 60


def test_no_file_is_too_long():
    assert len(FILES) > 300
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in FILES}
    assert {name: lines for name, lines in long.items() if lines > LINES} == {}


def test_no_function_is_too_long():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.end_lineno is not None and node.end_lineno - node.lineno >= OF_A_FUNCTION
    ]
    assert long == []
