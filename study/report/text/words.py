"""The report's vocabulary: labels and meanings of metrics, and the order of names."""

from collections.abc import Iterable

from study.metrics.registry import fact as word
from study.strategies.registry import FACTS
from study.tables.names import MODEL, REFERENCES

__all__ = [
    "MODEL",
    "REFERENCES",
    "STRATEGIES",
    "in_order",
    "word",
]

STRATEGIES = FACTS  # facts about strategies and reference rows, by name


def in_order(names: Iterable[str], vocabulary: Iterable[str]) -> list[str]:
    """`names` without repeats: those in `vocabulary` first, in its order, then the others alphabetically."""
    known = {name: rank for rank, name in enumerate(vocabulary)}
    return sorted(set(names), key=lambda name: (known.get(name, len(known)), name))
