"""Which convention each metric follows, and how its numbers compare with those of other packages.

A sentence on another package stands here only if a test compares ours with it, with the version in `COMPARED`.
"""

from collections.abc import Iterable

from study.report.text.words import word

COMPARED = {
    "prdc": "0.2",
    "scikit-learn": "1.9.1",
    "scipy": "1.17.1",
    "numpy": "2.4.6",
    "statsmodels": "0.15.0",
}
PICTURES = ", at 8 bits where data are pictures"  # is left out where they are not
NOT_COMPARED = ("torch-fidelity", "POT", "torchmetrics", "sdmetrics")


def _by(package: str) -> str:
    return f"{package} {COMPARED[package]}"


KID = (
    "Squared, not rooted, and not multiplied by anything; kernel (x·y/f + 1)³ with f the number of features; the full "
    "U-statistic over all pairs without an example itself, in float64, so unbiased and possibly negative. Packages "
    "that average over random subsets estimate the same quantity with more noise. Equal to sums over "
    f"{_by('scikit-learn')}'s `polynomial_kernel` in our tests."
)
FD = (
    "Squared: |m − m'|² plus the trace term, without a root at the end; covariances divided by n − 1. Equal to the "
    f"form with {_by('scipy')}'s matrix square root in our tests. Biased upwards at finite n."
)
BALLS = (
    f"On features without ties equal to {_by('prdc')} in our tests: radii are distances to the k-th nearest neighbour, "
    "and a point is not its own neighbour. Packages part where distances tie: some have open balls, some closed."
)
SLICED = (
    "Squared, in squared units of the features: a shift by δ gives |δ|²/f. The mean over fixed directions, less the "
    "value that equal distributions would give, so possibly negative. A package that prints a rooted distance, or "
    "subtracts nothing, prints another number."
)
CONVENTIONS = {
    "kid": KID,
    "kid_pixels": KID,
    "kid_columns": KID,
    "fd": FD,
    "fd_pixels": FD,
    "fd_columns": FD,
    "fd_infinity": "The intercept of FD (squared, as above) against 1/n at 10 sizes, by a weighted line equal to "
    f"{_by('numpy')}'s `polyfit` in our tests; nearly free of FD's bias, possibly negative.",
    "precision": f"k = 3. {BALLS}",
    "recall": f"k = 3. {BALLS}",
    "density": f"k = 5. {BALLS}",
    "coverage": f"k = 5, equal numbers on both sides. {BALLS}",
    "sharpness": "Ratio of mean squared Laplacians (five points, inner pixels), equal to "
    f"{_by('scipy')}'s `ndimage.convolve` in our tests.",
    "sliced_w2": SLICED,
    "c2st": "Area under the curve (0.5 at chance), not an accuracy; out of fold, averaged over folds; ties count a "
    f"half, as in {_by('scikit-learn')}'s `roc_auc_score` in our tests.",
    "vendi": "A ratio to the score of as many real examples, not the score itself; cosine kernel, order q = 1; equal "
    "to the eigenvalues of the whole kernel matrix in our tests.",
    "class_histogram": "Total variation: half the sum of absolute differences of shares.",
    "autocorrelation": f"Of one long window equal to {_by('statsmodels')}'s `acf` in our tests; mean of absolute "
    "differences over lags and features.",
    "marginal_w1": "First Wasserstein distance, not squared, in standard deviations of a feature; of a shift it is the "
    "shift, in our tests.",
    "c_t": f"A weighted mean of Z-values by cell, each equal to {_by('scipy')}'s `mannwhitneyu` in our tests.",
    "nearer_to_train": "As if both pools had the same size; ties count a half.",
    "nearer_to_train_features": "As if both pools had the same size; ties count a half.",
    "authenticity": "A sample counts if it is strictly farther than its training example's nearest neighbour.",
    "duplicates": f"Exact equality{PICTURES}.",
    "column_w1": f"In standard deviations of train; equal to {_by('scipy')}'s `wasserstein_distance` in our tests.",
    "correlation": f"Pearson's; equal to {_by('numpy')}'s `corrcoef` in our tests.",
    "column_tstr": f"Ridge penalty 1; equal to {_by('scikit-learn')}'s `Ridge` in our tests.",
    "closest_record": f"Both distances are to all of train, whatever the size of the held-out part; equal to "
    f"{_by('scipy')}'s `mannwhitneyu` in our tests.",
}


def conventions(metrics: Iterable[str], *, table: bool = False) -> list[tuple[str, str]]:
    """The conventions of these metrics, one entry for all that share a text, and which packages are not compared.

    For a `table` there is no word of pictures.
    """
    by_text: dict[str, list[str]] = {}
    for metric in metrics:
        if metric in CONVENTIONS:
            text = CONVENTIONS[metric].replace(PICTURES, "") if table else CONVENTIONS[metric]
            by_text.setdefault(text, []).append(word(metric).label)
    found = [(", ".join(labels), text) for text, labels in by_text.items()]
    if not found:
        return []
    names = ", ".join(NOT_COMPARED[:-1]) + f" and {NOT_COMPARED[-1]}"
    return [
        *found,
        (
            "Other packages",
            f"No test here compares with {names}. Their numbers differ where they root, scale, resample or treat ties "
            "otherwise, so compare by the definitions above and not by the name of the metric.",
        ),
    ]
