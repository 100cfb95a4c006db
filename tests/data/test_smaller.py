"""Fewer training examples: the same test data, nested choices, and as large a share of the validation data."""

from typing import Any

import pytest

from study import StudyConfig, StudyError, load_dataset
from study.config.presets import SMOKE, vary
from study.data.smaller import FEWEST_VALIDATION, smaller
from study.pipeline.plan import make_plan


@pytest.fixture(scope="module")
def data() -> Any:
    return load_dataset("digits")


def test_a_larger_choice_keeps_every_smaller_one(data):
    few, more = smaller(data, 100), smaller(data, 300)
    rows = [{x.tobytes() for x in d.train} for d in (few, more, data)]
    assert rows[0] < rows[1] < rows[2] and len(few.train) == 100
    assert few.test is data.test and few.test_labels is data.test_labels
    assert len(few.validation) == FEWEST_VALIDATION and few.fingerprint != more.fingerprint
    most = smaller(data, 900)
    assert len(most.validation) == round(900 / len(data.train) * len(data.validation)) > FEWEST_VALIDATION


def test_all_of_them_are_the_data_set_itself(data):
    assert smaller(data, 0) is data and smaller(data, len(data.train)) is data


@pytest.mark.parametrize("n", [-1, 10**6])
@pytest.mark.usefixtures("unchecked")
def test_a_number_that_cannot_be_is_said(data, n):
    with pytest.raises(StudyError, match="n_train: "):
        smaller(data, n)


def test_a_plan_trains_on_few_and_makes_features_of_all(data):
    whole, few = (make_plan(vary(SMOKE, n_train=n, strategies=("prior",)), data) for n in (0, 100))
    assert len(few.data.train) == len(few.measured.train) == 100 and few.pictured is data
    assert whole.data is data and whole.pictured is data
    assert few.extractor_keys == whole.extractor_keys
    assert {c.run_id for c in few.cells}.isdisjoint({c.run_id for c in whole.cells})
    alone = make_plan(vary(SMOKE, strategies=("prior",)), smaller(data, 100))
    assert [c.train_key for c in alone.cells] == [c.train_key for c in few.cells]  # the same models
    assert [c.score_keys for c in alone.cells] != [c.score_keys for c in few.cells]  # seen by other features


def test_the_default_leaves_what_was_written_before_equal():
    from study.config.serialise import from_dict, to_dict

    assert "n_train" not in to_dict(StudyConfig()) and to_dict(StudyConfig(n_train=5))["n_train"] == 5
    assert from_dict(StudyConfig, to_dict(StudyConfig(n_train=5))).n_train == 5
