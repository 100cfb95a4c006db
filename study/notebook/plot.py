"""Figures for a notebook, `study.plot`: each function returns a `matplotlib.figure.Figure`, without pyplot."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from study.data.base import Dataset
from study.errors import StudyError
from study.latents import Latents, dimension_table
from study.latents.base import require_latents
from study.report import frames
from study.report.plots import effects, grid, latents, style
from study.report.plots.samples import COLUMNS, sheet
from study.runtime.arrays import numbers
from study.runtime.checks import shown, whole_number
from study.scoring.generate import to_uint8
from study.statistics import summarise
from study.tables.results import Results

CODES = 2000  # posteriors on a map, at most
DRAWS = 1000  # for the information of a dimension under a learned prior


def samples(x: Any, data: Dataset, *, n: int = COLUMNS, title: str = "Samples") -> Figure:
    """Images: the first n samples in a row, or one row for each set of samples.

    Args:
        x: samples `[N, D]`, as a decoder gives them, or several sets of them by name.
        data: the data set, which knows the shape and the range of an image.
        n: columns.
        title: of the figure.

    Raises:
        StudyError: the data are not images, or samples have another shape.
    """
    if not isinstance(data, Dataset) or not data.is_image:
        raise StudyError(f"plot.samples: data must be a data set of images, got {shown(data)}")
    n = whole_number(n, name="plot.samples: n", least=1)
    rows = {}
    for name, value in x.items() if isinstance(x, Mapping) else [("samples", x)]:
        array = numbers(value, name=f"plot.samples: {name}", dtype=np.float32)
        if array.ndim != 2 or array.shape[1] != data.train.shape[1] or not len(array):
            raise StudyError(
                f"plot.samples: {name} must be [N, {data.train.shape[1]}], got {list(array.shape)}"
            )
        images = to_uint8(array[:n], data)
        rows[str(name)] = images[..., None] if images.ndim == 3 else images
    if not rows:
        raise StudyError("plot.samples: there are no samples; give an array, or arrays by name")
    with style.styled():
        return _on_paper(sheet(rows, title=title))


def latent_map(codes: Latents, *, dimensions: tuple[int, int] | None = None) -> Figure:
    """The density of q(z) in two dimensions, exact for the posteriors shown, with their means and circles of N(0, I).

    Args:
        codes: posteriors; of more than 2000, as many are shown.
        dimensions: two of them, counted from 0; by default the two whose means vary most.

    Raises:
        StudyError: codes are not `Latents` of two dimensions or more, or there are no such dimensions.
    """
    require_latents("plot.latent_map", codes)
    if codes.d < 2:
        raise StudyError("plot.latent_map: codes have one dimension; a map needs two")
    if dimensions is None:
        widest = np.argsort(-codes.mean.astype(np.float64).var(0), kind="stable")[:2]
        pair = [int(j) for j in sorted(widest)]
    else:
        given = dimensions if isinstance(dimensions, tuple | list) else (dimensions,)
        pair = [whole_number(j, name="plot.latent_map: dimensions", most=codes.d - 1) for j in given]
        if len(pair) != 2 or pair[0] == pair[1]:
            raise StudyError(f"plot.latent_map: dimensions must be two, got {shown(dimensions)}")
    some = np.linspace(0, codes.n - 1, min(codes.n, CODES)).astype(int)
    both = np.stack([codes.mean[some][:, pair], codes.log_var[some][:, pair]], axis=1).astype(np.float64)
    with style.styled():
        figure, axes = style.panels(
            1, 1, height=4.6, title="q(z) (blue, dots are means) against N(0, I) (circles)"
        )
        latents.draw_map(axes[0, 0], both, latents.reach_of(both))
        axes[0, 0].set_xlabel(f"dimension {pair[0]}")
        axes[0, 0].set_ylabel(f"dimension {pair[1]}")
        return _on_paper(figure)


def kl_per_dimension(codes: Latents, *, prior: Any = None) -> Figure:
    """The rate of each latent dimension in nats, sorted: information about x, and KL(q(zⱼ)‖p(zⱼ)).

    Args:
        codes: posteriors of the training data.
        prior: `model.prior`; None is N(0, I).

    Raises:
        StudyError: codes are not `Latents`, or the marginals of the prior have no density (flow, LARS).
    """
    require_latents("plot.kl_per_dimension", codes)
    table = dimension_table(0, codes, draws=DRAWS, prior=prior).assign(run_id="")
    if table["kl"].isna().any():
        raise StudyError(
            "plot.kl_per_dimension: the marginals of this prior have no density; leave prior out"
        )
    with style.styled():
        figure, axes = style.panels(
            1, 1, height=2.6, title="Where the rate goes: each latent dimension, sorted"
        )
        latents.bars(axes[0, 0], table)
        axes[0, 0].set_xlabel("latent dimension, by rank")
        axes[0, 0].set_ylabel("rate (nats)")
        figure.legend(loc="outside lower center", ncols=2)
        return _on_paper(figure)


def gains(found: Any) -> Figure:
    """The share of the prior's gap that each strategy closes.

    Args:
        found: what `study.compare` or `study.audit` returned: a row for each strategy, with its interval; or the
            results of `study.run` or `study.load_results`: a map over α and β for the main strategies, of plain VAEs if
            there are several families.

    Raises:
        StudyError: it is none of these, or holds no effect.
    """
    results = getattr(found, "results", found)
    summary = getattr(found, "verdicts", getattr(found, "summary", None))
    if not isinstance(results, Results):
        raise StudyError(f"plot.gains: give what study.compare or study.run returned, got {shown(found)}")
    if summary is None:
        results, summary = next(iter(frames.by_family(results, summarise(results.metrics)).values()))
    with style.styled():
        figure = None
        if len(summary):
            figure = grid.gains(results, summary) or effects.effects(results, summary)
        if figure is None:
            raise StudyError("plot.gains: no strategy but the prior has an effect that can be shown")
        return _on_paper(figure)


def _on_paper(figure: Figure) -> Figure:
    """With a background, since a notebook may be dark."""
    figure.set_facecolor(style.PAPER)
    return figure
