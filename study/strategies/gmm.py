"""z ~ Σ_k π_k N(m_k, C_k), K components with full covariances, fitted by expectation maximisation.

Fitted to one fresh z ~ q(z|x_n) per code (`fit_on="samples"`) or to the means. K is fixed, or the best of
several by E log p(z) over q(z) of the validation codes.

Source: ex-post density estimation, :cite:`ghosh2020`, section 4, with K = 10; EM by :cite:`pedregosa2011`.

The thread: not named there. "Sample what the encoder learned", without keeping the data: K means and
covariances stand for q(z). Unlike "sample the prior", it adds a density that the model was not trained with.
"""

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import numpy as np
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from study.errors import StudyError
from study.latents import Latents
from study.strategies._draws import own_key
from study.strategies._gaussian import log_normal
from study.strategies._moments import FitOn, check_fit_on
from study.strategies._validation import with_validation
from study.strategies.base import Decoder, Source, require_codes, shared_draws


@dataclasses.dataclass(frozen=True, eq=False)
class FittedMixture:
    """Weights `[K]`, means `[K, d]` and lower-triangular choleskys `[K, d, d]`, all float64."""

    weights: np.ndarray
    means: np.ndarray
    choleskys: np.ndarray
    info: Mapping[str, Any]

    def components(self, key: jax.Array, *, n: int) -> np.ndarray:
        """The component of each of the n draws that `sample` makes from this key, `[n]`, independent."""
        return np.asarray(
            jax.random.choice(own_key(key), len(self.weights), (n,), p=self.weights.astype(np.float32))
        )

    def sample(self, key: jax.Array, *, n: int, labels: np.ndarray | None = None) -> np.ndarray:
        """Draw z `[n, d]` float32, independent; `labels` play no part in an unconditional draw."""
        component = self.components(key, n=n)
        _, z = shared_draws(key, n=n, d=self.means.shape[1], components=1)
        z = z.astype(np.float64)
        for k, (mean, cholesky) in enumerate(zip(self.means, self.choleskys, strict=True)):
            z[component == k] = mean + z[component == k] @ cholesky.T
        return z.astype(np.float32)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """log-density in nats at z `[n, d]`, `[n]` float64."""
        each = [log_normal(z, mean=m, cholesky=c) for m, c in zip(self.means, self.choleskys, strict=True)]
        return logsumexp(np.stack(each), axis=0, b=self.weights[:, None])


@dataclasses.dataclass(frozen=True)
class Gmm:
    """A Gaussian mixture.

    Attributes:
        n_components: K, or several from which the validation log-density chooses.
        fit_on: "samples" or "means".
        max_codes: at most so many codes, drawn without replacement, are fitted.
        reg_covar: added to the diagonal of every covariance.
        max_iter: EM steps; `info["converged"]` says whether they were enough.
    """

    n_components: int | tuple[int, ...] = 10
    fit_on: FitOn = "samples"
    max_codes: int = 20_000
    reg_covar: float = 1e-6
    max_iter: int = 200

    name: ClassVar[str] = "gmm"
    kind: ClassVar[Source] = "fitted"
    source: ClassVar[str] = "Ghosh et al. 2020"
    summary: ClassVar[str] = "z from a full-covariance Gaussian mixture fitted to q(z)"
    density: ClassVar[bool] = True
    conditional: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_fit_on(self.fit_on, strategy=self.name)
        least = min(self.max_codes, self.max_iter, min(self._candidates, default=0))
        if least < 1 or self.reg_covar < 0:
            raise StudyError(
                f"strategy {self.name!r}: n_components, max_codes and max_iter must be at least 1 "
                f"and reg_covar at least 0, got {self}"
            )

    @property
    def _candidates(self) -> tuple[int, ...]:
        return (self.n_components,) if isinstance(self.n_components, int) else tuple(self.n_components)

    def fit(
        self,
        key: jax.Array,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> FittedMixture:
        """Fit each candidate K by EM from a k-means start, and keep the best on validation.

        Raises:
            StudyError: fewer codes than components, several K without validation codes, or a covariance that
                collapsed.
        """
        require_codes(latents, at_least=max(2, *self._candidates), strategy=self.name)
        if len(self._candidates) > 1 and validation is None:
            raise StudyError(
                f"strategy {self.name!r}: to choose among several n_components, give validation codes"
            )
        code_key, start_key = jax.random.split(key)
        z = self._codes(code_key, latents)
        seed = int(jax.random.randint(start_key, (), 0, np.iinfo(np.int32).max))
        fits = [with_validation(key, self._fit(z, k, seed), validation) for k in self._candidates]
        return max(fits, key=lambda fitted: fitted.info.get("validation_log_prob", 0.0))

    def _codes(self, key: jax.Array, latents: Latents) -> np.ndarray:
        noise_key, subset_key = jax.random.split(key)
        z = latents.sample(noise_key) if self.fit_on == "samples" else latents.mean
        if latents.n > self.max_codes:
            z = z[np.asarray(jax.random.choice(subset_key, latents.n, (self.max_codes,), replace=False))]
        return z.astype(np.float64)

    def _fit(self, z: np.ndarray, k: int, seed: int) -> FittedMixture:
        mixture = GaussianMixture(k, reg_covar=self.reg_covar, max_iter=self.max_iter, random_state=seed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # `info` says it instead
                mixture.fit(z)
        except ValueError as error:
            raise StudyError(
                f"strategy {self.name!r}: {k} components do not fit {len(z)} codes; take fewer components "
                f"or a larger reg_covar than {self.reg_covar:g}"
            ) from error
        info = {
            "codes": len(z),
            "components": k,
            "converged": bool(mixture.converged_),
            "iterations": int(mixture.n_iter_),
            "train_log_prob": float(mixture.score(z)),
        }
        return FittedMixture(mixture.weights_, mixture.means_, np.linalg.cholesky(mixture.covariances_), info)
