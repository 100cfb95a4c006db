"""Encoders `[B, D + c] -> ([B, d], [B, d])` and decoders `[B, d + c] -> [B, D]`, one file for each kind of network.

c is the number of context columns that a conditional family appends to the inputs of both; 0 in other families.
"""

from typing import Any

from flax import nnx

from study.config import VAEConfig
from study.models.networks.conv import ConvDecoder, ConvEncoder
from study.models.networks.dense import MLP, LinearEncoder, MLPEncoder
from study.models.networks.gru import GRUDecoder, GRUEncoder
from study.models.networks.tcn import TCNDecoder, TCNEncoder

__all__ = [
    "MLP",
    "ConvDecoder",
    "ConvEncoder",
    "GRUDecoder",
    "GRUEncoder",
    "LinearEncoder",
    "MLPEncoder",
    "TCNDecoder",
    "TCNEncoder",
    "build_networks",
]


def build_networks(
    config: VAEConfig, size: int, *, shape: tuple[int, ...] = (), context: int = 0, rngs: nnx.Rngs
) -> tuple[Any, Any]:
    """Encoder and decoder of the network that a configuration names.

    Args:
        config: network, latent_dim and widths.
        size: data dimensions D.
        shape: of one example, for networks that are not flat.
        context: number of columns that are appended to the inputs of both.
        rngs: initial parameters are drawn from its stream `params`, those of the encoder first.

    Raises:
        StudyError: the network does not fit the shape.
    """
    d, hidden = config.latent_dim, config.hidden
    if config.network == "conv":
        conv = ConvEncoder(shape, config.channels, d, context=context, rngs=rngs)
        return conv, ConvDecoder(shape, config.channels, d + context, rngs=rngs)
    if config.network == "gru":
        encoder = GRUEncoder(shape, hidden, d, context=context, rngs=rngs)
        return encoder, GRUDecoder(shape, hidden, d + context, rngs=rngs)
    if config.network == "tcn":
        tcn = TCNEncoder(shape, hidden, d, context=context, rngs=rngs)
        return tcn, TCNDecoder(shape, hidden, d + context, rngs=rngs)
    if config.network == "linear":
        return LinearEncoder(size + context, d, rngs=rngs), nnx.Linear(d + context, size, rngs=rngs)
    mlp = MLPEncoder(size + context, hidden, d, activation=config.activation, rngs=rngs)
    return mlp, MLP([d + context, *reversed(hidden), size], activation=config.activation, rngs=rngs)
