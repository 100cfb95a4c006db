"""Each novelty measure against a plain implementation, and its interval on samples of a known distribution."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from study.data.base import Dataset
from study.errors import StudyError
from study.metrics.authenticity import authenticity
from study.metrics.base import Measurement, Score
from study.metrics.data_copying import Cells, c_t
from study.metrics.duplicates import Duplicates
from study.metrics.evaluate import Evaluator
from study.metrics.nearer import exact_interval, nearer_to_train
from study.metrics.nearest_ratio import nn_ratio
from study.metrics.neighbours import Neighbours
from study.metrics.shares import share_stderr

Z = stats.norm.ppf(0.975)


def nearer(x: np.ndarray, train: np.ndarray, held_out: np.ndarray) -> Score:
    distances = (cdist(x, pool).min(axis=1) for pool in (train, held_out))
    return nearer_to_train(*distances, sizes=(len(train), len(held_out)))


def test_nearer_to_train_is_one_for_copies_and_a_half_for_ties(digits: Dataset) -> None:
    assert nearer(digits.train[:300], digits.train, digits.reference).value == 1
    assert nearer(digits.reference, digits.train, digits.reference).value == 0
    half = nearer(digits.train, digits.reference, digits.reference)
    assert half.value == 0.5
    assert half.stderr == pytest.approx(0.5 / np.sqrt(len(digits.train)))


def test_nearer_to_train_counts_held_out_data_as_often_as_there_are_less() -> None:
    """7 of 10 samples are nearer to a pool of 30 than to a pool of 10: 7 / (7 + 3·3)."""
    train, held_out = np.r_[np.zeros(7), np.ones(3)], np.full(10, 0.5)
    found = nearer_to_train(train, held_out, sizes=(30, 10))
    assert found.value == pytest.approx(7 / 16)
    step = 1e-6  # the delta method, by a finite difference of s / (s + 3(1 - s)) at 0.7
    slope = ((0.7 + step) / (0.7 + step + 3 * (0.3 - step)) - 7 / 16) / step
    assert found.stderr == pytest.approx(slope * np.sqrt(0.21 / 10), rel=1e-4)


def test_nearer_to_train_is_a_half_on_average_for_any_samples(digits: Dataset) -> None:
    """Pools of unequal size are exchanged at random; samples, real data or noise, are independent of both. The mean
    over 60 exchanges is a half within four standard errors, plus the bias of a nonlinear function: half its second
    derivative at s = 0.8, which is 5.9, times the variance of the plain share, about 0.001.
    """
    everything = np.concatenate([digits.train, digits.validation, digits.test])
    rng = np.random.default_rng(0)
    noise = rng.random((300, 64)).astype(np.float32)
    for kind in ("real", "noise"):
        found = []
        for _ in range(60):
            x, train, held_out = np.split(everything[rng.permutation(len(everything))], [300, 1400])
            found.append(nearer(x if kind == "real" else noise, train, held_out[:350]).value)
        spread = np.std(found, ddof=1)
        assert abs(np.mean(found) - 0.5) < 4 * spread / np.sqrt(60) + 0.003, kind


def test_exact_interval_covers_what_the_pools_give() -> None:
    """Coverage is at least the nominal 95 % by construction; with 400 draws it has an error of 1.1 %."""
    rng = np.random.default_rng(0)
    train, held_out = rng.normal(size=(150, 4)), rng.normal(size=(50, 4))
    truth = nearer(rng.normal(size=(100_000, 4)), train, held_out).value
    covered = 0
    for _ in range(400):
        found = nearer(rng.normal(size=(100, 4)), train, held_out)
        low, high = exact_interval(found.value, n=100, sizes=(150, 50))
        covered += low <= truth <= high
    assert covered / 400 > 0.95 - 4 * 0.011


@pytest.mark.parametrize(("count", "n"), [(0, 10), (3, 10), (10, 10), (150, 300)])
def test_exact_interval_is_clopper_pearson(count: int, n: int) -> None:
    expected = stats.binomtest(count, n).proportion_ci(0.9, method="exact")
    assert exact_interval(count / n, n=n, level=0.9) == pytest.approx((expected.low, expected.high))
    weighted = count / (count + 3 * (n - count))
    ends = [end / (end + 3 * (1 - end)) for end in (expected.low, expected.high)]
    assert exact_interval(weighted, n=n, sizes=(30, 10), level=0.9) == pytest.approx(ends)


def test_half_counts_widen_the_interval() -> None:
    low, high = exact_interval(2.5 / 10, n=10)
    assert (low, high) == (exact_interval(0.2, n=10)[0], exact_interval(0.3, n=10)[1])


def test_ratio_is_the_median_ratio() -> None:
    rng = np.random.default_rng(0)
    train, held_out = rng.uniform(1, 2, (2, 401))
    found = nn_ratio(train**2, held_out**2)
    assert found.value == pytest.approx(np.median(train / held_out), rel=1e-12)
    # The standard error against a bootstrap of 2,000, known to 1.6 %; order statistics of 401 are coarse: 20 %.
    index = rng.integers(0, 401, (2000, 401))
    assert found.stderr == pytest.approx(np.median((train / held_out)[index], axis=1).std(), rel=0.2)


def test_ratio_of_zeros() -> None:
    zeros, ones = np.zeros(9), np.ones(9)
    assert nn_ratio(zeros, ones).value == 0
    assert nn_ratio(zeros, zeros).value == pytest.approx(1)
    found = nn_ratio(ones, zeros)
    assert np.isnan(found.value) and found.reason == "half of the samples equal held-out examples"


def test_authenticity_is_that_of_the_double_loop(digits: Dataset) -> None:
    pool, x = Neighbours(digits.train), digits.held_out
    train, index = pool.nearest(x)
    found = authenticity(train, pool.own(index))
    distances = cdist(digits.train, digits.train)
    np.fill_diagonal(distances, np.inf)
    across = cdist(x, digits.train)
    authentic = [row.min() > distances[row.argmin()].min() for row in across]
    assert found.value == np.mean(authentic)
    copies, index = pool.nearest(digits.train[:50])
    assert authenticity(copies, pool.own(index)).value == 0


def test_c_t_is_scipys_mann_whitney_by_cells() -> None:
    """Z-values by cell from scipy's U and the normal approximation without ties, weighted by held-out counts."""
    rng = np.random.default_rng(0)
    samples, held_out = (rng.gamma(k, size=n) for k, n in ((2.0, 300), (2.2, 200)))
    cells, others = rng.integers(0, 4, 300), rng.integers(0, 4, 200)
    others[:3], cells[:4] = 4, 4  # too few: left out
    z, weights = [], []
    for cell in range(4):
        x, y = samples[cells == cell], held_out[others == cell]
        u = stats.mannwhitneyu(x, y).statistic
        z.append((u - len(x) * len(y) / 2) / np.sqrt(len(x) * len(y) * (len(x) + len(y) + 1) / 12))
        weights.append(len(y))
    found = c_t((samples, cells), (held_out, others))
    assert found.value == pytest.approx(np.average(z, weights=weights), rel=1e-12)


def test_c_t_finds_copies_and_underfitting() -> None:
    distances, cells = np.random.default_rng(0).gamma(3.0, size=200), np.zeros(200, int)
    assert c_t((distances / 1.5, cells), (distances, cells)).value < -3
    assert c_t((distances * 1.5, cells), (distances, cells)).value > 3
    assert c_t((distances, cells), (distances, cells)).value == 0
    found = c_t((distances, cells), (distances, cells + 1))
    assert found.reason == "no cell holds 5 samples and 5 held-out examples"


def test_cells_are_those_of_the_nearest_centre(digits: Dataset) -> None:
    cells = Cells(digits.train, n=300)
    assert len(cells.centres) == 6 and len(Cells(digits.train, n=20).centres) == 1
    assert (cells.of(digits.train) == cdist(digits.train, cells.centres).argmin(axis=1)).all()
    assert len(set(cells.of(digits.train))) == 6


def test_duplicates_of_pictures_are_equal_at_eight_bits(digits: Dataset, unlabelled: Dataset) -> None:
    x = digits.train[:40].copy()
    x[:10] += 0.04 / 255  # still the same pictures
    x[10:30, 0] += 1.2 / 255  # others
    assert Duplicates(digits).score(x).value == 0.5
    vectors = Duplicates(unlabelled)
    assert vectors.score(x).value == 0.25
    assert vectors.score(np.where(x == 0, np.float32(-0.0), x)[30:]).value == 1
    assert Duplicates(digits).score(digits.reference).value == 0


def test_share_stderr_is_never_zero() -> None:
    assert share_stderr(0.5, 10_000) == pytest.approx(0.005, rel=1e-3)
    assert share_stderr(0.0, 96) == pytest.approx(np.sqrt(0.02 * 0.98 / 100))


Values = dict[str, Measurement]


class FirstHalf:
    """Features that are the first half of the values."""

    name, digest, accuracy, dimensions = "half", "", float("nan"), 3

    def features(self, x: np.ndarray) -> np.ndarray:
        return x[:, : self.dimensions]

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, None]:
        return self.features(x), None


def gaussian_novelty(rng: np.random.Generator, *, n: int, d: int = 6) -> Callable[[np.ndarray], Values]:
    """Novelty on Gaussian data whose "features" are the first half of the values."""
    train, validation, test = (rng.normal(size=(m, d)).astype(np.float32) for m in (600, 10, 2 * n))
    data = Dataset("gaussian", train, validation, test, shape=(d,))
    evaluator = Evaluator(data, FirstHalf(), n=n, pixels=FirstHalf())
    novel = {metric.name for metric in evaluator.metrics if metric.group == "novelty"}
    return lambda x: {m.metric: m for m in evaluator.measure(x) if m.metric in novel}


@pytest.mark.slow
def test_two_draws_from_one_distribution_differ_by_no_more_than_their_intervals_say() -> None:
    """Given the real data, the expected difference of two draws is zero. The interval from both standard errors covers
    zero in 95 % of 200 repetitions, with an error of 1.5 points: at least 90 %, and less than always. C_T's interval
    includes the noise of the held-out data, which both draws share, so it covers more; its own null value, zero, is
    covered at the nominal rate.
    """
    rng = np.random.default_rng(0)
    hits: dict[str, list[bool]] = {}
    for _ in range(200):
        measure = gaussian_novelty(rng, n=150)
        first, second = (measure(rng.normal(size=(150, 6)).astype(np.float32)) for _ in range(2))
        for name, one in first.items():
            reach = Z * np.hypot(one.stderr, second[name].stderr)
            hits.setdefault(name, []).append(abs(one.value - second[name].value) <= reach)
        hits.setdefault("c_t, zero", []).append(abs(first["c_t"].value) <= Z * first["c_t"].stderr)
    rates = {name: np.mean(hit) for name, hit in hits.items()}
    assert rates.pop("duplicates") == 1  # there are none: an interval around none must hold none
    assert rates.pop("c_t") > 0.95
    assert all(0.9 <= rate < 1 for rate in rates.values()), rates


def test_errors() -> None:
    with pytest.raises(StudyError, match=r"value in \[0, 1\]"):
        exact_interval(1.5, n=3)
    with pytest.raises(StudyError, match="sizes > 0"):
        exact_interval(0.5, n=3, sizes=(0, 1))
