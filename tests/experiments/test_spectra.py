"""The eigenvalues that a rate is foretold from."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks import spectra
from study.data import load_dataset
from study.errors import StudyError

RESULTS = Path(__file__).parents[2] / "results"


def test_eigenvalues_are_squared_singular_values():
    rows = np.random.default_rng(0).normal(size=(50, 3, 4))
    centred = rows.reshape(50, 12) - rows.reshape(50, 12).mean(0)
    expected = np.linalg.svd(centred, compute_uv=False) ** 2 / 49
    np.testing.assert_allclose(spectra.spectrum(rows), expected, rtol=1e-10)


def test_those_of_digits_are_committed():
    rows = pd.read_csv(RESULTS / "spectra.csv").query("dataset == 'digits'")
    found = spectra.spectrum(load_dataset("digits", seed=0).train)
    np.testing.assert_allclose(rows["eigenvalue"], found, rtol=1e-5, atol=1e-12)
    assert rows["rank"].tolist() == list(range(1, 65)) and set(rows["n"]) == {998}


def test_rows_of_a_data_set_that_is_not_at_hand_are_kept(tmp_path, monkeypatch):
    def load(name, *, seed):
        if name != "digits":
            raise StudyError("not here")
        return load_dataset(name, seed=seed)

    monkeypatch.setattr(spectra, "load_dataset", load)
    monkeypatch.setattr(spectra, "RESULTS", tmp_path)
    kept = pd.DataFrame({"dataset": ["mnist", "digits"], "n": 7, "rank": 1, "eigenvalue": 5.5})
    kept.to_csv(tmp_path / "spectra.csv", index=False)
    assert spectra.main() == 0
    found = pd.read_csv(tmp_path / "spectra.csv")
    assert found.query("dataset == 'mnist'")["eigenvalue"].tolist() == [5.5]
    assert len(found) == 65 and found.query("dataset == 'digits'")["n"].iloc[0] == pytest.approx(998)
