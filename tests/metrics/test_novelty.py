import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from study.data.base import Dataset
from study.errors import StudyError
from study.metrics import novelty as module
from study.metrics.novelty import Pools, exact_interval, nearer_to_train, nearest_squared


@pytest.mark.parametrize("offset", [0.0, 1000.0])
@pytest.mark.parametrize("entries", [500, 4_000_000])
def test_nearest_is_that_of_the_double_loop(
    offset: float, entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ENTRIES", entries)
    rng = np.random.default_rng(0)
    x, pool = ((rng.normal(size=(n, 20)) + offset).astype(np.float32) for n in (70, 90))
    x[:5] = pool[:5]  # duplicates
    pool[80:] = pool[0]
    found = nearest_squared(x, pool)
    np.testing.assert_allclose(found, cdist(x, pool, "sqeuclidean").min(axis=1), rtol=1e-12)
    assert (found[:5] == 0).all()


def test_nearest_among_near_ties(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours closer together than float32 products can tell, and more of them than one block of pairs."""
    monkeypatch.setattr(module, "_PAIRS", 11)
    rng = np.random.default_rng(0)
    pool = (1 + 1e-6 * rng.normal(size=(60, 30))).astype(np.float32)
    x = np.concatenate([pool[:3], (5 * rng.normal(size=(10, 30))).astype(np.float32)])
    expected = cdist(x, pool, "sqeuclidean").min(axis=1)
    np.testing.assert_allclose(nearest_squared(x, pool), expected, rtol=1e-12)
    same = np.ones((8, 30), np.float32)
    np.testing.assert_array_equal(nearest_squared(same, same), np.zeros(8))


def test_copies_give_one_ties_a_half(digits: Dataset) -> None:
    pools = Pools(digits.train[:300], digits.reference)
    assert nearer_to_train(digits.train[:300], pools, reference="").value == 1
    assert nearer_to_train(digits.reference, pools, reference="").value == 0
    same = Pools(digits.reference, digits.reference)
    half = nearer_to_train(digits.train, same, reference="")
    assert half.value == 0.5
    assert half.stderr == pytest.approx(0.5 / np.sqrt(len(digits.train)))


def test_null_is_a_half(digits: Dataset) -> None:
    """On exchangeable data. For one pair of pools the share is binomial around what these pools give; over
    150 exchanges of pools its mean is a half within four of its standard errors.
    """
    everything = np.concatenate([digits.train, digits.validation, digits.test])
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(150):
        x, train, held_out = np.split(everything[rng.permutation(len(everything))][:900], 3)
        shares.append(nearer_to_train(x, Pools(train, held_out), reference="").value)
    spread = np.std(shares, ddof=1)
    assert abs(np.mean(shares) - 0.5) < 4 * spread / np.sqrt(150)
    assert spread > 0.5 / np.sqrt(300)  # the pools' own part comes on top of the binomial
    inside = np.mean([low <= 0.5 <= high for low, high in (exact_interval(s, n=300) for s in shares)])
    assert 0.8 < inside < 0.99


def test_interval_covers_what_the_pools_give() -> None:
    """Nominal 95 %, at least that by construction; 400 draws know coverage to 1.1 %."""
    rng = np.random.default_rng(0)
    pools = Pools(*(rng.normal(size=(50, 4)).astype(np.float32) for _ in range(2)))
    truth = nearer_to_train(rng.normal(size=(100_000, 4)).astype(np.float32), pools, reference="").value
    covered = 0
    for _ in range(400):
        found = nearer_to_train(rng.normal(size=(100, 4)).astype(np.float32), pools, reference="")
        low, high = exact_interval(found.value, n=100)
        covered += low <= truth <= high
    assert covered / 400 > 0.95 - 4 * 0.011


@pytest.mark.parametrize(("count", "n"), [(0, 10), (3, 10), (10, 10), (150, 300)])
def test_exact_interval_is_clopper_pearson(count: int, n: int) -> None:
    expected = stats.binomtest(count, n).proportion_ci(0.9, method="exact")
    assert exact_interval(count / n, n=n, level=0.9) == pytest.approx((expected.low, expected.high))


def test_half_counts_widen_the_interval() -> None:
    low, high = exact_interval(2.5 / 10, n=10)
    assert (low, high) == (exact_interval(0.2, n=10)[0], exact_interval(0.3, n=10)[1])


def test_errors() -> None:
    with pytest.raises(StudyError, match="must have one size"):
        Pools(np.zeros((3, 2), np.float32), np.zeros((4, 2), np.float32))
    with pytest.raises(StudyError, match=r"share in \[0, 1\]"):
        exact_interval(1.5, n=3)
