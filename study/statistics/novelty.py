"""Whether a measure of novelty can tell copies of the training data from new examples, by its controls."""

from typing import Literal

Silence = Literal[
    "",
    "copies were not scored",
    "noise was not scored",
    "copies are not flagged",
    "held-out data are flagged",
    "noise is flagged",
]
NULL = {  # of measures that have one: the value if nothing is copied
    "nearer_to_train": 0.5,
    "nearer_to_train_features": 0.5,
    "closest_record": 0.5,
    "c_t": 0.0,
}


def silence(*, copies: bool | None, held_out: bool, noise: bool | None) -> Silence:
    """Why a measure gives no verdict, or nothing if it can tell.

    Training examples repeated must be flagged as copies: a measure at its ceiling flags nothing. Held-out data and
    noise copy nothing and must not be flagged: on a series that drifts, "nearer to the training data" means earlier.

    Args:
        copies: whether repeated training examples are flagged; None if they were not scored.
        held_out: whether real held-out data are, against the value that the measure has if nothing is copied.
        noise: whether noise is, against held-out data; None if it was not scored.
    """
    if copies is None:
        return "copies were not scored"
    if noise is None:
        return "noise was not scored"
    if not copies:
        return "copies are not flagged"
    if held_out:
        return "held-out data are flagged"
    return "noise is flagged" if noise else ""
