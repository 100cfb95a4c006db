import numpy as np
import pytest

from study.metrics.base import Score
from study.metrics.vendi import vendi, vendi_entropy


def score(x: np.ndarray, y: np.ndarray) -> Score:
    return vendi(x, vendi_entropy(y))


@pytest.mark.parametrize("k", [1, 2, 5])
def test_equal_orthogonal_clusters_count_as_many(k: int) -> None:
    x = 7 * np.repeat(np.eye(8)[:k], 12, axis=0)  # the length does not matter
    assert np.exp(vendi_entropy(x).value) == pytest.approx(k, rel=1e-10)
    found = score(x, np.repeat(np.eye(8)[:4], 3, axis=0))
    assert found.value == pytest.approx(k / 4, rel=1e-10)


def test_against_the_eigenvalues_of_the_kernel_matrix() -> None:
    x = np.random.default_rng(0).normal(size=(60, 9)) @ np.diag(np.arange(1, 10)) + 2
    x[:3] = 0  # without any feature: alike, and like nothing else
    units = np.column_stack([x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300), x[:, 0] == 0])
    values = np.linalg.eigvalsh(units @ units.T / 60)
    values = values[values > 1e-14]
    assert vendi_entropy(x).value == pytest.approx(-(values * np.log(values)).sum(), rel=1e-9)


def test_stderr_is_the_deviation_over_draws_and_the_null_covers_one() -> None:
    """200 repetitions: the standard deviation has an error of 5 %, and the tolerance of 20 % is four times that; a
    coverage of 95 % has a binomial standard deviation of 1.5 %, and the tolerance is three times that."""
    rng = np.random.default_rng(0)
    scale = np.linspace(2, 0.2, 16)
    draw = lambda: rng.normal(size=(300, 16)) * scale + 0.5  # noqa: E731
    draws = [score(draw(), draw()) for _ in range(200)]
    values = np.array([m.value for m in draws])
    assert np.mean([m.stderr for m in draws]) == pytest.approx(values.std(ddof=1), rel=0.2)
    covered = np.mean([abs(m.value - 1) < 1.96 * m.stderr for m in draws])
    assert abs(covered - 0.95) <= 0.046


def test_half_of_the_data_is_less_diverse() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(np.eye(10), 30, axis=0) + 0.1 * rng.normal(size=(300, 10))
    narrow = np.repeat(np.eye(10)[:5], 60, axis=0) + 0.1 * rng.normal(size=(300, 10))
    found = score(narrow, y)
    assert found.value + 4 * found.stderr < 1
    assert found.value == pytest.approx(0.5, abs=0.1)
