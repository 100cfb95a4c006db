"""Checks of a strategy's hyper-parameters and arguments against their declared types, with one-line errors."""

import dataclasses
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from jaxtyping import Num

from study.errors import StudyError
from study.runtime.arrays import numbers
from study.runtime.checks import finite_number, whole_number

# The largest values of hyper-parameters that decide how much memory is used; others only have to fit 32 bits.
LARGEST = {"width": 2**14, "layers": 2**10, "knots": 2**10, "batch_size": 2**20, "sampling_steps": 2**20}


def check_settings(strategy: Any) -> None:
    """Check that every hyper-parameter has its declared type; numbers, and lists of them, become Python's own.

    This refuses wrong types, NaN, infinity, sizes that exceed memory or a 32-bit count, and texts that a `Literal` does
    not list. Each strategy checks the ranges of its numbers itself.

    Raises:
        StudyError: one of them is invalid.
    """
    hints = get_type_hints(type(strategy))
    for field in dataclasses.fields(strategy):
        name = f"strategy {strategy.name!r}: {field.name}"
        plain = _checked(hints[field.name], getattr(strategy, field.name), name, field.name)
        object.__setattr__(strategy, field.name, plain)


def _checked(hint: Any, value: Any, name: str, field: str) -> Any:
    hints = (hint,) if get_origin(hint) is Literal else get_args(hint) or (hint,)
    if value is None and type(None) in hints:
        return value
    if not {int, float} & set(hints):
        choices = next((get_args(part) for part in hints if get_origin(part) is Literal), ())
        if choices and value not in choices:
            raise StudyError(f"{name} must be {' or '.join(map(repr, choices))}, got {value!r}")
        return value
    several = isinstance(value, tuple | list) and any(get_origin(part) is tuple for part in hints)
    most = LARGEST.get(field, 2**31 - 1)
    plain = tuple(
        whole_number(one, name=name, least=None, most=most) if int in hints else finite_number(one, name=name)
        for one in (value if several else (value,))
    )
    return plain if several else plain[0]


def added(default: Any) -> Any:
    """A field that a strategy got after results were stored: at its default it is in no key and in no table."""
    return dataclasses.field(default=default, metadata={"added": True})


def is_added(field: "dataclasses.Field[Any]") -> bool:
    """Whether a field was declared by `added`."""
    return bool(field.metadata.get("added"))


def check_positive(strategy: Any) -> None:
    """Check that every numeric hyper-parameter is above 0.

    Raises:
        StudyError: one is not.
    """
    for field in dataclasses.fields(strategy):
        value = getattr(strategy, field.name)
        if isinstance(value, int | float) and not value > 0:
            raise StudyError(f"strategy {strategy.name!r}: {field.name} must be positive, got {value}")


def check_z(z: Any, *, d: int, where: str = "log_prob", dtype: Any = np.float64) -> Num[np.ndarray, " n {d}"]:
    """z as an array of numbers, one row each.

    Args:
        z: the value to check.
        d: number of dimensions.
        where: the function that messages name.
        dtype: of the array that is returned; None keeps that of z.

    Raises:
        StudyError: z is not an array of numbers, or has another shape.
    """
    z = numbers(z, name=f"{where}: z", dtype=dtype)
    if z.ndim != 2 or z.shape[1] != d:
        raise StudyError(f"{where}: z must be [n, {d}], got {list(z.shape)}")
    return z
