"""Eigenvalues of the covariance of each data set's training examples, from which a rate is foretold before training.

    python -m experiments.benchmarks.spectra

It reads every image data set that is at hand and writes `results/spectra.csv`: dataset, n (examples), rank (from 1),
eigenvalue, the largest 64 of them. Rows of a data set that is not at hand are kept as they are.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from study.claims.base import IMAGES
from study.claims.rule import SPECTRA, read_spectra
from study.data import load_dataset
from study.errors import StudyError

RESULTS, KEPT = Path("results"), 64


def spectrum(rows: np.ndarray) -> np.ndarray:
    """The eigenvalues of the covariance of `rows` `[N, ...]`, the largest first, `[min(D, 64)]`."""
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    return np.linalg.eigvalsh(np.cov(flat, rowvar=False))[::-1][:KEPT]


def main() -> int:
    """Write the table."""
    known = read_spectra(RESULTS)
    parts = []
    for name in IMAGES:
        try:
            train = load_dataset(name, seed=0).train
        except StudyError as error:
            print(f"{name} is not read again: {error}", file=sys.stderr)
            parts.append(known[known["dataset"] == name])
            continue
        values = spectrum(train)
        ranks = np.arange(len(values)) + 1
        parts.append(pd.DataFrame({"dataset": name, "n": len(train), "rank": ranks, "eigenvalue": values}))
    RESULTS.mkdir(exist_ok=True)
    table = pd.concat([part for part in parts if len(part)])
    table.to_csv(RESULTS / SPECTRA, index=False, float_format="%.6g", lineterminator="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
