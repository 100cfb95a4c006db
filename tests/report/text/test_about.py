"""What the section on failures says of measurements that are missing."""

from study.report.text.about import gaps


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
