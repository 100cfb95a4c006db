import numpy as np
import pytest

from study.data.scaling import Affine, choose_scaling
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
    scaling = choose_scaling(splits(train, train + 100.0), is_table=True, where="t")
    assert scaling is not None
    z = scaling.to_model(train).astype(np.float64)
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=1e-6)  # float32 rounding, averaged
    np.testing.assert_allclose(z.std(axis=0), 1.0, atol=1e-6)
    np.testing.assert_allclose(
        scaling.to_model(train + 100.0).mean(axis=0), 100.0 / train.std(axis=0), rtol=1e-5
    )


def test_a_constant_feature_becomes_zero_with_scale_one():
    train = np.column_stack([np.full(30, 0.1), np.arange(30.0)])
    scaling = choose_scaling(splits(train), is_table=True, where="t")
    assert scaling is not None
    assert np.all(scaling.to_model(train)[:, 0] == 0.0)
    assert np.asarray(scaling.scale)[0] == 1.0


@pytest.mark.parametrize("is_table", [True, False])
def test_uint8_is_divided_by_255(is_table):
    train = np.arange(256, dtype=np.uint8).reshape(16, 16)
    scaling = choose_scaling(splits(train), is_table=is_table, where="t")
    assert scaling is not None
    np.testing.assert_array_equal(scaling.to_model(train), train.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
@pytest.mark.parametrize("is_table", [True, False])
def test_binary_values_are_kept(dtype, is_table):
    train = np.random.default_rng(0).integers(0, 2, size=(20, 4)).astype(dtype)
    assert choose_scaling(splits(train), is_table=is_table, where="t") is None


def test_images_in_the_unit_interval_are_kept():
    assert choose_scaling(splits(np.linspace(0, 0.7, 12).reshape(3, 4)), is_table=False, where="t") is None


def test_other_images_go_to_the_unit_interval_by_train_alone():
    train = np.linspace(-3.0, 5.0, 12).reshape(3, 4)
    scaling = choose_scaling(splits(train, train * 2), is_table=False, where="t")
    assert scaling is not None
    z = scaling.to_model(train)
    assert (z.min(), z.max()) == (0.0, 1.0)
    assert scaling.to_model(train * 2).max() == np.float32(13 / 8)


def test_data_of_a_single_value_are_refused():
    with pytest.raises(StudyError, match=r"^mine: every training value is 2\.0; give data that vary$"):
        choose_scaling(splits(np.full((5, 3), 2.0)), is_table=True, where="mine")
