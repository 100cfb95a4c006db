"""Every field of a run's configuration as a flag: `--model.hidden 64 64`, `--training.patience 5`, `--fits 3`."""

import contextlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from study.config import StudyConfig
from study.config.paths import at, paths
from study.errors import StudyError
from study.runtime.checks import brief

# These have flags of their own, which count seeds, accept commas, or name a path; here they would be listed twice.
OWN = ("dataset", "alphas", "betas", "seeds", "strategies", "features")
HELP = "--help-all"


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of a command line in two parts: flags of `study run`, and flags of fields, each with its values."""
    rest: list[str] = []
    found: list[str] = []
    into = rest
    for word in argv:
        if word.startswith("--"):
            into = found if _names_field(word) else rest
        into.append(word)
    return rest, found


def _names_field(word: str) -> bool:
    name = _path(word)
    return "." in name or name in _top_fields()


def _top_fields() -> set[str]:
    return {path for path in paths(StudyConfig) if "." not in path and path not in OWN}


def _path(word: str) -> str:
    return word.removeprefix("--").partition("=")[0].replace("-", "_")


def settings(words: Sequence[str]) -> dict[str, Any]:
    """The values that these words set, by the path of the field, such as "model.hidden".

    Raises:
        StudyError: there is no such field, one is set twice, or a value has the wrong type or is out of range.
    """
    if not words:
        return {}
    given = [_path(word) for word in words if word.startswith("--")]
    for word, following in zip(words, [*words[1:], "--"], strict=True):
        if word.startswith("--") and following.startswith("--") and not word.partition("=")[2]:
            raise StudyError(f"{word.partition('=')[0]}: is empty; give a value")
    for name in given:
        if name not in paths(StudyConfig) or name in OWN:
            raise StudyError(f"no flag --{_flag(name)} here; `study run {HELP}` lists all of them")
        if given.count(name) > 1:
            raise StudyError(f"--{_flag(name)}: is given twice; give it once, with all its values")
    config = _parsed(words)
    return {name: at(config, name) for name in given}


def _parsed(words: Sequence[str]) -> Any:
    """The default configuration with these flags.

    Raises:
        StudyError: a value is wrong.
    """
    import tyro

    said = io.StringIO()
    try:
        with _wide(), contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            return tyro.cli(
                _kind(), default=StudyConfig(), args=list(words), prog="study run", description=""
            )
    except SystemExit as end:
        if not end.code:
            raise
        raise StudyError(_one_line(said.getvalue())) from None


@contextlib.contextmanager
def _wide() -> Iterator[None]:
    """Pretend within this context that the terminal is very wide, so that no message is broken into lines."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "10000"
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _one_line(text: str) -> str:
    """The error message in the box that tyro prints, without the help of the flag."""
    rows = [line.strip(" │|") for line in text.splitlines()]
    ruled = [i for i, row in enumerate(rows) if re.fullmatch(r"[-─╭╮╰╯├┤]+", row)]
    body = rows[ruled[0] + 1 : ruled[1]] if len(ruled) > 1 else rows
    message = " ".join(row for row in body if row).removeprefix("Error parsing ")
    return f"{brief(message)}; see `study run {HELP}`"


def fields() -> list[str]:
    """The flags of all fields, without those in `OWN`."""
    return [f"--{_flag(path)}" for path in paths(StudyConfig) if path not in OWN]


def show_all() -> str:
    """The help of every field, as `study run --help-all` prints it."""
    import tyro

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        tyro.cli(_kind(), default=StudyConfig(), args=["--help"], prog="study run", description="")
    return said.getvalue()


def _kind() -> Any:
    """The configuration type for tyro: every flag takes a value, and nothing becomes a subcommand."""
    import tyro

    return tyro.conf.AvoidSubcommands[tyro.conf.FlagConversionOff[StudyConfig]]


def _flag(path: str) -> str:
    return path.replace("_", "-")
