"""The tables' columns, declared once and checked at every write and read (DESIGN section 7)."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pandas as pd
import pyarrow.parquet as parquet

from study.config.grid import Decode
from study.errors import StudyError
from study.runtime.checks import brief, said

RUNS: Mapping[str, str] = {
    "run_id": "string",
    "experiment": "string",
    "dataset": "string",
    "fingerprint": "string",
    "n_train": "int64",
    "family": "string",
    "family_settings": "string",
    "network": "string",
    "hidden": "string",
    "activation": "string",
    "output_bias": "string",
    "latent_dim": "int64",
    "likelihood": "string",
    "alpha": "float64",
    "beta": "float64",
    "noise_variance": "float64",
    "decode": "string",
    "seed": "int64",
    "steps": "int64",
    "epochs": "int64",
    "batch_size": "int64",
    "learning_rate": "float64",
    "schedule": "string",
    "kl_warmup": "float64",
    "binarise": "bool",
    "patience": "int64",
    "still_falling": "float64",
    "still_falling_error": "float64",
    "status": "string",
    "reason": "string",
    "train_seconds": "float64",
    "compile_seconds": "float64",
    "evaluate_seconds": "float64",
    "device": "string",
    "versions": "string",
}
METRICS: Mapping[str, str] = {
    "run_id": "string",
    "strategy": "string",
    "strategy_config": "string",
    "fit": "int64",
    "draw": "int64",
    "evaluation": "int64",
    "split": "string",
    "metric": "string",
    "value": "float64",
    "stderr": "float64",
    "n": "int64",
    "reference": "string",
    "better": "string",
    "status": "string",
    "reason": "string",
}
LATENTS: Mapping[str, str] = {
    "run_id": "string",
    "dimension": "int64",
    "kl": "float64",
    "marginal_kl": "float64",
    "mutual_information": "float64",
    "mean_variance": "float64",
    "variance_mean": "float64",
    "active": "bool",
    "w1": "float64",
    "ks": "float64",
    "w1_null_high": "float64",
    "ks_null_high": "float64",
}
LOSSES: Mapping[str, str] = {
    "run_id": "string",
    "epoch": "int64",
    "split": "string",
    "recon": "float64",
    "rate": "float64",
    "loss": "float64",
}
DRAWS: Mapping[str, str] = {
    "run_id": "string",
    "source": "string",
    "bin": "int64",
    "draws": "int64",
    "inside": "int64",
    "log_q": "float64",
    "low": "float64",
}
CLAIMS: Mapping[str, str] = {  # `claims.csv` of `study claims`, which is of no single experiment
    "claim": "int64",
    "statement": "string",
    "said_by": "string",
    "dataset": "string",
    "verdict": "string",
    "effect": "float64",
    "low": "float64",
    "high": "float64",
    "test": "string",
    "n": "int64",
}
RULE: Mapping[str, str] = {  # `rule.csv` of `study claims`: what the rule of thumb says of each place
    "dataset": "string",
    "experiment": "string",
    "network": "string",
    "latent_dim": "int64",
    "n_train": "int64",
    "s": "float64",
    "rate": "float64",
    "linear_rate": "float64",
    "quantity": "string",
    "measured": "float64",
    "low": "float64",
    "high": "float64",
    "from_rate": "float64",
    "from_s": "float64",
}
PACKAGES: Mapping[
    str, str
] = {  # `packages.csv` of `study claims`: what packages draw, and what the rule says of them
    "package": "string",
    "version": "string",
    "draws": "string",
    "noise": "string",
    "seed": "string",
    "weights": "string",
    "effective": "string",
    "s": "float64",
    "encoder": "string",
    "remark": "string",
    "confirmed_by": "string",
    "rate": "float64",
    "posteriors": "float64",
    "mixture": "float64",
    "copied": "float64",
}
TABLES: Mapping[str, Mapping[str, str]] = {
    "runs": RUNS,
    "metrics": METRICS,
    "latents": LATENTS,
    "losses": LOSSES,
    "draws": DRAWS,
}
DECLARED = {**TABLES, "claims": CLAIMS, "rule": RULE, "packages": PACKAGES}

# What readers decide by: columns of few words, each with all that it can hold.
VALUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "runs": {"status": ("done", "failed"), "decode": get_args(Decode)},
    "metrics": {"status": ("ok", "missing", "failed"), "better": ("lower", "higher", "one", "none")},
    "latents": {},
    "losses": {"split": ("train", "validation")},
    "draws": {"source": ("prior", "posterior", "reconstruction")},
    "rule": {"quantity": ("posteriors", "mixture", "copied", "inauthentic")},
    "packages": {},
    "claims": {"verdict": ("supported", "refuted", "depends", "not decided")},
}

MOST_VALUES = 200_000_000  # largest number of values in a table that is read


def conform(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """The frame with exactly the declared columns, in order and of the declared types.

    Raises:
        StudyError: a column is missing or unknown, or holds values of another type, empty cells or another word than
            one of `VALUES`.
    """
    schema = DECLARED[table]
    absent = [c for c in schema if c not in frame.columns]
    unknown = [c for c in frame.columns if c not in schema]
    if absent or unknown:
        raise StudyError(f"table {table!r}: missing columns {absent}, unknown columns {brief(str(unknown))}")
    gaps = [name for name, kind in schema.items() if kind == "string" and frame[name].isna().any()]
    if gaps:
        raise StudyError(f"table {table!r}: column {gaps[0]} has empty cells; run the experiment again")
    try:
        made = frame[list(schema)].astype(dict(schema))
    except (TypeError, ValueError) as error:
        raise StudyError(f"table {table!r}: {said(error)}") from error
    for name, words in VALUES[table].items():
        if other := sorted(set(made[name].unique()) - set(words)):
            raise StudyError(
                f"table {table!r}: column {name} holds {brief(repr(other[0]))}, which is none of {', '.join(words)}; "
                "run the experiment again"
            )
    return made


def write_table(frame: pd.DataFrame, folder: Path, table: str) -> None:
    """Check and write `<table>.parquet`, small: results are committed.

    Floats are split into streams of bytes, which compress better; pages are large, and nothing is written that only a
    search within the file would use.
    """
    kinds = TABLES[table]
    split = [name for name, kind in kinds.items() if kind.startswith("float")]
    conform(frame, table).to_parquet(
        folder / f"{table}.parquet",
        index=False,
        compression="brotli",
        compression_level=11,
        data_page_size=1 << 24,
        write_statistics=False,
        store_schema=False,
        use_byte_stream_split=split,
        use_dictionary=[name for name in kinds if name not in split],
    )


def read_table(folder: Path, table: str) -> pd.DataFrame:
    """Read `<table>.parquet` and check it.

    Raises:
        StudyError: the file is missing or not such a table.
    """
    path = folder / f"{table}.parquet"
    if not path.is_file():
        raise StudyError(f"{path}: no such table; `study run EXPERIMENT --out {folder}` writes it")
    try:
        _check_size(path)
        content = parquet.read_table(path)
        content.validate(full=True)  # texts may hold bytes that are no text
        frame = content.to_pandas()
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise StudyError(
            f"{path}: not a readable parquet file ({reason}); run the experiment again"
        ) from error
    try:
        return conform(frame, table)
    except StudyError as error:
        raise StudyError(f"{folder}: {error}") from error


def _check_size(path: Path) -> None:
    """Check the size that a file claims before it is read: with run-length encoding a small file can claim any number.

    Raises:
        StudyError: it claims too many values.
    """
    claims = parquet.read_metadata(path)
    if claims.num_rows * max(claims.num_columns, 1) > MOST_VALUES:
        raise StudyError(f"claims {claims.num_rows} rows of {claims.num_columns} columns")
