"""RAE: a deterministic autoencoder with small codes and a smooth decoder; a density is fitted to the codes afterwards.

    loss = α·D + β·[½|z|² + w·G],   z = mean(x),   w = `penalty_weight`

`penalty` chooses G: "l2", the sum of squares of all parameters of the decoder; "gradient", ‖∂decode(z)/∂z‖², the
squared Frobenius norm of the Jacobian, mean over examples; "none".

Source: :cite:`ghosh2020`, section 3, L_REC + β·L_Z + λ·L_REG. The paper weighs |z|²/2 by β and G by λ; here λ = β·w,
so that only the ratio of α and β matters for the minimum. The Jacobian's norm is estimated without bias by |J v|² with
v ~ N(0, I), one product per example; some code uses |Jᵀ1|² instead, the norm of the sum of the outputs' gradients,
which is a different quantity.

α weighs D; β weighs the term in brackets. ½|z|² is R up to a constant, as `study.models.families.ae` defines it.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Scalar

from study.models.base import Examples, Labels, Loss
from study.models.families.ae import Deterministic


class RAE(Deterministic):
    """An autoencoder with a penalty on its codes and on its decoder."""

    summary = "deterministic codes, ½|z|² and a penalty on the decoder: its weights or its gradient"
    source = "Ghosh et al. 2020"
    variants = ({"penalty": "gradient", "penalty_weight": 0.1},)

    def loss(self, key: jax.Array, x: Examples, labels: Labels, alpha: Scalar, beta: Scalar) -> Loss:
        """α·D + β·(½|z|² + w·G), means over x."""
        z, recon, rate = self.parts(x, labels)
        small = 0.5 * jnp.square(z).sum(-1).mean() + self.objective.penalty_weight * self._smoothness(
            key, z, labels
        )
        return Loss(alpha * recon.mean() + beta * small, recon, rate)

    def _smoothness(self, key: jax.Array, z: Float[Array, "B d"], labels: Labels) -> Scalar:
        """G."""
        if self.objective.penalty == "l2":
            return decoder_norm(self.decoder)
        if self.objective.penalty == "gradient":
            direction = jax.random.normal(key, z.shape)
            _, slope = jax.jvp(lambda z: self.decode(z, labels), (z,), (direction,))
            return jnp.square(slope).sum(-1).mean()
        return jnp.zeros(())


def decoder_norm(decoder: nnx.Module) -> Scalar:
    """The sum of squares of all parameters of a network."""
    leaves = jax.tree.leaves(nnx.state(decoder, nnx.Param))
    return jnp.stack([jnp.square(leaf).sum() for leaf in leaves]).sum()
