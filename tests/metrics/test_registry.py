"""The facts that every declared metric must have, and its better direction."""

import re
from pathlib import Path

import pytest

from study.metrics.registry import METRICS, fact, listing, metrics_for, names

LOWER = {
    *("kid", "fd", "class_histogram", "fd_infinity", "sliced_w2", "c2st", "fd_pixels", "kid_pixels"),
    *("fd_columns", "kid_columns", "column_w1", "correlation", "column_tstr", "closest_record"),
    *("autocorrelation", "marginal_w1", "discriminative", "tstr"),
    *("nearer_to_train", "nearer_to_train_features", "duplicates"),
}
HIGHER = {
    *("precision", "recall", "coverage", "label_accuracy"),
    *("nn_ratio", "nn_ratio_pixels", "nn_ratio_columns", "authenticity", "c_t"),
}
BETTER = {
    **dict.fromkeys(LOWER, "lower"),
    **dict.fromkeys(HIGHER, "higher"),
    **dict.fromkeys(("density", "sharpness", "vendi"), "one"),
    "confidence": "none",
}


def test_every_metric_has_a_direction():
    assert {name: metric.better for name, metric in METRICS.items()} == BETTER


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_called_as_it_is_registered_and_explained(name):
    metric = METRICS[name]
    assert metric.name == name
    assert metric.label and metric.summary and metric.source and len(metric.meaning) > 20
    assert len(metric.summary) <= 120 and metric.version >= 1


def test_facts_are_told_once_and_unknown_numbers_by_their_names():
    assert len(names()) == len(set(names()))
    assert fact("kid").axis == "KID" and fact("rate").axis == "rate (nats)"
    assert fact("iwae_64").better == "higher"
    assert fact("a_new_number").label == "a new number" and fact("a_new_number").better == "none"


def test_what_is_measured_is_what_the_data_allow():
    plain, windows = ({metric.name for metric in metrics_for(windows=w)} for w in (False, True))
    assert windows - plain == {"autocorrelation", "marginal_w1", "discriminative", "tstr"}
    table = {metric.name for metric in metrics_for(windows=False, table=True)}
    of_tables = {"column_w1", "correlation", "column_tstr", "closest_record"}
    assert table - plain == of_tables | {"fd_columns", "kid_columns", "nn_ratio_columns"}
    assert plain - table == {"sharpness", "fd_pixels", "kid_pixels", "nn_ratio_pixels"}
    assert {m.name for m in metrics_for(windows=False, asked=True)} - plain == {"label_accuracy"}


def test_the_list_has_a_line_for_each():
    rows = listing()
    assert [row["name"] for row in rows][: len(METRICS)] == list(METRICS)
    assert all({"name", "summary", "source"} <= row.keys() for row in rows)


def test_every_file_of_a_metric_is_registered():
    """Without a line in the registry a declared metric would never be measured."""
    folder = Path(__file__).parents[2] / "study" / "metrics"
    declared = {
        name
        for path in folder.glob("*.py")
        for name in re.findall(r"^[A-Z0-9_]+ = Metric\(\n    \"(\w+)\"", path.read_text(), re.MULTILINE)
    }
    assert declared == set(METRICS)
