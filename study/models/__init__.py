"""Networks, likelihoods, priors, and one file per model family."""

from study.config import PRIOR_SETTINGS, VAEConfig
from study.models.linear_theory import LinearOptimum, linear_optimum
from study.models.vae import VAE, Terms

FAMILIES = {name: VAE for name in PRIOR_SETTINGS}
_DESCRIBED = {
    "vae": (
        "VAE with weights: loss α·D + β·KL, prior N(0, I); networks linear, mlp, gru, tcn; α = β = 1 is the VAE",
        "Kingma & Welling 2014; Higgins et al. 2017",
    ),
    "vampprior": (
        "as vae, prior learned with it: the encoder's posteriors at K learned pseudo-inputs, mixed uniformly",
        "Tomczak & Welling 2018",
    ),
    "mog-prior": (
        "as vae, prior learned with it: a mixture of K Gaussians, diagonal or full",
        "Tomczak & Welling 2018",
    ),
    "flow-prior": (
        "as vae, prior learned with it: a flow of rational-quadratic couplings",
        "Chen et al. 2017; Durkan et al. 2019",
    ),
    "lars-prior": (
        "as vae, prior learned with it: N(0, I) resampled by a learned acceptance, T proposals at most",
        "Bauer & Mnih 2019",
    ),
}
LISTING = [
    {
        "name": name,
        "summary": summary,
        "source": source,
        "prior": VAEConfig(family=name).prior_settings,  # type: ignore[arg-type]
    }
    for name, (summary, source) in _DESCRIBED.items()
]

__all__ = ["FAMILIES", "LISTING", "VAE", "LinearOptimum", "Terms", "VAEConfig", "linear_optimum"]
