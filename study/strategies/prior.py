"""z ~ p(z): N(0, I), the distribution that the rate term pulls every posterior towards, or the model's own prior.

For a model that learned its prior (families `vampprior`, `mog-prior`, `flow-prior`, `lars-prior`, `exemplar`) it is
that one, with the model's density. The prior of `exemplar` keeps the codes of the training data, and its `info` then
says `keeps_data`; the others keep none. For a model without a `prior` it is N(0, I), at a temperature τ N(0, τ² I); a
learned prior has no temperature.

Source: the generative model of :cite:`kingma2014`, section 2.1: z ~ p(z), then x ~ p(x|z).

The thread: one side says "sample the prior": the decoder defines p(x) = ∫ p(x|z) p(z) dz, and training pulled
the codes to p(z). The other side says "sample what the encoder learned": nothing forces q(z) to meet p(z), so
the prior may reach places that the decoder has never seen. It is way 3 of the asker's `generate_new_data`.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Float32, Float64

from study.errors import CannotFit
from study.latents.prior import PriorDensity
from study.strategies.base import Decoder, Given, Rung
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.gaussian import FittedGaussian
from study.strategies.parts.settings import check_z
from study.strategies.parts.temperature import Tempered


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedPrior(Unconditional):
    """A prior that was learned with the model."""

    prior: PriorDensity
    d: int
    info: Mapping[str, Any]

    def check(self) -> None:
        """Raise ValueError if it is not a learned prior of d dimensions."""
        if getattr(self.prior, "d", self.d) != self.d or not hasattr(self.prior, "log_prob"):
            raise ValueError(f"the prior is not one of {self.d} dimensions")

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        return np.asarray(self.prior.sample(key, n=n), np.float32)

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log-density in nats at z.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        return np.asarray(self.prior.log_prob(check_z(z, d=self.d, dtype=None)), np.float64)


@dataclasses.dataclass(frozen=True)
class FromPrior(Tempered):
    """Sampling from N(0, I), or from the prior that the model learned; of the codes only their dimension is used."""

    name = "prior"
    kind = "thread"
    source = "discussion thread; Kingma and Welling 2014"
    summary = "z ~ p(z): N(0, I), or the model's own learned prior"
    aims_at_q = True
    keeps_data = False
    fits = (FittedGaussian, FittedPrior)
    fitted_on = "nothing"
    rung = Rung(0)

    def estimate(self, given: Given) -> FittedGaussian | FittedPrior:
        """N(0, τ² I) in as many dimensions as the codes have, or the model's own prior.

        Raises:
            CannotFit: the prior was learned with the model, and the temperature is not 1.
        """
        found = prior_of(given.model, given.latents.d, codes=given.latents.n)
        if self.temperature == 1:
            return found
        if isinstance(found, FittedPrior):
            raise CannotFit(f"strategy {self.name!r}: a learned prior has no temperature; leave it at 1")
        return dataclasses.replace(found, cholesky=self.temperature * found.cholesky)


def prior_of(model: Decoder | None, d: int, **info: Any) -> FittedGaussian | FittedPrior:
    """The prior that the model learned, else N(0, I) in d dimensions; it needs no codes."""
    learned = getattr(model, "prior", None)
    if learned is not None:
        return FittedPrior(learned, d, {**info, **getattr(learned, "info", {})})
    return FittedGaussian(np.zeros(d), np.eye(d), info)
