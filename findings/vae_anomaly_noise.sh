#!/usr/bin/env bash
# vae-anomaly-detection generates with uniform noise: samples are shifted up by half a sigma and too narrow.
#
# One would guess: generate draws z from the prior and then x from N(mean, sigma^2), the Gaussian that the model is
# trained with.
# What happens: it adds sigma times a uniform number from [0, 1). That noise has the mean 1/2 and the variance 1/12
# instead of 0 and 1.
# Whom it hurts: whoever makes data by generate, most where the decoder explains little and sigma is large: with data
# N(0, 1) that the latents do not explain, every column of the samples is off by half a standard deviation.
#
# Seen with vae-anomaly-detection 2.0.1, torch 2.13.0, Python 3.11, CPU:
#   data:    mean 0.0, standard deviation 1.0
#   samples: mean 0.5, standard deviation 0.3
#   Gaussian noise with the same z and sigma: mean 0.0, standard deviation 1.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 vae-anomaly-detection==2.0.1

cat > "$folder/generate.py" <<'PROGRAM'
import sys
import torch
from torch.nn.functional import softplus
from vae_anomaly_detection.VAE import VAEAnomalyTabular

torch.manual_seed(0)
model = VAEAnomalyTabular(input_size=8, latent_size=2)
optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
for _ in range(500):
    optimiser.zero_grad()
    model(torch.randn(128, 8))["loss"].backward()
    optimiser.step()
x = torch.randn(20_000, 8)
with torch.no_grad():
    samples = model.generate(20_000)
    mean, sigma = model.decoder(torch.randn(20_000, 2)).chunk(2, dim=1)
    right = mean + softplus(sigma) * torch.randn_like(sigma)

def said(name, values):
    mean = round(values.mean().item(), 1) + 0.0
    print(f"{name}: mean {mean:.1f}, standard deviation {values.std(0).mean():.1f}")

said("data", x)
said("samples", samples)
said("Gaussian noise with the same z and sigma", right)
sys.exit(not (samples.mean() > 0.35 and samples.std(0).mean() < 0.6 and abs(right.mean()) < 0.1 and right.std() > 0.9))
PROGRAM
"$folder/venv/bin/python" "$folder/generate.py" 2> "$folder/errors" \
  || { cat "$folder/errors"; echo "this is no longer what is described above"; exit 1; }
