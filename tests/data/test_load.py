import subprocess
import sys

import numpy as np
import pytest

from study.data import DATASETS, load_dataset
from study.errors import StudyError


def test_every_entry_is_named_as_its_key_and_says_what_it_is():
    assert list(DATASETS) == [
        "digits",
        "mnist",
        "fashion-mnist",
        "colour-patches",
        "gaussian",
        "co2",
        "etth1",
    ]
    for key, entry in DATASETS.items():
        assert entry.name == key
        assert entry.summary and "\n" not in entry.summary
        assert entry.source


def test_unknown_names_say_what_there_is():
    message = (
        "unknown dataset 'cifar', and no file or folder of that name; "
        "give one of digits, mnist, fashion-mnist, colour-patches, gaussian, co2, etth1, or a path: .npz"
    )
    with pytest.raises(StudyError, match=message):
        load_dataset("cifar")


def test_a_negative_seed_is_refused():
    with pytest.raises(StudyError, match="dataset 'digits': seed is -1; give 0 or more"):
        load_dataset("digits", seed=-1)


def test_importing_pulls_in_nothing_heavy():
    heavy = "{'sklearn', 'pandas', 'jax', 'tqdm'}"
    code = f"import sys, study.data; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_digits_are_all_there_once():
    from sklearn.datasets import load_digits

    data = load_dataset("digits")
    assert (data.shape, data.likelihood, data.n_classes, data.is_image) == ((8, 8), "gaussian", 10, True)
    assert (len(data.train), len(data.validation), len(data.test)) == (998, 200, 599)
    assert data.inverse is not None
    parts = np.concatenate([data.inverse(part) for part in (data.train, data.validation, data.test)])
    # Sixteenths are exact in float32, so the multiset of images must be the official one to the bit.
    assert sorted(map(bytes, parts)) == sorted(map(bytes, load_digits().data))


@pytest.mark.parametrize("name", ["digits", "gaussian"])
def test_fingerprints_are_equal_across_loads_and_differ_between_seeds(name):
    assert load_dataset(name).fingerprint == load_dataset(name, seed=0).fingerprint
    assert load_dataset(name).fingerprint != load_dataset(name, seed=1).fingerprint


def test_too_little_memory_for_what_is_made_of_a_file_is_one_line(tmp_path, monkeypatch):
    def starved(*arguments: object, **more: object) -> None:
        raise MemoryError

    np.save(tmp_path / "mine.npy", np.eye(9))
    monkeypatch.setattr("study.data.own.arrays.to_range", starved)
    with pytest.raises(StudyError, match=r"mine\.npy: needs more memory than is available; give less data"):
        load_dataset(tmp_path / "mine.npy")


@pytest.mark.parametrize(
    ("name", "fingerprint"),
    [
        ("digits", "61a2cfadf7fc43be5a7c6ff87faa5545180a642a55ee73da122c62f60574de76"),
        ("co2", "26a8260acd95ec686d8eee5c2f4be5514661dfcad5b6ddb6614393036b1fefa9"),
    ],
)
def test_bundled_data_keep_their_fingerprints_and_so_the_keys_of_stored_results(name, fingerprint):
    assert load_dataset(name).fingerprint == fingerprint


@pytest.mark.parametrize("name", DATASETS)
def test_how_data_are_read_is_said(name):
    if name in ("mnist", "fashion-mnist", "etth1"):
        pytest.skip("needs a download")
    data = load_dataset(name)
    assert len(data.read_as) > 20
    assert len(data.class_names) == data.n_classes
