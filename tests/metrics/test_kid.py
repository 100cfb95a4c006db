import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from study.metrics import kid as module
from study.metrics.base import Score
from study.metrics.kid import KernelReference, kid


def by_scikit_learn(x: np.ndarray, y: np.ndarray) -> float:
    def within(a: np.ndarray) -> float:
        kernel = polynomial_kernel(a, a, degree=3, coef0=1)
        return (kernel.sum() - np.trace(kernel)) / (len(a) * (len(a) - 1))

    return within(x) + within(y) - 2 * polynomial_kernel(x, y, degree=3, coef0=1).mean()


def test_against_scikit_learn_and_double_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ENTRIES", 7 * 40)  # blocks of 7 and 9 rows, which do not divide 40 and 30
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 5)), rng.normal(size=(30, 5)) + 0.3
    found = kid(x, KernelReference.of(y))
    assert found.value == pytest.approx(by_scikit_learn(x, y), rel=1e-10)

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 5 + 1) ** 3)

    loop = sum(k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j) / (40 * 39)
    loop += sum(k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j) / (30 * 29)
    loop -= 2 * sum(k(a, b) for a in x for b in y) / (40 * 30)
    assert found.value == pytest.approx(loop, rel=1e-10)


def test_cancellation_does_not_hurt() -> None:
    """Far from the origin the three terms are some 1e12 and their sum some 1e4: float32 would give noise."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)) + 100, rng.normal(size=(50, 4)) + 100
    exact = by_scikit_learn(x.astype(np.longdouble), y.astype(np.longdouble))
    assert kid(x, KernelReference.of(y)).value == pytest.approx(float(exact), rel=1e-5)


def drawn(rng: np.random.Generator, *, shift: float = 0.0) -> Score:
    x, y = shift + rng.normal(size=(60, 8)), rng.normal(size=(50, 8))
    return kid(x, KernelReference.of(y))


def test_unbiased_where_the_distributions_agree() -> None:
    """The mean of 600 values is within four standard errors of zero. The interval is too wide at the null, so it
    covers zero in at least 95 % of them, with an error of 0.9 %.
    """
    rng = np.random.default_rng(0)
    draws = [drawn(rng) for _ in range(600)]
    values = np.array([draw.value for draw in draws])
    assert abs(values.mean()) < 4 * values.std(ddof=1) / np.sqrt(600)
    assert values.min() < 0
    assert np.mean([abs(draw.value) <= 1.96 * draw.stderr for draw in draws]) > 0.95 - 3 * 0.009
    stderr = np.sqrt(np.mean([draw.stderr**2 for draw in draws]))
    assert 1 < stderr / values.std(ddof=1) < 1.35


@pytest.mark.parametrize("shift", [0.3, 0.7])
def test_stderr_is_the_deviation_over_draws_of_both_sides(shift: float) -> None:
    """The standard deviation over 600 draws has an error of 4 % (values are skewed); the tolerance is 16 %."""
    rng = np.random.default_rng(1)
    draws = [drawn(rng, shift=shift) for _ in range(600)]
    stderr = np.sqrt(np.mean([draw.stderr**2 for draw in draws]))
    assert stderr == pytest.approx(np.std([draw.value for draw in draws], ddof=1), rel=0.16)


def test_stderr_against_double_loops() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(9, 3)) + 0.5, rng.normal(size=(7, 3))
    both = np.concatenate([x, y])
    gram = (both @ both.T / 3 + 1) ** 3
    within = np.array([[gram[i, j] for j in range(9) if j != i] for i in range(9)])
    real = np.array([[gram[i, j] for j in range(9, 16) if j != i] for i in range(9, 16)])
    across = gram[:9, 9:]
    first = 4 * np.var(within.mean(1) - across.mean(1), ddof=1) / 9
    first += 4 * np.var(real.mean(1) - across.mean(0), ddof=1) / 7

    def beyond(table: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> float:
        return float((table**2).mean() - (rows**2).mean() - (columns**2).mean() + table.mean() ** 2)

    second = 4 * beyond(across, across.mean(1), across.mean(0)) / 63
    second += sum(2 * beyond(t, t.mean(1), t.mean(1)) / t.size for t in (within, real))
    found = kid(x, KernelReference.of(y))
    assert found.stderr == pytest.approx(np.sqrt(max(first - second, second)), rel=1e-10)
