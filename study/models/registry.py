"""The model families by name, imported when they are used; they are listed in `study/config/families.py`."""

from typing import Any

from study import config
from study.config import VAEConfig
from study.runtime.lazy import Lazy

FAMILY_CLASSES = Lazy("study.models", {name: family.home for name, family in config.FAMILIES.items()})

NETWORKS = {
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


def listing() -> list[dict[str, Any]]:
    """The rows of `study list models`: families with their settings, then networks with theirs."""
    rows: list[dict[str, Any]] = []
    for name, family in FAMILY_CLASSES.items():
        made = VAEConfig(family=name)
        settings = {"prior": made.prior_settings, "objective": made.objective_settings}
        rows.append(
            {"name": name, "kind": "family", "summary": family.summary, "source": family.source, **settings}
        )
    for name, (summary, source) in NETWORKS.items():
        settings = VAEConfig(network=name).network_settings  # type: ignore[arg-type]
        rows.append(
            {"name": name, "kind": "network", "summary": summary, "source": source, "network": settings}
        )
    return rows
