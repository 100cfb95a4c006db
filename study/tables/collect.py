"""From the measurements of each cell to the tables of a results folder, joined with the configuration of its run."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.tables import schemas
from study.tables.bins import binned
from study.tables.results import CONFIGURATION, Results
from study.tables.rounding import CURVE, ERROR, VALUE, drawn, rounded

SPLITS = ("train", "validation")
BITS = {  # of the columns that are rounded
    "metrics": {"value": VALUE, "stderr": ERROR},
    "latents": dict.fromkeys((name for name, kind in schemas.LATENTS.items() if kind == "float64"), VALUE),
    "losses": dict.fromkeys(("recon", "rate", "loss"), CURVE),
}
UNSHOWN = ("noise",)  # whose pictures tell nothing
PICTURES = 8  # of each strategy and model that are kept: what fits beside each other
EPOCHS = 100  # whose losses are kept, at most: the first, evenly spaced ones, and the last


@dataclasses.dataclass(frozen=True, eq=False)
class MeasuredCell:
    """The measurements of one trained model.

    Attributes:
        metrics, latents: its rows, without `run_id`.
        losses: `[epochs, 2, 2]`: epoch × (train, validation) × (recon, rate).
        draws: by source `[n, 2]`: log q(z) in nats, and 1 if the sample lies in the manifold of real data, else 0.
        samples: pictures by name; empty if none are shown.
    """

    metrics: pd.DataFrame
    latents: pd.DataFrame
    losses: np.ndarray
    draws: Mapping[str, np.ndarray]
    samples: Mapping[str, np.ndarray]


def collect(
    cells: Sequence[tuple[Mapping[str, Any], MeasuredCell | None]], *, provenance: Mapping[str, Any]
) -> Results:
    """The tables of these cells, with their declared columns; a cell without measurements has a row in `runs` only.

    Args:
        cells: for each cell, its row of `runs` and its measurements.
        provenance: that of the results folder.

    Raises:
        StudyError: a column is missing, unknown, or of another type.
    """
    runs = schemas.conform(pd.DataFrame([row for row, _ in cells]), "runs")
    done = [(row, scored) for row, scored in cells if scored is not None]
    joined = {}
    for name in ("metrics", "latents"):
        parts = [getattr(scored, name).assign(run_id=row["run_id"]) for row, scored in done]
        joined[name] = _stack(parts, name).merge(
            runs[["run_id", *CONFIGURATION]], on="run_id", how="left", validate="many_to_one"
        )
    step = -(-max((len(scored.losses) for _, scored in done), default=1) // EPOCHS)
    joined["losses"] = _stack([_losses(row, scored.losses, step) for row, scored in done], "losses")
    for table, columns in BITS.items():
        for name, bits in columns.items():
            joined[table][name] = rounded(joined[table][name].to_numpy(np.float64), bits=bits)
    # Scores of one metric are alike, and so are those of one strategy: they compress better side by side.
    joined["metrics"] = joined["metrics"].sort_values(
        ["metric", "strategy"], kind="stable", ignore_index=True
    )
    return Results(
        runs=runs,
        draws=_stack([_draws(runs, done)], "draws"),
        samples={
            f"{row['run_id']}/{name}": drawn(x[:PICTURES] if x.dtype == np.uint8 else x)
            for row, scored in done
            for name, x in scored.samples.items()
            if name.split("/")[0] not in UNSHOWN
        },
        provenance=provenance,
        **joined,
    )


def _stack(frames: list[pd.DataFrame], table: str) -> pd.DataFrame:
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return schemas.conform(pd.DataFrame({c: [] for c in schemas.TABLES[table]}), table)
    return schemas.conform(pd.concat(frames, ignore_index=True), table)


def _losses(row: Mapping[str, Any], losses: np.ndarray, step: int) -> pd.DataFrame:
    number = np.arange(1, len(losses) + 1)
    shown = np.flatnonzero((number % step == 0) | (number == 1) | (number == len(losses)))
    frame = pd.DataFrame(losses[shown].reshape(-1, 2), columns=["recon", "rate"])
    return frame.assign(
        run_id=row["run_id"],
        epoch=np.repeat(shown + 1, len(SPLITS)),
        split=list(SPLITS) * len(shown),
        loss=row["alpha"] * frame["recon"] + row["beta"] * frame["rate"],
    )


def _draws(runs: pd.DataFrame, done: Sequence[tuple[Mapping[str, Any], MeasuredCell]]) -> pd.DataFrame:
    """Single draws in bins that the training runs of one setting share."""
    parts = [
        pd.DataFrame({"log_q": pairs[:, 0].astype(np.float32), "inside": pairs[:, 1] > 0}).assign(
            run_id=row["run_id"], source=source
        )
        for row, scored in done
        for source, pairs in scored.draws.items()
    ]
    return binned(pd.concat(parts, ignore_index=True), settings(runs)) if parts else pd.DataFrame()


def settings(runs: pd.DataFrame) -> pd.Series:
    """For each run_id a number for its setting; training runs that differ only in their seed have the same number."""
    columns = [name for name in CONFIGURATION if name != "seed"]
    return runs.groupby(columns, dropna=False).ngroup().set_axis(runs["run_id"])
