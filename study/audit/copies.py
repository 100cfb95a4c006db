"""Whether samples copy training data: every measure of novelty against real held-out data, and what it can tell."""

import dataclasses
import math

import pandas as pd
from scipy.special import ndtri

from study.metrics.registry import fact, names
from study.statistics.estimates import LEVEL
from study.statistics.novelty import NULL, Silence, silence

HELD_OUT, COPYCAT, NOISE = "held-out", "copycat", "noise"


@dataclasses.dataclass(frozen=True)
class Copying:
    """How a strategy stands on copying.

    Attributes:
        flagged: measures that flag it.
        telling: measures that can tell: they flag repeated training examples, and neither real data nor noise.
        nearer: share of its samples that are nearer to train than to as many held-out examples; ½ if it copies nothing.
        nearer_real: that of real held-out data.
    """

    flagged: tuple[str, ...]
    telling: tuple[str, ...]
    nearer: float
    nearer_real: float

    @property
    def copies(self) -> bool | None:
        """Whether most of the measures that can tell flag it; None if none can tell."""
        return 2 * len(self.flagged) > len(self.telling) if self.telling else None


def copying(metrics: pd.DataFrame, strategy: str) -> Copying:
    """How the first fit of a strategy stands on copying, from rows of the metrics table.

    Each measure is compared with that of real held-out data, both with their standard errors over samples.
    """
    rows = metrics[(metrics["fit"] == 0) & (metrics["evaluation"] == 0) & (metrics["status"] == "ok")]
    rows = rows[rows["metric"].isin(names("novelty"))].set_index(["strategy", "metric"])
    measures = [name for name in names("novelty") if (HELD_OUT, name) in rows.index]
    telling = [name for name in measures if not _silent(rows, name)]
    flagged = [name for name in telling if _flagged(rows, strategy, name)]
    nearer, real = (
        float(rows["value"].get((name, "nearer_to_train"), math.nan)) for name in (strategy, HELD_OUT)
    )
    return Copying(tuple(flagged), tuple(telling), nearer, real)


def _silent(rows: pd.DataFrame, metric: str) -> Silence:
    """Why a measure gives no verdict here, or nothing."""
    copies = _flagged(rows, COPYCAT, metric) if (COPYCAT, metric) in rows.index else None
    real = metric in NULL and _flagged(rows, HELD_OUT, metric, against=NULL[metric])
    noise = _flagged(rows, NOISE, metric) if (NOISE, metric) in rows.index else None
    return silence(copies=copies, held_out=real, noise=noise)


def _flagged(rows: pd.DataFrame, strategy: str, metric: str, *, against: float | None = None) -> bool:
    """Whether the whole interval of the difference from real data, or from a number, is on the side of copying.

    Intervals are corrected for the number of measures, so that some measure is flagged by chance in at most 5 %.
    """
    if (strategy, metric) not in rows.index:
        return False
    (own, own_error), (real, real_error) = (
        (float(rows["value"][key]), float(rows["stderr"][key]))
        for key in ((strategy, metric), (HELD_OUT, metric))
    )
    spread = [own_error] + ([real_error] if against is None else [])
    difference = own - (real if against is None else against)
    reach = float(ndtri(1 - (1 - LEVEL) / 2 / len(names("novelty")))) * math.hypot(
        *(0.0 if math.isnan(one) else one for one in spread)
    )
    return difference > reach if fact(metric).better == "lower" else difference < -reach
