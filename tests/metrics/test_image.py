import numpy as np
import pytest
from scipy import ndimage

from study.data.base import Dataset
from study.metrics import image as module
from study.metrics.base import Score
from study.metrics.image import laplacian_energy, sharpness


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (3, 3)])
def test_against_scipy(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 4)
    x = np.random.default_rng(0).normal(size=(10, int(np.prod(shape))))
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0.0]])
    kernel = kernel[..., None] if len(shape) == 3 else kernel
    inner = [ndimage.convolve(image.reshape(shape), kernel)[1:-1, 1:-1] for image in x]
    expected = [(laplacian**2).mean() for laplacian in inner]
    np.testing.assert_allclose(laplacian_energy(x, shape=shape), expected, rtol=1e-12)


def score(x: np.ndarray, data: Dataset) -> Score:
    energy = float(laplacian_energy(data.reference, shape=data.shape).mean())
    return sharpness(x, shape=data.shape, reference_energy=energy)


def test_blurred_is_below_one_noise_above(digits: Dataset) -> None:
    images = digits.held_out.reshape(-1, 8, 8)
    blurred = ndimage.gaussian_filter(images, (0, 1, 1)).reshape(-1, 64)
    noisy = digits.held_out + np.random.default_rng(0).normal(0, 0.3, digits.held_out.shape)
    real, low, high = (score(x, digits) for x in (digits.held_out, blurred, noisy))
    assert real.value == pytest.approx(1, abs=4 * np.sqrt(2) * real.stderr)  # both sides are sampled
    assert low.value < 0.5
    assert high.value > 1.2
    assert score(digits.reference, digits).value == pytest.approx(1, rel=1e-12)
    assert score(2 * digits.reference, digits).value == pytest.approx(4, rel=1e-12)
    assert real.stderr == pytest.approx(
        laplacian_energy(digits.held_out, shape=(8, 8)).std(ddof=1)
        / np.sqrt(300)
        / laplacian_energy(digits.reference, shape=(8, 8)).mean()
    )


def test_missing_with_a_reason() -> None:
    x = np.ones((6, 9))
    found = sharpness(x, shape=None, reference_energy=1.0)
    assert np.isnan(found.value) and found.reason == "the data are not images"
    found = sharpness(x, shape=(3, 3), reference_energy=0.0)
    assert "the reference images are constant" in found.reason
    assert np.isnan(found.value)
