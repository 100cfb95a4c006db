"""Paths and commands for readers: names, without the folders of somebody's machine."""

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

START = r"(?:~(?:[A-Za-z_][\w.-]*)?/|/|(?:\.\./)+)"  # the start of a path that names a place
# Within quotation marks, or before the colon of a message, a path may contain spaces; elsewhere it ends at one.
QUOTED = re.compile(rf"(?P<mark>['\"])(?P<path>{START}[^'\"\n]*)(?P=mark)")
LEADING = re.compile(rf"{START}(?:(?!\s[~/.])[^:\n'\"])+(?=: )")
BARE = re.compile(rf"(?<![\w.~/<)\]}}])(?:(?<!:)|(?!//)){START}[^\s'\"`<>|;:,()\[\]{{}}]+")
DEEPEST = 20  # most levels of a nested value


def shown_path(text: str) -> str:
    """The last part of a path that is absolute, below a home (~) or starts with `..`; any other text unchanged."""
    if "://" in text or "\n" in text:
        return text
    found = posixpath.normpath(text) if text else text
    if found.startswith(("/", "~/")) or re.match(START, found) or found == "..":
        return found.rstrip("/").rpartition("/")[2] or "/"
    return text


def shown_command(words: Sequence[str]) -> str:
    """A quoted command line that can be typed on another machine, with every path shortened by `shown_path`.

    This includes paths in `--flag=PATH` and in lists with commas.
    """
    return shlex.join(_word(word) for word in words)


def shown_text(text: str) -> str:
    """A sentence, such as the reason of a failure, with every path in it shortened by `shown_path`.

    Bytes of a file name that are not valid text, which tables cannot store, become question marks.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = re.sub(r"file://(?=/)", "", text)
    text = QUOTED.sub(lambda found: f"{found['mark']}{shown_path(found['path'])}{found['mark']}", text)
    leading = LEADING.match(text)
    if leading:
        text = shown_path(leading[0]) + text[leading.end() :]
    return BARE.sub(lambda found: shown_path(found[0]), text)


def shown_value(value: Any, *, depth: int = DEEPEST) -> Any:
    """Nested mappings and lists, such as a configuration, with every text in them shortened by `shown_path`.

    Values nested deeper than `depth` become "…".
    """
    if isinstance(value, str):
        return shown_path(value)
    if isinstance(value, Mapping | list | tuple) and depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {name: shown_value(part, depth=depth - 1) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [shown_value(part, depth=depth - 1) for part in value]
    return value


def _word(word: str) -> str:
    flag, equals, value = word.partition("=")
    if not equals or re.match(START, word):
        flag, equals, value = "", "", word
    return flag + equals + ",".join(map(shown_path, value.split(",")))
