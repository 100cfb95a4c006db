"""The conditional VAE: encoder and decoder see the label y as an additional input.

q(z|x, y) and p(x|z, y), with p(z|y) = N(0, I) for every class; the loss is α·D + β·R, R = KL(q(z|x, y)‖N(0, I)). α
weighs D and β weighs R, as in the VAE. In training, the decoder sees for each class draws from
q(z|y) = 1/N_y Σ_{n: y_n = y} q(z|x_n, y): each of these, not only their mixture, must be compared with the prior.

Source: :cite:`kingma2014a`, model M2 with its labels observed; :cite:`sohn2015`, equation 4, with one prior for all y.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from study.models.base import Examples, Labels
from study.models.families.vae import VAE


class CVAE(VAE):
    """The VAE with one-hot labels appended to x and to z."""

    summary = "conditional VAE: encoder and decoder see the label, prior N(0, I) for every class"
    source = "Sohn et al. 2015; Kingma et al. 2014"
    conditional = True

    def encode(self, x: Examples, labels: Labels = None) -> tuple[Float[Array, "B d"], Float[Array, "B d"]]:
        """Mean and log-variance of q(z|x, y)."""
        mean, log_var = self.encoder(self._beside(x, labels))
        return mean, log_var

    def output(self, z: Float[Array, "B d"], labels: Labels = None) -> Examples:
        """The output of the decoder network, which sees the labels."""
        return self.decoder(self._beside(z, labels))

    def _beside(self, inputs: Float[Array, "B d"], labels: Labels) -> Float[Array, "B d+{self.classes}"]:
        assert labels is not None  # ensured by `TrainedModel` and the engine
        return jnp.concatenate([inputs, jax.nn.one_hot(labels, self.classes)], axis=1)
