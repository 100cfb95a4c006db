"""The report's vocabulary: what metrics are called and mean, and in which order names stand."""

from collections.abc import Iterable

from study.metrics.registry import fact as word
from study.strategies.registry import FACTS
from study.tables.names import MODEL, REFERENCES

__all__ = [
    "MODEL",
    "NOT_FAILED",
    "REFERENCES",
    "STRATEGIES",
    "in_order",
    "word",
]

STRATEGIES = FACTS  # of strategies and reference rows, by name

NOT_FAILED = ("done", "ok")


def in_order(names: Iterable[str], vocabulary: Iterable[str]) -> list[str]:
    """`names` without repeats, those of `vocabulary` first and in its order, then the others by name."""
    known = {name: rank for rank, name in enumerate(vocabulary)}
    return sorted(set(names), key=lambda name: (known.get(name, len(known)), name))
