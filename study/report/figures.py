"""Every figure of the report by name, with the caption that keeps a tired reader from misreading it."""

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

GRIDS = 3  # settings with a grid of samples
DPI = 130

Draw = Callable[[Results, pd.DataFrame], Figure | None]


@dataclasses.dataclass(frozen=True)
class Spec:
    """A figure: what it is called, how it is drawn, how it reads, and why it may be absent."""

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
        "worse, open diamonds cannot be told apart from it. Panels have their own axes: compare dots within "
        "a panel, not across. A number at an edge is a strategy that lies beyond it. Below the dashed line "
        "are reference rows, which do not compete.",
        "no strategy was compared with the prior",
    ),
    Spec(
        "gains",
        grid.gains,
        "Heat maps over α and β of the gain over the prior, one for each of the main strategies.",
        "Blue: better than the prior on the same trained models; orange: worse; white: no difference. “=” "
        "marks a tie, “✕” one where the prior is better for sure. For "
        "a Gaussian decoder α and β act through the noise variance s = β/(2α): cells of equal s are the same "
        "model to Adam, so read along s and not along α or β alone.",
        "fewer than two settings of (α, β) have a gain over the prior",
    ),
    Spec(
        "ladder",
        ladder.ladder,
        "Distance to real data rung by rung: prior, Gaussians, mixture, posterior, reconstructions, held-out "
        "data.",
        "One frozen decoder per model; only the source of z changes from rung to rung. The fall from one "
        "rung to the next is what the small words name. gaussian-full and shuffled-marginals are two "
        "branches (dashed): neither holds the other. Green rungs are no latent strategies: what is left "
        "there is the decoder's. Bars are 95 % intervals over training seeds. They are not paired: two rungs "
        "whose bars overlap may still differ on every single model.",
        "the prior and at least two other rungs are needed, in KID or FD",
    ),
    Spec(
        "mismatch",
        mismatch.mismatch,
        "Scatter plots: bracket on KL(q(z)‖p(z)) of each trained model against a strategy's gain over the "
        "prior.",
        "Each bar is one trained model: it reaches from the lower to the upper end of the bracket on "
        "KL(q(z)‖p(z)). A hollow mark and a long bar say that the mismatch is not identified; the bar is no "
        "error bar. It ends at 0, since a KL is never negative. Colour is β, shape is α. ρ is Spearman's rank "
        "correlation between the bracket's middle and the gain, with a 95 % interval from resampling settings, then "
        "models within them. Where a bar starts at 0 its middle is half the upper end, so ρ rests on that end "
        "there. A high ρ says that the order agrees, not that the mismatch is the cause: α and β move both.",
        "it needs the bracket on KL(q(z)‖p(z)) and a strategy beside the prior",
    ),
    Spec(
        "quality",
        density.quality,
        "Curves: share of samples that lie among real data, against log q(z), for draws from the prior, from "
        "posteriors, and for codes of held-out data.",
        "Single draws of the models at three settings, from small to large β/α, in bins of equally many draws "
        "along log q(z); the share of each bin's samples that lie in the manifold of real data is precision there. "
        "Bands are 95 % intervals over trainings. Left of the dashed line lie the holes: densities that 99 % of the "
        "codes of held-out data exceed. A prior whose points lie to the left is drawn where q(z) is thin; where its "
        "curve also falls below the others at one log q(z), density alone does not say what is lost.",
        "no strategy was scored, so no draw has a quality",
    ),
    Spec(
        "dimensions",
        latents.per_dimension,
        "Bars: rate of each latent dimension, sorted, split in mutual information and marginal KL, per (α, "
        "β).",
        "The height of a bar is the mean KL(q(zⱼ|x)‖p(zⱼ)) of one latent dimension. The plain part tells "
        "examples apart; the hatched part, KL(q(zⱼ)‖p(zⱼ)), is what drawing that dimension from the prior "
        "gets wrong. Dimensions are sorted within each model before averaging, so a rank is not one fixed "
        "dimension. Mismatch between dimensions does not show here.",
        "no table of latent dimensions",
    ),
    Spec(
        "codes",
        latents.code_map,
        "Maps of two-dimensional codes and the density of q(z), with circles of the prior.",
        "Blue is the density of q(z) as the mixture of the posteriors shown, dots are their means; circles "
        "hold 39 %, 86 % and 99 % of N(0, I). Blue outside the circles is never drawn by the prior, white "
        "inside them is drawn but was never decoded in training. One trained model per panel: the first "
        "seed.",
        "the latents are not two-dimensional",
    ),
    Spec(
        "novelty",
        comparison.novelty,
        "Dot plot: share of samples nearer to training data than to held-out data, per strategy.",
        "½ is what a strategy gets that copies nothing; the green band is what real held-out data get here "
        "(95 % interval over its samples), which is the fairer null. To the right of it samples lean towards "
        "training data. This is one number: a strategy at ½ may still repeat single examples. A number at an "
        "edge is a row that lies beyond it.",
        "`nearer_to_train` was not measured",
    ),
    Spec(
        "nearest",
        nearest.nearest,
        "Pairs of pictures: each strategy's samples beside the nearest training examples.",
        "In each pair a sample stands on the left and the training example nearest to it in pixels on the right, of "
        "one trained model, where β/α is smallest. Real held-out data have near neighbours too, and so have their "
        "reconstructions: look for pairs that are more alike than these. `copycat` shows what copies look like.",
        "no pictures were kept: the data are no images",
    ),
    Spec(
        "losses",
        losses.losses,
        "Line plots: reconstruction term and rate by epoch, training and validation.",
        "Solid is training data, dashed validation, each a mean over trainings. Lines that still fall at the "
        "right end are models that had not settled; a gap between dashed and solid that grows is "
        "overfitting.",
        "no losses were recorded",
    ),
)


def specs(results: Results) -> list[Spec]:
    """All figures that could be drawn, a grid of samples for each of a few settings among them."""
    chosen = samples.sample_settings(results, at_most=GRIDS)
    grids = [
        Spec(
            f"samples-{setting.slug}",
            lambda results, _, setting=setting: samples.sample_grid(results, setting),  # type: ignore[misc]
            f"Grid of samples at {setting.label}: strategies down, shared draws across.",
            f"One trained model at {setting.label}, its first seed. Along a column, strategies that draw an "
            "example and noise share both; so look down a column for what a strategy changes, and along a "
            "row for variety. So few samples say little of frequencies: the tables do.",
            "no pictures were kept",
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
        extra: ready figures with their captions, by name.
        vector: write `figures/<name>.svg` too.

    Returns:
        Pictures by name, and by name the reason why a figure is absent.
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
    """A figure as SVG and as PNG; equal figures give equal bytes, whatever its texts say."""
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
    """The same picture with the 256 colours that fit it best, less than half as large."""
    out = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(out, format="png", optimize=True)
    return out.getvalue()


def replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
