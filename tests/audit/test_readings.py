"""The reading of the encoder's second output, on decoders whose optimal posteriors are known in closed form."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import special_ortho_group

from study.audit.readings import READINGS, Reading, as_log_var, read
from study.errors import StudyError

ENCODED: dict[Reading, Callable[[np.ndarray], np.ndarray]] = {
    "log-variance": lambda v: np.log(v),
    "log-sd": lambda v: 0.5 * np.log(v),
    "variance": lambda v: v,
    "sd": np.sqrt,
}


def optimum(scale: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, variance and decoder of x = W z with orthogonal columns of unequal length, noise variance 0.01."""
    rng = np.random.default_rng(seed)
    columns = special_ortho_group.rvs(10, random_state=seed)[:, :6] * np.array([0.1, 0.2, 0.3, 0.5, 1.0, 2.0])
    variance = 1 / (1 + np.square(columns).sum(0) / 0.01)
    mean = rng.normal(size=(200, 6)) * np.sqrt(1 - variance)
    return scale * mean, np.tile(scale**2 * variance, (200, 1)), columns / scale


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(("scale", "seed"), [(1.0, 0), (1.0, 1), (0.1, 2), (20.0, 3)])
def test_the_reading_is_found(reading: Reading, scale: float, seed: int) -> None:
    mean, variance, columns = optimum(scale, seed)
    second = ENCODED[reading](variance).astype(np.float32)
    found = read(mean.astype(np.float32), second, lambda z, rows: (z @ columns.T).astype(np.float32))
    assert found.told and found.reading == reading
    others = [width for one, width in found.spreads.items() if one != reading]
    assert found.spreads[reading] < 0.2 * min(others)
    np.testing.assert_allclose(as_log_var(second, reading), np.log(variance), atol=1e-3)


def test_noise_that_has_nothing_to_do_with_the_decoder_tells_nothing() -> None:
    mean, variance, columns = optimum(1.0, 0)
    second = np.random.default_rng(0).normal(-3, 1, variance.shape).astype(np.float32)
    found = read(mean.astype(np.float32), second, lambda z, rows: (z @ columns.T).astype(np.float32))
    assert (found.reading, found.told) == ("log-variance", False)
    assert abs(found.correlation) < 0.3


def test_a_decoder_that_ignores_z_tells_nothing() -> None:
    mean, variance, _ = optimum(1.0, 0)
    second = np.log(variance).astype(np.float32)
    found = read(mean.astype(np.float32), second, lambda z, rows: np.zeros((len(z), 10), np.float32))
    assert (found.reading, found.told) == ("log-variance", False)


def test_a_variance_below_zero() -> None:
    with pytest.raises(StudyError, match="it is not a variance"):
        as_log_var(np.array([[-1.0, 1.0]]), "variance")
