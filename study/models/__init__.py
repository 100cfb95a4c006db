"""Networks, likelihoods, and one file per model family."""

from study.config import VAEConfig
from study.models.linear_theory import LinearOptimum, linear_optimum
from study.models.vae import VAE, Terms

FAMILIES = {"vae": VAE}
LISTING = [
    {
        "name": "vae",
        "summary": "VAE with weights: loss α·D + β·KL, prior N(0, I); networks linear and mlp; α = β = 1 is the VAE",
        "source": "Kingma & Welling 2014; Higgins et al. 2017",
    }
]

__all__ = ["FAMILIES", "LISTING", "VAE", "LinearOptimum", "Terms", "VAEConfig", "linear_optimum"]
