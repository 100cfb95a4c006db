"""Rows of `Results.metrics`, joined with the configuration columns, from arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

NOISE = np.array([0.0, 0.1, -0.1, 0.05, -0.05])


def rows(
    values: Mapping[str, Any], *, betas: Sequence[float] | None = None, stderr: float = 0.0, **columns: Any
) -> pd.DataFrame:
    """From strategy -> `[S]`, `[K, S]` or `[K, S, fits, draws]`; NaN is a row that is missing."""
    made = []
    for name, array in values.items():
        full = np.asarray(array, np.float64)
        full = full[None] if full.ndim == 1 else full
        full = full[..., None, None] if full.ndim == 2 else full
        for (k, seed, fit, draw), value in np.ndenumerate(full):
            beta = betas[k] if betas else float(k + 1)
            made.append(
                {
                    "run_id": f"{beta}-{seed}", "strategy": name, "fit": fit, "draw": draw, "metric": "kid",
                    "value": value, "stderr": stderr, "n": 100, "reference": "r", "better": "lower",
                    "status": "ok", "alpha": 1.0, "beta": beta, "noise_variance": beta / 2, "seed": seed,
                }
                | columns
            )  # fmt: skip
    frame = pd.DataFrame(made)
    return frame[frame["value"].notna()].reset_index(drop=True)


def at(summary: pd.DataFrame, beta: float | None = None, metric: str = "kid") -> pd.DataFrame:
    """The rows of a summary at one setting, or averaged over the grid, by strategy."""
    own = summary[summary["metric"] == metric]
    return own[own["alpha"].isna() if beta is None else own["beta"] == beta].set_index("strategy")
