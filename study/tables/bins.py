"""Counts of single draws in bins of log q(z), which a figure of their quality needs instead of every draw.

The bins of a setting and source hold equally many draws, pooled over all training runs of the setting, so that training
runs can be compared bin by bin.
"""

import numpy as np
import pandas as pd

BINS = 8
EDGE = 0.01  # share of a training run's draws that lie below its `low`


def binned(draws: pd.DataFrame, setting: pd.Series) -> pd.DataFrame:
    """Count single draws in bins.

    Args:
        draws: a row for each draw: run_id, source, log_q (nats), and `inside`, whether its sample lies in the manifold
            of real data.
        setting: the setting of each run_id; runs with the same setting share their bins.

    Returns:
        A row for every run, source and bin that has draws: run_id, source, bin, draws (how many), inside (how many of
        them), log_q (their mean), and low, the 1 % quantile of log_q of that run and source.
    """
    if draws.empty:
        return pd.DataFrame(columns=["run_id", "source", "bin", "draws", "inside", "log_q", "low"])
    place = draws["run_id"].map(setting)
    draws = draws.assign(log_q=draws["log_q"].astype(np.float64))
    rows = draws.assign(bin=draws.groupby([place, "source"])["log_q"].transform(_bins))
    own = rows.groupby(["run_id", "source"], sort=False)["log_q"].quantile(EDGE).rename("low")
    cells = rows.groupby(["run_id", "source", "bin"])
    found = pd.DataFrame(
        {"draws": cells.size(), "inside": cells["inside"].sum(), "log_q": cells["log_q"].mean()}
    ).reset_index()
    order = {pair: i for i, pair in enumerate(own.index)}
    found = found.join(own, on=["run_id", "source"])
    rank = [order[pair] for pair in zip(found["run_id"], found["source"], strict=True)]
    return found.iloc[np.argsort(rank, kind="stable")].reset_index(drop=True)


def _bins(log_q: pd.Series) -> np.ndarray:
    edges = np.unique(np.quantile(log_q, np.linspace(0, 1, BINS + 1)))
    place = np.searchsorted(edges, log_q, side="right") - 1
    return np.clip(place, 0, max(len(edges) - 2, 0))
