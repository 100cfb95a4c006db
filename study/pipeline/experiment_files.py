"""Where experiments are: below the current folder, or installed with this package. Listing them runs no code."""

import ast
import re
import warnings
from pathlib import Path
from typing import Any

OWN = Path("experiments")  # below the current folder
# Beside the package, both in a checkout (or editable install) and where a wheel is unpacked. `import experiments` could
# find a folder of that name in the current one instead.
INSTALLED = Path(__file__).parents[2] / "experiments"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")  # of an experiment
LARGEST = 2**20  # most bytes of an experiment's file


def experiment_file(name: str) -> Path | None:
    """The file `study run` uses for this name: a path to a .py file, the user's own experiment or an installed one.

    None if there is no such file.
    """
    if name.endswith(".py"):
        return path if (path := Path(name)).is_file() else None
    own = OWN / f"{name}.py"
    return own if is_name(name) and own.is_file() else installed_file(name)


def installed_file(name: Any) -> Path | None:
    """The file of the installed experiment with this bare name; None for any other value."""
    path = INSTALLED / f"{name}.py" if is_name(name) else None
    return path if path is not None and path.is_file() else None


def is_name(name: Any) -> bool:
    """Whether this is a bare name, which cannot point to another folder."""
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def experiments() -> list[dict[str, str]]:
    """Name, summary and source of every experiment; the user's own hide installed ones with the same name."""
    rows: dict[str, tuple[str, str] | None] = {}
    for folder, installed in ((OWN, False), (INSTALLED, True)):
        for path in _files(folder):
            if path.stem not in rows:
                summary = _summary(path)
                source = f"experiments/{path.name}" + (", installed" if installed else "")
                rows[path.stem] = None if summary is None else (summary, source)
    return [
        {"name": name, "summary": row[0], "source": row[1]}
        for name, row in sorted(rows.items())
        if row is not None
    ]


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.py") if NAME.fullmatch(path.stem))
    except OSError:
        return []


def _summary(path: Path) -> str | None:
    """The first line of the docstring, or else the question; None if the file declares no EXPERIMENT."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    declared = [value for node in tree.body for name, value in _assigned(node) if name == "EXPERIMENT"]
    if not declared:
        return None
    text = ast.get_docstring(tree) or ""
    return text.partition("\n")[0] or _question(declared[-1])


def _assigned(node: ast.stmt) -> list[tuple[str, ast.expr | None]]:
    """The names that a statement assigns, with their values."""
    if isinstance(node, ast.Assign):
        return [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        return [(node.target.id, node.value)]
    return []


def _question(value: ast.expr | None) -> str:
    keywords = value.keywords if isinstance(value, ast.Call) else []
    found = [k.value.value for k in keywords if k.arg == "question" and isinstance(k.value, ast.Constant)]
    return str(found[0]) if found else "no description"
