import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy import stats

from study.report import figures, frames
from study.report.plots import density, latents, mismatch, style
from study.report.text.correlation import spearman
from study.tables.bins import BINS, binned
from study.tables.results import Results

NAMES = [spec.name for spec in figures.SPECS if spec.name != "codes"]


def draw(name: str, results: Results, summary: pd.DataFrame) -> Any:
    spec = next(spec for spec in figures.specs(results) if spec.name == name)
    with style.styled():
        return spec.draw(results, frames.known(summary))


def check(figure: Figure) -> None:
    """A title, labelled axes, something drawn in every panel."""
    assert figure is not None and figure.get_suptitle()
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert panels
    assert any(axes.get_xlabel() for axes in panels) or any(axes.images for axes in panels)
    for axes in panels:
        assert axes.lines or axes.collections or axes.images or axes.patches, axes.get_title()


@pytest.mark.integration
@pytest.mark.parametrize("name", NAMES)
def test_figures_are_titled_labelled_and_full(name, results, summary):
    check(draw(name, results, summary))


def test_sample_grids_have_a_row_per_strategy(results, summary):
    names = [spec.name for spec in figures.specs(results) if spec.setting]
    assert len(names) == figures.GRIDS
    figure = draw(names[0], results, summary)
    check(figure)
    assert len(figure.axes[0].get_yticklabels()) == 15


def test_colour_images_are_drawn(results, summary):
    samples = {name: np.repeat(array[..., None], 3, axis=-1) for name, array in results.samples.items()}
    colour = dataclasses.replace(results, samples=samples)
    check(draw(next(s.name for s in figures.specs(colour) if s.setting), colour, summary))


def test_the_map_needs_two_latents(results, summary, make_results):
    assert draw("codes", results, summary) is None
    check(draw("codes", make_results(latent_dim=2), summary))


@pytest.mark.parametrize("name", NAMES)
def test_no_figure_fails_on_nothing(name, make_results):
    results = make_results(failed=27)
    assert draw(name, results, pd.DataFrame()) is None


def test_models_alone_have_dimensions_and_losses(make_results):
    results = make_results(latent_only=True)
    drawn = {name for name in NAMES if draw(name, results, pd.DataFrame()) is not None}
    assert drawn == {"dimensions", "losses"}


def test_the_heat_map_shows_the_gain_with_its_sign(results, summary):
    figure = draw("gains", results, summary)
    rows = frames.per_setting(summary)
    rows = rows[(rows["metric"] == "kid") & (rows["strategy"] == figure.axes[0].get_title(loc="left"))]
    shown = np.sort(np.asarray(figure.axes[0].collections[0].get_array()).ravel())
    np.testing.assert_allclose(shown, np.sort(100 * rows["effect"]), rtol=1e-12)


def test_the_mismatch_pairs_bracket_and_gain_of_the_same_model(results, summary):
    table = mismatch.mismatch_table(results, summary)
    row = table.iloc[5]
    own = results.metrics[results.metrics["run_id"] == row["run_id"]].set_index(["strategy", "metric"])[
        "value"
    ]
    assert row["gain"] == pytest.approx(own["prior", "kid"] - own[row["strategy"], "kid"], abs=1e-15)
    assert row["middle"] == pytest.approx(
        (own["model", "kl_aggregate_lower"] + own["model", "kl_aggregate_upper"]) / 2
    )


def test_the_density_of_codes_is_the_mixture():
    generator = np.random.default_rng(0)
    codes = np.stack([generator.normal(size=(7, 2)), generator.normal(size=(7, 2)) - 1], axis=1)
    x, y = np.linspace(-2, 2, 5), np.linspace(-1, 1, 4)
    points = np.stack(np.meshgrid(x, y), axis=-1)
    expected = np.mean(
        [stats.multivariate_normal(m, np.diag(np.exp(v))).pdf(points) for m, v in codes], axis=0
    )
    np.testing.assert_allclose(latents.aggregate_density(codes, x, y), expected, rtol=1e-12)


def test_spearman_is_scipys_and_its_interval_holds_it():
    generator = np.random.default_rng(1)
    x = pd.Series(generator.normal(size=40))
    y = x + generator.normal(size=40)
    groups = pd.DataFrame({"alpha": np.arange(40) // 4})
    rho, low, high = spearman(x, y, groups=groups)
    assert rho == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    # Fisher's standard error at n = 40 is about 0.13 here: an interval far from ±2 of it would be wrong.
    assert low < rho < high and 0.2 < high - low < 0.8
    assert (rho, low, high) == spearman(x, y, groups=groups)


def test_spearman_is_not_defined_without_spread():
    constant = pd.Series(np.ones(5))
    assert np.isnan(spearman(constant, constant, groups=pd.DataFrame({"alpha": range(5)}))).all()
    rho, low, _ = spearman(
        pd.Series([1.0, 2, 3]), pd.Series([1.0, 2, 3]), groups=pd.DataFrame({"alpha": [0, 0, 1]})
    )
    assert rho == 1 and np.isnan(low)


def test_the_quality_curve_is_that_of_a_loop():
    generator = np.random.default_rng(0)
    rows = pd.DataFrame({"run_id": np.repeat(["a", "b", "c", "d"], 100), "log_q": generator.normal(size=400)})
    rows["inside"] = generator.random(400) < 1 / (1 + np.exp(-rows["log_q"]))
    rows["source"], setting = "prior", pd.Series(0, index=list("abcd"))
    found = density.curve(binned(rows, setting))
    edges = np.quantile(rows["log_q"], np.linspace(0, 1, BINS + 1))
    assert len(found.log_q) == BINS
    for b in (0, 3, BINS - 1):
        last = rows["log_q"] <= edges[b + 1] if b == BINS - 1 else rows["log_q"] < edges[b + 1]
        own = rows[(rows["log_q"] >= edges[b]) & last]
        assert found.log_q[b] == pytest.approx(own["log_q"].mean())
        assert found.share[b] == pytest.approx(own.groupby("run_id")["inside"].mean().mean())
    assert (found.low < found.share).all() and (found.share < found.high).all()
    assert len(density.curve(binned(rows[:3], setting)).log_q) == 0  # too few draws of any training


def test_a_long_title_stays_within_its_figure():
    """One word more than fits once was cut off at the edge of a committed figure."""
    title = "Where the gap in KID between samples from the prior and real data arises, unclipped"
    with style.styled():
        made, _ = style.panels(1, 4, height=4.0, title=title)
        FigureCanvasAgg(made).draw()
    (heading,) = [text for text in made.texts if text.get_text().startswith("Where")]
    assert heading.get_text().replace("\n", " ") == title
    assert made.bbox.contains(*heading.get_window_extent().max)


@pytest.mark.parametrize("patience", [0, 100])
def test_the_steps_until_training_stopped_are_an_outcome_and_no_setting(make_results, patience):
    results = make_results(latent_only=True)
    runs = results.runs.assign(steps=100 * (1 + np.arange(len(results.runs)) % 3), patience=patience)
    figure = draw("losses", dataclasses.replace(results, runs=runs), pd.DataFrame())
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    betas = results.runs["beta"].nunique()
    assert len(labels) == (3 * betas if patience == 0 else betas) + 2
    assert any("steps" in label for label in labels) == (patience == 0)
