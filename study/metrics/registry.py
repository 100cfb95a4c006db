"""The list of metrics: every name that `Evaluator.measure` reports, declared once. Imports nothing heavy."""

import dataclasses

import numpy as np

from study.metrics.base import Better, Measurement, missing


@dataclasses.dataclass(frozen=True)
class Metric:
    """One line of `study list metrics`.

    Attributes:
        name: its name in every table.
        summary: what it says, in a line.
        source: the paper that defines it.
        better: which direction is better.
    """

    name: str
    summary: str
    source: str
    better: Better


METRICS: tuple[Metric, ...] = (
    Metric(
        "fd",
        "Fréchet distance of Gaussians fitted to the features of samples and reference",
        "Heusel et al. 2017; Dowson & Landau 1982",
        "lower",
    ),
    Metric(
        "kid",
        "unbiased squared MMD of the features under a cubic polynomial kernel",
        "Bińkowski et al. 2018",
        "lower",
    ),
    Metric(
        "precision",
        "share of samples inside the reference manifold (k=3): fidelity",
        "Kynkäänniemi et al. 2019",
        "higher",
    ),
    Metric(
        "recall",
        "share of the reference inside the samples' manifold (k=3): variety",
        "Kynkäänniemi et al. 2019",
        "higher",
    ),
    Metric(
        "density",
        "neighbourhoods of the reference (k=5) that hold a sample, per sample over k: fidelity",
        "Naeem et al. 2020",
        "one",
    ),
    Metric(
        "coverage",
        "share of the reference's neighbourhoods (k=5) that hold a sample: variety",
        "Naeem et al. 2020",
        "higher",
    ),
    Metric(
        "sharpness",
        "mean squared Laplacian of the samples over that of the reference; below one is blurred",
        "Tolstikhin et al. 2018",
        "one",
    ),
    Metric(
        "class_histogram",
        "total variation between the classes a classifier sees and the data's class frequencies",
        "Levin & Peres 2017",
        "lower",
    ),
    Metric(
        "fd_infinity",
        "Fréchet distance at endless samples: the intercept of a line in 1/n over 10 sizes",
        "Chong & Forsyth 2020",
        "lower",
    ),
    Metric(
        "vendi",
        "Vendi score of the features (effective number of distinct samples) over that of the reference",
        "Friedman & Dieng 2023",
        "one",
    ),
    Metric(
        "sliced_w2",
        "mean squared Wasserstein-2 distance of the features over fixed directions, less its null value",
        "Bonneel et al. 2015",
        "lower",
    ),
    Metric(
        "c2st",
        "AUC of a classifier that tells samples from reference, out of fold; null 0.5",
        "Lopez-Paz & Oquab 2017",
        "lower",
    ),
    Metric(
        "confidence",
        "mean largest class probability of the fixed classifier; the reference's value stands beside it",
        "Salimans et al. 2016",
        "none",
    ),
    Metric(
        "fd_pixels",
        "Fréchet distance on principal components of the pixels: a second view",
        "Heusel et al. 2017; Dowson & Landau 1982",
        "lower",
    ),
    Metric(
        "kid_pixels",
        "unbiased squared MMD on principal components of the pixels: a second view",
        "Bińkowski et al. 2018",
        "lower",
    ),
    Metric(
        "nearer_to_train",
        "share of samples nearer to training than to held-out data, weighted to equal size; null 0.5",
        "Meehan et al. 2020",
        "lower",
    ),
    Metric(
        "nearer_to_train_features",
        "the same in features",
        "Meehan et al. 2020",
        "lower",
    ),
    Metric(
        "nn_ratio",
        "median distance to the nearest training example over that to the nearest held-out one, in features",
        "control of this study",
        "higher",
    ),
    Metric("nn_ratio_pixels", "the same in pixels", "control of this study", "higher"),
    Metric(
        "authenticity",
        "share of samples farther from their nearest training example than that from its own nearest other",
        "Alaa et al. 2022",
        "higher",
    ),
    Metric(
        "c_t",
        "Mann-Whitney Z of distances to training data against those of held-out data, by cells; < 0 copies",
        "Meehan et al. 2020",
        "higher",
    ),
    Metric("duplicates", "share of samples that equal a training example", "control of this study", "lower"),
)

# Measured as well where samples were asked to be of a class.
CONDITIONAL: tuple[Metric, ...] = (
    Metric(
        "label_accuracy",
        "share of samples that a classifier sees as the class that was asked for",
        "Odena et al. 2017",
        "higher",
    ),
)
LIKELIHOOD: tuple[Metric, ...] = (
    Metric(
        "elbo",
        "evidence lower bound on log p(x) of held-out data, in nats",
        "Kingma & Welling 2014",
        "higher",
    ),
    Metric(
        "iwae_K",
        "importance-weighted bound on log p(x) with K samples, rising in K",
        "Burda et al. 2016",
        "higher",
    ),
    Metric(
        "ais",
        "log p(x) by annealed importance sampling with Hamiltonian transitions, a bound from below in expectation",
        "Neal 2001; Wu et al. 2017",
        "higher",
    ),
    Metric(
        "posterior_gap",
        "log p(x) − ELBO, the mean of KL(q(z|x)‖p(z|x)) over held-out data, log p(x) by the largest K",
        "Cremer et al. 2018",
        "lower",
    ),
    Metric("posterior_gap_ais", "the same with log p(x) from annealing", "Cremer et al. 2018", "lower"),
    Metric(
        "effective_samples",
        "of the K draws from q(z|x), how many carry the weights of the bound",
        "Owen 2013",
        "higher",
    ),
    Metric("ais_acceptance", "mean acceptance of the Hamiltonian transitions", "Wu et al. 2017", "none"),
)  # of a model, and only where `StudyConfig.likelihood` asks for them
SEQUENCE_METRICS: tuple[Metric, ...] = (
    Metric(
        "autocorrelation",
        "windows: mean absolute difference of autocorrelations from the reference's, over features and lags",
        "Wiese et al. 2020",
        "lower",
    ),
    Metric(
        "marginal_w1",
        "windows: Wasserstein-1 distance of the values of each feature, mean over features",
        "Ramdas et al. 2017",
        "lower",
    ),
    Metric(
        "discriminative",
        "windows: |accuracy - 1/2| of a classifier of samples and reference, by stretches of time; null 0",
        "Yoon et al. 2019; Dempster et al. 2020",
        "lower",
    ),
    Metric(
        "tstr",
        "windows: log of the squared error of a forecast fitted to samples, on the reference, over one fitted to train",
        "Esteban et al. 2017; Yoon et al. 2019",
        "lower",
    ),
)

_BETTER = {metric.name: metric.better for metric in (*METRICS, *SEQUENCE_METRICS, *CONDITIONAL)}


def metrics_for(*, sequences: bool) -> tuple[Metric, ...]:
    """What is measured on a data set: `METRICS`, and `SEQUENCE_METRICS` where its examples are windows."""
    return (*METRICS, *SEQUENCE_METRICS) if sequences else METRICS


def measured(
    name: str, value: float | np.floating, stderr: float | np.floating, *, n: int, reference: str
) -> Measurement:
    """A Measurement whose direction comes from the registry."""
    return Measurement(name, float(value), float(stderr), n, reference, _BETTER[name])


def unavailable(name: str, *, n: int, reference: str, reason: str) -> Measurement:
    """`missing`, with the direction from the registry."""
    return missing(name, n=n, reference=reference, better=_BETTER[name], reason=reason)
