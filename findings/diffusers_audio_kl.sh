#!/usr/bin/env bash
# The KL of the audio VAE in diffusers is twice the KL against N(0, I), and against any other Gaussian it can be negative.
#
# One would guess: AutoencoderOobleck's latent_dist.kl() and kl(other) are KL(q(z|x) ‖ p) in nats, as those of
# AutoencoderKL; kl(other) with other = N(0, I) equals kl(), and kl of a distribution to itself is 0.
# What happens: both leave out the factor 1/2; both average over batch and frames and return one number; and kl(other)
# adds log σ² − log σ_other² where the KL subtracts it. For q = N(0, 0.1²) against N(0, 1) it is −5.60 per channel where
# the KL is 1.81; the narrower q is, the lower the value, so as a loss it rewards a posterior without width.
# Whom it hurts: whoever weighs or reports the rate of this VAE (of Stable Audio), compares it with an image VAE's, or
# distils one encoder into another by kl(other).
#
# Seen with diffusers 0.42.1, torch 2.13.0, Python 3.11, CPU:
#   sd 0.1: KL to N(0, 1) 1.8076, kl() 3.6152, kl(N(0, 1)) -5.5952
#   sd 1: KL to N(0, 1) 0.0000, kl() 0.0000, kl(N(0, 1)) 0.0000
#   sd 2: KL to N(0, 1) 0.8069, kl() 1.6137, kl(N(0, 1)) 4.3863
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 diffusers==0.42.1 numpy==2.4.6

cat > "$folder/kl.py" <<'PROGRAM'
import sys
import torch
from diffusers.models.autoencoders.autoencoder_oobleck import OobleckDiagonalGaussianDistribution
from torch.distributions import Normal, kl_divergence

def gaussian(sd):
    """One channel, one frame, mean 0: the class takes softplus of its second half, plus 0.0001, as standard deviation."""
    width = torch.log(torch.expm1(torch.tensor(sd, dtype=torch.float64) - 1e-4))
    return OobleckDiagonalGaussianDistribution(torch.stack([torch.zeros_like(width), width]).reshape(1, 2, 1))

found = []
for sd in (0.1, 1.0, 2.0):
    q, p = gaussian(sd), gaussian(1.0)
    exact = float(kl_divergence(Normal(0.0, sd), Normal(0.0, 1.0)))
    own, other = float(q.kl()), float(q.kl(p))
    found.append((exact, own, other))
    print(f"sd {sd:g}: KL to N(0, 1) {exact:.4f}, kl() {own:.4f}, kl(N(0, 1)) {abs(other) if round(other, 4) == 0 else other:.4f}")
sys.exit(not (found[0][2] < -1 and all(abs(own - 2 * exact) < 1e-3 for exact, own, _ in found)))
PROGRAM
"$folder/venv/bin/python" "$folder/kl.py" || { echo "this is no longer what is described above"; exit 1; }
