"""The figures of the general report: which there are, how each is drawn, and the texts beside it."""

import dataclasses
from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from study.report.frames import Setting
from study.report.plots import (
    comparison,
    density,
    effects,
    grid,
    ladder,
    latents,
    losses,
    mismatch,
    nearest,
    samples,
)
from study.tables.results import Results

GRIDS = 3  # settings that get a grid of samples

Draw = Callable[[Results, pd.DataFrame], Figure | None]


@dataclasses.dataclass(frozen=True)
class Spec:
    """A figure: its name, the function that draws it, its title and texts, and the reason given when it is absent.

    In the caption, `{over}` stands for what intervals of scores are taken over.
    """

    name: str
    draw: Draw
    title: str
    alt: str
    caption: str
    absent: str
    setting: Setting | None = None


SPECS = (
    Spec(
        "effects",
        effects.effects,
        "The effect of each strategy",
        "Dot plot: the share of the gap that each strategy closes, with its interval, and single settings as faint "
        "dots.",
        "The share of the gap between the prior (0 %) and real held-out data (100 %) that each strategy closes on the "
        "same trained models. Large marks are averages over the settings in which the decoder beats noise and the "
        "prior falls short of real data, with 95 % intervals over {over}; faint dots are single settings. Green "
        "squares sample no latent distribution. A number or an arrow head at an edge: it lies beyond the axis.",
        "the metric can show no effect at any setting, or no strategy was compared with the prior",
    ),
    Spec(
        "where",
        effects.where,
        "Where it matters",
        "Lines: the share of the gap that a few strategies close, against the one axis that α and β share.",
        "The share of the gap closed at each setting, with 95 % intervals over {over}, for the strategies that "
        "the question is about. α and β are one axis, their ratio, up to what the number of optimiser steps leaves; "
        "lines join the means of settings of equal ratio. An arrow at an edge stands for a value beyond it.",
        "fewer than two settings of different ratio of α and β have a gain over the prior",
    ),
    Spec(
        "samples",
        samples.few,
        "Samples with shared draws",
        "Grid of samples: one row for the prior, each of a few strategies and real data, one column per shared draw.",
        "One trained model, its first seed, at the setting in the title. In a column, rows that start from any "
        "training example start from the same one, and all share their noise: look down a column to see what a "
        "strategy changes.",
        "no pictures were stored: the data are not images, or nothing was sampled",
    ),
    Spec(
        "differences",
        comparison.differences,
        "Every metric against the prior",
        "Dot plots, one per metric: each strategy's paired difference from the prior with its interval.",
        "Each dot is a strategy's metric minus the prior's on the same trained model, averaged over the "
        "grid; bars are 95 % intervals over {over}. Circles are better than the prior, crosses "
        "worse; open diamonds are equivalent to it, open circles not decided, dots without a verdict. Verdicts are on "
        "the share of the gap and corrected for the number of strategies, bars are neither. Each panel has its own "
        "axis: compare "
        "dots within a panel, not across panels. A number at an edge is the value of a strategy that "
        "lies beyond the axis. Below the dashed line are reference rows, which do not compete.",
        "no strategy was compared with the prior",
    ),
    Spec(
        "gains",
        grid.gains,
        "The share of the gap over the grid",
        "Heat maps over α and β of the share of the gap closed, one for each of the main strategies.",
        "Percent of the gap between the prior and real data that a strategy closes on the same trained models. Blue: "
        "closer to real data than the prior; orange: farther. Without a sign: better; “≈”: equivalent within 5 % of "
        "the gap; “?”: not decided; "
        "“✕”: worse. Blank: left out or not trained. α and "
        "β are one axis, s = β/(2α), up to optimiser steps: cells of equal s are the same model, so compare cells by "
        "s and not by α or β alone.",
        "fewer than two settings of (α, β) have a gain over the prior",
    ),
    Spec(
        "ladder",
        ladder.ladder,
        "The gap ladder",
        "Distance to real data rung by rung: prior, Gaussians, mixture, posterior, reconstructions, held-out "
        "data.",
        "One frozen decoder per model; only the source of z changes from rung to rung. The second line of a label "
        "names what each rung adds, which is what the fall from the rung above measures. Green rungs sample no latent "
        "distribution: the distance left there is due to the decoder. Bars are 95 % intervals over {over} "
        "and are not paired: two rungs whose bars meet may still differ on every single model.",
        "it needs the prior and at least two other rungs, scored by KID or FD",
    ),
    Spec(
        "mismatch",
        mismatch.mismatch,
        "Mismatch of q(z) and prior against the gain",
        "Scatter plots: bracket on KL(q(z)‖p(z)) at each setting against a strategy's gain over the prior.",
        "One mark per setting. Its bar reaches from the lower to the upper end of the bracket on KL(q(z)‖p(z)), means "
        "over the models there, and is no error bar; a negative lower end is drawn, and ranked, as 0. A hollow mark "
        "means that some model's mismatch is not identified. "
        "The upright bar is the 95 % interval of the gain. Colour is β, shape is α: together they are one axis, "
        "s = β/(2α), up to optimiser steps. ρ is Spearman's rank correlation over single models between the middle of "
        "the bracket and the gain, with a 95 % interval from resampling settings, then models within them, if there "
        "are three settings. A high ρ shows that the two rank models alike, not that the mismatch causes the gain.",
        "it needs the bracket on KL(q(z)‖p(z)) and a strategy other than the prior",
    ),
    Spec(
        "quality",
        density.quality,
        "Quality of single draws by log q(z)",
        "Curves: share of samples that lie among real data, against log q(z), for draws from the prior, from "
        "posteriors, and for codes of held-out data.",
        "Single draws of z at up to three settings, from small to large β/α, in bins of equally many draws "
        "along log q(z). The share of a bin's samples that lie in the manifold of real data is the precision there. "
        "Bands are 95 % intervals over training runs. Holes lie left of the dashed line: 99 % of the codes of held-out "
        "data have a higher density. Points of the prior far to the left are draws where q(z) is low; if the prior's "
        "curve is also below the others at the same log q(z), low density does not explain the whole loss.",
        "no strategy was scored, so the quality of single draws is unknown",
    ),
    Spec(
        "dimensions",
        latents.per_dimension,
        "Rate of each latent dimension",
        "Bars: rate of each latent dimension, sorted, split into mutual information and marginal KL, per (α, "
        "β).",
        "The height of a bar is the mean KL(q(zⱼ|x)‖p(zⱼ)) of one latent dimension. The plain part is the "
        "information that tells examples apart; the hatched part, KL(q(zⱼ)‖p(zⱼ)), is the error made by drawing that "
        "dimension from the prior. Dimensions are sorted within each model before averaging, so a rank is not "
        "one fixed dimension. Active: the variance of the mean over examples is above 0.01. Dependence between "
        "dimensions is not shown.",
        "no latent dimensions were recorded",
    ),
    Spec(
        "codes",
        latents.code_map,
        "Maps of q(z)",
        "Maps of two-dimensional codes and the density of q(z), with circles of the prior.",
        "Blue is the density of q(z), the mixture of the posteriors whose means are the dots; circles "
        "hold 39 %, 86 % and 99 % of N(0, I). The prior almost never draws the blue regions outside the circles; it "
        "draws the white regions inside them, which were never decoded in training. One trained model per panel: the "
        "first seed.",
        "the latents of the models shown here are not two-dimensional",
    ),
    Spec(
        "novelty",
        comparison.novelty,
        "Nearness to the training data",
        "Dot plot: share of samples nearer to training data than to held-out data, per strategy.",
        "The green band shows real held-out data, which copy nothing (95 % interval over samples); their share is ½ "
        "where training and held-out data are alike, and less where they have other sources, as MNIST's have other "
        "writers. To the right of the band samples lean towards the training data. This is one measure: a strategy "
        "within the band may still repeat single examples. A number at an edge is the value of a row that lies beyond "
        "the axis.",
        "`nearer_to_train` was not measured",
    ),
    Spec(
        "nearest",
        nearest.nearest,
        "Samples and their nearest training examples",
        "Pairs of pictures: each strategy's samples beside the nearest training examples.",
        "In each pair the sample is on the left and the training example nearest to it in pixels on the right; all of "
        "one trained model, at the smallest β/α. Real held-out data and their reconstructions have near neighbours "
        "too: look for pairs that are more alike than theirs. `copycat` shows what copies look like.",
        "no pictures were stored: the data are not images, or nothing was sampled",
    ),
    Spec(
        "losses",
        losses.losses,
        "Learning curves",
        "Line plots: reconstruction term and rate by epoch, training and validation.",
        "Solid lines are training data, dashed lines validation data, each a mean over training runs, as far as all "
        "of them went. A line that still falls at the right end may not have converged; a growing gap between "
        "dashed and solid is overfitting.",
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
            f"Samples at {setting.label}",
            f"Grid of samples at {setting.label}: one row per strategy, one column per shared draw.",
            f"One trained model at {setting.label}, its first seed. In a column, rows that start from any training "
            "example start from the same one, and all share their noise: look down a column to see what a strategy "
            "changes, and along a row to see its variety. Frequencies cannot be judged from so few samples; see the "
            "tables.",
            "no pictures were stored",
            setting,
        )
        for setting in chosen
    ]
    return [*SPECS, *grids]
