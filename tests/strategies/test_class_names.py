"""Classes are asked for and told by the names that the user gave them, from the file to the samples."""

import dataclasses

import jax
import numpy as np
import pytest

import study
from study.data.base import Dataset
from study.errors import CannotFit, StudyError
from study.training import Architecture, TrainedModel

N = 90
LETTERS = np.array(["A", "None", "T"])
KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, N)
    x = rng.normal(8 * y[:, None], 1, (N, 2))
    lines = [f"{a:.4f},{b:.4f},{LETTERS[c]}" for (a, b), c in zip(x, y, strict=True)]
    path = tmp_path_factory.mktemp("letters") / "mine.csv"
    path.write_text("\n".join(["a,b,label", *lines]) + "\n")
    return study.load_dataset(path)


CONFIG = study.VAEConfig(latent_dim=2, hidden=(16,))


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore:train")
def test_a_class_is_asked_for_by_name_and_returned(letters, tmp_path):
    model = study.train(letters, CONFIG, alpha=20.0, training=study.TrainConfig(steps=400))
    latents = study.encode(model, letters.train, labels=letters.train_labels)
    assert letters.class_names == latents.class_names == ("A", "None", "T")
    fitted = study.strategy("class-posterior").fit(KEY, latents)
    x = letters.inverse(model.decode(fitted.sample(KEY, n=60, labels=["T"] * 60)))
    assert np.mean(np.abs(x.mean(axis=1) - 16) < 4) > 0.9  # T lies around 16, the others around 0 and 8
    assert set(fitted.asked(KEY, n=30)) == {"A", "None", "T"}
    study.save_strategy(tmp_path / "fit.npz", fitted)
    again = study.load_strategy(tmp_path / "fit.npz")
    np.testing.assert_array_equal(
        again.sample(KEY, n=9, labels=["T"] * 9), fitted.sample(KEY, n=9, labels=["T"] * 9)
    )
    study.save_model(model, tmp_path / "model.npz")
    assert study.load_model(tmp_path / "model.npz").class_names == ("A", "None", "T")
    with pytest.raises(StudyError, match="no class 'B'; ask for one of A, None, T"):
        fitted.sample(KEY, n=2, labels=["B", "T"])


def test_a_conditional_model_takes_names_too(letters):
    architecture = Architecture.of(dataclasses.replace(CONFIG, family="cvae"), letters)
    begun, none = architecture.initialise(KEY), np.zeros((0, 2, 2), np.float32)
    model = TrainedModel(architecture, begun, 1.0, 1.0, 0, none, class_names=letters.class_names)
    z = np.zeros((3, 2), np.float32)
    np.testing.assert_array_equal(model.decode(z, ["T"] * 3), model.decode(z, np.full(3, 2)))
    with pytest.raises(StudyError, match="model: labels: no class 'B'"):
        model.decode(z, ["B"] * 3)


@pytest.mark.usefixtures("unchecked")
def test_classes_that_start_at_one_are_asked_for_by_their_numbers():
    labels = [str(1 + i % 3) for i in range(N)]
    latents = study.Latents(np.arange(2.0 * N).reshape(N, 2), np.full((N, 2), -20.0), labels)
    assert latents.class_names == ("1", "2", "3") and set(latents.labels) == {0, 1, 2}
    fitted = study.strategy("class-posterior").fit(KEY, latents)
    drawn = fitted.sample(KEY, n=50, labels=np.full(50, 1))
    assert set(np.rint(drawn[:, 0]) // 2 % 3) == {0}  # rows 0, 3, 6, … are of class 1
    with pytest.raises(StudyError, match="no class '0'; ask for one of 1, 2, 3"):
        fitted.sample(KEY, n=1, labels=np.zeros(1, int))
    some = study.Latents(latents.mean[1::3], latents.log_var[1::3], ["2"] * 30, ("1", "2", "3"))
    with pytest.raises(CannotFit, match=r"class '1' has no codes; ask for one of \['2'\]"):
        study.strategy("class-posterior").fit(KEY, some).sample(KEY, n=1, labels=["1"])


def test_names_that_are_the_numbers_change_nothing():
    data = study.load_dataset("digits")
    assert data.class_names == tuple("0123456789")
    np.testing.assert_array_equal(data.class_numbers(["3", "7"]), [3, 7])
