"""Fields of nested configurations by their paths, such as "model.prior.components"."""

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

from study.config.fields import hints


@functools.cache
def paths(kind: type) -> tuple[str, ...]:
    """The path of every field of a configuration that is not itself a configuration, in order."""
    return tuple(_paths(kind))


def _paths(kind: type) -> Iterator[str]:
    for name, hint in hints(kind).items():
        if dataclasses.is_dataclass(hint):
            yield from (f"{name}.{inner}" for inner in _paths(hint))  # type: ignore[arg-type]
        else:
            yield name


def at(config: Any, path: str) -> Any:
    """The value at a path."""
    for name in path.split("."):
        config = getattr(config, name)
    return config


def replaced(config: Any, path: str, value: Any) -> Any:
    """The configuration with another value at a path.

    Raises:
        StudyError: the value is not valid for that field.
    """
    name, _, rest = path.partition(".")
    return dataclasses.replace(
        config, **{name: replaced(getattr(config, name), rest, value) if rest else value}
    )
