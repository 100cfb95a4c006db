import numpy as np
import pytest

from study.config.data import DataConfig
from study.data import load_dataset
from study.data.choosing import choose_scaling
from study.data.naming import Naming
from study.data.own.arrays import from_arrays
from study.data.scaling import Affine
from study.errors import StudyError


def splits(train: np.ndarray, test: np.ndarray | None = None) -> dict[str, np.ndarray]:
    return {"train": train, "validation": train, "test": train if test is None else test}


def test_affine_goes_there_and_back():
    scaling = Affine(np.array([1.0, -2.0]), np.array([3.0, 0.5]))
    x = np.random.default_rng(0).normal(size=(9000, 2))  # more rows than one block
    z = scaling.to_model(x)
    assert z.dtype == np.float32
    # float32 keeps 24 bits; |x| stays below 16.
    np.testing.assert_allclose(scaling(z), x, atol=16 * 2**-23)


def test_table_statistics_come_from_train_alone():
    train = np.random.default_rng(0).normal(5.0, 3.0, size=(400, 3))
    scaling = choose_scaling(splits(train, train + 60.0), kind="table", names=Naming("t")).affine
    assert scaling is not None
    z = scaling.to_model(train).astype(np.float64)
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=1e-6)  # float32 rounding, averaged
    np.testing.assert_allclose(z.std(axis=0), 1.0, atol=1e-6)
    np.testing.assert_allclose(
        scaling.to_model(train + 60.0).mean(axis=0), 60.0 / train.std(axis=0), rtol=1e-5
    )


def test_a_constant_feature_becomes_zero_with_scale_one():
    train = np.column_stack([np.full(30, 0.1), np.arange(30.0)])
    scaling = choose_scaling(splits(train), kind="table", names=Naming("t")).affine
    assert scaling is not None
    assert np.all(scaling.to_model(train)[:, 0] == 0.0)
    assert np.asarray(scaling.scale)[0] == 1.0


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_images_of_eight_bits_are_divided_by_255_whatever_their_type(dtype):
    train = np.arange(256).astype(dtype).reshape(16, 16)
    scaling = choose_scaling(splits(train), kind="image", names=Naming("t")).affine
    assert scaling is not None
    np.testing.assert_array_equal(scaling.to_model(train), train.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
@pytest.mark.parametrize("kind", ["table", "image", "sequence"])
def test_binary_values_are_kept(dtype, kind):
    train = np.random.default_rng(0).integers(0, 2, size=(20, 4)).astype(dtype)
    assert choose_scaling(splits(train), kind=kind, names=Naming("t")).affine is None


def test_images_in_the_unit_interval_are_kept():
    assert (
        choose_scaling(splits(np.linspace(0, 0.7, 12).reshape(3, 4)), kind="image", names=Naming("t")).affine
        is None
    )


def test_other_images_go_to_the_unit_interval_by_train_alone():
    train = np.linspace(-3.0, 5.0, 12).reshape(3, 4)
    scaling = choose_scaling(splits(train, train * 2), kind="image", names=Naming("t")).affine
    assert scaling is not None
    z = scaling.to_model(train)
    assert (z.min(), z.max()) == (0.0, 1.0)
    assert scaling.to_model(train * 2).max() == np.float32(13 / 8)


def test_data_of_a_single_value_are_refused():
    with pytest.raises(StudyError, match=r"^mine: every training value is 2\.0; give data that vary$"):
        choose_scaling(splits(np.full((5, 3), 2.0)), kind="table", names=Naming("mine"))


BIG = np.array([[1e308, 1.0], [-1e308, 2.0]] * 9)
ROWS = np.arange(18.0).reshape(9, 2)
CANNOT_BE_SCALED = [
    (
        "a mean that overflows",
        {"x": BIG},
        "column 0 (counted from 0) has training values from -1e+308 to 1e+308",
    ),
    ("a variance that overflows", {"x": ROWS * 1e160}, "column 0 (counted from 0) has training values from"),
    (
        "a variance that vanishes",
        {"x": ROWS * 1e-200},
        "column 0 (counted from 0) varies in train, but too little",
    ),
    (
        "whole numbers",
        {"x": np.arange(18, dtype=np.uint64).reshape(9, 2) + 2**63},
        "column 0 (counted from 0) varies",
    ),
    (
        "long doubles",
        {"x": ROWS.astype(np.longdouble) * np.longdouble("1e4000")},
        "column 0 (counted from 0) has",
    ),
    (
        "another column",
        {"x": np.c_[ROWS[:, :1], ROWS[:, 1:] * 1e160]},
        "column 1 (counted from 0) has training",
    ),
    (
        "constant columns",
        {"x": np.tile([1.0, 2.0], (9, 1))},
        "every feature is constant over the training rows",
    ),
    (
        "the same in zeros and ones",
        {"x": np.tile([0, 1], (9, 1))},
        "every feature is constant over the training",
    ),
    ("one image", {"x": np.tile(ROWS, (9, 1, 1))}, "every feature is constant over the training rows"),
    (
        "a range that overflows",
        {"x": np.stack([BIG, -BIG] * 5)},
        "span more than float64 holds",
    ),
    (
        "images far apart",
        {"x": np.arange(36).reshape(9, 2, 2) + 2**62},
        "differ by less than float64 can represent",
    ),
    ("images near a half", {"x": 0.5 + ROWS.reshape(9, 1, 2) * 1e-12}, "vary, but too little for float32"),
    ("images near zero", {"x": ROWS.reshape(9, 1, 2) * 1e-60}, "vary, but too little for float32"),
    (
        "test alone",
        {"train": ROWS, "validation": ROWS, "test": np.full((3, 2), 1e300)},
        "of 'test', too large for float32 after the scaling of train; correct it, or divide that column",
    ),
    (
        "far from train",
        {"train": ROWS, "validation": np.array([[1.0, 1e5]]), "test": ROWS},
        "column 1 (counted from 0) has 1e+05 in example 0 of 'validation', which is 1.9e+04 after the scaling of train",
    ),
    (
        "a test image",
        {
            "train": ROWS.reshape(9, 1, 2),
            "validation": np.array([[[1.0, 1e200]]]),
            "test": ROWS.reshape(9, 1, 2),
        },
        "the value at [0, 1] of an example has 1e+200 in example 0 of 'validation', too large for float32",
    ),
]


def options(arrays: dict[str, np.ndarray]) -> DataConfig:
    """Small arrays of three axes say that they are images."""
    return DataConfig(kind="image" if next(iter(arrays.values())).ndim == 3 else "auto")


@pytest.mark.parametrize(
    ("arrays", "message"), [pytest.param(*case[1:], id=case[0]) for case in CANNOT_BE_SCALED]
)
def test_values_that_cannot_be_scaled_are_refused_by_column_and_split(arrays, message):
    with pytest.raises(StudyError) as caught:
        from_arrays(arrays, name="mine", seed=0, source="", options=options(arrays))
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_csv_names_the_column_that_cannot_be_scaled(tmp_path):
    (tmp_path / "mine.csv").write_text("small,large\n" + "".join(f"{i},{i + 1}e305\n" for i in range(9)))
    with pytest.raises(StudyError, match=r"mine\.csv: column 'large' has training values from .*e\+305 to"):
        load_dataset(tmp_path / "mine.csv")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.int8, np.uint64, ">f4"])
def test_numbers_of_every_width_are_scaled_alike(dtype):
    data = from_arrays({"x": ROWS.astype(dtype)}, name="mine", seed=0, source="")
    np.testing.assert_array_equal(data.train, from_arrays({"x": ROWS}, name="mine", seed=0, source="").train)
