"""The results of an experiment as plain data frames, written to a results folder and read again."""

import dataclasses
import hashlib
import io
import json
import lzma
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from study.errors import StudyError
from study.runtime.brief import Brief, Text
from study.runtime.checks import said, shown
from study.runtime.claims import pause
from study.runtime.files import told, write_whole
from study.runtime.folders import (
    CLAIM,
    FORMAT,
    MANIFEST,
    digests,
    exchanged,
    manifest,
    read_manifest,
    settle,
    sha256,
)
from study.runtime.limits import MAX_BYTES, check_bytes, memory_at_most
from study.tables import schemas

DATA = (".parquet", ".npz", ".npz.xz", ".csv")
SAMPLES = "samples.npz.xz"  # compressed as one, since the samples of one experiment are alike
SUMMARY = "summary.csv"  # derived from the other tables, so it is not data
LOOKS = 40  # attempts to read a folder that another process is exchanging, before it is called altered

# Together they identify a measurement.
MEASURED = ["run_id", "strategy", "fit", "draw", "evaluation", "metric"]
# The columns of `runs` that are not of the training.
OF_SCORING = ("run_id", "decode", "status", "reason", "evaluate_seconds")
CONFIGURATION = [
    "dataset",
    "family",
    "family_settings",
    "network",
    "latent_dim",
    "alpha",
    "beta",
    "noise_variance",
    "decode",
    "seed",
]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Results(Brief):
    """The tables of one results folder.

    Attributes:
        runs: one row per trained model (`schemas.RUNS`), two if both its decoder means and its draws of x are scored.
        metrics: one row per run, strategy, fit, draw and metric (`schemas.METRICS`), joined with the
            configuration columns of its run.
        latents: one row per run and latent dimension (`schemas.LATENTS`), joined likewise.
        losses: one row per run, epoch and split (`schemas.LOSSES`).
        draws: one row per run, source of single draws, and bin of log q(z): how many draws, and how many of them decode
            into the manifold of real data (`schemas.DRAWS`, `study.tables.bins`).
        samples: `"<run_id>/<strategy>"` -> `[k, *shape]` uint8 images, from draws that strategies share,
            `"<run_id>/<strategy>/nearest"` -> the training examples nearest to the first of them,
            `"<run_id>/<strategy>/windows"` -> `[k, T, F]` float32 windows of sequences in the user's units, and
            `"<run_id>/codes"` -> `[m, 2, d]` posterior means and log-variances if latent_dim is 2.
        provenance: configuration, versions, device, command, dataset and extractor facts.
    """

    runs: pd.DataFrame
    metrics: pd.DataFrame
    latents: pd.DataFrame
    losses: pd.DataFrame
    draws: pd.DataFrame
    samples: Mapping[str, np.ndarray]
    provenance: Mapping[str, Any]

    def _facts(self) -> Mapping[str, Any]:
        names = sorted(set(self.metrics["strategy"]))
        return {
            **{name: self.provenance[name] for name in ("experiment", "project") if name in self.provenance},
            "runs": len(self.runs),
            "failed": int((self.runs["status"] == "failed").sum()),
            "datasets": Text(", ".join(sorted(set(self.runs["dataset"])))),
            "strategies": Text(f"{len(names)}: {', '.join(names)}"),
            "metrics": self.metrics["metric"].nunique(),
            "rows": len(self.metrics),
        }

    def only(self, run_ids: Iterable[str]) -> "Results":
        """The same tables with only the rows of these runs."""
        kept = set(run_ids)
        tables = {name: getattr(self, name) for name in schemas.TABLES}
        tables = {name: table[table["run_id"].isin(kept)] for name, table in tables.items()}
        samples = {name: array for name, array in self.samples.items() if name.split("/")[0] in kept}
        return Results(**tables, samples=samples, provenance=self.provenance)


def write_results(results: Results, folder: Path) -> None:
    """Write every table of `results` into `folder`, without the joined columns; all of them or none.

    Raises:
        FileError: the folder cannot be written.
    """
    with exchanged(folder) as fresh:
        write_tables(results, fresh)
        seal(fresh, results.provenance)


def write_tables(results: Results, folder: Path) -> None:
    """Write the tables of `results` into a new folder.

    Raises:
        FileError: the folder cannot be written.
    """
    with told(folder):
        for name, schema in schemas.TABLES.items():
            schemas.write_table(getattr(results, name)[list(schema)], folder, name)
        with lzma.open(folder / SAMPLES, "wb") as file:
            np.savez(file, allow_pickle=False, **_once(results.samples))


def seal(folder: Path, provenance: Mapping[str, Any]) -> None:
    """Write `provenance.json` with the SHA-256 of every file in a new folder.

    Raises:
        FileError: the folder cannot be written.
    """
    with told(folder):
        facts = {**provenance, "format": FORMAT, "files": digests(folder)}
        write_whole(folder / MANIFEST, (json.dumps(facts, indent=1, sort_keys=True) + "\n").encode())


def load_results(path: str | Path) -> Results:
    """Read a results folder, each table checked and joined with its run's configuration.

    Raises:
        StudyError: the folder or a table is missing, has another format than this version's, or was altered since it
            was written.
    """
    folder = Path(path)
    with told(folder, mend="give a folder that `study run` wrote"):
        if not folder.is_dir():
            raise StudyError(f"{folder}: no such results folder; give one that `study run` wrote")
        settle(folder)
        facts = _checked(folder)
        tables = {name: schemas.read_table(folder, name) for name in schemas.TABLES}
        samples = _samples(folder / SAMPLES)
    runs = tables.pop("runs")
    if runs["run_id"].duplicated().any():
        raise StudyError(f"{folder / 'runs.parquet'}: a run appears in two rows; run the experiment again")
    for name, table in tables.items():
        if strange := set(table["run_id"]) - set(runs["run_id"]):
            raise StudyError(
                f"{folder / name}.parquet: run {shown(min(strange))} is missing from runs.parquet; run the "
                "experiment again"
            )
    if tables["metrics"].duplicated(MEASURED).any():
        raise StudyError(
            f"{folder / 'metrics.parquet'}: a measurement appears in two rows; run the experiment again"
        )
    for name in ("metrics", "latents"):
        tables[name] = tables[name].merge(
            runs[["run_id", *CONFIGURATION]], on="run_id", how="left", validate="many_to_one"
        )
    return Results(runs=runs, samples=samples, provenance=facts, **tables)


def trainings(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of `runs` with each training once: one that is scored by means and by draws of x has two."""
    return runs.drop_duplicates([name for name in runs if name not in OF_SCORING])


def extra_tables(folder: Path, facts: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables that an experiment added, by file stem; one without rows is an empty frame.

    Raises:
        StudyError: one cannot be read.
    """
    names = [name for name in manifest(facts) if Path(name).suffix == ".csv" and "/" not in name]
    return {Path(name).stem: _csv(folder / name) for name in names if name != SUMMARY}


def data_files(facts: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 by name of the data files, from which all other files are derived."""
    return {
        name: digest for name, digest in manifest(facts).items() if name.endswith(DATA) and name != SUMMARY
    }


def _checked(folder: Path) -> dict[str, Any]:
    """The provenance of a folder, after its tables match it; tries again, since another process may exchange them."""
    for look in range(LOOKS):
        facts = read_manifest(folder)
        wrong = _altered(folder, facts)
        if not wrong:
            return facts
        if look < LOOKS - 1 and (folder / CLAIM).exists():
            pause()
            settle(folder)
        else:
            break
    raise StudyError(f"{wrong}; run the experiment again")


def _altered(folder: Path, facts: Mapping[str, Any]) -> str:
    """A description of what is wrong with the tables of a folder; empty if nothing is."""
    if facts.get("format") != FORMAT:
        return f"{folder / MANIFEST}: does not say that it is of {FORMAT!r}"
    recorded = data_files(facts)
    for name in (*(f"{table}.parquet" for table in schemas.TABLES), SAMPLES):
        if name not in recorded:
            return f"{folder / MANIFEST}: has no digest of {name}"
    for name, digest in recorded.items():
        path = folder / name
        if not path.is_file():
            return f"{path}: is missing, although provenance.json names it"
        if sha256(path) != digest:
            return (
                f"{path}: was altered since it was written, or belongs to another run (its SHA-256 differs)"
            )
    return ""


def _samples(path: Path) -> dict[str, np.ndarray]:
    try:
        with (
            memory_at_most(MAX_BYTES, where=str(path)),
            np.errstate(all="ignore"),  # numpy would print a warning about a damaged shape
        ):
            content = lzma.LZMADecompressor().decompress(path.read_bytes(), MAX_BYTES + 1)
            check_bytes(len(content), limit=MAX_BYTES, where=str(path))
            plain = io.BytesIO(content)
            with zipfile.ZipFile(plain) as members:
                unpacked = sum(member.file_size for member in members.infolist())
            check_bytes(unpacked, limit=MAX_BYTES, where=str(path))
            with np.load(plain, allow_pickle=False) as archive:
                return _everywhere({name: archive[name] for name in archive.files})
    except StudyError:
        raise
    except Exception as error:  # lzma, zip and numpy have no common class
        raise StudyError(
            f"{path}: not a readable archive ({said(error)}); run the experiment again"
        ) from error


def _once(samples: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays, of which one that is equal to an earlier one is replaced by its name: models share real data."""
    first: dict[tuple[str, tuple[int, ...], bytes], str] = {}
    kept = {}
    for name, array in samples.items():
        content = hashlib.sha256(array.tobytes()).digest()
        earlier = first.setdefault((array.dtype.str, array.shape, content), name)
        kept[name] = array if earlier == name else np.array(earlier)
    return kept


def _everywhere(kept: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays that `_once` was given.

    Raises:
        KeyError: there is no array of a name that stands for one.
    """
    arrays = {name: array for name, array in kept.items() if array.dtype.kind != "U"}
    return {name: arrays[name if name in arrays else str(kept[name])] for name in kept}


def _csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except (ValueError, pd.errors.ParserError) as error:
        raise StudyError(f"{path}: not a readable table ({said(error)}); run the experiment again") from error
