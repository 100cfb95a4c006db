"""Configurations as plain JSON values, and back."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from study.errors import StudyError

T = typing.TypeVar("T")


def to_dict(config: Any) -> dict[str, Any]:
    """A config as plain JSON values."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in _items(config)}


def from_dict(kind: type[T], values: Mapping[str, Any], *, where: str = "configuration") -> T:
    """A config of `kind` from plain values.

    Raises:
        StudyError: an unknown key, or a value of the wrong type.
    """
    hints = typing.get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise StudyError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    return kind(**{name: _coerce(hints[name], value, f"{where}.{name}") for name, value in values.items()})


def _items(config: Any) -> list[tuple[str, Any]]:
    pairs = ((field.name, getattr(config, field.name)) for field in dataclasses.fields(config))
    return [(name, to_dict(value) if dataclasses.is_dataclass(value) else value) for name, value in pairs]


def _coerce(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return from_dict(hint, value, where=where) if isinstance(value, Mapping) else value  # type: ignore[arg-type]
    origin = typing.get_origin(hint)
    if origin is tuple:
        if isinstance(value, str) or not isinstance(value, typing.Iterable):
            raise StudyError(f"{where}: expected a list, got {value!r}")
        return tuple(_coerce(typing.get_args(hint)[0], item, where) for item in value)
    if origin in (Literal, types.UnionType):
        return value
    try:
        if hint is int and float(value) != int(value):
            raise ValueError
        return hint(value)
    except (TypeError, ValueError):
        raise StudyError(f"{where}: expected {hint.__name__}, got {value!r}") from None
