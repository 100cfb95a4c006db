"""The versions that affect numbers: of packages and of this project. Fast: the packages are not imported."""

import functools
import hashlib
import json
import os
import platform
import re
import subprocess
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

NAME = "vae-sampling-study"
ROOT = Path(__file__).resolve().parents[2]  # root of a checkout; site-packages if the package is installed
NOT_DECIDING = {"test"}  # extras whose packages do not affect numbers
BENEATH = ("jaxlib",)  # affects numbers, and is an indirect requirement
PATIENCE = 5.0  # seconds that git may take to report the commit
UNKNOWN = "unknown"
CODE = (".py", ".html", ".css", ".js")


def package_versions() -> dict[str, str]:
    """The versions by package that affect numbers, Python first.

    The packages are the requirements that the project declares, so that none can be forgotten, and those of its extras
    and JAX's plugins that are installed.
    """
    always, optional = requirements()
    plugins = {_normal(e.dist.name) for e in metadata.entry_points(group="jax_plugins") if e.dist is not None}
    found = {"python": platform.python_version()}
    for name in sorted({*always, *optional, *plugins, *BENEATH}):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            if name not in optional:
                found[name] = "absent"
    return found


@functools.cache
def versions_of(names: tuple[str, ...]) -> dict[str, str]:
    """The version of each of these packages, or "absent" if it is not installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def requirements() -> tuple[frozenset[str], frozenset[str]]:
    """Names of the packages that the project requires, and of those that only its extras require, without test extras.

    Read from the checkout's pyproject.toml, which may be newer than the installation, else from the installation.
    """
    project = _declared()
    if project is not None:
        extras = project.get("optional-dependencies", {})
        lists = [lines for extra, lines in extras.items() if extra not in NOT_DECIDING]
        always, optional = (
            _names(project.get("dependencies", ())),
            _names(line for part in lists for line in part),
        )
    else:
        try:
            lines = metadata.requires(NAME) or []
        except metadata.PackageNotFoundError:
            lines = []
        unwanted = "|".join(NOT_DECIDING)
        always = _names(line for line in lines if "extra ==" not in line)
        optional = _names(line for line in lines if not re.search(rf"extra == ['\"]({unwanted})['\"]", line))
    return always, optional - always


def project_version() -> dict[str, Any]:
    """`version`, `commit` and `modified` of this project.

    `commit` is that of the checkout from which the package is imported or was installed, else "". `modified` says
    whether code in the checkout differs from that commit. A repository of the user in the current folder is ignored.
    """
    version, commit, modified = _project()
    return {"version": version, "commit": commit, "modified": modified}


@functools.cache
def code_digest() -> str:
    """SHA-256 of the code and templates of this package."""
    folder = ROOT / "study"
    return digest_of((path for path in folder.rglob("*") if path.suffix in CODE), folder)


def digest_of(files: Iterable[Path], folder: Path) -> str:
    """SHA-256 of files below a folder, their names included.

    Raises:
        OSError: one cannot be read.
    """
    found = hashlib.sha256()
    for path in sorted(files):
        found.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def version_line() -> str:
    """The output of `study --version`."""
    version, commit, modified = _project()
    at = f" ({commit[:12]}{', modified' if modified else ''})" if commit else ""
    return f"{NAME} {version}{at}"


@functools.cache
def _project() -> tuple[str, str, bool]:
    declared = _declared()
    try:
        version = str(declared["version"]) if declared is not None else metadata.version(NAME)
    except (KeyError, metadata.PackageNotFoundError):
        version = UNKNOWN
    if declared is None:
        return version, _installed_commit(), False
    top = _git("rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != ROOT:
        return version, "", False
    changed = _git("status", "--porcelain", "--", "study", "experiments", "pyproject.toml")
    return version, _git("rev-parse", "--verify", "HEAD") or "", bool(changed)


def _declared() -> dict[str, Any] | None:
    """The [project] table of the checkout's pyproject.toml; None if this is not a checkout of the project."""
    try:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    return project if isinstance(project, dict) and project.get("name") == NAME else None


def _installed_commit() -> str:
    """The commit that pip installed from, if it was a repository and the imported package is that installation."""
    try:
        installed = metadata.distribution(NAME)
        if Path(str(installed.locate_file("study"))).resolve() != ROOT / "study":
            return ""
        return str(json.loads(installed.read_text("direct_url.json") or "{}")["vcs_info"]["commit_id"])
    except (metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        return ""


def _git(*words: str) -> str | None:
    """The output of a git command in the checkout; None if git is absent, fails or takes too long."""
    # In a git hook GIT_DIR may name another repository; and the command must not write into this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *words],
            capture_output=True,
            timeout=PATIENCE,
            check=True,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout).strip()


def _names(lines: Iterable[str]) -> frozenset[str]:
    found = (re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line.strip()) for line in lines)
    return frozenset(_normal(match[0]) for match in found if match)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
