"""Short reprs, and tables for a notebook: what a value is, its shapes and its key facts, not its numbers."""

import dataclasses
import html
import math
from collections.abc import Mapping
from typing import Any, ClassVar

from study.runtime.checks import shown

LONGEST = 320  # characters of a repr
LONG = 48  # characters of one fact


class Brief:
    """A dataclass with a repr of one short line and an HTML table in notebooks; declare it with `repr=False`.

    A subclass may say which facts are told, and how, in `_facts`; by default these are its fields.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def _facts(self) -> Mapping[str, Any]:
        """What to tell, in order: by name, text as it is and other values by their shape or in short."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        info = fields.pop("info", {})  # the diagnostics of a fit come first, one by one
        return {**info, **fields}

    def __repr__(self) -> str:
        parts = [f"{name}={fact(value)}" for name, value in self._facts().items()]
        text = f"{type(self).__name__}({', '.join(parts)})"
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]}…)"

    def _repr_html_(self) -> str:
        return table(type(self).__name__, self._facts())


class Changes(Brief):
    """A configuration, of which those settings are told that are not at their default."""

    def _facts(self) -> Mapping[str, Any]:
        found = {}
        for field in dataclasses.fields(self):
            usual = field.default
            if field.default_factory is not dataclasses.MISSING:
                usual = field.default_factory()
            if (value := getattr(self, field.name)) != usual:
                found[field.name] = value
        return found


class Text(str):
    """A fact that is shown without quotation marks."""

    __slots__ = ()


def fact(value: Any) -> str:
    """A value in at most `LONG` characters: arrays by their shape, floats with four digits, nested values by class."""
    if isinstance(value, Text):
        text = str(value)
    elif isinstance(value, float):
        text = f"{value:.4g}"
    elif dataclasses.is_dataclass(value):
        text = repr(value) if isinstance(value, Changes) else type(value).__name__
    elif getattr(value, "shape", None):
        text = f"[{', '.join(map(str, value.shape))}]"
    elif isinstance(value, tuple | list | Mapping) and (several := _numbers(value)):
        text = f"{several:,} numbers"
    else:
        text = shown(value)
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"


def _numbers(value: Any) -> int:
    """How many numbers the arrays of a nested value hold; 0 if it holds no array."""
    if getattr(value, "shape", None) is not None:
        return math.prod(value.shape)
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple | list) else ()
    return sum(map(_numbers, parts))


def table(title: str, facts: Mapping[str, Any]) -> str:
    """A table of facts for a notebook, its text escaped."""
    rows = "".join(
        f'<tr><th style="text-align: left">{html.escape(name)}</th>'
        f'<td style="text-align: left">{html.escape(fact(value))}</td></tr>'
        for name, value in facts.items()
    )
    caption = f'<caption style="text-align: left"><b>{html.escape(title)}</b></caption>'
    return f"<table>{caption}<tbody>{rows}</tbody></table>"
