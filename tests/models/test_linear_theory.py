"""Ground truth: the optimum of a linear VAE, and that a trained one reaches it."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from study import Dataset, TrainConfig, VAEConfig, linear_optimum, load_dataset
from study.models.likelihoods import gaussian_kl
from study.training import Architecture, Cell, train_cells

# Exact values from the eigenvalues of the data covariance, α = 1 :cite:`tipping1999,lucas2019`:
# β, active axes, rate, KL of the first and the second axis, in nats.
DIGITS = [
    (0.02, 39, 33.5444, 2.12343, 2.07879),
    (0.05, 27, 18.4965, 1.66528, 1.62064),
    (0.1, 18, 10.6473, 1.31871, 1.27407),
    (0.2, 12, 5.47939, 0.972138, 0.927497),
    (0.5, 5, 1.65017, 0.513992, 0.469352),
    (1.0, 3, 0.341072, 0.167419, 0.122778),
    (2.0, 0, 0.0, 0.0, 0.0),
]
MNIST = [
    (0.1, 102, 74.4813, 2.31413, 2.15759),
    (0.2, 69, 45.1088, 1.96756, 1.81101),
    (1.0, 23, 10.1743, 1.16284, 1.00629),
    (4.0, 6, 1.39053, 0.46969, 0.313147),
    (12.0, 0, 0.0, 0.0, 0.0),
]


def all_digits() -> np.ndarray:
    return (load_digits().data / 16).astype(np.float32)


@pytest.mark.parametrize("row", DIGITS)
def test_optimum_on_digits_is_the_reference(row):
    beta, active, rate, first, second = row
    optimum = linear_optimum(all_digits(), alpha=1.0, beta=beta)
    assert optimum.active == active
    np.testing.assert_allclose([optimum.rate, *optimum.kl[:2]], [rate, first, second], rtol=1e-4, atol=1e-5)
    assert optimum.noise_variance == beta / 2
    np.testing.assert_allclose(optimum.kl, -0.5 * np.log(optimum.posterior_variance))


@pytest.mark.slow
def test_optimum_on_mnist_is_the_reference(mnist_available):
    x = load_dataset("mnist").train
    for beta, active, rate, first, second in MNIST:
        optimum = linear_optimum(x, alpha=1.0, beta=beta)
        assert optimum.active == active
        np.testing.assert_allclose(
            [optimum.rate, *optimum.kl[:2]], [rate, first, second], rtol=1e-4, atol=1e-5
        )


@pytest.mark.integration
def test_a_trained_linear_vae_reaches_it_on_digits():
    x = all_digits()
    data = Dataset("digits", x, x[:10], x[:10], (8, 8))
    architecture = Architecture(VAEConfig(network="linear", latent_dim=30), 64, "gaussian")
    training = TrainConfig(steps=6000, batch_size=256, learning_rate=2e-2, kl_warmup=0.5, patience=0)
    cells = [Cell(1.0, beta, 0, training.learning_rate) for beta in (0.05, 0.1, 0.2, 0.5)]
    for trained in train_cells(data, architecture, training, cells):
        (expected,) = (row for row in DIGITS if row[0] == trained.cell.beta)
        mean, log_var = trained.model.encode(x)
        kl = np.sort(np.asarray(gaussian_kl(mean, log_var)).mean(0))[::-1]
        assert kl.sum() == pytest.approx(expected[2], rel=0.02)
        np.testing.assert_allclose(kl[:2], expected[3:], rtol=0.05)


@pytest.mark.integration
def test_a_rate_of_zero_where_nothing_is_worth_its_price():
    x = all_digits()
    data = Dataset("digits", x, x[:10], x[:10], (8, 8))
    architecture = Architecture(VAEConfig(network="linear", latent_dim=4), 64, "gaussian")
    training = TrainConfig(steps=3000, batch_size=256, learning_rate=1e-2, schedule="cosine")
    (trained,) = train_cells(data, architecture, training, [Cell(1.0, 4.0, 0, 1e-2)])
    assert np.asarray(gaussian_kl(*trained.model.encode(x))).sum(1).mean() < 0.01
