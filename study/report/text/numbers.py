"""Numbers and lists as text, for sentences and tables."""

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def decimals(*values: float) -> int:
    """Decimals that show the largest finite magnitude of `values` with 3 significant digits."""
    sizes = [abs(v) for v in values if math.isfinite(v) and v != 0]
    return min(max(0, 2 - math.floor(math.log10(max(sizes)))), 12) if sizes else 0


def number(value: float, places: int | None = None) -> str:
    """A number as text: 3 significant digits or `places` decimals, a real minus sign, "—" for NaN.

    With `places`, a number of a million or more still has 3 significant digits.
    """
    if not math.isfinite(value):
        return "—" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if abs(value) >= 1e6 if places is not None else value != 0 and not 1e-4 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.2e}".split("e")
        power = str(int(exponent)).translate(SUPERSCRIPT)
        return f"{mantissa}×10{power}".replace("-", "−")
    text = f"{value:.{decimals(value) if places is None else places}f}"
    if places is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def interval(value: float, low: float, high: float, *, scale: float = 1.0, places: int | None = None) -> str:
    """`value [low, high]`, all with the same number of decimals; the value alone if there is no interval."""
    value, low, high = value * scale, low * scale, high * scale
    if not (math.isfinite(low) and math.isfinite(high)) or low == value == high:
        return number(value, places)
    if places is None and decimals(value, low, high) <= 5:
        places = decimals(value, low, high)
    return f"{number(value, places)} [{number(low, places)}, {number(high, places)}]"


def with_ends(
    row: Mapping[Hashable, Any] | pd.Series, name: str, *, scale: float = 1.0, places: int | None = None
) -> str:
    """`interval` of a row's `name`, `<name>_low` and `<name>_high`."""
    return interval(row[name], row[f"{name}_low"], row[f"{name}_high"], scale=scale, places=places)


def listed(words: Iterable[str], *, last: str = "and") -> str:
    """The words as a list in prose: "a", "a and b", or "a, b and c"."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def count(n: int, noun: str) -> str:
    """A number and its noun, in the plural unless n is 1."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
