"""How two sets of numbers are ranked against each other."""

import numpy as np
from jaxtyping import Float, Float64


def placements(x: Float[np.ndarray, " n"], others: Float[np.ndarray, " m"]) -> Float64[np.ndarray, " n"]:
    """The share of `others` that each x exceeds; ties count a half. The mean is the AUC, :cite:`delong1988`."""
    ordered = np.sort(others)
    below, up_to = (np.searchsorted(ordered, x, side) for side in ("left", "right"))
    return (below + up_to) / 2 / len(others)
