"""A VAE of pythae, trained on MNIST and exported to ONNX."""

import mnist
import numpy as np
import torch
from pythae.models import VAE, VAEConfig
from torch import nn


class Encoder(nn.Module):
    """Mean and log-variance, which pythae calls log_covariance."""

    def __init__(self, model: VAE) -> None:
        super().__init__()
        self.encoder = model.encoder

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Without sampling."""
        output = self.encoder(x)
        return output.embedding, output.log_covariance


class Decoder(nn.Module):
    """The reconstruction alone."""

    def __init__(self, model: VAE) -> None:
        super().__init__()
        self.decoder = model.decoder

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Of the codes."""
        return self.decoder(z).reconstruction


def main() -> None:
    """Train by pythae's own loss, and export."""
    given = mnist.arguments()
    torch.manual_seed(0)
    torch.set_num_threads(2)
    data = mnist.load(given.mnist, given.rows, (1, 28, 28))
    model = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=8, reconstruction_loss="bce"))
    x = torch.tensor(data["train"][0])
    adam = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(given.epochs):
        for index in torch.randperm(len(x)).split(128):
            loss = model({"data": x[index]}).loss
            adam.zero_grad()
            loss.backward()
            adam.step()
    mnist.save(data, given.out)
    model.eval()
    z = model.encoder(x[:5]).embedding.detach()
    for half, example, path, names in (
        (Encoder(model), x[:5], "encoder.onnx", (["x"], ["mu", "log_var"])),
        (Decoder(model), z, "decoder.onnx", (["z"], ["recon"])),
    ):
        torch.onnx.export(
            half.eval(), (example,), given.out / path, dynamic_shapes=({0: "batch"},), input_names=names[0],
            output_names=names[1],
        )  # fmt: skip
    with torch.no_grad():
        output = model.encoder(x[:50])
        recon = model.decoder(output.embedding).reconstruction
        np.savez(
            given.out / "own.npz", mean=output.embedding.numpy(), log_var=output.log_covariance.numpy(),
            recon=recon.numpy(),
        )  # fmt: skip


if __name__ == "__main__":
    main()
