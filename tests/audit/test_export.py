"""The exported strategy: one file that the project loads, and a script that draws from it with NumPy alone."""

import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import study
from study import Latents
from study.audit.export import check_export, export
from study.errors import StudyError
from study.strategies import strategy

N = 40_000
RUN = """
import sys, numpy as np
sys.path.insert(0, sys.argv[1])
import fit
assert "study" not in sys.modules and "jax" not in sys.modules
np.save(sys.argv[2], fit.draw(int(sys.argv[3])))
"""


def codes() -> Latents:
    rng = np.random.default_rng(0)
    mean = np.concatenate([rng.normal(-2, 0.5, (300, 4)), rng.normal(1, 0.3, (500, 4))])
    return Latents(mean @ np.tril(np.ones((4, 4))), rng.normal(-2, 0.2, mean.shape))


@pytest.mark.integration
@pytest.mark.parametrize(
    "name",
    [
        "prior",
        "global-gaussian",
        "gaussian-full",
        "tempered-prior",
        "gmm",
        "bayesian-gmm",
        "kde",
        "posterior",
    ],
)
def test_the_script_draws_from_the_same_distribution(name: str, tmp_path: Path) -> None:
    """Mean, covariance and third moments, each within five standard errors of the project's own draws."""
    latents = codes()
    fitted = strategy(name).fit(jax.random.key(0), latents, validation=latents)
    script = export(tmp_path / "fit.npz", name, fitted, shape=(2, 1, 2), scale=0.5)
    assert script == tmp_path / "fit.py"
    out = tmp_path / "z.npy"
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUN, str(tmp_path), str(out), str(N)], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    z = np.load(out)
    assert z.shape == (N, 2, 1, 2) and z.dtype == np.float32
    own = fitted.sample(1, n=N)
    np.testing.assert_array_equal(study.load_strategy(tmp_path / "fit.npz").sample(1, n=N), own)
    for one in (lambda x: x, lambda x: x * x, lambda x: x**3, lambda x: x[:, :1] * x):
        a, b = (one(x.astype(np.float64)) for x in (z.reshape(N, 4) * 0.5, own))
        error = np.sqrt((a.var(0) + b.var(0)) / N)
        assert (np.abs(a.mean(0) - b.mean(0)) < 5 * error).all()


@pytest.mark.integration
def test_a_fit_that_needs_more_than_numpy_has_no_script(tmp_path: Path) -> None:
    fitted = strategy("two-stage", steps=2).fit(jax.random.key(0), codes())
    assert export(tmp_path / "fit.npz", "two-stage", fitted, shape=(4,), scale=1.0) is None
    assert [path.name for path in tmp_path.iterdir()] == ["fit.npz"]


@pytest.mark.parametrize("name", ["fit.npy", "fit", "absent/fit.npz"])
def test_where_it_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(StudyError, match=r"give the name of an \.npz file"):
        check_export(tmp_path / name)
