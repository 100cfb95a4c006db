"""n uniform on validation examples, z ~ q(z|x_n): draws from the posteriors of data that no parameter was trained on.

Source: a control of this study, between a fitted density and :cite:`makhzani2016`'s aggregated posterior.

The thread: says that the posteriors of the training data may only reconstruct them. The posteriors of other examples
cannot, and need no density to be fitted: what `posterior` gains over this strategy is memorisation, and what this
strategy gains over a fitted density is that density's misfit. Early stopping and the choice of settings did see the
validation examples. If they are few, draws repeat them.
At a temperature τ, z = mean + τ σ ε.
"""

import dataclasses

import numpy as np

from study.errors import CannotFit
from study.strategies.base import Given, Rung
from study.strategies.parts.codes import FittedCodes
from study.strategies.parts.temperature import Tempered


@dataclasses.dataclass(frozen=True)
class HeldOutPosterior(Tempered):
    """Sampling from the posteriors of validation data.

    It states no density: at the validation codes, with which densities are compared, every code would meet its own
    posterior.
    """

    name = "held-out-posterior"
    kind = "fitted"
    source = "control of this study"
    summary = "pick a validation example n, z ~ q(z|x_n): q(z) of data that was not trained on"
    aims_at_q = True
    keeps_data = True
    fits = (FittedCodes,)
    density = False
    fitted_on = "posteriors of validation data"
    needs = ("validation",)
    rung = Rung(5, "misfit of the density")

    def estimate(self, given: Given) -> FittedCodes:
        """Keep the validation codes; nothing is estimated.

        Raises:
            CannotFit: there are none.
        """
        codes = given.validation
        if codes is None:
            raise CannotFit(
                f"strategy {self.name!r}: give codes of data that was not trained on as validation"
            )
        codes = self.tempered(codes)
        info = {"codes": codes.n, "components": codes.n}
        return FittedCodes(codes.mean, np.exp(0.5 * codes.log_var), info)
