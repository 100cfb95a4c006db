"""Data that stay on disk are those that are read into memory: same splits, values and facts; refusals are one line."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from study.data import LargeDataset, load_dataset, open_dataset
from study.data.own import on_disk, survey
from study.errors import StudyError
from tests.tiers import first_of

N = 90
RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(N, 3)) * [1, 100, 1e4] + [0, 50, 1e6]
BLOB = np.exp(-((np.mgrid[:12, :12] - 6.0) ** 2).sum(axis=0) / 8)
GREY = np.clip(255 * BLOB * RNG.random((N, 1, 1)) + 8 * RNG.random((N, 12, 12)), 0, 255).astype(np.uint8)
COLOUR = np.stack([GREY, GREY[:, ::-1], GREY[:, :, ::-1]], axis=1)  # channels first
TWO = (RNG.random((N, 12, 12)) < BLOB).astype(np.uint8)
THREE = 255 * TWO
THREE[50, 0, 0] = 1
RARE = np.zeros((N, 4))
RARE[:, 0], RARE[7, 1], RARE[40, 2], RARE[:, 3] = RNG.normal(size=N), 5.0, 1e-3, 8.0
CLASSES = np.array(["ankle", "bag", "coat"])[np.arange(N) % 3]
KINDS: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "images of 8 bits": (GREY, {}),
    "columns that are pictures": (GREY.reshape(N, -1), {}),
    "channels first": (COLOUR, {}),
    "columns that are pictures in colour": (COLOUR.reshape(N, -1), {"kind": "image"}),
    "a table": (TABLE, {}),
    "a table as float32, big-endian, in Fortran's order": (np.asfortranarray(TABLE.astype(">f4")), {}),
    "rare values": (RARE, {}),
    "values 0 and 1": (TWO.astype(np.float32), {}),
    "values 0 and 255": (255 * TWO, {}),
    "a third value in one place": (THREE, {}),
    "a fraction in one place": (np.where(np.arange(N)[:, None, None] == 50, 0.5, TWO), {}),
    "images of any range": (GREY * 3.5 - 100, {"kind": "image"}),
    "booleans": (TWO.astype(bool), {}),
    "whole numbers by range": (GREY.astype(np.int64) - 9, {"kind": "image", "scale": "range"}),
}


def saved(path: Path, x: np.ndarray) -> Path:
    np.save(path, x)
    return path


def assert_alike(large: LargeDataset, small: Any) -> None:
    """The same data: exactly, or to a bit of float32 where means were added up."""
    for split in ("train", "validation", "test"):
        x = getattr(large, split)[:]
        np.testing.assert_allclose(x, getattr(small, split), rtol=2e-7, atol=2e-7)
        assert x.dtype == np.float32 and getattr(large, split).shape == x.shape
        ours, theirs = getattr(large, f"{split}_labels"), getattr(small, f"{split}_labels")
        assert (ours is None) == (theirs is None) and (ours is None or (ours == theirs).all())
    assert (large.train.min(), large.train.max()) == (large.train[:].min(), large.train[:].max())
    assert large.read_as == f"{small.read_as}; on disk"
    for name in ("name", "shape", "likelihood", "n_classes", "class_names", "source"):
        assert getattr(large, name) == getattr(small, name)
    if small.inverse is not None and large.inverse is not None:
        np.testing.assert_allclose(
            large.inverse(small.test), small.inverse(small.test), rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("kind", KINDS)
def test_rows_on_disk_are_those_in_memory(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "BLOCK", 8 * 1000)  # a few rows
    x, options = KINDS[kind]
    path = saved(tmp_path / "mine.npy", x)
    assert_alike(open_dataset(path, seed=3, **options), load_dataset(path, seed=3, **options))


def test_a_folder_of_files_with_labels_is_one_array(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for i, part in enumerate(np.split(GREY, [10, 50])):
        saved(folder / f"part-{i}.npy", part)
    saved(folder / "y.npy", CLASSES)
    np.savez(tmp_path / "mine.npz", x=GREY, y=CLASSES)
    large, small = open_dataset(folder), load_dataset(tmp_path / "mine.npz")
    np.testing.assert_array_equal(large.train[:], small.train)
    np.testing.assert_array_equal(large.test_labels, small.test_labels)
    assert large.class_names == ("ankle", "bag", "coat")


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    for i, picture in enumerate(GREY):
        folder = tmp_path / "mine" / str(CLASSES[i])
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{i:03d}.png")
    assert_alike(open_dataset(tmp_path / "mine", size=(6, 6)), load_dataset(tmp_path / "mine", size=(6, 6)))


def test_the_fingerprint_follows_content_seed_labels_and_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    saved(folder / "x.npy", GREY)
    first = open_dataset(folder).fingerprint
    found = [first, open_dataset(folder, seed=1).fingerprint, open_dataset(folder, scale="range").fingerprint]
    changed = GREY.copy()
    changed[70, 3, 3] += 1
    saved(folder / "x.npy", changed)
    found.append(open_dataset(folder).fingerprint)
    saved(folder / "y.npy", CLASSES)
    found.append(open_dataset(folder).fingerprint)
    assert len(set(found)) == 5
    (folder / "y.npy").unlink()
    (folder / "x.npy").unlink()
    monkeypatch.setattr(survey, "BLOCK", 8 * 500)
    for i, part in enumerate(np.split(GREY, [30])):
        saved(folder / f"{i}.npy", part)
    assert open_dataset(folder).fingerprint == first


def test_validation_rows_are_bounded_and_a_sample_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "mine.npy", GREY)
    small = load_dataset(path)
    monkeypatch.setattr(on_disk, "VALIDATION", 4)
    large = open_dataset(path)
    np.testing.assert_array_equal(large.validation, small.validation[:4])
    some = large.sample(20)
    np.testing.assert_array_equal(some.train, small.train[:20])
    np.testing.assert_array_equal(some.test, small.test[:20])
    assert len(some.validation) == 4 and some.read_as.endswith("on disk; at most 20 rows of each split")
    with pytest.raises(StudyError, match=r"^sample: rows: give a whole number from 2 to"):
        large.sample(1)


def test_a_file_that_changes_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.npy", GREY)
    large = open_dataset(path)
    os.truncate(path, 5000)
    with pytest.raises(
        StudyError, match=r"mine\.npy: has changed since it was opened; start again when it is complete$"
    ):
        large.train[:5]


def nan(x: np.ndarray) -> np.ndarray:
    wrong = x.copy()
    wrong[41, 1] = np.nan
    return wrong


def shards(folder: Path, *arrays: np.ndarray, **named: np.ndarray) -> Path:
    (folder / "mine").mkdir()
    for i, x in enumerate(arrays):
        saved(folder / "mine" / f"{i}.npy", x)
    for name, x in named.items():
        saved(folder / "mine" / f"{name}.npy", x)
    return folder / "mine"


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


WRONG: list[tuple[Callable[[Path], Path], dict[str, Any], str]] = [
    (lambda f: f / "mine.npy", {}, "no such file or folder; give an .npy file"),
    (lambda f: text(f / "mine.csv", "a,b\n1,2\n"), {}, "can stay on disk; convert it with np.save"),
    (lambda f: text(f / "mine.npy", "what is this"), {}, "cannot be read as .npy (not an .npy array"),
    (lambda f: saved(f / "mine.npy", np.array([{}] * 9)), {}, "it holds Python objects"),
    (lambda f: saved(f / "mine.npy", TABLE[:5]), {}, "give at least 6 non-empty examples"),
    (lambda f: saved(f / "mine.npy", TABLE[:, :0]), {}, "give at least 6 non-empty examples"),
    (lambda f: saved(f / "mine.npy", np.array(3.0)), {}, "give [N, D], [N, H, W] or [N, H, W, C]"),
    (lambda f: saved(f / "mine.npy", TABLE[:, 0]), {}, "give [N, D], [N, H, W] or [N, H, W, C]"),
    (lambda f: saved(f / "mine.npy", CLASSES[:, None]), {}, "has type <U5; convert it to numbers"),
    (lambda f: saved(f / "mine.npy", nan(TABLE)), {}, "example 41 has values that are NaN or infinite; fill them"),
    (lambda f: saved(f / "mine.npy", np.ones((9, 3))), {}, "every training value is 1.0; give data that vary"),
    (lambda f: saved(f / "mine.npy", TABLE), {"kind": "windows"}, "kind: expected one of"),
    (lambda f: saved(f / "mine.npy", TABLE), {"label": "y"}, "--label has no effect on arrays"),
    (lambda f: saved(f / "mine.npy", TABLE.reshape(9, 10, 3)), {"kind": "sequence"}, "with study.load_dataset"),
    (lambda f: shards(f), {}, "no PNG or JPEG pictures"),
    (lambda f: shards(f, y=CLASSES), {}, "holds no .npy file of examples; give examples in .npy files"),
    (lambda f: shards(f, GREY, y=CLASSES, labels=CLASSES), {}, "holds both y.npy and labels.npy"),
    (lambda f: shards(f, GREY, TABLE), {}, "1.npy: holds float64 [90, 3], but"),
    (lambda f: shards(f, GREY, y=CLASSES[:5]), {}, "labels of 'x' have shape [5]; give one per example, [90]"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "options", "says"), WRONG)
def test_a_refusal_is_one_line(
    make: Callable[[Path], Path], options: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(StudyError) as caught:
        open_dataset(make(tmp_path), **options)
    message = str(caught.value)
    assert says in message and message.isprintable() and len(message) < 500


@pytest.mark.parametrize("cut", first_of([5000, 60, 130]))
def test_a_truncated_file_is_refused(cut: int, tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.npy", GREY)
    os.truncate(path, cut)
    with pytest.raises(StudyError, match=r"mine\.npy: cannot be read as \.npy \(truncated"):
        open_dataset(path)
