"""Colour from the data to the figure: the network, the metrics and the pictures of a report have three channels."""

import numpy as np
import pytest

import study
from study.data.own.arrays import from_arrays
from study.metrics.evaluate import Evaluator
from study.metrics.image import laplacian_energy
from study.report.plots.samples import sheet
from study.scoring.generate import in_range, to_uint8

RNG = np.random.default_rng(0)


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore:train")
def test_a_convolutional_model_reconstructs_colours():
    colours = RNG.random((600, 1, 1, 3))
    x = np.broadcast_to(colours, (600, 8, 8, 3)) * 0.9 + 0.1 * RNG.random((600, 8, 8, 3))
    data = from_arrays({"x": x}, name="colours", seed=0, source="made")
    training = study.TrainConfig(steps=600, learning_rate=3e-3)
    config = study.VAEConfig(network="conv", channels=(8, 16), latent_dim=4)
    model = study.train(data, config, alpha=50.0, training=training)
    rebuilt = model.decode(model.encode(data.held_out)[0])
    seen, known = (z.reshape(-1, 64, 3).mean(axis=1) for z in (rebuilt, data.held_out))
    for channel in range(3):
        assert np.corrcoef(seen[:, channel], known[:, channel])[0, 1] > 0.9


@pytest.mark.integration
def test_colour_patches_are_scored_and_shown_in_colour(extractor_of):
    data = study.load_dataset("colour-patches")
    evaluator = Evaluator(data, extractor_of(data), n=100)
    blurred = data.held_out[:100].reshape(-1, 16, 16, 3)
    blurred = (blurred + np.roll(blurred, 1, axis=1) + np.roll(blurred, 1, axis=2)) / 3
    rows = {row.metric: row for row in evaluator.measure(in_range(blurred.reshape(100, -1), data))}
    sharp = {row.metric: row for row in evaluator.measure(data.held_out[:100])}
    assert rows["sharpness"].value < 0.5 < sharp["sharpness"].value
    assert all(row.status == "ok" for name, row in sharp.items() if name != "fd_infinity")
    shown = to_uint8(data.held_out[:4], data)
    assert shown.shape == (4, 16, 16, 3)
    np.testing.assert_array_equal(shown.reshape(4, -1), np.rint(255 * data.held_out[:4]))
    canvas = np.asarray(sheet({"prior": shown}, title="").axes[0].images[0].get_array())
    np.testing.assert_array_equal(canvas[:16, :16, :3], shown[0])


def test_sharpness_of_colour_is_the_mean_over_channels():
    x = RNG.random((5, 6, 7, 3))
    each = [laplacian_energy(x[..., c].reshape(5, -1), shape=(6, 7)) for c in range(3)]
    np.testing.assert_allclose(laplacian_energy(x.reshape(5, -1), shape=(6, 7, 3)), np.mean(each, axis=0))
