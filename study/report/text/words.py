"""The report's vocabulary: what metrics are called and mean, and in which order names stand."""

import dataclasses
from collections.abc import Iterable

from study.strategies.registry import FACTS
from study.tables.names import MODEL, REFERENCES

__all__ = [
    "METRICS",
    "MODEL",
    "NOT_FAILED",
    "REFERENCES",
    "STRATEGIES",
    "Word",
    "word",
]

STRATEGIES = FACTS  # of strategies and reference rows, by name

NOT_FAILED = ("done", "ok")


@dataclasses.dataclass(frozen=True)
class Word:
    """A metric's `label` on axes and in headings, its `unit` (empty where it has none) and its `meaning`."""

    label: str
    unit: str = ""
    meaning: str = ""

    @property
    def axis(self) -> str:
        """Label and unit, as an axis has them."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


METRICS = {
    "kid": Word(
        "KID",
        "",
        "squared MMD between the features of samples and of reference data with a cubic kernel; unbiased, so "
        "it is 0 on average where the distributions agree, and may come out slightly negative",
    ),
    "fd": Word(
        "FD",
        "",
        "Fréchet distance between Gaussians fitted to the features; biased upwards at finite n, so read it "
        "against the `held-out` row, never against 0",
    ),
    "precision": Word(
        "precision", "", "share of samples inside the real data's k-nearest-neighbour balls, k = 3"
    ),
    "recall": Word("recall", "", "share of real data inside the samples' k-nearest-neighbour balls, k = 3"),
    "density": Word(
        "density", "", "mean number of real balls that hold a sample, over k, k = 5; real data score about 1"
    ),
    "coverage": Word("coverage", "", "share of real balls that hold at least one sample, k = 5"),
    "label_accuracy": Word(
        "label accuracy",
        "",
        "share of samples that the classifier sees as the class that was asked for; where none was, of the class that "
        "held-out data and their reconstructions have",
    ),
    "sharpness": Word(
        "sharpness",
        "",
        "mean squared Laplacian as a ratio to real data: 1 is as sharp as real, less is fuzzy",
    ),
    "class_histogram": Word(
        "class histogram", "", "total variation between the classes that a classifier sees and the data's"
    ),
    "fd_infinity": Word(
        "FD∞",
        "",
        "FD at endless samples: the intercept of a line through FD at 10 sizes against 1/n; free of most of FD's "
        "bias, so it is near 0 where the distributions agree, and may come out slightly negative",
    ),
    "vendi": Word(
        "Vendi ratio",
        "",
        "effective number of distinct samples (exponential of the entropy of the cosine kernel of the features) "
        "over that of as many real data: 1 is as diverse as real, less is narrower",
    ),
    "sliced_w2": Word(
        "sliced W₂²",
        "",
        "squared Wasserstein-2 distance of the features, mean over fixed directions, less what two equal sets "
        "score at this n; near 0 where the distributions agree, and may come out slightly negative",
    ),
    "c2st": Word(
        "C2ST AUC",
        "",
        "how often a logistic regression on the features and their squares, out of fold, ranks a sample above "
        "a real example: ½ where it cannot tell them apart, 1 where it always can",
    ),
    "confidence": Word(
        "confidence",
        "",
        "mean largest class probability that the fixed classifier gives a sample; the real data's value stands "
        "beside it",
    ),
    "fd_pixels": Word("FD on pixels", "", "FD on principal components of the pixels instead of features"),
    "kid_pixels": Word("KID on pixels", "", "KID on principal components of the pixels instead of features"),
    "autocorrelation": Word(
        "autocorrelation gap",
        "",
        "mean absolute difference between the autocorrelations of generated and real windows, over features and lags; "
        "read it against the `held-out` row, never against 0",
    ),
    "marginal_w1": Word(
        "marginal W₁",
        "s.d.",
        "Wasserstein-1 distance of the values of each feature, in standard deviations of the training rows, mean over "
        "features; read it against the `held-out` row",
    ),
    "discriminative": Word(
        "discriminative score",
        "",
        "|accuracy − ½| of a classifier that tells generated from real windows, random convolutions with a ridge, "
        "tested on stretches of time that share no step with those it was fitted to: 0 where it cannot, ½ where it "
        "always can",
    ),
    "tstr": Word(
        "forecast error",
        "log ratio",
        "log of the squared error, on real windows, of a linear forecast of the target fitted to generated windows "
        "over that of one fitted to as many training windows: 0 is as useful as training data, 0.7 twice the error",
    ),
    "nearer_to_train": Word(
        "nearer to train",
        "share",
        "share of samples nearer to training data than to held-out data, these counted so often that both have "
        "one size; ½ where nothing is copied, 1 for copies, and below ½ is no virtue",
    ),
    "nearer_to_train_features": Word(
        "nearer to train (features)",
        "share",
        "the same in features; the extractor knows the training data, so real data may lie off ½",
    ),
    "nn_ratio": Word(
        "distance ratio",
        "",
        "median of distance to the nearest of all training examples over that to the nearest held-out one, in "
        "features; 0 for copies",
    ),
    "nn_ratio_pixels": Word("distance ratio (pixels)", "", "the same in pixels"),
    "authenticity": Word(
        "authenticity",
        "share",
        "share of samples farther from their nearest training example than that one is from its own nearest other; "
        "0 for copies, and noise has all of it",
    ),
    "c_t": Word(
        "C_T",
        "",
        "data-copying test: Z-value of the distances to the nearest training example against those of held-out "
        "data, region by region; below 0 is copying, above 0 underfitting; grows with n",
    ),
    "duplicates": Word(
        "duplicates",
        "share",
        "share of samples that equal a training example, at 8 bits where data are pictures",
    ),
    "seconds_fit": Word("fit", "s", "seconds to fit the strategy to one model's codes"),
    "seconds_per_1000": Word("draw", "s per 1000", "seconds to draw and decode 1000 samples"),
    "log_density": Word(
        "log density",
        "nats",
        "mean log-density of the validation codes under the strategy, where it has one; compare within one "
        "model, since every model has its own latents",
    ),
    "rate": Word("rate", "nats", "KL(q(z|x)‖p(z)) summed over latents, mean over examples"),
    "distortion": Word("distortion D", "", "reconstruction term on test data, summed over data dimensions"),
    "decoder_variance": Word(
        "decoder variance σ²",
        "",
        "variance of p(x|z) around the decoder's mean, where it is learned; elsewhere it is s = β/(2α)",
    ),
    "mi_lower": Word("I(n; z), lower", "nats", "lower end of the information between example and code"),
    "mi_upper": Word("I(n; z), upper", "nats", "upper end of the information between example and code"),
    "kl_aggregate_lower": Word("KL(q(z)‖p(z)), lower", "nats", "lower end of the prior's mismatch"),
    "kl_aggregate_upper": Word("KL(q(z)‖p(z)), upper", "nats", "upper end of the prior's mismatch"),
    "identified": Word(
        "identified", "", "whether the two ends of the bracket on I(n; z) lie within 0.1 nats of each other"
    ),
    "total_correlation_lower": Word(
        "total correlation, lower",
        "nats",
        "lower end of KL(q(z)‖∏ⱼ q(zⱼ)), what dimensions tell of each other",
    ),
    "total_correlation_upper": Word(
        "total correlation, upper",
        "nats",
        "upper end of KL(q(z)‖∏ⱼ q(zⱼ)), what dimensions tell of each other",
    ),
    "dimension_wise_kl_lower": Word(
        "dimension-wise KL, lower", "nats", "lower end of Σⱼ KL(q(zⱼ)‖p(zⱼ)), the mismatch of the marginals"
    ),
    "dimension_wise_kl_upper": Word(
        "dimension-wise KL, upper", "nats", "upper end of Σⱼ KL(q(zⱼ)‖p(zⱼ)), the mismatch of the marginals"
    ),
    "latent_mmd": Word(
        "MMD² of z",
        "",
        "squared MMD between draws of q(z) and of the prior, multi-scale inverse multiquadric kernel; unbiased, "
        "so it may come out slightly negative",
    ),
    "latent_mmd_null_high": Word(
        "MMD² of z, null", "", "what two sets of prior draws exceed in 5 % of cases"
    ),
    "latent_sliced_w2": Word(
        "sliced W₂² of z", "", "squared sliced Wasserstein-2 distance between draws of q(z) and of the prior"
    ),
    "latent_sliced_w2_null_high": Word(
        "sliced W₂² of z, null", "", "what two sets of prior draws exceed in 5 % of cases"
    ),
    "latent_c2st": Word(
        "C2ST AUC of z",
        "",
        "how often a logistic regression on z, its squares and products ranks a draw of q(z) above one of the "
        "prior: ½ where it cannot tell them apart",
    ),
    "latent_c2st_null_high": Word(
        "C2ST AUC of z, null", "", "what two sets of prior draws exceed in 5 % of cases"
    ),
    "overlap": Word(
        "overlap",
        "examples",
        "exp(log N − I): how many training examples could have produced a z; near 1, "
        "drawing from q(z) reconstructs training data",
    ),
    "hole_mass": Word(
        "hole mass", "share", "share of prior draws where q(z) is lower than at 99 % of held-out codes"
    ),
    "hole_mass_converse": Word(
        "converse hole mass", "share", "share of q(z) outside the ball that holds 99 % of the prior"
    ),
    "active_units": Word("active units", "", "latent dimensions with Var(mean) > 0.01"),
    "active_units_kl": Word("active units (KL)", "", "latent dimensions with KL > 0.01 nats"),
    "log_n": Word("log N", "nats", "the most that I(n; z) can be"),
}


def word(metric: str) -> Word:
    """The vocabulary's entry, or one made from the name of a metric that it does not know."""
    return METRICS.get(metric, Word(metric.replace("_", " ")))


def in_order(names: Iterable[str], vocabulary: Iterable[str]) -> list[str]:
    """`names` without repeats, those of `vocabulary` first and in its order, then the others by name."""
    known = {name: rank for rank, name in enumerate(vocabulary)}
    return sorted(set(names), key=lambda name: (known.get(name, len(known)), name))
