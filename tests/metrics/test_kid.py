import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from study.metrics import kid as module
from study.metrics.kid import KernelReference, kid


def by_scikit_learn(x: np.ndarray, y: np.ndarray) -> float:
    def within(a: np.ndarray) -> float:
        kernel = polynomial_kernel(a, a, degree=3, coef0=1)
        return (kernel.sum() - np.trace(kernel)) / (len(a) * (len(a) - 1))

    return within(x) + within(y) - 2 * polynomial_kernel(x, y, degree=3, coef0=1).mean()


def test_against_scikit_learn_and_double_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 7)  # blocks that do not divide n
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 5)), rng.normal(size=(30, 5)) + 0.3
    found = kid(x, KernelReference.of(y), reference="y")
    assert found.value == pytest.approx(by_scikit_learn(x, y), rel=1e-10)

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 5 + 1) ** 3)

    loop = sum(k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j) / (40 * 39)
    loop += sum(k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j) / (30 * 29)
    loop -= 2 * sum(k(a, b) for a in x for b in y) / (40 * 30)
    assert found.value == pytest.approx(loop, rel=1e-10)
    without = [by_scikit_learn(np.delete(x, i, axis=0), y) for i in range(40)]
    assert found.stderr == pytest.approx(np.sqrt(39 * np.var(without)), rel=1e-8)


def test_cancellation_does_not_hurt() -> None:
    """Far from the origin the three terms are some 1e12 and their sum some 1e4: float32 would give noise."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)) + 100, rng.normal(size=(50, 4)) + 100
    exact = by_scikit_learn(x.astype(np.longdouble), y.astype(np.longdouble))
    assert kid(x, KernelReference.of(y), reference="y").value == pytest.approx(float(exact), rel=1e-5)


def test_unbiased_and_stderr_calibrated_where_the_distributions_agree() -> None:
    """The mean of 400 values lies within four of its standard errors of zero. Reference and samples are drawn
    anew, so the deviation holds the reference's part too: the jackknife, which leaves it out and doubles the
    degenerate part, gives sqrt(8 / 6) of what a fixed reference would show and sqrt(8 / 8) of what this shows
    (variances in units of the kernel's second eigenvalue sum over n²). The deviation is known to some 5 %.
    """
    rng = np.random.default_rng(0)
    draws = [
        kid(rng.normal(size=(60, 8)), KernelReference.of(rng.normal(size=(60, 8))), reference="")
        for _ in range(400)
    ]
    values = np.array([draw.value for draw in draws])
    spread = values.std(ddof=1)
    assert abs(values.mean()) < 4 * spread / np.sqrt(400)
    assert values.min() < 0
    stderr = np.sqrt(np.mean([draw.stderr**2 for draw in draws]))
    assert stderr == pytest.approx(spread, rel=0.25)


def test_stderr_is_the_deviation_over_draws_where_they_differ() -> None:
    """Reference fixed; the deviation over 300 draws is known to 4 %, 16 % is four times that."""
    rng = np.random.default_rng(1)
    reference = KernelReference.of(rng.normal(size=(200, 8)))
    draws = [kid(rng.normal(size=(200, 8)) + 0.7, reference, reference="") for _ in range(300)]
    spread = np.std([draw.value for draw in draws])
    assert np.mean([draw.stderr for draw in draws]) == pytest.approx(spread, rel=0.16)
