"""The report's vocabulary: what strategies and metrics are called, and what each one means in a line."""

import dataclasses
import math
from collections.abc import Iterable

REFERENCES = ("held-out", "reconstruction", "copycat", "noise")
MODEL = "model"

STRATEGIES = {
    "prior": "z ~ p(z): N(0, I), or the prior that the model learned",
    "posterior": "a training example at random, then z ~ q(z|x): an exact draw from q(z)",
    "posterior-mean": "a training example at random, z = mean(x)",
    "global-gaussian": "one Gaussian with the mean and the diagonal variance of q(z)",
    "averaged-moments": "N(E[mean], diag exp E[log_var]): the encoder read as two fixed vectors",
    "literal-logvar": "z = mean + ε·log_var: the scale should be exp(½ log_var)",
    "mean-plus-logvar": "z = mean + log_var, no noise",
    "class-posterior": "as posterior, within a requested class",
    "gaussian-full": "one Gaussian with the mean and the full covariance of q(z)",
    "shuffled-marginals": "each dimension of q(z) resampled on its own: right marginals, no dependence",
    "gmm": "a mixture of Gaussians fitted to q(z)",
    "bayesian-gmm": "a variational mixture of Gaussians fitted to q(z)",
    "kde": "a kernel density estimate of q(z)",
    "flow": "a normalizing flow fitted to q(z)",
    "two-stage": "a second VAE trained on z",
    "latent-diffusion": "a diffusion model trained on z",
    "resampled-prior": "the prior with learned accept-reject",
    "ncp": "the prior reweighted by a classifier of q(z) against p(z)",
    "tempered-prior": "N(0, τ²I)",
    "interpolation": "points between codes of training examples",
    "riemannian": "walks on the latent manifold's metric",
    "held-out": "real data that no model saw: the floor of every distance",
    "reconstruction": "test data through encoder and decoder: what no latent strategy should beat by much",
    "copycat": "training examples repeated: wins fidelity, must lose novelty",
    "noise": "random pixels: the ceiling of every distance",
}


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
    "precision": Word("precision", "", "share of samples inside the real data's k-nearest-neighbour balls, k = 3"),
    "recall": Word("recall", "", "share of real data inside the samples' k-nearest-neighbour balls, k = 3"),
    "density": Word("density", "", "mean number of real balls that hold a sample, over k, k = 5; may pass 1"),
    "coverage": Word("coverage", "", "share of real balls that hold at least one sample, k = 5"),
    "sharpness": Word(
        "sharpness", "", "high-frequency energy as a ratio to real data: 1 is as sharp as real, less is fuzzy"
    ),
    "class_histogram": Word(
        "class histogram", "", "distance between the classes of the samples, by the classifier, and the data's"
    ),
    "nearer_to_train": Word(
        "nearer to train",
        "share",
        "share of samples nearer to a training example than to one of an equally large held-out set; "
        "½ where nothing is copied",
    ),
    "seconds_fit": Word("fit", "s", "seconds to fit the strategy to one model's codes"),
    "seconds_per_1000": Word("draw", "s per 1000", "seconds to draw and decode 1000 samples"),
    "rate": Word("rate", "nats", "KL(q(z|x)‖p(z)) summed over latents, mean over examples"),
    "distortion": Word("distortion D", "", "reconstruction term on test data, summed over data dimensions"),
    "mi_lower": Word("I(n; z), lower", "nats", "lower end of the information between example and code"),
    "mi_upper": Word("I(n; z), upper", "nats", "upper end of the information between example and code"),
    "kl_aggregate_lower": Word("KL(q(z)‖p(z)), lower", "nats", "lower end of the prior's mismatch"),
    "kl_aggregate_upper": Word("KL(q(z)‖p(z)), upper", "nats", "upper end of the prior's mismatch"),
    "overlap": Word(
        "overlap", "examples", "exp(log N − I): how many training examples could have produced a z; near 1, "
        "drawing from q(z) reconstructs training data"
    ),
    "hole_mass": Word("hole mass", "share", "share of prior draws where q(z) is lower than at 99 % of held-out codes"),
    "hole_mass_converse": Word(
        "converse hole mass", "share", "share of held-out codes where the prior is lower than at 99 % of its draws"
    ),
    "active_units": Word("active units", "", "latent dimensions with Var(mean) > 0.01"),
    "log_n": Word("log N", "nats", "the most that I(n; z) can be"),
}

LADDER = (
    ("prior", 0),
    ("global-gaussian", 1),
    ("gaussian-full", 2),
    ("shuffled-marginals", 2),
    ("gmm", 3),
    ("flow", 4),
    ("posterior", 5),
    ("reconstruction", 6),
    ("held-out", 7),
)
LADDER_GAPS = {
    "global-gaussian": "scale and shift",
    "gaussian-full": "+ correlation",
    "shuffled-marginals": "+ marginal shape",
    "gmm": "joint structure",
    "flow": "finer joint structure",
    "posterior": "memorisation",
    "reconstruction": "unseen examples",
    "held-out": "decoder",
}


def word(metric: str) -> Word:
    """The vocabulary's entry, or one made from the name of a metric that it does not know."""
    return METRICS.get(metric, Word(metric.replace("_", " ")))


def in_order(names: Iterable[str], vocabulary: Iterable[str]) -> list[str]:
    """`names` without repeats, those of `vocabulary` first and in its order, then the others by name."""
    known = {name: rank for rank, name in enumerate(vocabulary)}
    return sorted(set(names), key=lambda name: (known.get(name, len(known)), name))


def decimals(*values: float) -> int:
    """Decimals that show the largest finite magnitude of `values` with 3 significant digits."""
    sizes = [abs(v) for v in values if math.isfinite(v) and v != 0]
    return min(max(0, 2 - math.floor(math.log10(max(sizes)))), 12) if sizes else 0


def number(value: float, places: int | None = None) -> str:
    """A number for reading: 3 significant digits or `places` decimals, a real minus sign, "—" for none."""
    if not math.isfinite(value):
        return "—" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if places is None and value != 0 and not 1e-4 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.2e}".split("e")
        power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa}×10{power}".replace("-", "−")
    text = f"{value:.{decimals(value) if places is None else places}f}"
    if places is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def interval(value: float, low: float, high: float, *, scale: float = 1.0) -> str:
    """"value [low, high]" with the same decimals thrice; the value alone where the interval is unknown."""
    value, low, high = value * scale, low * scale, high * scale
    places = decimals(value, low, high)
    if places > 5 or not (math.isfinite(low) and math.isfinite(high)):
        places = decimals(value)
        if not (math.isfinite(low) and math.isfinite(high)):
            return number(value)
        return f"{number(value)} [{number(low)}, {number(high)}]"
    return f"{number(value, places)} [{number(low, places)}, {number(high, places)}]"


def listed(words: Iterable[str], *, last: str = "and") -> str:
    """"a", "a and b", "a, b and c"."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def count(n: int, noun: str) -> str:
    """"1 setting", "9 settings"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
