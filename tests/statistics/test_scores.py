"""Rows to arrays, against loops over the rows."""

import math

import numpy as np
import pandas as pd
import pytest

from study.statistics.scores import Scores, distance_from_best, scores
from tests.statistics.rows import rows


def one(metrics: pd.DataFrame) -> Scores:
    (found,) = scores(metrics)
    return found


def test_fits_and_draws_are_averaged_within_a_training():
    values = np.random.default_rng(0).normal(size=(2, 4, 3, 2))
    values[1, 2, 0, 1] = values[0, 1, 2] = math.nan  # a draw and a fit are missing
    metrics = rows({"prior": values, "gmm": values[:1] + 1})
    metrics["stderr"] = np.random.default_rng(1).uniform(1, 2, len(metrics))
    found = one(metrics)
    assert found.strategies == ("prior", "gmm") and found.settings == ((1.0, 1.0, 0.5), (1.0, 2.0, 1.0))
    assert found.seeds.tolist() == [0, 1, 2, 3]
    for a, name in enumerate(found.strategies):
        for k, (_, beta, _) in enumerate(found.settings):
            for s, seed in enumerate(found.seeds):
                own = metrics[
                    (metrics["strategy"] == name) & (metrics["beta"] == beta) & (metrics["seed"] == seed)
                ]
                mean = own["value"].mean() if len(own) else math.nan
                error = math.sqrt((own["stderr"] ** 2).mean()) if len(own) else math.nan
                assert found.values[a, k, s, 0] == pytest.approx(mean, nan_ok=True)
                assert found.errors[a, k, s, 0] == pytest.approx(error, nan_ok=True)


def test_the_order_of_rows_does_not_matter():
    metrics = rows({name: np.random.default_rng(i).normal(size=(3, 5)) for i, name in enumerate("abc")})
    first, other = one(metrics), one(metrics.sample(frac=1, random_state=0))
    order = [other.strategies.index(name) for name in first.strategies]
    places = [other.settings.index(setting) for setting in first.settings]
    np.testing.assert_array_equal(other.values[np.ix_(order, places)], first.values)
    np.testing.assert_array_equal(other.seeds, first.seeds)


def test_kinds_of_models_and_metrics_are_apart_and_rows_that_failed_do_not_count():
    one = rows({"prior": [1.0, 2.0], "gmm": [3.0, 4.0]})
    metrics = pd.concat(
        [
            one.assign(family="vae"),
            one.assign(family="gan", family_settings="w", value=9.0),
            one.assign(family="vae", metric="density", better="one", n=7),
            one.assign(family="vae", status="failed", value=1e9),
            one.assign(family="vae", decode="sample"),
        ]
    )
    found = {(s.family, s.family_settings, s.decode, s.metric): s for s in scores(metrics)}
    assert set(found) == {
        ("vae", "", "mean", "kid"), ("vae", "", "mean", "density"), ("gan", "w", "mean", "kid"),
        ("vae", "", "sample", "kid"),
    }  # fmt: skip
    np.testing.assert_array_equal(found["vae", "", "mean", "kid"].values[:, 0, :, 0], [[1, 2], [3, 4]])
    assert (found["gan", "w", "mean", "kid"].values == 9).all()
    density = found["vae", "", "mean", "density"]
    assert (density.better, density.reference, density.n) == ("one", "r", 7)


def test_a_setting_without_a_noise_variance_is_one_setting():
    found = one(rows({"prior": [[1.0, 2.0], [3.0, 4.0]]}, noise_variance=math.nan))
    assert found.values.shape == (1, 2, 2, 1)


def test_no_rows_are_no_scores():
    assert list(scores(rows({"prior": [1.0]}).iloc[:0])) == []


def test_a_metric_best_at_one_is_a_cost_before_anything_is_averaged():
    """Too blurred at one setting and too sharp at another must not cancel."""
    found = one(rows({"prior": [[0.5, 1.5], [1.5, 0.5]], "gmm": [[0.9] * 2, [1.1] * 2]}, better="one"))
    np.testing.assert_allclose(found.costs[0], 0.5)
    np.testing.assert_allclose(found.cost("gmm"), 0.1)
    assert np.isnan(found.cost("flow")).all() and found.cost("flow").shape == (2, 2, 1)


def test_less_is_better_in_costs():
    value = np.array([0.5, 2.0])
    np.testing.assert_array_equal(distance_from_best(value, "lower"), value)
    np.testing.assert_array_equal(distance_from_best(value, "higher"), -value)
    np.testing.assert_array_equal(distance_from_best(value, "one"), [0.5, 1.0])
