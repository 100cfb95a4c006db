"""z ~ Σ_k π_k N(m_k, C_k), with a stick-breaking prior on the weights: superfluous components are emptied.

Variational inference for a Dirichlet process mixture, truncated at `n_components`. The mixture at the posterior means
of its parameters is sampled and scored; that is a density, which the variational bound is not.

Source: :cite:`blei2006`, section 3; the mixture as ex-post density estimation by :cite:`ghosh2020`, section 4;
inference by :cite:`pedregosa2011`.

The thread: not named there. As `gmm`, "sample what the encoder learned" without keeping the data, and how many
clusters that takes is inferred, not chosen.
"""

import dataclasses
import warnings
from types import MappingProxyType

import jax
import numpy as np
from scipy.special import entr
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture

from study.errors import StudyError
from study.runtime.drawing import split
from study.strategies.base import Given, Strategy
from study.strategies.parts.em import Estimated
from study.strategies.parts.mixture import FittedMixture, fit_mixture, mixture_codes
from study.strategies.parts.moments import FitOn


@dataclasses.dataclass(frozen=True)
class BayesianGmm(Strategy):
    """A Gaussian mixture whose number of components is inferred.

    `info["effective_components"]` is the exponential of the entropy of the weights, and
    `info["components_above_1_percent"]` counts those with a weight above 0.01.

    Attributes:
        n_components: the truncation, an upper bound; no more than there are codes.
        fit_on: "samples" or "means".
        concentration: of the Dirichlet process; the larger, the more components keep weight.
        max_codes: at most this many codes are fitted, drawn without replacement.
        reg_covar: added to the diagonal of every covariance.
        max_iter: the most steps; `info["converged"]` says whether they were enough.
    """

    n_components: int = 20
    fit_on: FitOn = "samples"
    concentration: float = 0.1
    max_codes: int = 20_000
    reg_covar: float = 1e-6
    max_iter: int = 200

    name = "bayesian-gmm"
    kind = "fitted"
    source = "Blei and Jordan 2006; Ghosh et al. 2020"
    summary = "z from a Gaussian mixture whose number of components is inferred"
    aims_at_q = True
    keeps_data = False
    fits = (FittedMixture,)
    quick = MappingProxyType({"n_components": 4})

    def __post_init__(self) -> None:
        super().__post_init__()
        least = min(self.max_codes, self.max_iter, self.n_components)
        if least < 1 or self.reg_covar < 0 or not self.concentration > 0:
            raise StudyError(
                f"strategy {self.name!r}: n_components, max_codes and max_iter must be at least 1, reg_covar at "
                f"least 0 and concentration positive, got {self}"
            )

    def least_codes(self, d: int) -> int:
        """As many as can span d dimensions, d + 1."""
        return d + 1

    def estimate(self, given: Given) -> FittedMixture:
        """Infer weights, means and covariances from a k-means start.

        Raises:
            CannotFit: a covariance collapsed.
        """
        code_key, start_key = split(given.key)
        z = mixture_codes(code_key, given.latents, fit_on=self.fit_on, max_codes=self.max_codes)
        components = min(self.n_components, len(z))
        mixture = BayesianGaussianMixture(
            n_components=components,
            weight_concentration_prior_type="dirichlet_process",
            weight_concentration_prior=self.concentration,
            reg_covar=self.reg_covar,
            max_iter=self.max_iter,
            random_state=int(jax.random.randint(start_key, (), 0, np.iinfo(np.int32).max)),
        )

        def estimate(z: np.ndarray) -> Estimated:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # `info` reports it instead
                m = mixture.fit(z)
            return Estimated(m.weights_, m.means_, m.covariances_, bool(m.converged_), int(m.n_iter_))

        fitted = fit_mixture(estimate, z, components=components, reg_covar=self.reg_covar, strategy=self.name)
        effective = {
            "effective_components": float(np.exp(entr(fitted.weights).sum())),
            "components_above_1_percent": int((fitted.weights > 0.01).sum()),
        }
        return dataclasses.replace(fitted, info={**fitted.info, **effective})
