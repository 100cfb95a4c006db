"""Codes that every test of a strategy can use."""

import numpy as np
import pytest

from study.latents import Latents


@pytest.fixture(scope="session")
def classes() -> Latents:
    """300 codes in 3 dimensions, three classes 20 apart, labelled 0, 1 and 2 in the shares 1/2, 1/3, 1/6."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [150, 100, 50])[rng.permutation(300)]
    mean = rng.normal(size=(300, 3)) + 20.0 * (labels[:, None] - 1)
    return Latents(mean, rng.uniform(-3.0, -1.0, (300, 3)), labels)


@pytest.fixture(scope="session")
def plane() -> Latents:
    """40 correlated codes in 2 dimensions, standard deviations 0.22 to 0.61, two classes of 30 and 10."""
    rng = np.random.default_rng(1)
    mean = rng.normal(size=(40, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]]) + np.array([1.0, -0.5])
    mean[30:] += 2.0
    return Latents(mean, rng.uniform(-3.0, -1.0, (40, 2)), np.repeat([0, 1], [30, 10]))


@pytest.fixture(scope="session")
def lopsided() -> Latents:
    """1000 codes in 1 dimension: class 0 is 800 at -2 ± 0.3, class 1 is 200 at 3 ± 0.8."""
    share = np.repeat([0, 1], [800, 200])
    mean = np.array([-2.0, 3.0])[share][:, None]
    return Latents(mean, 2 * np.log(np.array([0.3, 0.8]))[share][:, None], share)
