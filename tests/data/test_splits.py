import numpy as np
import pytest

from study.data.splits import split_rows, split_test_rows, stratified_order

LABELS = np.random.default_rng(3).choice(4, size=907, p=[0.5, 0.3, 0.15, 0.05])


def counts(rows: np.ndarray) -> np.ndarray:
    return np.bincount(LABELS[rows], minlength=4)


@pytest.mark.parametrize("labels", [None, LABELS])
@pytest.mark.parametrize("n", [6, 7, 10, 907])
def test_splits_are_disjoint_and_complete(n, labels):
    rows = split_rows(n, seed=0, labels=None if labels is None else labels[:n])
    assert sorted(np.concatenate(rows)) == list(range(n))
    assert [len(part) for part in rows] == [n - round(n / 3) - round(n / 9), round(n / 9), round(n / 3)]


def test_splits_are_the_same_for_the_same_seed_only():
    first, again, other = (split_rows(907, seed=seed, labels=LABELS) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.test, other.test)


@pytest.mark.parametrize("seed", range(5))
def test_every_part_holds_each_class_in_proportion(seed):
    rows = split_rows(907, seed=seed, labels=LABELS)
    for part in rows:
        expected = len(part) * counts(np.arange(907)) / 907
        assert (
            np.abs(counts(part) - expected).max() <= 2
        )  # a cut is off by less than one example, a part has two


def test_halves_of_test_are_cut_at_random():
    """The first half's count of a class is hypergeometric, as is that of a sample without regard to classes.

    Over 2,000 seeds the standard deviation of each count is known to 1/sqrt(4000); the tolerance is four of these. An
    order that is balanced by class has less than a third of it.
    """
    found = []
    for seed in range(2000):
        _, test = split_test_rows(907, seed=seed, labels=LABELS, validation_share=0.0)
        found.append(counts(test[:453]))
    n, k = counts(np.arange(907)), 453
    spread = np.sqrt(k * n / 907 * (1 - n / 907) * (907 - k) / 906)
    np.testing.assert_allclose(np.std(found, axis=0), spread, rtol=4 / np.sqrt(4000))
    assert np.all(np.abs(np.mean(found, axis=0) - k * n / 907) < 4 * spread / np.sqrt(2000))


def test_any_stretch_of_the_order_is_stratified():
    order = stratified_order(np.random.default_rng(0), labels=LABELS)
    for start, stop in ((0, 100), (333, 500), (850, 907)):
        expected = (stop - start) * counts(np.arange(907)) / 907
        assert np.abs(counts(order[start:stop]) - expected).max() <= 3


def test_every_row_falls_into_either_half_of_test_equally_often():
    labels = np.array([0] * 10 + [1] * 5 + [2])
    n_seeds, first, tested = 2000, np.zeros(16), np.zeros(16)
    for seed in range(n_seeds):
        _, test = split_test_rows(16, seed=seed, labels=labels, validation_share=0.2)
        first[test[: len(test) // 2]] += 1
        tested[test[: len(test) // 2 * 2]] += 1
    # Binomial with p = 1/2 given that the row is scored at all; 4.5 standard errors over 16 rows.
    assert np.abs(first / tested - 0.5).max() < 4.5 * 0.5 / np.sqrt(tested.min())


def test_official_test_rows_become_validation_and_test():
    validation, test = split_test_rows(907, seed=0, labels=LABELS, validation_share=0.2)
    assert len(validation) == 181
    assert sorted([*validation, *test]) == list(range(907))
    assert np.abs(counts(validation) - 0.2 * counts(np.arange(907))).max() <= 2


def test_without_a_share_for_validation_all_rows_are_test_in_another_order():
    validation, test = split_test_rows(50, seed=0, validation_share=0.0)
    assert len(validation) == 0
    assert sorted(test) == list(range(50))
    assert not np.array_equal(test, np.arange(50))
