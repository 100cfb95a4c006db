import numpy as np
import pytest

from study.data import Dataset, load_dataset
from study.data.sources.gaussian import EXAMPLE_EIGENVALUES, example_covariance, gaussian_dataset
from study.errors import StudyError


def all_rows(data: Dataset) -> np.ndarray:
    return np.concatenate([data.train, data.validation, data.test]).astype(np.float64)


def test_the_example_has_the_eigenvalues_it_claims_on_no_axis_of_the_data():
    covariance = example_covariance()
    np.testing.assert_allclose(np.linalg.eigvalsh(covariance)[::-1], EXAMPLE_EIGENVALUES, rtol=1e-10)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() > 0.1
    np.testing.assert_array_equal(covariance, example_covariance())


def test_sample_covariance_is_within_five_standard_errors():
    data = load_dataset("gaussian")
    assert (data.shape, data.train_labels, data.likelihood) == ((16,), None, "gaussian")
    assert (len(data.train), len(data.validation), len(data.test)) == (2500, 500, 1500)
    x, truth = all_rows(data), example_covariance()
    n = len(x)
    # Wishart: Var of an entry is (S_ij^2 + S_ii S_jj) / n, with the mean known.
    stderr = np.sqrt((truth**2 + np.outer(np.diag(truth), np.diag(truth))) / n)
    assert (np.abs(x.T @ x / n - truth) / stderr).max() < 5
    assert (np.abs(x.mean(axis=0)) / np.sqrt(np.diag(truth) / n)).max() < 5


def test_mean_and_singular_covariance_are_kept():
    data = gaussian_dataset(np.array([[1.0, 1.0], [1.0, 1.0]]), mean=np.array([3.0, -1.0]), n=600, seed=0)
    x = all_rows(data)
    np.testing.assert_allclose(x[:, 0] - 3.0, x[:, 1] + 1.0, atol=1e-5)  # float32 around 3
    assert abs(x[:, 0].mean() - 3.0) < 5 / np.sqrt(600)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"covariance": np.ones((2, 3))}, r"covariance must be \[D, D\], got \[2, 3\]"),
        ({"covariance": np.array([[1.0, 0.5], [0.0, 1.0]])}, "finite and symmetric; average it with"),
        ({"covariance": np.array([[1.0, np.nan], [np.nan, 1.0]])}, "finite and symmetric"),
        ({"covariance": np.diag([1.0, -0.5])}, "has the eigenvalue -0.5; none may be negative"),
        ({"covariance": -np.eye(2)}, "has the eigenvalue -1; none may be negative"),
        ({"covariance": np.eye(2), "mean": np.zeros(3)}, r"mean must be \[2\], got \[3\]"),
        ({"covariance": np.eye(2), "n": 5}, "n is 5; give at least 6 draws"),
        ({"covariance": np.eye(2), "n": 6.5}, "n is 6.5; give at least 6 draws"),
        (
            {"covariance": np.eye(2), "n": 10**12},
            "of 1000000000000 draws takes 16000000000000 bytes, the limit",
        ),
        ({"covariance": np.eye(2), "seed": -1}, "seed: give a whole number from 0"),
        ({"covariance": np.eye(2) * 1e80}, "draws are too large for float32; give variances up to 1e"),
        ({"covariance": np.eye(2), "mean": np.full(2, 1e39)}, "draws are too large for float32"),
        ({"covariance": np.eye(2), "mean": np.full(2, np.inf)}, "mean must be finite"),
        (
            {"covariance": np.eye(2), "mean": np.array([0, 1e12])},
            r"column 1 \(counted from 0\) varies too little",
        ),
        ({"covariance": np.eye(2) * 1e-100}, r"column 0 \(counted from 0\) varies too little for float32"),
        ({"covariance": np.zeros((2, 2))}, "every feature is constant over the training rows"),
        ({"covariance": np.eye(2) * 1j}, "covariance must be an array of real numbers"),
        ({"covariance": [[1.0, 0.0], [1.0]]}, "covariance must be an array of real numbers"),
        ({"covariance": "wide"}, "covariance must be an array of real numbers, got 'wide'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_is_no_gaussian_is_refused(arguments, message):
    with pytest.raises(StudyError, match=message):
        gaussian_dataset(**{"n": 100, "seed": 0} | arguments)
