"""The table of the first page: what the caption says of the best strategy, and phrases and effects of single rows."""

import numpy as np

from study.report import frames
from study.report.plots.samples import sample_settings
from study.report.text.about import title
from study.report.text.contest import share
from study.report.text.main_table import main_table


def made(summary):
    table = main_table(summary)
    assert table is not None
    return table


def named(summary, name):
    (row,) = (row for row in made(summary).rows if row.name == name)
    return row


def test_by_which_metrics_the_best_strategy_is_worse_than_the_prior(summary):
    first = next(row.name for row in made(summary).rows if row.verdict == "▲ better")
    average = summary["alpha"].isna() & summary["strategy"].eq(first)
    worse = summary["verdict"].mask(average & summary["metric"].isin(["recall", "coverage"]), "worse")
    told = made(summary.assign(verdict=worse)).caption
    assert f"`{first}` is worse than the prior by recall and coverage." in told
    assert "is worse than the prior by" not in made(summary).caption


def test_the_prior_is_called_what_it_is(summary):
    assert named(summary, "prior").phrase == "z ~ p(z) = N(0, I)"
    assert named(summary.assign(family="flow-prior"), "prior").phrase == "z ~ p(z), learned with the model"


def test_other_kinds_of_models_stand_below_with_their_prior_and_their_best_strategy(summary):
    best = next(row for row in made(summary).rows if row.verdict == "▲ better")
    alone = summary[summary["strategy"].isin(["prior", "held-out"])]
    table = main_table(summary, family="vae", others={"vae (d=2)": summary, "gan": alone})
    assert table is not None and "Below them stand the other kinds of models" in table.caption
    assert [group for group, _ in table.groups] == ["strategy", "reference", "other"]
    below = [(row.name, row.phrase, row.effect) for row in dict(table.groups)["other"]]
    assert below == [
        ("prior", "from `vae (d=2)`", "0 %"),
        (best.name, "from `vae (d=2)`", best.effect),
        ("prior", "from `gan`", "0 %"),
    ]
    assert [row for row in table.rows if row.group != "other"] == list(made(summary).rows)
    assert "Below them" not in made(summary).caption


def test_a_setting_at_which_nothing_is_encoded_is_named_and_not_pictured_first(results, summary):
    """Its rate is all but zero: every strategy has the prior's pictures there, and an average counts it as no gain."""
    first = frames.settings(summary)[0]
    gone = frames.at(summary, first).index
    rate = summary["strategy"].eq("model") & summary["metric"].eq("rate")
    assert (rate & summary.index.isin(gone)).any() and frames.collapsed(summary) == set()
    collapsed = summary.assign(mean=summary["mean"].mask(rate & summary.index.isin(gone), 0.001))
    assert frames.collapsed(collapsed) == {(first.alpha, first.beta)}
    assert f"At {first.label} posteriors have collapsed (a rate below 0.1 nats)" in made(collapsed).caption
    assert "collapsed" not in made(summary).caption
    every = sample_settings(results, at_most=100)
    kept = sample_settings(results, at_most=100, without={(every[0].alpha, every[0].beta)})
    assert kept == every[1:]
    assert sample_settings(results, at_most=100, without={(s.alpha, s.beta) for s in every}) == every


def test_of_another_kind_of_model_only_a_strategy_that_is_better_stands_below(summary):
    """The largest mean may be that of a strategy whose scores explode: then it is not decided."""
    open_ = summary.assign(verdict=summary["verdict"].where(summary["verdict"] == "baseline", "not decided"))
    table = main_table(summary, others={"unclipped": open_})
    assert table is not None and [row.name for row in dict(table.groups)["other"]] == ["prior"]


def test_cells_of_other_models_have_the_scale_of_the_heading(summary):
    """Their values may be a thousand times smaller: the heading's power of ten holds for all rows."""
    cell = {row.name: row.cells for row in made(summary).rows}["prior"][0]
    small = summary.assign(**{name: summary[name] / 1000 for name in ("mean", "low_mean", "high_mean")})
    table = main_table(summary, others={"tiny": small})
    assert table is not None
    below = next(row for row in table.rows if row.group == "other")
    value = float(cell.split(" [")[0])
    assert abs(float(below.cells[0].split(" [")[0]) - value / 1000) <= 0.05 * value


def test_an_effect_far_below_the_prior_is_not_spelt_out(summary):
    rows = summary["alpha"].isna() & summary["strategy"].eq("noise") & summary["metric"].eq("kid")
    row = next(summary[rows].assign(effect=-48.78, effect_low=-75.0, effect_high=-21.8).itertuples())
    assert share(row) == "below −1000 %"
    near = next(summary[rows].assign(effect=-8.83, effect_low=-13.92, effect_high=-3.75).itertuples())
    assert share(near) == "−883 [−1392, −375] %" and share(near, -1) == "883 [375, 1392] %"


def test_averages_of_costs_leave_no_setting_out(summary):
    """That of seconds is over all settings: none can show an "effect" in the sense of a distance to real data."""
    rows = summary[summary["alpha"].isna() & summary["metric"].eq("seconds_fit")]
    assert np.all(rows["settings"] == 9)


def test_titles_are_spelt_as_names_are(make_results):
    results = make_results()
    facts = results.provenance | {"experiment": "gan_baseline", "dataset": {"name": "fashion-mnist"}}
    results.provenance.update(facts)
    assert title(results) == "GAN baseline on Fashion-MNIST"
