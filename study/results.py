"""Results of an experiment as plain frames: what a results folder holds, written and read in one place."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from study import schemas
from study.errors import StudyError

CONFIGURATION = [
    "dataset",
    "family",
    "prior",
    "network",
    "latent_dim",
    "alpha",
    "beta",
    "noise_variance",
    "decode",
    "seed",
]


@dataclasses.dataclass(frozen=True, eq=False)
class Results:
    """The tables of one results folder.

    Attributes:
        runs: one row per trained model (`schemas.RUNS`), two where its means and its draws of x are both scored.
        metrics: one row per run, strategy, fit, draw and metric (`schemas.METRICS`), joined with the
            configuration columns of its run.
        latents: one row per run and latent dimension (`schemas.LATENTS`), joined likewise.
        losses: one row per run, epoch and split (`schemas.LOSSES`).
        draws: one row per run and single draw of a source: its log q(z) in nats, and whether what it decodes to
            lies in the manifold of real data (`schemas.DRAWS`).
        samples: `"<run_id>/<strategy>"` -> `[k, *shape]` uint8 images drawn with shared draws,
            `"<run_id>/<strategy>/nearest"` -> the training examples nearest to the first of them,
            `"<run_id>/<strategy>/windows"` -> `[k, T, F]` float32 windows of sequences in the user's units, and
            `"<run_id>/codes"` -> `[m, 2, d]` posterior means and log-variances where latent_dim is 2.
        provenance: configuration, versions, device, command, dataset and extractor facts.
    """

    runs: pd.DataFrame
    metrics: pd.DataFrame
    latents: pd.DataFrame
    losses: pd.DataFrame
    draws: pd.DataFrame
    samples: Mapping[str, np.ndarray]
    provenance: Mapping[str, Any]

    def only(self, run_ids: Iterable[str]) -> "Results":
        """The same tables with the rows of some runs."""
        kept = set(run_ids)
        tables = {name: getattr(self, name) for name in schemas.TABLES}
        tables = {name: table[table["run_id"].isin(kept)] for name, table in tables.items()}
        samples = {name: array for name, array in self.samples.items() if name.split("/")[0] in kept}
        return Results(**tables, samples=samples, provenance=self.provenance)


def write_results(results: Results, folder: Path) -> None:
    """Write every table of `results` into `folder`, without the joined columns."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas.TABLES.items():
        schemas.write_table(getattr(results, name)[list(schema)], folder, name)
    with (folder / "samples.npz").open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **dict(results.samples))
    text = json.dumps(results.provenance, indent=2, sort_keys=True)
    (folder / "provenance.json").write_text(text + "\n")


def load_results(path: str | Path) -> Results:
    """Read a results folder, each table checked and joined with its run's configuration.

    Raises:
        StudyError: the folder or a table is absent, or is not what this version writes.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise StudyError(f"{folder}: no such results folder; give one that `study run` wrote")
    runs = schemas.read_table(folder, "runs")
    tables = {name: schemas.read_table(folder, name) for name in schemas.TABLES if name != "runs"}
    for name in ("metrics", "latents"):
        tables[name] = tables[name].merge(
            runs[["run_id", *CONFIGURATION]], on="run_id", how="left", validate="many_to_one"
        )
    samples: dict[str, np.ndarray] = {}
    if (folder / "samples.npz").is_file():
        with np.load(folder / "samples.npz", allow_pickle=False) as archive:
            samples = {name: archive[name] for name in archive.files}
    provenance = folder / "provenance.json"
    facts = json.loads(provenance.read_text()) if provenance.is_file() else {}
    return Results(runs=runs, samples=samples, provenance=facts, **tables)
