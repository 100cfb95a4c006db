"""What is said of the models, and of measurements that are missing."""

import dataclasses

import pandas as pd

from study.report.text.about import gaps, models_table
from study.report.text.limits import _each_model, limits


def test_what_is_missing_for_one_reason_stands_together(make_results):
    results = make_results(images=False)
    assert gaps(results) is None
    metrics = results.metrics
    metrics["reason"] = metrics["reason"].astype(object)
    lost = {"gmm": "no codes", "prior": "no z"}
    for strategy, reason in lost.items():
        chosen = metrics["strategy"].eq(strategy) & metrics["metric"].isin(["kid", "recall"])
        metrics.loc[chosen, ["status", "reason"]] = ["failed", reason]
    chosen = metrics["metric"].eq("precision") & metrics["strategy"].isin(lost)
    metrics.loc[chosen, ["status", "reason"]] = ["failed", "no z"]
    found = gaps(results)
    assert found is not None and found.header == ["reason", "metrics", "strategies", "rows"]
    each = len(metrics[metrics["strategy"].eq("gmm") & metrics["metric"].eq("kid")])
    assert sorted(map(list, found.rows)) == [
        ["no codes", "KID and recall", "gmm", str(2 * each)],
        ["no z", "KID and recall", "prior", str(2 * each)],
        ["no z", "precision", "prior and gmm", str(2 * each)],
    ]


def test_networks_that_differ_have_rows_of_their_own(make_results):
    results = make_results(alphas=(1.0,), betas=(1.0,), images=False)
    whole = models_table(results)
    assert whole is not None and len(whole.rows) == 1 and "hidden" not in whole.header
    first, *rest = results.runs["run_id"]
    results.runs["hidden"] = results.runs["hidden"].where(results.runs["run_id"] != first, "9×9")
    found = models_table(results)
    assert (
        found is not None
        and found.header[:5] == ["α", "β", "s = β/(2α)", "hidden", "models"]
        and len(found.rows) == 2
    )
    assert {row[3]: row[4] for row in found.rows}["9×9"] == "1"
    assert sum(int(row[4]) for row in found.rows) == 1 + len(rest)
    assert whole.rows[0][:3] == found.rows[0][:3]


def test_models_that_differ_in_their_network_alone_are_all_counted(make_results, make_summary):
    results = make_results(alphas=(1.0,), betas=(1.0,), images=False)
    summary = make_summary(results)
    wide = results.runs.assign(run_id=results.runs["run_id"] + "wide", hidden="9×9", steps=77)
    again = results.runs.assign(run_id=results.runs["run_id"] + "drawn", decode="sample")
    every = dataclasses.replace(results, runs=pd.concat([results.runs, wide, again], ignore_index=True))
    said = dict(limits(every, summary))
    assert "9×9" in said["Network"] and "77 to " in said["Training"]
    assert len(_each_model(every).runs) == 2 * len(results.runs)
