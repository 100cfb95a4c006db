"""Eigenvalues of the covariance of each data set's training examples, from which a rate is foretold before training.

    python -m experiments.benchmarks.spectra

It reads every image data set that is at hand and writes `results/spectra.csv`: dataset, n (examples), rank (from 1),
eigenvalue, the largest 64 of them.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from study.claims.base import IMAGES
from study.claims.rule import SPECTRA
from study.data import load_dataset
from study.errors import StudyError

KEPT = 64


def spectrum(rows: np.ndarray) -> np.ndarray:
    """The eigenvalues of the covariance of `rows` `[N, ...]`, the largest first, `[min(D, 64)]`."""
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    return np.linalg.eigvalsh(np.cov(flat, rowvar=False))[::-1][:KEPT]


def main() -> int:
    """Write the table."""
    parts = []
    for name in IMAGES:
        try:
            train = load_dataset(name, seed=0).train
        except StudyError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        values = spectrum(train)
        parts.append(
            pd.DataFrame(
                {"dataset": name, "n": len(train), "rank": np.arange(len(values)) + 1, "eigenvalue": values}
            )
        )
    Path("results").mkdir(exist_ok=True)
    pd.concat(parts).to_csv(Path("results") / SPECTRA, index=False, float_format="%.6g", lineterminator="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
