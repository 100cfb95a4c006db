"""Standard error of a share."""

import numpy as np


def share_stderr(share: float | np.floating, n: int) -> float:
    """Standard error of a share of n trials with two successes and two failures added :cite:`agresti1998`.

    It is never zero, since no success among n trials does not mean that success is impossible.
    """
    added = (share * n + 2) / (n + 4)
    return float(np.sqrt(added * (1 - added) / (n + 4)))
