"""Variance components, against simulations of known truth and hand computation."""

import math

import numpy as np
import pytest

from study.statistics import component_table, variance_components
from tests.statistics.rows import rows


def simulated(rng, *, trainings, fits, draws, sd=(2.0, 1.0, 0.5)):
    parts = [rng.normal(0, s, shape) for s, shape in zip(
        sd, [(trainings, 1, 1), (trainings, fits, 1), (trainings, fits, draws)], strict=True
    )]  # fmt: skip
    return sum(parts)[..., None]


@pytest.mark.integration
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
    np.testing.assert_array_less(np.abs(mean - [4, 1, 0.25, math.nan])[:3], 4 * error[:3])


def test_balanced_components_by_hand():
    values = simulated(np.random.default_rng(1), trainings=4, fits=3, draws=2)
    once = values[..., 0]
    fit_means, means = once.mean(2), once.mean((1, 2))
    drawing = once.var(2, ddof=1).mean()
    fitting = fit_means.var(1, ddof=1).mean() - drawing / 2
    training = means.var(ddof=1) - fit_means.var(1, ddof=1).mean() / 3
    np.testing.assert_allclose(variance_components(values), [training, fitting, drawing, math.nan])


def test_a_source_that_is_not_repeated_is_part_of_the_one_above():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(8, 1, 1, 1))
    np.testing.assert_allclose(variance_components(values), [values.var(ddof=1), *[math.nan] * 3])
    values = rng.normal(size=(8, 1, 3, 1))
    found = variance_components(values)
    assert math.isnan(found.fitting)
    assert found.drawing == pytest.approx(values.var(2, ddof=1).mean())
    assert found.training == pytest.approx(values.mean(2).var(ddof=1) - found.drawing / 3)
    values = rng.normal(size=(8, 3, 1, 1))
    found = variance_components(values)
    assert math.isnan(found.drawing) and found.fitting == pytest.approx(values.var(1, ddof=1).mean())


def test_table_of_components_separates_what_pairing_takes_out():
    rng = np.random.default_rng(3)
    prior = np.stack([simulated(rng, trainings=40, fits=2, draws=2, sd=(2.0, 0.0, 0.3)) for _ in range(20)])[
        ..., 0
    ]
    fitting = rng.normal(0, 1, (20, 40, 2, 1))
    table = component_table(rows({"prior": prior, "gmm": prior + fitting}))
    found = {(row["strategy"], row["of"]): row for row in table.to_dict("records")}
    value, paired = found["gmm", "value"], found["gmm", "difference"]
    # relative standard error of a variance from 20 x 40 groups: about √(2/800) = 5 %
    sources = ("training", "fitting", "drawing")
    np.testing.assert_allclose([value[source] for source in sources], [4, 1, 0.09], rtol=0.2)
    assert paired["training"] < 0.1 and paired["drawing"] < 1e-20
    assert paired["fitting"] == pytest.approx(1, rel=0.2)
    assert ("prior", "difference") not in found


def test_a_missing_draw_leaves_the_others_apart():
    """Earlier the draws of a training were averaged as soon as one was missing anywhere, and lost as a source."""
    values = simulated(np.random.default_rng(4), trainings=6, fits=2, draws=3)
    values[1, 1, 2] = math.nan
    table = component_table(rows({"gmm": values[None, ..., 0]}))
    expected = np.maximum(variance_components(values)[:3], 0)
    np.testing.assert_allclose(table[["training", "fitting", "drawing"]].to_numpy()[0], expected)


@pytest.mark.integration
def test_evaluations_are_a_component_of_their_own():
    rng, found = np.random.default_rng(5), []
    for _ in range(2000):
        training, evaluating = rng.normal(0, 2, (6, 1, 1, 1)), rng.normal(0, 3, (1, 1, 1, 5))
        found.append(variance_components(training + evaluating + rng.normal(0, 1, (6, 1, 2, 5))))
    mean, error = np.mean(found, 0), np.std(found, 0) / math.sqrt(2000)
    assert abs(mean[0] - 4) < 4 * error[0] and abs(mean[3] - 9) < 4 * error[3]
    assert mean[2] == pytest.approx(1 / 5, abs=4 * error[2])  # of the mean over five evaluations


def test_a_metric_that_is_measured_once_has_no_component_of_evaluations():
    values = np.full((6, 1, 1, 4), math.nan)
    values[..., 0] = np.random.default_rng(6).normal(size=(6, 1, 1))
    found = variance_components(values)
    assert found.training == pytest.approx(values[..., 0].var(ddof=1)) and math.isnan(found.evaluating)


def test_no_rows_are_no_components():
    assert component_table(rows({"gmm": [1.0]}, status="failed")).empty
