"""Every figure of the report by name, with its caption."""

import dataclasses
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from study.report.frames import Setting
from study.report.plots import (
    comparison,
    density,
    grid,
    ladder,
    latents,
    lettering,
    losses,
    mismatch,
    nearest,
    samples,
    style,
)
from study.tables.results import Results

GRIDS = 3  # settings that get a grid of samples
DPI = 130

Draw = Callable[[Results, pd.DataFrame], Figure | None]


@dataclasses.dataclass(frozen=True)
class Spec:
    """A figure: its name, the function that draws it, its texts, and the reason given when it is absent."""

    name: str
    draw: Draw
    alt: str
    caption: str
    absent: str
    setting: Setting | None = None


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure that was saved as `figures/<name>.png`."""

    name: str
    alt: str
    caption: str
    svg: str
    png: bytes
    setting: Setting | None = None


SPECS = (
    Spec(
        "differences",
        comparison.differences,
        "Dot plots, one per metric: each strategy's paired difference from the prior with its interval.",
        "Each dot is a strategy's metric minus the prior's on the same trained model, averaged over the "
        "grid; bars are 95 % intervals over training seeds. Circles are better than the prior, crosses "
        "worse; open diamonds are equivalent to it, open circles not decided. Each panel has its own axis: compare "
        "dots within a panel, not across panels. A number at an edge is the value of a strategy that "
        "lies beyond the axis. Below the dashed line are reference rows, which do not compete.",
        "no strategy was compared with the prior",
    ),
    Spec(
        "gains",
        grid.gains,
        "Heat maps over α and β of the share of the gap closed, one for each of the main strategies.",
        "Percent of the gap between the prior and real data that a strategy closes on the same trained models. Blue: "
        "closer to real data than the prior; orange: farther. “≈”: equivalent within 5 % of the gap; “?”: not decided; "
        "“✕”: worse. Blank: the metric can show no effect there. For "
        "a Gaussian decoder α and β act only through the noise variance s = β/(2α): Adam trains the same model in "
        "cells of equal s, so compare cells by s and not by α or β alone.",
        "fewer than two settings of (α, β) have a gain over the prior",
    ),
    Spec(
        "ladder",
        ladder.ladder,
        "Distance to real data rung by rung: prior, Gaussians, mixture, posterior, reconstructions, held-out "
        "data.",
        "One frozen decoder per model; only the source of z changes from rung to rung. The small print names "
        "what each rung adds, which is what the fall from the rung above measures. gaussian-full and "
        "shuffled-marginals are two branches (dashed): neither includes the other. Green rungs sample no latent "
        "distribution: the distance left there is due to the decoder. Bars are 95 % intervals over training "
        "seeds and are not paired: two rungs whose bars overlap may still differ on every single model.",
        "it needs the prior and at least two other rungs, scored by KID or FD",
    ),
    Spec(
        "mismatch",
        mismatch.mismatch,
        "Scatter plots: bracket on KL(q(z)‖p(z)) of each trained model against a strategy's gain over the "
        "prior.",
        "Each bar is one trained model: it reaches from the lower to the upper end of the bracket on "
        "KL(q(z)‖p(z)). It is not an error bar: a long bar with a hollow mark means that the mismatch is not "
        "identified. Bars are cut off at 0, since a KL is never negative. Colour is β, shape is α. ρ is Spearman's "
        "rank correlation between the middle of the bracket and the gain, with a 95 % interval from resampling "
        "settings, then models within them. Where a bar starts at 0 its middle is half the upper end, so ρ depends on "
        "that end alone. A high ρ shows that the two rank models alike, not that the mismatch causes the gain: α and "
        "β change both.",
        "it needs the bracket on KL(q(z)‖p(z)) and a strategy other than the prior",
    ),
    Spec(
        "quality",
        density.quality,
        "Curves: share of samples that lie among real data, against log q(z), for draws from the prior, from "
        "posteriors, and for codes of held-out data.",
        "Single draws of z at three settings, from small to large β/α, in bins of equally many draws "
        "along log q(z). The share of a bin's samples that lie in the manifold of real data is the precision there. "
        "Bands are 95 % intervals over training runs. Holes lie left of the dashed line: 99 % of the codes of held-out "
        "data have a higher density. Points of the prior far to the left are draws where q(z) is low; if the prior's "
        "curve is also below the others at the same log q(z), low density does not explain the whole loss.",
        "no strategy was scored, so the quality of single draws is unknown",
    ),
    Spec(
        "dimensions",
        latents.per_dimension,
        "Bars: rate of each latent dimension, sorted, split into mutual information and marginal KL, per (α, "
        "β).",
        "The height of a bar is the mean KL(q(zⱼ|x)‖p(zⱼ)) of one latent dimension. The plain part is the "
        "information that tells examples apart; the hatched part, KL(q(zⱼ)‖p(zⱼ)), is the error made by drawing that "
        "dimension from the prior. Dimensions are sorted within each model before averaging, so a rank is not "
        "one fixed dimension. Dependence between dimensions is not shown.",
        "no latent dimensions were recorded",
    ),
    Spec(
        "codes",
        latents.code_map,
        "Maps of two-dimensional codes and the density of q(z), with circles of the prior.",
        "Blue is the density of q(z), the mixture of the posteriors whose means are the dots; circles "
        "hold 39 %, 86 % and 99 % of N(0, I). The prior almost never draws the blue regions outside the circles; it "
        "draws the white regions inside them, which were never decoded in training. One trained model per panel: the "
        "first seed.",
        "the latents are not two-dimensional",
    ),
    Spec(
        "novelty",
        comparison.novelty,
        "Dot plot: share of samples nearer to training data than to held-out data, per strategy.",
        "A strategy that copies nothing has an expected share of ½; the green band shows real held-out data "
        "(95 % interval over samples), which is the fairer null value. To the right of the band samples lean towards "
        "the training data. This is one measure: a strategy at ½ may still repeat single examples. A number at an "
        "edge is the value of a row that lies beyond the axis.",
        "`nearer_to_train` was not measured",
    ),
    Spec(
        "nearest",
        nearest.nearest,
        "Pairs of pictures: each strategy's samples beside the nearest training examples.",
        "In each pair the sample is on the left and the training example nearest to it in pixels on the right; all of "
        "one trained model, at the smallest β/α. Real held-out data and their reconstructions have near neighbours "
        "too: look for pairs that are more alike than theirs. `copycat` shows what copies look like.",
        "no pictures were stored: the data are not images",
    ),
    Spec(
        "losses",
        losses.losses,
        "Line plots: reconstruction term and rate by epoch, training and validation.",
        "Solid lines are training data, dashed lines validation data, each a mean over training runs. A line that "
        "still falls at the right end has not converged; a growing gap between dashed and solid is "
        "overfitting.",
        "no losses were recorded",
    ),
)


def specs(results: Results) -> list[Spec]:
    """All figures that could be drawn, including a grid of samples for each of a few settings."""
    chosen = samples.sample_settings(results, at_most=GRIDS)
    grids = [
        Spec(
            f"samples-{setting.slug}",
            lambda results, _, setting=setting: samples.sample_grid(results, setting),  # type: ignore[misc]
            f"Grid of samples at {setting.label}: one row per strategy, one column per shared draw.",
            f"One trained model at {setting.label}, its first seed. In a column, strategies that draw an "
            "example and noise share both: look down a column to see what a strategy changes, and along a "
            "row to see its variety. Frequencies cannot be judged from so few samples; see the tables.",
            "no pictures were stored",
            setting,
        )
        for setting in chosen
    ]
    return [*SPECS, *grids]


def save_figures(
    results: Results,
    summary: pd.DataFrame,
    folder: Path,
    *,
    extra: dict[str, tuple[Figure, str]] | None = None,
    vector: bool = False,
) -> tuple[dict[str, Picture], dict[str, str]]:
    """Draw every figure and write `figures/<name>.png` below `folder`.

    Args:
        results, summary: the tables.
        folder: the results folder.
        extra: finished figures with their captions, by name.
        vector: write `figures/<name>.svg` too.

    Returns:
        The saved pictures by name, and for each absent figure the reason by name.
    """
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    pictures: dict[str, Picture] = {}
    absent: dict[str, str] = {}
    for spec, figure in _drawn(results, summary, extra or {}):
        if figure is None:
            absent[spec.name] = spec.absent
            continue
        with style.styled():
            svg, png = rendered(figure)
        replace(folder / "figures" / f"{spec.name}.png", png)
        if vector:
            replace(folder / "figures" / f"{spec.name}.svg", svg.encode())
        pictures[spec.name] = Picture(spec.name, spec.alt, spec.caption, svg, png, spec.setting)
    return pictures, absent


def _drawn(
    results: Results, summary: pd.DataFrame, extra: dict[str, tuple[Figure, str]]
) -> Iterator[tuple[Spec, Figure | None]]:
    for spec in specs(results):
        with style.styled():
            figure = spec.draw(results, summary)
        yield spec, figure
    for name, (figure, caption) in extra.items():
        yield Spec(name, lambda *_: None, caption, caption, ""), figure


def rendered(figure: Figure) -> tuple[str, bytes]:
    """A figure as SVG and as PNG. Equal figures give equal bytes, whatever their texts contain."""
    svg, png = io.StringIO(), io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with lettering.unknown_letters():
        lettering.settle(figure, lambda: _anew(svg, figure, format="svg", metadata=nothing, dpi=DPI))
        figure.savefig(png, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    return svg.getvalue(), _few_colours(png.getvalue())


def _anew(file: io.StringIO, figure: Figure, **how: Any) -> None:
    file.seek(0)
    file.truncate()
    figure.savefig(file, **how)


def _few_colours(png: bytes) -> bytes:
    """The same picture reduced to its best 256 colours: less than half the bytes."""
    out = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(out, format="png", optimize=True)
    return out.getvalue()


def replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
