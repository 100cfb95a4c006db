"""Single draws in bins: figures lose nothing they need, and the training runs of a setting share their bins."""

import numpy as np
import pandas as pd
import pytest

from study.tables.bins import BINS, binned

RUNS = {"a": 0, "b": 0, "c": 1}  # with their settings


@pytest.fixture(scope="module")
def draws() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    names = np.repeat(list(RUNS), 800)
    log_q = generator.normal(size=len(names)) + 5 * (names == "c")
    inside = generator.random(len(names)) < 0.5
    source = np.where(np.arange(len(names)) % 2, "prior", "posterior")
    return pd.DataFrame({"run_id": names, "source": source, "log_q": log_q, "inside": inside})


def test_counts_means_and_quantiles_are_those_of_the_draws(draws):
    found = binned(draws, pd.Series(RUNS))
    for (run, source), rows in draws.groupby(["run_id", "source"]):
        own = found[(found["run_id"] == run) & (found["source"] == source)]
        assert (own["draws"].sum(), own["inside"].sum()) == (len(rows), rows["inside"].sum())
        assert np.average(own["log_q"], weights=own["draws"]) == pytest.approx(rows["log_q"].mean())
        assert own["low"].unique().tolist() == pytest.approx([rows["log_q"].quantile(0.01)])
        assert own["log_q"].is_monotonic_increasing


def test_trainings_of_one_setting_share_their_bins(draws):
    found = binned(draws, pd.Series(RUNS))
    together = found[found["run_id"] != "c"].groupby(["source", "bin"])["draws"].sum()
    assert (together == 800 // BINS).all() and len(together) == 2 * BINS
    alone = found[found["run_id"] == "c"].groupby(["source", "bin"])["draws"].sum()
    assert (alone == 400 // BINS).all()


def test_equal_densities_fall_into_one_bin_and_nothing_into_none():
    same = pd.DataFrame({"run_id": "a", "source": "prior", "log_q": 1.0, "inside": [True, False]})
    assert binned(same, pd.Series(RUNS))[["draws", "inside"]].to_numpy().tolist() == [[2, 1]]
    assert binned(same[:0], pd.Series(RUNS)).empty
