"""Networks, likelihoods, priors, and one file per model family."""

from typing import Any

from study.config import PRIOR_SETTINGS, VAEConfig
from study.models.base import Loss, Model
from study.models.families.ae import AE
from study.models.families.beta_tc_vae import BetaTCVAE
from study.models.families.cvae import CVAE
from study.models.families.gan import GAN
from study.models.families.info_vae import InfoVAE
from study.models.families.iwae import IWAE
from study.models.families.rae import RAE
from study.models.families.sigma_vae import SigmaVAE
from study.models.families.vae import VAE, Terms
from study.models.families.wae import WAE
from study.models.linear_theory import LinearOptimum, linear_optimum

FAMILIES: dict[str, type[Model]] = {
    **dict.fromkeys(PRIOR_SETTINGS, VAE),
    "cvae": CVAE,
    "sigma-vae": SigmaVAE,
    "iwae": IWAE,
    "beta-tc-vae": BetaTCVAE,
    "info-vae": InfoVAE,
    "wae": WAE,
    "ae": AE,
    "rae": RAE,
    "gan": GAN,
}
_DESCRIBED = {
    "vae": (
        "VAE with weights: loss α·D + β·KL, prior N(0, I); α = β = 1 is the VAE",
        "Kingma & Welling 2014; Higgins et al. 2017",
    ),
    "cvae": (
        "conditional VAE: encoder and decoder see the label, prior N(0, I) for every class",
        "Sohn et al. 2015; Kingma et al. 2014",
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
    "sigma-vae": (
        "VAE whose Gaussian decoder learns its variance, or has the optimal one of each minibatch",
        "Rybkin et al. 2021",
    ),
    "iwae": ("importance-weighted bound with K draws of z", "Burda et al. 2016"),
    "beta-tc-vae": ("VAE with a further weight on the total correlation of q(z)", "Chen et al. 2018"),
    "info-vae": ("VAE with less of the rate, and MMD between q(z) and the prior", "Zhao et al. 2019"),
    "wae": ("deterministic codes, MMD between them and the prior", "Tolstikhin et al. 2018"),
    "ae": ("deterministic codes, reconstruction alone", "Hinton & Salakhutdinov 2006"),
    "rae": (
        "deterministic codes, ½|z|² and a penalty on the decoder: its weights or its gradient",
        "Ghosh et al. 2020",
    ),
    "gan": (
        "no encoder: the decoder of a vae against a discriminator of the encoder's size, z ~ N(0, I)",
        "Goodfellow et al. 2014; Mescheder et al. 2018",
    ),
}
_NETWORKS = {
    "linear": ("one affine map each way, posterior variance the same for every x", "Lucas et al. 2019"),
    "mlp": (
        "affine maps with ReLU or tanh between them, the decoder mirrors the encoder",
        "Kingma & Welling 2014",
    ),
    "conv": (
        "4×4 convolutions of stride 2 and their transposes, for images; no batch normalisation",
        "Ghosh et al. 2020, without its batch normalisation",
    ),
    "gru": ("gated recurrent units from step to step, for windows of sequences", "Cho et al. 2014"),
    "tcn": ("causal dilated convolutions in residual blocks, for windows of sequences", "Bai et al. 2018"),
}


def _listing() -> list[dict[str, Any]]:
    """What `study list models` shows: families with their settings, then networks with theirs."""
    rows: list[dict[str, Any]] = []
    for name, (summary, source) in _DESCRIBED.items():
        config = VAEConfig(family=name)  # type: ignore[arg-type]
        settings = {"prior": config.prior_settings, "objective": config.objective_settings}
        rows.append({"name": name, "kind": "family", "summary": summary, "source": source, **settings})
    for name, (summary, source) in _NETWORKS.items():
        settings = VAEConfig(network=name).network_settings  # type: ignore[arg-type]
        rows.append(
            {"name": name, "kind": "network", "summary": summary, "source": source, "network": settings}
        )
    return rows


LISTING = _listing()

__all__ = [
    "CVAE",
    "FAMILIES",
    "LISTING",
    "VAE",
    "LinearOptimum",
    "Loss",
    "Model",
    "Terms",
    "VAEConfig",
    "linear_optimum",
]
