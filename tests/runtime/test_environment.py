import json
import os
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from study.runtime import environment, versions

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def asked_anew():
    versions._project.cache_clear()
    yield
    versions._project.cache_clear()


def git(folder: Path, *words: str) -> str:
    named = [
        "git",
        "-C",
        str(folder),
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.c",
        "-c",
        "commit.gpgsign=false",
    ]
    return subprocess.run([*named, *words], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that looks like this project's and from which the package appears to be imported."""
    top = (tmp_path / "checkout").resolve()
    (top / "study").mkdir(parents=True)
    (top / "study" / "a.py").write_text("A = 1\n")
    (top / "pyproject.toml").write_text(f'[project]\nname = "{versions.NAME}"\nversion = "9.1"\n')
    git(top, "init", "-q")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "first")
    monkeypatch.setattr(versions, "ROOT", top)
    return top


def test_every_package_that_decides_a_number_has_its_version():
    found = environment.package_versions()
    named = "jax jaxlib flax optax numpy scipy pandas pyarrow scikit-learn equinox flowjax paramax blackjax "
    named += "statsmodels threadpoolctl matplotlib seaborn pillow jinja2 filelock"
    assert {name: found[name] for name in named.split()} == {
        name: metadata.version(name) for name in named.split()
    }
    assert next(iter(found)) == "python"
    assert all(isinstance(text, str) and text for text in found.values())


def test_a_dependency_that_is_new_is_not_forgotten(checkout):
    (checkout / "pyproject.toml").write_text(
        f'[project]\nname = "{versions.NAME}"\n'
        'dependencies = ["Py_Test[a]>=8; python_version > \'3\'", "no-such-one"]\n'
        '[project.optional-dependencies]\nonnx = ["onnxruntime>=1", "not-installed"]\ntest = ["mypy"]\n'
    )
    found = versions.package_versions()
    assert found["py-test"] == "absent" and found["no-such-one"] == "absent"
    assert "not-installed" not in found and "mypy" not in found
    assert ("onnxruntime" in found) == bool(metadata.packages_distributions().get("onnxruntime"))


def test_an_installation_without_a_checkout_says_what_it_requires(tmp_path, monkeypatch):
    monkeypatch.setattr(versions, "ROOT", tmp_path)
    monkeypatch.setattr(
        metadata, "requires", lambda name: ["jax>=1", "onnx>=1; extra == 'onnx'", "mypy; extra == 'test'"]
    )
    assert versions.requirements() == (frozenset({"jax"}), frozenset({"onnx"}))


def test_the_library_behind_matrix_products_is_named():
    said = environment.package_versions()["blas"]
    assert said == "none found" or any(digit in said for digit in "0123456789")
    assert "/" not in said


def test_versions_can_be_altered_without_harm():
    environment.package_versions()["jax"] = "altered"
    assert environment.package_versions()["jax"] == metadata.version("jax")


def test_the_commit_is_that_of_the_checkout(checkout):
    assert environment.project_version() == {
        "version": "9.1",
        "commit": git(checkout, "rev-parse", "HEAD"),
        "modified": False,
    }
    assert environment.version_line() == f"{versions.NAME} 9.1 ({git(checkout, 'rev-parse', 'HEAD')[:12]})"


@pytest.mark.parametrize("name", ["study/a.py", "study/new.py", "pyproject.toml"])
def test_code_that_differs_from_the_commit_is_told(checkout, name):
    with (checkout / name).open("a") as file:
        file.write("\n# more\n")
    assert environment.project_version()["modified"]
    assert environment.version_line().endswith(", modified)")


def test_results_are_no_modification(checkout):
    (checkout / "results").mkdir()
    (checkout / "results" / "a.csv").write_text("a\n")
    assert not environment.project_version()["modified"]


def test_the_users_own_repository_has_no_part_in_it(checkout, tmp_path, monkeypatch):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    git(theirs, "init", "-q")
    git(theirs, "commit", "-q", "--allow-empty", "-m", "theirs")
    monkeypatch.chdir(theirs)
    monkeypatch.setenv("GIT_DIR", str(theirs / ".git"))  # as within one of its hooks
    monkeypatch.setenv("GIT_WORK_TREE", str(theirs))
    environment_of_ours = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    head = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        env=environment_of_ours,
        check=True,
    )
    assert environment.project_version()["commit"] == head.stdout.strip()


def test_a_copy_within_another_repository_has_no_commit(checkout, monkeypatch):
    copy = checkout / "vendored"
    copy.mkdir()
    (copy / "pyproject.toml").write_bytes((checkout / "pyproject.toml").read_bytes())
    monkeypatch.setattr(versions, "ROOT", copy)
    assert environment.project_version() == {"version": "9.1", "commit": "", "modified": False}


def test_a_repository_without_a_commit_has_none(checkout, monkeypatch):
    subprocess.run(["rm", "-rf", str(checkout / ".git")], check=True)
    git(checkout, "init", "-q")
    assert environment.project_version()["commit"] == ""


def test_without_git_there_is_a_version_and_no_commit(checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert environment.project_version() == {"version": "9.1", "commit": "", "modified": False}
    assert environment.version_line() == f"{versions.NAME} 9.1"


def test_a_git_that_hangs_is_not_waited_for(checkout, tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(versions, "PATIENCE", 0.2)
    assert environment.project_version()["commit"] == ""


class Installed:
    """The metadata that pip stores for a package installed from a repository."""

    version = "7.0"

    def __init__(self, place: Path, facts: str | None):
        self.place, self.facts = place, facts

    def locate_file(self, name: str) -> Path:
        return self.place / name

    def read_text(self, name: str) -> str | None:
        return self.facts if name == "direct_url.json" else None


@pytest.mark.parametrize(
    ("facts", "commit"),
    [
        (json.dumps({"url": "somewhere", "vcs_info": {"vcs": "git", "commit_id": "ab12"}}), "ab12"),
        (json.dumps({"url": "somewhere", "dir_info": {"editable": True}}), ""),
        (None, ""),
        ("{", ""),
        ("[]", ""),
    ],
)
def test_an_installation_from_a_repository_knows_its_commit(tmp_path, monkeypatch, facts, commit):
    monkeypatch.setattr(versions, "ROOT", tmp_path)
    monkeypatch.setattr(metadata, "distribution", lambda name: Installed(tmp_path, facts))
    assert environment.project_version()["commit"] == commit
    monkeypatch.setattr(metadata, "distribution", lambda name: Installed(tmp_path / "another", facts))
    versions._project.cache_clear()
    assert environment.project_version()["commit"] == ""


def test_the_project_is_described():
    found = environment.describe()
    assert set(found["project"]) == {"version", "commit", "modified"}
    assert found["versions"] == environment.package_versions()
    assert json.dumps(found)
