"""Figures for a notebook: what they show is what was measured, and pyplot knows of none."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import study
from study.errors import StudyError
from study.latents import Latents
from study.report.plots.latents import aggregate_density
from tests.notebook.conftest import Made

COMMITTED = Path(__file__).parents[2] / "results" / "sampling_strategies" / "digits-default"


def figures(made: Made) -> dict[str, Figure]:
    lat = made.codes["train"]
    return {
        "samples": study.plot.samples({"real": made.data.held_out}, made.data, n=3),
        "latent_map": study.plot.latent_map(lat, dimensions=(0, 3)),
        "kl_per_dimension": study.plot.kl_per_dimension(lat),
        "gains": study.plot.gains(made.found),
    }


def test_they_are_figures_that_a_notebook_shows_without_pyplot(made: Made) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    found = figures(made)
    assert dict(mpl.rcParams) == before
    for name, figure in found.items():
        assert isinstance(figure, Figure), name
        assert figure._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"  # type: ignore[attr-defined]
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_samples_are_the_images(made: Made) -> None:
    (image,) = figures(made)["samples"].axes[0].images
    shown = np.asarray(image.get_array())[:8, :8, 0].astype(float)
    np.testing.assert_allclose(shown, 255 * made.data.held_out[0].reshape(8, 8), atol=0.5)
    assert len(np.unique(shown)) > 5


def test_the_bars_are_the_rates(made: Made) -> None:
    lat = made.codes["train"]
    axes = figures(made)["kl_per_dimension"].axes[0]
    tops = sorted(
        (bar.get_y() + bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)), reverse=True
    )
    kl = 0.5 * (np.square(lat.mean) + np.exp(lat.log_var) - lat.log_var - 1).mean(0)
    np.testing.assert_allclose(tops[: lat.d], np.sort(kl)[::-1], rtol=1e-4)


def test_the_map_is_the_marginal_of_two_dimensions(made: Made) -> None:
    """The density of the mixture with the other dimensions integrated out, by the exact q(z) of these two."""
    lat = made.codes["train"]
    pair = Latents(lat.mean[:, [0, 3]], lat.log_var[:, [0, 3]])
    side = np.linspace(-2, 2, 9)
    both = np.stack([pair.mean, pair.log_var], 1).astype(float)
    grid = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    exact = np.exp(study.AggregatePosterior(pair).log_prob(grid.astype(np.float32)))
    np.testing.assert_allclose(aggregate_density(both, side, side).ravel(), exact, rtol=2e-3, atol=1e-6)
    figure = figures(made)["latent_map"]
    (dots,) = (part for part in figure.axes[0].collections if len(np.asarray(part.get_offsets())) == lat.n)
    np.testing.assert_allclose(np.asarray(dots.get_offsets()), pair.mean, rtol=1e-6)
    widest = study.plot.latent_map(lat).axes[0]
    expected = sorted(np.argsort(-lat.mean.var(0))[:2])
    assert [widest.get_xlabel(), widest.get_ylabel()] == [f"dimension {j}" for j in expected]


def test_gains_are_the_effects(made: Made) -> None:
    axes = figures(made)["gains"].axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    told = made.found.ranked.set_index("strategy")["effect"]
    assert names[:2] == [name for name in told.index if name != "prior"]
    single = {float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1}  # type: ignore[arg-type,index]
    low, high = axes.get_xlim()
    for name in names[:2]:
        share = 100 * told[name]
        assert not low <= share <= high or any(abs(share - x) < 1e-9 for x in single)


@pytest.mark.integration
def test_gains_of_a_study(smoke_run: Path) -> None:
    """A map over α and β for each main strategy; a run that is too small for any effect says so."""
    results = study.load_results(COMMITTED)
    panels = {axes.get_title(loc="left"): axes for axes in study.plot.gains(results).axes}
    told = study.summarise(results.metrics).query(
        "strategy == 'posterior' and metric == 'kid' and state == 'ok'"
    )
    expected = sorted(f"{100 * effect:.0f}" for effect in told.loc[told["alpha"].notna(), "effect"])
    shares = [
        text.get_text().split()[0] for text in panels["posterior"].texts if "s =" not in text.get_text()
    ]
    assert len(expected) == 7 and sorted(share.replace("−", "-") for share in shares) == expected
    with pytest.raises(StudyError, match=r"^plot.gains: no strategy but the prior has an effect"):
        study.plot.gains(study.load_results(smoke_run))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda made: study.plot.samples(np.zeros((2, 3)), made.data),
            r"samples must be \[N, 64\], got \[2, 3\]",
        ),
        (lambda made: study.plot.samples({}, made.data), "there are no samples"),
        (lambda made: study.plot.samples("x", made.data), "samples: give an array of numbers"),
        (lambda made: study.plot.samples(made.data.test, made.data, n=0), "n: give a whole number from 1"),
        (
            lambda made: study.plot.samples(made.data.test, None),
            "data must be a data set of images, got None",
        ),
        (lambda made: study.plot.latent_map(3), r"give Latents\(mean, log_var\), got 3"),
        (
            lambda made: study.plot.latent_map(Latents(np.zeros((3, 1)), np.zeros((3, 1)))),
            "codes have one dimension",
        ),
        (
            lambda made: study.plot.latent_map(made.codes["train"], dimensions=(0, 4)),
            "whole number from 0 to 3, got 4",
        ),
        (
            lambda made: study.plot.latent_map(made.codes["train"], dimensions=(1, 1)),
            r"must be two, got \(1, 1\)",
        ),
        (lambda made: study.plot.kl_per_dimension(None), r"give Latents\(mean, log_var\), got None"),
        (
            lambda made: study.plot.gains(made.model),
            "give what study.compare or study.run returned, got TrainedModel",
        ),
    ],
)
def test_wrong_arguments(made: Made, call: Any, told: str) -> None:
    with pytest.raises(StudyError, match=rf"^plot\.[a-z_]+: .*{told}|^plot\.[a-z_]+: {told}") as raised:
        call(made)
    assert "\n" not in str(raised.value)
