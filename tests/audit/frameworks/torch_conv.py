"""A plain convolutional VAE in PyTorch, trained on MNIST and exported to ONNX."""

import mnist
import numpy as np
import torch
from torch import nn

LATENTS = 16


class VAE(nn.Module):
    """Encoder and decoder of two convolutions each; Bernoulli pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU(), nn.Flatten()
        )
        self.mean, self.log_var = nn.Linear(32 * 49, LATENTS), nn.Linear(32 * 49, LATENTS)
        self.up = nn.Sequential(
            nn.Linear(LATENTS, 32 * 49), nn.ReLU(), nn.Unflatten(1, (32, 7, 7)),
            nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid(),
        )  # fmt: skip

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance."""
        h = self.body(x)
        return self.mean(h), self.log_var(h)


class Encoder(nn.Module):
    """What is exported: a module whose forward is `encode`."""

    def __init__(self, vae: VAE) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance."""
        return self.vae.encode(x)


def main() -> None:
    """Train, export, and save what the framework itself computes for a few rows."""
    given = mnist.arguments()
    torch.manual_seed(0)
    torch.set_num_threads(2)
    data = mnist.load(given.mnist, given.rows, (1, 28, 28))
    vae, x = VAE(), torch.tensor(data["train"][0])
    adam = torch.optim.Adam(vae.parameters(), 1e-3)
    for _ in range(given.epochs):
        for index in torch.randperm(len(x)).split(128):
            mean, log_var = vae.encode(x[index])
            z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
            recon = nn.functional.binary_cross_entropy(vae.up(z), x[index], reduction="sum")
            kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum()
            adam.zero_grad()
            ((recon + kl) / len(index)).backward()
            adam.step()
    mnist.save(data, given.out)
    vae.eval()
    torch.onnx.export(
        Encoder(vae).eval(), (torch.rand(2, 1, 28, 28),), given.out / "encoder.onnx", input_names=["x"],
        output_names=["mu", "log_var"], dynamic_shapes=({0: "batch"},),
    )  # fmt: skip
    torch.onnx.export(
        vae.up.eval(), (torch.randn(2, LATENTS),), given.out / "decoder.onnx", input_names=["z"],
        output_names=["recon"], dynamic_shapes=({0: "batch"},),
    )  # fmt: skip
    with torch.no_grad():
        mean, log_var = vae.encode(x[:50])
        np.savez(
            given.out / "own.npz", mean=mean.numpy(), log_var=log_var.numpy(), recon=vae.up(mean).numpy()
        )


if __name__ == "__main__":
    main()
