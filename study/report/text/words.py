"""The report's vocabulary: what metrics are called and mean, and in which order names stand."""

from collections.abc import Iterable

from study.metrics.registry import fact as word
from study.strategies import listing
from study.tables.names import MODEL, REFERENCES

__all__ = [
    "LADDER",
    "LADDER_GAPS",
    "MODEL",
    "NOT_FAILED",
    "REFERENCES",
    "STRATEGIES",
    "word",
]

STRATEGIES = {row["name"]: row for row in listing()}

NOT_FAILED = ("done", "ok")


LADDER = (
    ("prior", 0),
    ("global-gaussian", 1),
    ("gaussian-full", 2),
    ("shuffled-marginals", 2),
    ("gmm", 3),
    ("flow", 4),
    ("posterior", 5),
    ("reconstruction", 6),
    ("held-out", 7),
)
LADDER_GAPS = {
    "global-gaussian": "scale and shift",
    "gaussian-full": "+ correlation",
    "shuffled-marginals": "+ marginal shape",
    "gmm": "joint structure",
    "flow": "finer joint structure",
    "posterior": "memorisation",
    "reconstruction": "unseen examples",
    "held-out": "decoder",
}


def in_order(names: Iterable[str], vocabulary: Iterable[str]) -> list[str]:
    """`names` without repeats, those of `vocabulary` first and in its order, then the others by name."""
    known = {name: rank for rank, name in enumerate(vocabulary)}
    return sorted(set(names), key=lambda name: (known.get(name, len(known)), name))
