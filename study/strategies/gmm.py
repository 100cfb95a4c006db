"""z ~ Σ_k π_k N(m_k, C_k), K components with full covariances, fitted by expectation maximisation.

Fitted to one fresh z ~ q(z|x_n) per code (`fit_on="samples"`) or to the means. K is fixed, or chosen among several
by E log p(z) over q(z) of the validation codes; `info` then holds the candidates and their scores.

Source: ex-post density estimation, :cite:`ghosh2020`, section 4, with K = 10.

The thread: not named there. "Sample what the encoder learned", without keeping the data: K means and
covariances approximate q(z). Unlike "sample the prior", it adds a density that the model was not trained with.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import jax
import numpy as np

from study.errors import StudyError
from study.runtime.drawing import split
from study.strategies.base import Given, Rung, Strategy, require_codes
from study.strategies.parts.em import maximise_likelihood
from study.strategies.parts.mixture import FittedMixture, fit_mixture, mixture_codes
from study.strategies.parts.moments import FitOn
from study.strategies.parts.validation import choose

CANDIDATES = (1, 3, 10, 30, 100, 300)
WITHOUT_VALIDATION = 10  # as in the source


@dataclasses.dataclass(frozen=True)
class Gmm(Strategy):
    """A Gaussian mixture.

    Attributes:
        n_components: K, or several, of which the validation log-density chooses one. None: `CANDIDATES` in their
            order, up to the first that scores worse than one before it or has fewer than d + 1 codes for each
            component; 10 if there are no validation codes. On one core, 998 codes of 300 clusters in 8 dimensions take
            0.1 seconds, and 60,000 in 16 dimensions, of which `max_codes` are fitted, 1 second up to K = 30 and 4 up to
            K = 300, where a step takes 0.2 seconds: others, where more steps gain, take longer.
        fit_on: "samples" or "means".
        max_codes: at most this many codes are fitted, drawn without replacement.
        reg_covar: added to the diagonal of every covariance.
        max_iter: the most EM steps; `info["converged"]` says whether they were enough.
    """

    n_components: int | tuple[int, ...] | None = None
    fit_on: FitOn = "samples"
    max_codes: int = 20_000
    reg_covar: float = 1e-6
    max_iter: int = 200

    name = "gmm"
    kind = "fitted"
    source = "Ghosh et al. 2020"
    summary = "z from a full-covariance Gaussian mixture fitted to q(z)"
    aims_at_q = True
    keeps_data = False
    fits = (FittedMixture,)
    rung: ClassVar[Rung | None] = Rung(3, "joint structure")
    version = 2
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ({"n_components": (2, 3)},)

    def __post_init__(self) -> None:
        super().__post_init__()
        given = (1,) if self.n_components is None else self._given
        least = min(self.max_codes, self.max_iter, min(given, default=0))
        if least < 1 or self.reg_covar < 0:
            raise StudyError(
                f"strategy {self.name!r}: n_components, max_codes and max_iter must be at least 1 "
                f"and reg_covar at least 0, got {self}"
            )

    @property
    def _given(self) -> tuple[int, ...]:
        if self.n_components is None:
            return ()
        return (self.n_components,) if isinstance(self.n_components, int) else tuple(self.n_components)

    def least_codes(self, d: int) -> int:
        """One for each component, and at least two."""
        return max((2, *self._given))

    def estimate(self, given: Given) -> FittedMixture:
        """Fit each candidate K by EM from a k-means start, and keep the one that scores best on validation codes.

        Raises:
            CannotFit: too few codes for K, several K without validation codes, or a covariance collapsed for every K;
                a K whose covariance collapsed is left out of the choice, and `info["left_out"]` says so.
        """
        key, latents, _, validation = given
        candidates = self._given or (WITHOUT_VALIDATION,)
        if not self._given and validation is not None:
            require_codes(latents, at_least=latents.d + 1, strategy=self.name)
            most = min(latents.n, self.max_codes) // (latents.d + 1)
            candidates = tuple(k for k in CANDIDATES if k <= max(most, 1))
        require_codes(latents, at_least=max(candidates), strategy=self.name)
        code_key, start_key = split(key)
        z = mixture_codes(code_key, latents, fit_on=self.fit_on, max_codes=self.max_codes)
        seed = int(jax.random.randint(start_key, (), 0, np.iinfo(np.int32).max))

        def fit(k: int) -> FittedMixture:
            estimate = partial(
                maximise_likelihood, components=k, reg_covar=self.reg_covar, max_iter=self.max_iter, seed=seed
            )
            return fit_mixture(estimate, z, components=k, reg_covar=self.reg_covar, strategy=self.name)

        what = f"strategy {self.name!r}: n_components"
        return choose(key, fit, candidates, validation, what=what, until_worse=not self._given)


@dataclasses.dataclass(frozen=True)
class TenComponents(Gmm):
    """`Gmm` with ten components, as in the source, whose published gains are compared with."""

    n_components: int | tuple[int, ...] | None = 10

    name = "gmm-10"
    summary = "z from a mixture of ten full-covariance Gaussians fitted to q(z)"
    rung = None
    variants = ()


@dataclasses.dataclass(frozen=True)
class TenOnMeans(TenComponents):
    """`TenComponents` fitted to the posterior means, as the source does for models without noise in their codes."""

    fit_on: FitOn = "means"

    name = "gmm-10-means"
    summary = "z from a mixture of ten full-covariance Gaussians fitted to the posterior means"
    aims_at_q = False
