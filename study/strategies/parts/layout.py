"""Whether the fields of a fitted class are consistent: of their declared types, and arrays of their declared shapes.

A class may declare `shapes`: for each array field (or a dotted path such as "density.latents.mean") one letter per
axis. Axes with the same letter have the same size within a class, and such arrays hold finite numbers. A method
`check` of the class tests what else must hold.
"""

import dataclasses
import functools
import math
import numbers
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

import jax
import numpy as np
from jaxtyping import AbstractArray

from study.training.architecture import Architecture


def check_layout(value: Any) -> None:
    """Check a fitted object as described above; nested objects were checked when they were read.

    Raises:
        ValueError: a short description of what is inconsistent.
    """
    kind = type(value)
    for name, hint in _hints(kind).items():  # type: ignore[arg-type]  # a class is hashable
        if not _fits(hint, getattr(value, name)):
            raise ValueError(f"{kind.__name__}.{name} is not of its type")
    sizes: dict[str, int] = {}
    for name, axes in getattr(kind, "shapes", {}).items():
        array = functools.reduce(getattr, name.split("."), value)
        if array is None:
            continue
        if array.ndim != len(axes) or any(
            sizes.setdefault(axis, size) != size for axis, size in zip(axes, array.shape, strict=True)
        ):
            raise ValueError(f"{kind.__name__}.{name} has the shape {list(array.shape)}")
        if not np.isfinite(array).all():
            raise ValueError(f"{kind.__name__}.{name} holds values that are not finite")
    check = getattr(value, "check", None)
    if check is not None:
        check()


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    found = typing.get_type_hints(kind, localns={"Architecture": Architecture})
    return {field.name: found[field.name] for field in dataclasses.fields(kind)}


def _fits(hint: Any, value: Any) -> bool:
    """Whether a value is of a declared type; a protocol accepts anything, since its classes are checked themselves."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if origin in (types.UnionType, typing.Union):
        return any(_fits(one, value) for one in arguments)
    if origin is Literal:
        return isinstance(value, str) and value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(arguments[0], item) for item in value)
    if hint is type(None):
        return value is None
    if hint is np.ndarray or (isinstance(hint, type) and issubclass(hint, AbstractArray)):
        return isinstance(value, np.ndarray | jax.Array) and value.dtype.kind in "fiub"
    if hint is int:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if (origin or hint) is Mapping:
        item = arguments[1] if arguments else Any
        return isinstance(value, Mapping) and all(_fits(item, one) for one in value.values())
    return getattr(hint, "_is_protocol", False) or isinstance(value, hint)


def check_numbers_in_range(made: Any, **bounds: tuple[float, float]) -> None:
    """Check that arrays of indices or counts stay in range; `bounds` gives the smallest and largest value by field.

    Raises:
        ValueError: a short description of what is out of range.
    """
    for name, (least, most) in bounds.items():
        array = getattr(made, name)
        if array.dtype.kind not in "iu" or (array.size and not least <= array.min() <= array.max() <= most):
            raise ValueError(f"{type(made).__name__}.{name} holds numbers beyond {least:g} to {most:g}")
