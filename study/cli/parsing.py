"""Parsing a command line: values are checked before anything is done, and one line says what is wrong."""

import argparse
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from study.cli.settings import settings, split
from study.config import MOST_SEEDS
from study.errors import StudyError
from study.runtime.checks import SHOWN, shown

NEGATIVE = re.compile(r"^-(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^-(inf|infinity|nan)$", re.IGNORECASE)
CHOICE = re.compile(r"(.*): invalid choice: (.*) \(choose from (.*)\)$", re.DOTALL)
DIGITS = re.compile(r"[+-]?\d+")
MOST_CHARACTERS = 1000  # of a message
MOST = 1_000_000
MOST_DIGITS = 30  # of a whole number; no flag accepts one with as many


class Parser(argparse.ArgumentParser):
    """`ArgumentParser`, but a wrong command line is a `StudyError`, and flags cannot be abbreviated."""

    def __init__(self, **settings: Any):
        super().__init__(allow_abbrev=False, **settings)
        self.takes_settings = False  # whether fields of the configuration are flags too
        self._negative_number_matcher = (
            NEGATIVE  # so that an error calls a negative value by that name and not an unknown flag
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As in `ArgumentParser`; also keeps the words of the command line for error messages.

        Raises:
            StudyError: a flag or its value is wrong.
        """
        self.words, words = split(args or ()) if self.takes_settings else (list(args or ()), [])
        found, extra = super().parse_known_args(self.words, namespace)
        if self.takes_settings:
            found.settings = settings(words)
        return found, extra

    def error(self, message: str) -> NoReturn:
        """Raise a `StudyError` with argparse's message in our own words.

        Raises:
            StudyError: always.
        """
        message = message.removeprefix("argument ")
        extra = message.removeprefix("unrecognized arguments: ")
        needed = message.removeprefix("the following arguments are required: ")
        unknown = [word for word in self.words if word.startswith("--") and not self._knows(word)]
        choice = CHOICE.match(message)
        if choice:
            message = f"{choice[1]}: there is no {_short(choice[2])}; choose from {choice[3]}"
        elif extra != message and not extra.startswith("-"):
            message = (
                f"unexpected value {_short(extra)}; give the values of a flag as `--flag 1 2` or `--flag=1,2`"
            )
        elif extra != message or (needed != message and unknown):
            message = f"no flag {_short((extra if extra != message else unknown[0]).split(' ')[0])} here"
        elif needed != message:
            message = f"missing argument: {needed}"
        raise StudyError(f"{message}; see `{self._called()} --help`")

    def _knows(self, word: str) -> bool:
        return word.partition("=")[0] in self._option_string_actions

    def _called(self) -> str:
        """The command whose `--help` explains more; includes the verb if this is the top-level parser."""
        verbs = [
            name
            for action in self._actions
            if action.dest == argparse.SUPPRESS
            for name in action.choices or ()
        ]
        return f"{self.prog} {self.words[0]}" if self.words and self.words[0] in verbs else self.prog


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


class Once(argparse.Action):
    """A flag that may be given only once; argparse would silently drop the first of two values.

    `kind` converts the text to a value, or raises a ValueError that says what is wrong with it.
    """

    def __init__(self, option_strings: Sequence[str], dest: str, kind: Callable[[Any], Any], **settings: Any):
        super().__init__(option_strings, dest, **settings)
        self.kind = kind

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the value.

        Raises:
            argparse.ArgumentError: the flag was given before, or the value is wrong.
        """
        given = namespace.__dict__.setdefault("given", set())
        if self.dest in given:
            raise argparse.ArgumentError(self, "is given twice; give it once, with all its values")
        given.add(self.dest)
        try:
            setattr(namespace, self.dest, self.kind(values))
        except ValueError as error:
            raise argparse.ArgumentError(self, str(error)) from None


def text(value: str) -> str:
    """Text that is not empty.

    Raises:
        ValueError: it is empty, or no file could have this name.
    """
    if not value.strip():
        raise ValueError("is empty; give a value")
    if "\0" in value:
        raise ValueError(f"a name cannot contain a null character, got {shown(value)}")
    return value


def number(word: str) -> float:
    """A finite number.

    Raises:
        ValueError: it is not one.
    """
    try:
        found = float(word)
    except ValueError:
        raise ValueError(f"expected float values, got {shown(word)}") from None
    if not math.isfinite(found):
        raise ValueError(f"give finite numbers, got {shown(word)}")
    return found


def whole(word: str) -> int:
    """A whole number.

    Raises:
        ValueError: it is not one.
    """
    if DIGITS.fullmatch(word) and len(word) > MOST_DIGITS:
        raise ValueError(f"the number is too large, got {shown(word)}")
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"expected int values, got {shown(word)}") from None


def positive(word: str) -> float:
    """A number above 0, at most a million.

    Raises:
        ValueError: it is not one.
    """
    found = number(word)
    if not 0 < found <= MOST:
        raise ValueError(f"give a number above 0, at most {MOST:,}, got {shown(word)}")
    return found


def several(kind: Callable[[str], Any]) -> Callable[[Sequence[str]], tuple[Any, ...]]:
    """A function that reads a non-empty tuple of values separated by spaces or commas."""

    def read(given: Sequence[str]) -> tuple[Any, ...]:
        words = [word.strip() for item in given for word in item.split(",")]
        if not any(words):
            raise ValueError("is empty; give at least one value, or leave the flag out")
        return tuple(kind(word) for word in words if word)

    return read


def seeds(given: Sequence[str]) -> Sequence[int]:
    """One number: that many seeds from 0 on, as a range, which takes no memory; several numbers: those seeds.

    Raises:
        ValueError: they are not seeds.
    """
    found = several(whole)(given)
    if len(given) > 1 or "," in given[0]:
        return found
    if found[0] < 1:
        raise ValueError(f"one number is how many seeds; give 1 or more, got {shown(found[0])}")
    if found[0] > MOST_SEEDS:
        raise ValueError(
            f"one number is how many seeds, at most {MOST_SEEDS:,}, got {shown(found[0])}; for that seed alone write "
            f"`--seeds {given[0]},`"
        )
    return range(found[0])


def one_line(message: str) -> str:
    """A message as one short line, without characters that could control the terminal."""
    words = " ".join(message.split())
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)
    return plain if len(plain) <= MOST_CHARACTERS else f"{plain[:MOST_CHARACTERS]}…"
