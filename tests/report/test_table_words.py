"""The report of a table says nothing of pictures, and every report says how the data were read."""

import dataclasses
import re

import pytest

from study.report import frames
from study.report.build import build_report
from study.report.text.main_table import TABLES, main_table
from study.report.text.scores import build
from study.tables.results import Results

WORDS = re.compile(r"picture|image|pixel|Inception|photograph", re.IGNORECASE)
RENAMED = {"sharpness": "column_w1", "class_histogram": "correlation", "coverage": "duplicates"}


def of_table(results: Results) -> Results:
    """The same results as those of a table of six columns."""
    facts = {**results.provenance, "dataset": {**results.provenance["dataset"], "shape": [6]}}
    metrics = results.metrics.assign(metric=results.metrics["metric"].replace(RENAMED))
    return dataclasses.replace(results, metrics=metrics, samples={}, provenance=facts)


@pytest.mark.integration
def test_a_report_of_a_table_has_no_word_of_pictures(make_results, make_summary, sketched, tmp_path):
    results = make_results(alphas=(1.0,), betas=(0.5, 1.0), images=False)
    for shown, expected in ((results, True), (of_table(results), False)):
        folder = tmp_path / str(expected)
        folder.mkdir()
        build_report(folder, shown, make_summary(shown))
        assert bool(WORDS.search((folder / "report.md").read_text())) is expected


def test_the_first_table_of_a_table_has_its_measures(make_results, make_summary):
    summary = make_summary(of_table(make_results(alphas=(1.0,), betas=(1.0,), images=False)))
    table = main_table(summary)
    assert table is not None
    headings = " ".join(heading for heading, _ in table.metrics)
    assert "column W₁" in headings and "correlation gap" in headings and "sharpness" not in headings
    assert TABLES[0] == "kid"


def test_averages_of_what_is_best_at_1_are_distances_and_single_settings_are_values(
    make_results, make_summary
):
    summary = make_summary(make_results(alphas=(1.0,), betas=(0.5, 1.0), images=False))
    (average,), (single,) = (
        build(summary, ["density"], setting=setting).columns
        for setting in (None, frames.settings(summary)[0])
    )
    assert average.heading.startswith("|density − 1|") and average.heading.endswith("↓")
    assert "do not cancel" in average.meaning
    assert single.heading.startswith("density") and single.heading.endswith("→1")
    alone = build(make_summary(make_results(alphas=(1.0,), betas=(1.0,), images=False)), ["density"])
    assert alone.columns[0].heading.startswith(
        "|density − 1|"
    )  # it stands beside kinds of models with several


@pytest.mark.integration
def test_every_report_says_how_the_data_were_read(make_results, make_summary, sketched, tmp_path):
    results = make_results(alphas=(1.0,), betas=(1.0,))
    data = {**results.provenance["dataset"], "read_as": "images of 8×8; values divided by 255"}
    results = dataclasses.replace(results, provenance={**results.provenance, "dataset": data})
    build_report(tmp_path, results, make_summary(results))
    assert (
        "test examples. Read as images of 8×8; values divided by 255." in (tmp_path / "report.md").read_text()
    )
