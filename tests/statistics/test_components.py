"""Variance components and aggregates over settings, against simulations of known truth and hand computation."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from study.statistics import across_settings, component_table, summarise, variance_components
from study.statistics.across import interquartile_mean, probability_of_improvement


def simulated(rng, *, trainings, fits, draws, sd=(2.0, 1.0, 0.5)):
    parts = [rng.normal(0, s, shape) for s, shape in zip(
        sd, [(trainings, 1, 1), (trainings, fits, 1), (trainings, fits, draws)], strict=True
    )]  # fmt: skip
    return sum(parts)


@pytest.mark.parametrize("unbalanced", [False, True])
def test_components_are_unbiased(unbalanced):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(2000):
        values = simulated(rng, trainings=6, fits=3, draws=4)
        if unbalanced:
            values[0, 1:] = values[2, 0, 1:] = values[3, 2, 2:] = math.nan
        found.append(variance_components(values))
    mean, error = np.mean(found, 0), np.std(found, 0) / math.sqrt(2000)
    np.testing.assert_array_less(np.abs(mean - [4, 1, 0.25]), 4 * error)


def test_balanced_components_by_hand():
    values = simulated(np.random.default_rng(1), trainings=4, fits=3, draws=2)
    fit_means, means = values.mean(2), values.mean((1, 2))
    drawing = values.var(2, ddof=1).mean()
    fitting = fit_means.var(1, ddof=1).mean() - drawing / 2
    training = means.var(ddof=1) - fit_means.var(1, ddof=1).mean() / 3
    np.testing.assert_allclose(variance_components(values), [training, fitting, drawing])


def test_a_source_that_is_not_repeated_is_part_of_the_one_above():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(8, 1, 1))
    np.testing.assert_allclose(variance_components(values), [values.var(ddof=1), math.nan, math.nan])
    values = rng.normal(size=(8, 1, 3))
    found = variance_components(values)
    assert math.isnan(found.fitting)
    assert found.drawing == pytest.approx(values.var(2, ddof=1).mean())
    assert found.training == pytest.approx(values.mean(2).var(ddof=1) - found.drawing / 3)
    values = rng.normal(size=(8, 3, 1))
    found = variance_components(values)
    assert math.isnan(found.drawing) and found.fitting == pytest.approx(values.var(1, ddof=1).mean())


def frame(values: dict[str, np.ndarray], *, better: str = "lower") -> pd.DataFrame:
    """Rows from strategy -> `[settings, trainings, fits, draws]`."""
    return pd.DataFrame(
        [
            {"run_id": f"{b}-{s}", "strategy": name, "metric": "kid", "fit": f, "draw": d, "value": v, "n": 9,
             "reference": "r", "better": better, "status": "ok", "alpha": 1.0, "beta": float(b),
             "noise_variance": b / 2, "seed": s}
            for name, array in values.items()
            for (b, s, f, d), v in np.ndenumerate(array)
        ]
    )  # fmt: skip


def test_table_of_components_separates_what_pairing_takes_out():
    rng = np.random.default_rng(3)
    prior = np.stack([simulated(rng, trainings=40, fits=2, draws=2, sd=(2.0, 0.0, 0.3)) for _ in range(20)])
    fitting = rng.normal(0, 1, (20, 40, 2, 1))
    table = component_table(frame({"prior": prior, "gmm": prior + fitting}))
    found = {(row["strategy"], row["of"]): row for row in table.to_dict("records")}
    value, paired = found["gmm", "value"], found["gmm", "difference"]
    # relative standard error of a variance from 20 x 40 groups: about √(2/800) = 5 %
    sources = ("training", "fitting", "drawing")
    np.testing.assert_allclose([value[source] for source in sources], [4, 1, 0.09], rtol=0.2)
    assert paired["training"] < 0.1 and paired["drawing"] < 1e-20
    assert paired["fitting"] == pytest.approx(1, rel=0.2)
    assert ("prior", "difference") not in found


def test_draws_are_a_level_of_the_summary_and_gaps_are_averaged_over():
    rng = np.random.default_rng(4)
    values = frame({"prior": rng.normal(size=(1, 5, 2, 2)), "gmm": rng.normal(size=(1, 5, 2, 2))})
    whole = summarise(values)
    gap = values[~((values["strategy"] == "gmm") & (values["seed"] == 1) & (values["draw"] == 1))]
    seen = summarise(gap)
    whole, seen = (s[s["strategy"] == "gmm"] for s in (whole, seen))
    assert whole["seeds"].tolist() == seen["seeds"].tolist() == [5, 5]
    kept = gap[gap["strategy"] == "gmm"].groupby("seed")["value"].mean()
    np.testing.assert_allclose(seen["mean"], kept.mean())
    assert np.isfinite(seen[["low_mean", "high_mean"]].to_numpy()).all()
    np.testing.assert_allclose(whole["mean"], values.loc[values["strategy"] == "gmm", "value"].mean())


def test_probability_of_improvement_is_mann_whitney_averaged_over_settings():
    rng = np.random.default_rng(5)
    own, prior = [rng.normal(size=5), rng.normal(1, 1, 4)], [rng.normal(size=5), rng.normal(size=4)]
    prior[0][0] = own[0][0]  # a tie
    expected = np.mean(
        [1 - stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)) for a, b in zip(own, prior, strict=True)]
    )
    assert probability_of_improvement(own, prior) == pytest.approx(expected)
    assert probability_of_improvement(own, own) == pytest.approx(0.5)


def test_interquartile_mean_by_hand():
    assert interquartile_mean([np.array([1.0, 100.0, 2.0, 3.0]), np.array([4.0, -50.0, 5.0, 6.0])]) == 3.5


@pytest.mark.parametrize(("better", "chance"), [("lower", 1.0), ("higher", 0.0)])
def test_across_settings(better, chance):
    rng = np.random.default_rng(6)
    prior = 10 * np.arange(3.0)[:, None, None, None] + rng.uniform(0, 1, (3, 5, 1, 1))
    table = across_settings(frame({"prior": prior, "gmm": prior - 2, "flow": prior}, better=better), "kid")
    row = table.set_index("strategy").loc["gmm"]
    assert row["improvement"] == row["improvement_low"] == row["improvement_high"] == chance
    assert row["iqm_difference"] == pytest.approx(-2) and row["settings"] == 3 and row["trainings"] == 15
    assert row["iqm_low"] < row["iqm"] < row["iqm_high"]
    assert table.set_index("strategy").loc["flow", "improvement"] == 0.5


@pytest.mark.slow
def test_stratified_interval_covers():
    """Interquartile mean of normal values in nine settings of five trainings, whose truth is zero."""
    rng = np.random.default_rng(7)
    covered = []
    for _ in range(150):
        values = {"prior": np.zeros((9, 5, 1, 1)), "gmm": rng.normal(size=(9, 5, 1, 1))}
        row = across_settings(frame(values), "kid").iloc[0]
        covered.append(row["iqm_difference_low"] <= 0 <= row["iqm_difference_high"])
    # percentiles of five values a stratum fall short by some points; 3 standard errors of the simulation
    assert np.mean(covered) > 0.88 - 3 * math.sqrt(0.88 * 0.12 / 150)
