"""The configuration of a model."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from study.config.families import FAMILIES, FamilyName, ObjectiveConfig, PriorConfig
from study.config.fields import WIDTH, check
from study.config.serialise import to_dict
from study.errors import StudyError
from study.runtime.brief import Changes

FLAT_NETWORKS = ("linear", "mlp")  # those that do not need the shape of an example

NETWORK_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "linear": (),
    "mlp": ("hidden", "activation", "output_bias"),
    "conv": ("channels",),
    "gru": ("hidden",),
    "tcn": ("hidden",),
}


@dataclasses.dataclass(frozen=True, repr=False)
class VAEConfig(Changes):
    """The model to build: everything that changes the shape of its compiled program.

    Attributes:
        family: "vae" (prior N(0, I)), "cvae" (a "vae" that also sees labels), one whose prior is learned with the model
            ("vampprior", "mog-prior", "flow-prior", "lars-prior", "exemplar"), or one with another loss (`study list
            models`).
        network: "linear" (one affine map each way, posterior variance the same for every x, as in
            :cite:`lucas2019`), "mlp", for images "conv", for windows of sequences "gru" (recurrent) or "tcn" (causal
            convolutions).
        latent_dim: number of latent dimensions d.
        hidden: widths of the hidden layers, from data to latent; the decoder mirrors them. For an mlp or gru these are
            its layers, for a tcn its residual blocks, whose number decides how many time steps an output depends on.
        channels: widths of the layers of a conv network, from data to latent; the decoder mirrors them.
        activation: between the layers of an mlp, "relu" or "tanh".
        output_bias: initial output of the decoder of an mlp: "zero", or the mean of the training "data", which it then
            need not learn first :cite:`burda2016`. With "relu" that may end with every unit dead and no latent used
            (`experiments/binarised_mnist.py`).
        likelihood: "gaussian" (D is the sum of squared errors), "bernoulli" (D is the binary cross-entropy), or
            "auto", the one that the data set suggests.
        prior: settings of a learned prior; without effect for families that learn none.
        objective: settings of the loss of a family; without effect for families that have none.
    """

    family: FamilyName = "vae"
    network: Literal["linear", "mlp", "conv", "gru", "tcn"] = "mlp"
    latent_dim: int = 8
    hidden: tuple[int, ...] = (128, 128)
    channels: tuple[int, ...] = (128, 256, 512, 1024)
    activation: Literal["relu", "tanh"] = "relu"
    output_bias: Literal["zero", "data"] = "zero"
    likelihood: Literal["auto", "gaussian", "bernoulli"] = "auto"
    prior: PriorConfig = dataclasses.field(default_factory=PriorConfig)
    objective: ObjectiveConfig = dataclasses.field(default_factory=ObjectiveConfig)

    def __post_init__(self) -> None:
        check(self, {"latent_dim": WIDTH, "hidden": WIDTH, "channels": WIDTH})
        if not self.channels:
            raise StudyError("model: give channels, all of them positive, got ()")

    @property
    def network_settings(self) -> dict[str, Any]:
        """The settings that the network is built from, as plain values."""
        settings = to_dict(self)
        return {name: settings[name] for name in NETWORK_SETTINGS[self.network]}

    @property
    def prior_settings(self) -> dict[str, Any]:
        """The settings of the prior that this family uses, as plain values; empty if it learns no prior."""
        settings = to_dict(self.prior)
        return {name: settings[name] for name in FAMILIES[self.family].prior}

    @property
    def objective_settings(self) -> dict[str, Any]:
        """The settings of the loss that this family uses, as plain values."""
        settings = to_dict(self.objective)
        return {name: settings[name] for name in FAMILIES[self.family].objective}

    @property
    def deciding(self) -> dict[str, Any]:
        """The settings that affect the model, as plain values, without those that its family and network ignore."""
        values = to_dict(self) | {"prior": self.prior_settings, "objective": self.objective_settings}
        unused = {name for names in NETWORK_SETTINGS.values() for name in names} - set(self.network_settings)
        return {name: value for name, value in values.items() if name not in unused and value != {}}
