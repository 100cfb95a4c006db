"""Configurations as plain JSON values, and back."""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from study.config.fields import hints, typed
from study.errors import StudyError
from study.runtime.checks import shown

T = typing.TypeVar("T")
ADDED = "added"  # in the metadata of a field: its default


def to_dict(config: Any) -> dict[str, Any]:
    """A config as plain JSON values.

    A field that a later version added, which its metadata say by `ADDED`, is left out where it has its default, so that
    what earlier versions wrote stays equal.
    """
    return {k: list(v) if isinstance(v, tuple) else v for k, v in _items(config)}


def from_dict(kind: type[T], values: Mapping[str, Any], *, where: str = "configuration") -> T:
    """A config of `kind` from plain values.

    Raises:
        StudyError: an unknown key, a missing key, or a value of the wrong type.
    """
    if not isinstance(values, Mapping):
        raise StudyError(f"{where}: expected a mapping of names to values, got {shown(values)}")
    declared = hints(kind)
    unknown = next((name for name in values if name not in declared), None)
    if unknown is not None:
        raise StudyError(f"{where}: unknown key {shown(unknown)}; the keys are {', '.join(sorted(declared))}")
    needed = [f.name for f in dataclasses.fields(kind) if _required(f)]  # type: ignore[arg-type]
    absent = [name for name in needed if name not in values]
    if absent:
        raise StudyError(f"{where}: {absent[0]!r} is missing; the required keys are {', '.join(needed)}")
    made = {name: _made(declared[name], value, f"{where}.{name}") for name, value in values.items()}
    try:
        return kind(**made)
    except StudyError as error:
        raise StudyError(f"{where}: {error}") from error


def _made(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint) and not isinstance(value, hint):  # type: ignore[arg-type]
        return from_dict(hint, value, where=where)  # type: ignore[arg-type]
    return typed(hint, value, where)


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _items(config: Any) -> list[tuple[str, Any]]:
    pairs = (
        (field.name, getattr(config, field.name))
        for field in dataclasses.fields(config)
        if ADDED not in field.metadata or getattr(config, field.name) != field.metadata[ADDED]
    )
    return [(name, to_dict(value) if dataclasses.is_dataclass(value) else value) for name, value in pairs]
