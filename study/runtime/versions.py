"""Which versions make a number: of the packages, and of this project itself. Light: nothing here imports them."""

import functools
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
ROOT = Path(__file__).resolve().parents[2]  # of a checkout; of an installed package it is site-packages
NOT_DECIDING = {"test"}  # extras whose packages check numbers and make none
BENEATH = ("jaxlib",)  # computes, and is required through another
PATIENCE = 5.0  # seconds that git may take to say which commit this is
UNKNOWN = "unknown"


def package_versions() -> dict[str, str]:
    """Version by package of all that decide a number, Python first.

    These are the project's own requirements, as it declares them, so that none can be forgotten; those of its extras
    and JAX's plugins where they are installed.
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
    """Version of each installed package of these names, "absent" of others."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def requirements() -> tuple[frozenset[str], frozenset[str]]:
    """Names of the packages that the project requires, and of those that only its extras do, tests' left out.

    Read from the checkout's pyproject.toml, which may be newer than what was installed, else from the installation.
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
    """`version`; `commit` of the checkout that this package is imported from, or that it was installed from, else "".

    `modified` says whether code in the checkout differs from that commit. The user's own repository in the current
    folder has no part in it.
    """
    version, commit, modified = _project()
    return {"version": version, "commit": commit, "modified": modified}


def version_line() -> str:
    """What `study --version` prints."""
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
    """The [project] table of the checkout's pyproject.toml; None where this is no checkout of the project."""
    try:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    return project if isinstance(project, dict) and project.get("name") == NAME else None


def _installed_commit() -> str:
    """The commit that pip installed from, where it was a repository and the installation is what is imported."""
    try:
        installed = metadata.distribution(NAME)
        if Path(str(installed.locate_file("study"))).resolve() != ROOT / "study":
            return ""
        return str(json.loads(installed.read_text("direct_url.json") or "{}")["vcs_info"]["commit_id"])
    except (metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        return ""


def _git(*words: str) -> str | None:
    """What git says of the checkout; None where it is absent, refuses or takes too long."""
    # A hook's GIT_DIR would name another repository; the look-up must not write into this one either.
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
