"""n uniform on the training examples, z ~ q(z|x_n): an exact draw from q(z) = 1/N Σ_n q(z|x_n).

Source: the aggregated posterior of :cite:`makhzani2016`; as a mixture over the data, :cite:`hoffman2016`.

The thread: one side says "sample what the encoder learned": these are the z that the decoder was trained on.
The other side says "sample the prior": this strategy needs the training data and may only reconstruct them. It is way
1 of the asker's `generate_new_data`.

At a temperature τ, z = mean + τ σ ε, and the density is that of 1/N Σ_n N(mean, τ² σ²); towards 0 it is
`posterior-mean`.
"""

import dataclasses

import numpy as np

from study.latents import AggregatePosterior
from study.strategies.base import Given, Rung
from study.strategies.parts.codes import FittedCodesDensity
from study.strategies.parts.temperature import Tempered


@dataclasses.dataclass(frozen=True)
class Posterior(Tempered):
    """Sampling from the aggregate posterior."""

    name = "posterior"
    kind = "thread"
    source = "discussion thread; Makhzani et al. 2016"
    summary = "pick a training example n, z ~ q(z|x_n): an exact draw from q(z)"
    aims_at_q = True
    keeps_data = True
    fits = (FittedCodesDensity,)
    fitted_on = "posteriors"
    rung = Rung(6, "codes of training data")

    def estimate(self, given: Given) -> FittedCodesDensity:
        """Keep the codes; nothing is estimated."""
        codes = self.tempered(given.latents)
        info = {"codes": codes.n, "components": codes.n}
        return FittedCodesDensity(codes.mean, np.exp(0.5 * codes.log_var), info, AggregatePosterior(codes))
