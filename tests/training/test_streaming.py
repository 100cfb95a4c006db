"""Training on data on disk gives the model that the same data give in memory, whenever it is stopped and goes on."""

import dataclasses
import functools
import itertools
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from experiments.benchmarks.large import make
from study import Dataset, StudyError, TrainConfig, VAEConfig, encode, load_dataset, open_dataset, train
from study.data import LargeDataset
from study.training import TrainedModel, architecture, streaming
from tests.tiers import first_of, variant

CONFIG = VAEConfig(latent_dim=3, hidden=(16,))
TRAINING = TrainConfig(steps=150, batch_size=64)  # 998 rows: 15 steps an epoch, 10 epochs
SEED = 3
pytestmark = pytest.mark.filterwarnings("ignore:train. the validation loss still falls")


@pytest.fixture(scope="module")
def folder(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """Digits with their classes, as .npy files and as one .npz."""

    def make(path: Path) -> None:
        digits = load_dataset("digits")
        splits = ("train", "validation", "test")
        x = np.concatenate([getattr(digits, split) for split in splits]).reshape(-1, 8, 8)
        y = np.concatenate([getattr(digits, f"{split}_labels") for split in splits])
        (path / "digits").mkdir(parents=True)
        np.savez(path / "digits.npz", x=x, y=y)
        np.save(path / "digits" / "1.npy", x[:700])
        np.save(path / "digits" / "2.npy", x[700:])
        np.save(path / "digits" / "y.npy", y)

    return made_once("large-digits", make)


@pytest.fixture(scope="module")
def large(folder: Path) -> LargeDataset:
    return open_dataset(folder / "digits", kind="image")


@pytest.fixture(scope="module")
def small(folder: Path) -> Dataset:
    return load_dataset(folder / "digits.npz", kind="image")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four batches, so that the last block of an epoch is not full; and the state is written after each."""
    monkeypatch.setattr(streaming, "BLOCK", 4 * 4 * 64 * 64)
    monkeypatch.setattr(streaming, "EVERY", 0.0)


def assert_same(a: TrainedModel, b: TrainedModel) -> None:
    for x, y in zip(jax.tree.leaves(a.parameters), jax.tree.leaves(b.parameters), strict=True):
        np.testing.assert_array_equal(x, y)
    np.testing.assert_array_equal(a.losses, b.losses)
    assert (a.architecture, a.alpha, a.beta, a.seed, a.decay, a.class_names) == (
        b.architecture,
        b.alpha,
        b.beta,
        b.seed,
        b.decay,
        b.class_names,
    )


@pytest.mark.integration
@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({}, {"kl_warmup": 0.3, "patience": 0}),
        ({"family": "cvae"}, {"patience": 1, "learning_rate": 0.3, "schedule": "constant", "steps": 600}),
        variant({"family": "beta-tc-vae"}, {"patience": 2, "kl_warmup": 0.2}),
        variant({"family": "sigma-vae", "objective": {"noise": "optimal"}}, {}),
        variant({"family": "vampprior"}, {}),
        variant({"family": "gan"}, {}),
        variant({"output_bias": "data"}, {}),
        variant({"likelihood": "bernoulli"}, {"binarise": True}),
        variant({"network": "conv", "channels": (4,)}, {"steps": 30}),
    ],
)
def test_the_model_is_that_of_the_engine(
    settings: dict[str, Any], changes: dict[str, Any], large: LargeDataset, small: Dataset
) -> None:
    config = from_settings(settings)
    training = dataclasses.replace(TRAINING, **changes)
    models = [train(data, config, beta=0.5, seed=SEED, training=training) for data in (large, small)]
    assert_same(*models)
    if changes.get("patience") == 1:
        assert len(models[0].losses) < training.epochs(len(small.train))  # it stopped early


@pytest.mark.integration
@pytest.mark.parametrize(
    ("settings", "changes"),
    first_of([({"prior": {"exemplars": 200}}, {}), ({"likelihood": "bernoulli"}, {"binarise": True})]),
)
def test_exemplars_are_those_of_the_engine(
    settings: dict[str, Any], changes: dict[str, Any], large: LargeDataset, small: Dataset
) -> None:
    """The same rows in every step and check, and the same codes kept: up to last bits, after 45 steps."""
    config = from_settings({"family": "exemplar", **settings})
    training = dataclasses.replace(TRAINING, steps=45, patience=0, **changes)
    found, expected = (train(data, config, beta=0.5, seed=SEED, training=training) for data in (large, small))
    assert found.architecture == expected.architecture and found.architecture.examples == len(small.train)
    for x, y in zip(jax.tree.leaves(found.parameters), jax.tree.leaves(expected.parameters), strict=True):
        np.testing.assert_allclose(x, y, atol=1e-5)
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-5)


@pytest.mark.integration
def test_of_data_on_disk_the_codes_of_a_part_are_kept(
    large: LargeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (streaming, architecture):
        monkeypatch.setattr(module, "PART", 70)
    model = train(
        large, from_settings({"family": "exemplar"}), training=dataclasses.replace(TRAINING, steps=15)
    )
    assert model.architecture.examples == 70 < len(large.train)
    centres: Any = model.architecture.merge(model.parameters).prior.centres[...]
    np.testing.assert_allclose(centres, model.encode(large.train[:70])[0], atol=1e-5)


def from_settings(settings: dict[str, Any]) -> VAEConfig:
    from study.config.serialise import from_dict

    return from_dict(VAEConfig, {"latent_dim": 3, "hidden": [16], **settings}, where="test")


class Killed(BaseException):
    """As if the process ended."""


@pytest.fixture
def whole(large: LargeDataset) -> TrainedModel:
    return train(large, CONFIG, seed=SEED, training=TRAINING)


def killed_after(blocks: int, monkeypatch: pytest.MonkeyPatch, call: Callable[[], object]) -> None:
    """The call, ended within the program that takes the steps of a block."""
    count, advance = itertools.count(), streaming._advance

    def dying(*arguments: Any) -> Any:
        if next(count) == blocks:
            raise Killed
        return advance(*arguments)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(streaming, "_advance", dying)
        call()


def test_a_training_that_was_killed_goes_on_to_the_same_model(
    large: LargeDataset, whole: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.npz"
    call = functools.partial(train, large, CONFIG, seed=SEED, training=TRAINING, resume=path)
    for blocks in (0, 2, 5, 7):  # at the start, in the first epoch, later; 4 blocks are an epoch
        killed_after(blocks, monkeypatch, call)
    assert_same(call(), whole)
    count = itertools.count()
    monkeypatch.setattr(streaming, "_advance", lambda *_: next(count))
    assert_same(call(), whole)  # what is finished is only read
    assert next(count) == 0
    assert [one.name for one in tmp_path.iterdir()] == ["state.npz"]


def test_the_state_of_another_training_is_refused(
    large: LargeDataset, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.npz"
    call = functools.partial(train, large, CONFIG, seed=SEED, training=TRAINING, resume=path)
    killed_after(3, monkeypatch, call)
    before = path.read_bytes()
    other = open_dataset(folder / "digits", kind="image", seed=1)
    for changes, says in (
        ({"seed": 4}, "was begun with seed 3, not 4"),
        ({"training": dataclasses.replace(TRAINING, batch_size=32)}, "was begun with batch_size 64, not 32"),
        ({"training": dataclasses.replace(TRAINING, steps=300)}, "was begun with steps 150, not 300"),
        ({"beta": 2.0}, r"was begun with beta 1.0, not 2.0"),
        ({"config": VAEConfig(latent_dim=4, hidden=(16,))}, "was begun with model.latent_dim 3, not 4"),
        ({"data": other}, f"was begun with data of fingerprint '{large.fingerprint[:8]}"),
    ):
        arguments: dict[str, Any] = {"data": large, "config": CONFIG, **call.keywords, **changes}
        with pytest.raises(StudyError, match=says) as caught:
            train(**arguments)
        line = str(caught.value)
        assert line.startswith(f"{path}: ") and line.endswith("; give that again, or another file")
        assert line.isprintable() and path.read_bytes() == before
    path.write_bytes(before[:-900])
    with pytest.raises(StudyError, match="damaged, altered, or not a state of a training"):
        call()


@pytest.mark.usefixtures("unchecked")
def test_wrong_arguments(large: LargeDataset, small: Dataset, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"^train: resume has no effect on data in memory; leave it out"):
        train(small, CONFIG, resume=tmp_path / "state.npz")
    with pytest.raises(StudyError, match=r"^train: resume must be the path of a file, got 3$"):
        train(large, CONFIG, resume=3)
    with pytest.raises(StudyError, match=r"state\.npz: cannot be written \(no such folder\)"):
        train(large, CONFIG, training=TRAINING, resume=tmp_path / "none" / "state.npz")


def test_what_a_thread_cannot_read_is_told(large: LargeDataset) -> None:
    class Failing:
        shape, dtype = large.train.source.shape, large.train.source.dtype

        def read(self, rows: np.ndarray) -> np.ndarray:
            if len(rows) == 4 * 64:  # a block, and not the part with which training begins
                raise StudyError("here: gone; bring it back")
            return large.train.source.read(rows)

    broken = dataclasses.replace(large, train=dataclasses.replace(large.train, source=Failing()))
    with pytest.raises(StudyError, match=r"^here: gone; bring it back$"):
        train(broken, CONFIG, training=TRAINING)


@pytest.mark.integration
def test_a_part_of_train_starts_a_family_with_the_number_of_all(
    large: LargeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "PART", 70)
    config = VAEConfig(family="beta-tc-vae", latent_dim=3, hidden=(16,))
    model = train(large, config, training=dataclasses.replace(TRAINING, steps=15))
    merged: Any = model.architecture.merge(model.parameters)
    assert float(merged.examples[...]) == len(large.train) > 70


def test_codes_are_those_of_data_in_memory(
    large: LargeDataset, small: Dataset, whole: TrainedModel, tmp_path: Path
) -> None:
    expected = encode(whole, small.train, labels=small.train_labels)
    path = tmp_path / "codes.npy"
    for x, out in ((large.train, None), (large.train, path), (small.train, path)):
        found = encode(whole, x, labels=large.train_labels, out=out)
        np.testing.assert_array_equal(found.mean, expected.mean)
        np.testing.assert_array_equal(found.log_var, expected.log_var)
        np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(np.load(path), [expected.mean, expected.log_var])
    with pytest.raises(
        StudyError, match=r"^encode: labels must be \[\d+\], got \[5\]; give one per example$"
    ):
        encode(whole, large.train, labels=np.zeros(5, np.int64), out=path)
    assert [one.name for one in tmp_path.iterdir()] == ["codes.npy"]


KILLED = """
    import sys, study
    from study.training import streaming
    streaming.BLOCK, streaming.EVERY = 4 * 4 * 64 * 64, 0.0
    data = study.open_dataset(sys.argv[1], kind="image")
    training = study.TrainConfig(steps=6000, batch_size=64, patience=0)
    study.train(data, study.VAEConfig(latent_dim=3, hidden=(16,)), seed=3, training=training, resume=sys.argv[2])
"""


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_a_state_to_go_on_from(
    folder: Path, large: LargeDataset, tmp_path: Path, beside: Callable[..., dict[str, str]]
) -> None:
    path = tmp_path / "state.npz"
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(folder / "digits"), str(path)]
    for _ in range(3):
        process = subprocess.Popen(command, env=beside())
        stamps: set[int] = set()
        while len(stamps) < 30:
            assert process.poll() is None
            stamps |= {path.stat().st_mtime_ns} if path.exists() else set()
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    training = TrainConfig(steps=6000, batch_size=64, patience=0)
    models = [train(large, CONFIG, seed=SEED, training=training, resume=one) for one in (path, None)]
    assert_same(*models)


MEMORY = """
    import sys, study
    from experiments.benchmarks.large import measure
    from pathlib import Path
    cost = measure(Path(sys.argv[1]), sys.argv[2])
    print(cost.anonymous_mb - cost.started_mb)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, beside: Callable[..., dict[str, str]]) -> None:
    def taken(rows: int, way: str) -> float:
        make(tmp_path / "x.npy", rows)
        command = [sys.executable, "-c", textwrap.dedent(MEMORY), str(tmp_path / "x.npy"), way]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=beside())
        return float(done.stdout)

    few, many, in_memory = taken(90_000, "disk"), taken(180_000, "disk"), taken(90_000, "memory")
    assert many - few < 20 < in_memory - few  # 90,000 rows more are 282 MB as float32
