import numpy as np
import pytest

from study.data.base import Dataset
from study.data.own.arrays import from_arrays
from study.errors import StudyError

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(90, 3))
IMAGES = RNG.integers(0, 256, size=(90, 4, 5), dtype=np.uint8)


def make(seed: int = 0, **arrays: np.ndarray) -> Dataset:
    return from_arrays(arrays, name="mine", seed=seed, source="test")


def row_set(x: np.ndarray) -> set[bytes]:
    return {row.tobytes() for row in x}


def test_a_lone_x_is_split_into_disjoint_parts():
    data = make(x=TABLE)
    parts = [row_set(part) for part in (data.train, data.validation, data.test)]
    assert [len(part) for part in parts] == [50, 10, 30]
    assert len(set.union(*parts)) == 90
    assert data.shape == (3,)
    assert data.train_labels is None
    assert data.likelihood == "gaussian"


def test_a_lone_train_counts_as_x():
    labels = np.arange(90) % 3
    assert make(train=TABLE, train_labels=labels).fingerprint == make(x=TABLE, labels=labels).fingerprint


def test_labels_stay_with_their_rows():
    y = np.arange(90) % 3
    data = make(x=TABLE, y=y)
    assert data.inverse is not None
    label_of = {np.round(row, 4).tobytes(): label for row, label in zip(TABLE, y, strict=True)}
    for part, labels in ((data.train, data.train_labels), (data.test, data.test_labels)):
        assert labels is not None
        rows = np.round(data.inverse(part), 4)
        # float32 gives back four decimals but for values that sit on the edge of rounding.
        found = [label_of.get(row.tobytes()) == label for row, label in zip(rows, labels, strict=True)]
        assert np.mean(found) > 0.9


def test_the_fingerprint_follows_content_and_seed():
    fingerprint = make(x=TABLE).fingerprint
    assert make(x=TABLE.copy()).fingerprint == fingerprint
    changed = TABLE.copy()
    changed[0, 0] += 1.0
    assert make(x=changed).fingerprint != fingerprint
    assert make(x=TABLE, seed=1).fingerprint != fingerprint
    assert make(x=TABLE, y=np.arange(90) % 2).fingerprint != fingerprint


@pytest.mark.parametrize(
    "labels",
    [
        np.array([-5, 7, 1000])[np.arange(90) % 3],
        np.array(["ankle", "bag", "coat"])[np.arange(90) % 3],
        np.array([b"a", b"b", b"c"])[np.arange(90) % 3],
        np.array([1.0, 2.0, 9.0])[np.arange(90) % 3],
    ],
)
def test_labels_of_any_kind_become_classes_in_sorted_order(labels):
    data = make(x=TABLE, labels=labels)
    assert data.n_classes == 3
    assert data.train_labels is not None
    assert data.train_labels.dtype == np.int64
    assert data.fingerprint == make(x=TABLE, y=np.arange(90) % 3).fingerprint


def test_train_stays_whole_and_a_fifth_of_test_becomes_validation():
    data = make(train=IMAGES, test=IMAGES[:50], train_labels=np.arange(90) % 2, test_labels=np.arange(50) % 2)
    np.testing.assert_array_equal(data.train, (IMAGES / np.float32(255)).reshape(90, 20))
    assert data.shape == (4, 5)
    assert (len(data.validation), len(data.test)) == (10, 40)
    assert row_set(data.validation).isdisjoint(row_set(data.test))
    assert data.validation_labels is not None
    np.testing.assert_array_equal(np.bincount(data.validation_labels), [5, 5])


def test_given_validation_stays_and_test_is_reordered():
    data = make(train=TABLE, validation=TABLE[:7], test=TABLE[10:40])
    np.testing.assert_array_equal(data.validation, data.train[:7])
    assert row_set(data.test) == row_set(data.train[10:40])
    assert not np.array_equal(data.test, data.train[10:40])


def test_inverse_gives_back_the_units_of_the_user():
    data = make(train=IMAGES, test=IMAGES[:9])
    assert data.inverse is not None
    np.testing.assert_allclose(data.inverse(data.train), IMAGES.reshape(90, 20), atol=255 * 2**-24)


@pytest.mark.parametrize(
    ("x", "likelihood"),
    [
        (IMAGES > 99, "bernoulli"),
        ((IMAGES > 99).astype(np.uint8) * np.uint8(255), "bernoulli"),
        ((IMAGES > 99).astype(np.float64).reshape(90, 20), "bernoulli"),
        (IMAGES / 255.0, "gaussian"),
        (IMAGES[..., None], "gaussian"),
    ],
)
def test_likelihood_is_bernoulli_only_where_all_values_are_binary(x, likelihood):
    assert make(x=x).likelihood == likelihood


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "mine: holds no examples; give `x` alone"),
        ({"images": TABLE}, "mine: unknown key 'images'; rename or drop it, the keys are `x` with"),
        ({"x": TABLE, "test": TABLE}, "mine: holds x and test; give `x` alone"),
        ({"train": TABLE, "validation": TABLE}, "mine: holds train and validation; give `x` alone"),
        (
            {"x": TABLE, "train_labels": np.zeros(90, int)},
            "mine: 'train_labels' does not belong to any examples here",
        ),
        (
            {"train": TABLE, "test": TABLE, "y": np.zeros(90, int)},
            "mine: 'y' does not belong to any examples here",
        ),
        (
            {"x": TABLE, "y": np.zeros(90, int), "labels": np.zeros(90, int)},
            "mine: holds both `y` and `labels`",
        ),
        (
            {"train": TABLE, "test": TABLE, "train_labels": np.zeros(90, int)},
            "mine: 'test_labels' is missing; label every split or none",
        ),
        ({"x": TABLE[:1]}, r"mine: 'x' has shape \[1, 3\]; give at least 6 non-empty examples"),
        ({"x": TABLE[:0]}, r"mine: 'x' has shape \[0, 3\]; give at least 6"),
        ({"x": TABLE[:, :0]}, r"mine: 'x' has shape \[90, 0\]; give at least 6"),
        ({"train": TABLE, "test": TABLE[:2]}, r"mine: 'test' has shape \[2, 3\]; give at least 3"),
        ({"x": TABLE[:, 0]}, r"mine: 'x' has shape \[90\]; give \[N, D\], \[N, H, W\] or"),
        ({"x": TABLE.astype(object)}, "mine: 'x' has type object; convert it to numbers"),
        ({"x": TABLE.astype(str)}, "mine: 'x' has type <U"),
        ({"x": TABLE + 1j}, "mine: 'x' has type complex128"),
        (
            {"x": np.where(np.arange(90)[:, None] == 4, np.nan, TABLE)},
            "mine: 'x' has 3 values that are NaN or infinite, the first in example 4; fill them",
        ),
        (
            {"x": TABLE, "y": np.zeros(89, int)},
            r"mine: labels of 'x' have shape \[89\]; give one per example",
        ),
        ({"x": TABLE, "y": np.arange(90) / 7}, "mine: labels of 'x' have type float64; give integers or str"),
        (
            {"x": TABLE, "y": np.full(90, np.nan)},
            "mine: labels of 'x' have type float64; give integers or str",
        ),
        ({"x": TABLE, "y": np.zeros(90, object)}, "mine: labels of 'x' have type object"),
        (
            {
                "train": TABLE,
                "test": TABLE,
                "train_labels": np.zeros(90, int),
                "test_labels": np.full(90, "a"),
            },
            "mine: labels are strings in one split and numbers in another",
        ),
        (
            {"x": TABLE, "y": np.full(90, np.inf)},
            "mine: labels of 'x' have type float64; give integers or str",
        ),
        (
            {
                "train": TABLE,
                "test": TABLE,
                "train_labels": np.arange(90) % 2 + 2**60,
                "test_labels": np.arange(90, dtype=np.uint64) % 2 + 2**60,
            },
            "mine: labels are of several types and too large for float64; give one integer type",
        ),
        ({"x": [[1.0, 2.0]] * 9}, "mine: 'x' is a list; give a NumPy array"),
        ({"train": TABLE, "test": TABLE[:, :2]}, r"differ in shape: train \[90, 3\], test \[90, 2\]"),
        ({"train": IMAGES, "test": IMAGES / 255}, "mine: one split is uint8 and another is not"),
        (
            {
                "train": TABLE,
                "test": TABLE,
                "train_labels": np.arange(90) % 2,
                "test_labels": np.arange(90) % 3,
            },
            r"mine: no training example of class '2' \(30\), all of it is held out; give more of it",
        ),
        ({"x": np.full((90, 2), 3.5)}, "mine: every training value is 3.5; give data that vary"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_used_is_refused_with_one_line(arrays, message):
    with pytest.raises(StudyError, match=message) as caught:
        make(**arrays)
    assert "\n" not in str(caught.value)
