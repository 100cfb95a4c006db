"""WAE-MMD: codes without noise, whose distribution as a whole is pulled towards N(0, I).

    loss = α·D + β·λ·MMD²(q(z), N(0, I)),   z = mean(x),   λ = `mmd_weight`

Source: :cite:`tolstikhin2018`, equation 4 and algorithm 2, with the deterministic encoder of its experiments. At
α = β = 1 and the Gaussian likelihood, whose D is the squared distance, the loss is the paper's with its λ.

α weighs D, β weighs λ·MMD²; R, as `study.models.families.ae` defines it, is not part of the loss and only reported.
MMD² is the unbiased estimate from the codes of a batch and as many draws from N(0, I).
"""

import jax
from jaxtyping import Scalar

from study.models.base import Examples, Labels, Loss
from study.models.families.ae import Deterministic
from study.models.mmd import mmd


class WAE(Deterministic):
    """An autoencoder with MMD between its codes and the prior in its loss."""

    summary = "deterministic codes, MMD between them and the prior"
    source = "Tolstikhin et al. 2018"
    blockwise = True

    def loss(self, key: jax.Array, x: Examples, labels: Labels, alpha: Scalar, beta: Scalar) -> Loss:
        """α·D + β·λ·MMD²."""
        z, recon, rate = self.parts(x, labels)
        apart = mmd(z, jax.random.normal(key, z.shape), self.objective.scales)
        return Loss(alpha * recon.mean() + beta * self.objective.mmd_weight * apart, recon, rate)
