import numpy as np
from sklearn.datasets import load_sample_image

from study.data.sources.colour_patches import PHOTOGRAPHS, SIDE, SQUARE, load, patches


def test_patches_are_squares_of_the_photographs_and_never_overlap():
    x, photograph, square = patches()
    assert x.shape == (2080, SIDE, SIDE, 3) and x.dtype == np.uint8
    rows, columns = 427 // SIDE, 640 // SIDE
    for number, name in enumerate(PHOTOGRAPHS):
        own = x[photograph == number].reshape(rows, columns, SIDE, SIDE, 3)
        whole = own.transpose(0, 2, 1, 3, 4).reshape(rows * SIDE, columns * SIDE, 3)
        np.testing.assert_array_equal(
            whole, load_sample_image(f"{name}.jpg")[: rows * SIDE, : columns * SIDE]
        )
    assert np.bincount(square).max() == (SQUARE // SIDE) ** 2
    assert all(len(set(photograph[square == one])) == 1 for one in np.unique(square))


def test_a_square_lies_in_one_split():
    x, _, square = patches()
    where = {patch.tobytes(): one for patch, one in zip(x, square, strict=True)}
    data = load(seed=0)
    assert data.inverse is not None
    squares = []
    for split in ("train", "validation", "test"):
        found = np.rint(data.inverse(getattr(data, split))).astype(np.uint8)
        squares.append({where[patch.tobytes()] for patch in found})
    assert len(set.union(*squares)) == sum(map(len, squares)) == len(np.unique(square))
    assert (len(data.train), len(data.validation), len(data.test)) == (1136, 256, 688)


def test_both_photographs_are_in_every_split_in_a_random_order():
    data = load(seed=0)
    assert (data.shape, data.class_names, data.is_image) == ((16, 16, 3), ("china", "flower"), True)
    for labels in (data.train_labels, data.validation_labels, data.reference_labels, data.held_out_labels):
        assert labels is not None
        assert 0.35 < labels.mean() < 0.65
    assert load(seed=1).fingerprint != data.fingerprint == load(seed=0).fingerprint
