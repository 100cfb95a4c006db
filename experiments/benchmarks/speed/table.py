"""From single calls to one row for each case and side: medians, ratios of pairs, and the machine's bound."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.speed.cases import OURS, Case, Side
from experiments.benchmarks.speed.groups import COPY, PRODUCT

CASE = ["group", "task", "axis", "value"]
RUNS = [
    *CASE, "name", "side", "run", "seconds", "cpu_seconds", "peak_mib", "start_mib", "programs", "flops", "traffic",
    "others",
]  # fmt: skip
QUIET = 0.1  # cores that may do other work while seconds still mean something
FIRST = -1  # the number of a call that may compile


def row(case: Case, side: Side, run: int, measured: Mapping[str, float]) -> dict[str, Any]:
    """One call, with columns `RUNS`; seconds are those of the side's share."""
    own = {name: measured.get(name, np.nan) for name in RUNS}
    own |= {name: side.share * measured[name] for name in ("seconds", "cpu_seconds")}
    of = {name: getattr(case, name) for name in (*CASE, "name", "flops", "traffic")}
    return own | of | {"side": side.name, "run": run}


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """One row for each case and side.

    Returns:
        CASE, name (of the case), side, runs (calls), seconds (median), low, high (fastest and slowest call),
        cpu_seconds (median), compile_seconds (what the first call took longer, for ours), peak_mib (largest), start_mib
        (before a call), programs (compiled and kept by a call), ratio (how many times faster ours is: medians),
        ratio_low, ratio_high (smallest and largest of the pairs), cpu_ratio (of median processor seconds, which other
        work on the machine disturbs less), peak_ratio (of largest peaks), growth and program_growth (seconds and
        programs over those of the next smaller case of the same task and axis), bound_seconds, times_bound (our seconds
        over the bound), others (cores that other processes used meanwhile, on average), quiet (whether they are at most
        `QUIET` in every row of the case).
    """
    peaks = machine_peaks(runs)
    found = pd.DataFrame(list(_rows(runs, *peaks.values())))
    steps = found.sort_values("value", kind="stable").groupby(["task", "axis", "side"], sort=False)
    for column, of in (("growth", "seconds"), ("program_growth", "programs")):
        found[column] = found[of] / steps[of].shift()
    return found


def machine_peaks(runs: pd.DataFrame) -> dict[str, float]:
    """The most floating-point operations and bytes a second, of the best library; NaN if they were not measured."""
    found = {}
    for name, task, work in (("flops", PRODUCT, "flops"), ("traffic", COPY, "traffic")):
        own = runs[(runs["group"] == "peaks") & (runs["task"] == task) & (runs["run"] != FIRST)]
        found[name] = float(own[work].iloc[0] / own["seconds"].min()) if len(own) else np.nan
    return found


def _rows(runs: pd.DataFrame, flops: float, traffic: float) -> Iterator[dict[str, Any]]:
    for names, case in runs.groupby(CASE, sort=False, dropna=False):
        of = {str(side): own for side, own in case.groupby("side", sort=False)}
        ours = _calls(of[OURS]) if OURS in of else None
        busy = float(_calls(of[OURS], "cpu_seconds").median()) if OURS in of else np.nan
        held = of[OURS]["peak_mib"].max() if OURS in of else np.nan
        work = case.iloc[0]
        bounds = [work["flops"] / flops, work["traffic"] / traffic]
        bound = float(np.nanmax(bounds)) if np.isfinite(bounds).any() and work["group"] != "peaks" else np.nan
        for side, own in of.items():
            calls = _calls(own)
            first = own.loc[own["run"] == FIRST, "seconds"]
            middle = float(calls.median())
            mine = side.startswith(OURS)
            yield {
                **dict(zip(CASE, names, strict=True)), "name": work["name"], "side": side, "runs": len(calls),
                "seconds": middle, "low": calls.min(), "high": calls.max(),
                "cpu_seconds": (cpu := float(_calls(own, "cpu_seconds").median())),
                "compile_seconds": max(float(first.iloc[0]) - middle, 0.0) if mine and len(first) else np.nan,
                "peak_mib": own["peak_mib"].max(), "start_mib": own["start_mib"].min(),
                "programs": own["programs"].max(), **_ratio(ours, calls, side),
                "cpu_ratio": cpu / busy if side != OURS else np.nan,
                "peak_ratio": own["peak_mib"].max() / held if side != OURS else np.nan,
                "bound_seconds": bound if mine else np.nan, "times_bound": middle / bound if mine else np.nan,
                "others": _others(own), "quiet": all(_others(one) <= QUIET for one in of.values()),
            }  # fmt: skip


def _calls(own: pd.DataFrame, column: str = "seconds") -> pd.Series:
    """Seconds by the number of the call, without the first."""
    return own[own["run"] != FIRST].set_index("run")[column]


def _others(own: pd.DataFrame) -> float:
    """Cores that others used, weighted by the seconds of the calls, since a short one sees no tick of the clock."""
    own = own[own["run"] != FIRST]
    return float(np.average(own["others"], weights=own["seconds"]))


def _ratio(ours: pd.Series | None, calls: pd.Series, side: str) -> dict[str, float]:
    if ours is None or side == OURS:
        return {"ratio": np.nan, "ratio_low": np.nan, "ratio_high": np.nan}
    pairs = (calls / ours).dropna()
    return {
        "ratio": float(calls.median() / ours.median()),
        "ratio_low": float(pairs.min()),
        "ratio_high": float(pairs.max()),
    }
