import pandas as pd

from study import statistics
from study.report.page import render as page
from study.report.page.blocks import PageSection, Report, Scores
from study.report.tables import markdown as as_markdown
from study.report.text import uncertainty
from study.report.text.scores import build


def repeated(results):
    """The same results with a second draw that differs a little."""
    again = results.metrics.assign(draw=1, value=results.metrics["value"] * 1.01)
    return type(results)(**{**vars(results), "metrics": pd.concat([results.metrics, again])})


def test_across_settings_has_a_row_per_strategy(results, summary):
    table = uncertainty.across(results, summary)
    assert table is not None
    rows = {row[0]: row[1] for row in table.rows}
    assert "prior" not in rows and rows["held-out"].startswith("1")
    assert uncertainty.across(results, summary[summary["alpha"].isna()]) is None


def test_variance_is_shown_where_something_was_repeated(make_results, make_summary):
    results = make_results(alphas=(1.0,), images=False, strategies=("prior", "posterior", "gmm", "held-out"))
    summary = make_summary(results)
    assert uncertainty.components(results, summary) == []
    by_strategy, by_metric = uncertainty.components(repeated(results), summary)
    row = next(row for row in by_strategy.rows if row[0] == "gmm")
    shares = [float(text.removesuffix(" %")) for text in (row[2], row[4])]
    assert row[3] == "—" and abs(sum(shares) - 100) <= 1
    assert next(r for r in by_strategy.rows if r[0] == "prior")[6:] == ["—"] * 5
    assert "KID" in [row[0] for row in by_metric.rows]


def test_what_is_not_decided_says_what_would_not_have_been_seen(results):
    summary = statistics.summarise(results.metrics)
    row = summary["strategy"].eq("gmm") & summary["metric"].eq("kid") & summary["alpha"].isna()
    summary = summary.assign(
        verdict=summary["verdict"].mask(row, "not decided"), detectable=summary["detectable"].mask(row, 0.234)
    )
    table = build(summary, ["kid"])
    assert as_markdown(table, "difference").count("? (&lt; 23 %)") == 1
    section = PageSection("s", "s", [Scores("c", table, show="difference")])
    html = page.render(Report("t", "q", "h", "", [], [], None, [], [section]))
    assert html.count("? (&lt; 23 %)") == 1
