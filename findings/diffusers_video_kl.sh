#!/usr/bin/env bash
# The KL of a video VAE's posterior in diffusers is summed over channels, frames and rows, but not over columns.
#
# One would guess: latent_dist.kl() is KL(q(z|x) ‖ N(0, I)) in nats, one number per video, as it is per image for
# AutoencoderKL; and nll(sample) the negative log-density of a code.
# What happens: the axes are fixed at 1, 2 and 3, those of images. The latents of a video have a fifth, so both return one
# number for each column of the latent map, and a mean over the batch is too small by the number of columns: 2 here,
# 104 for frames 832 pixels wide at a stride of 8. Nothing warns; the shape alone tells.
# Whom it hurts: whoever fine-tunes one of the video VAEs (Wan, CogVideoX, HunyuanVideo, LTX, Mochi share this class) and
# weighs kl().mean() as for images, or reports its rate: both are wrong by a factor that changes with the width.
#
# Seen with diffusers 0.42.1, torch 2.13.0, Python 3.11, CPU:
#   kl() of 2 videos of 9 frames, 16 by 16 pixels: shape (2, 2), mean 1.2890 nats
#   KL per video by torch.distributions: shape (2,), mean 2.5779 nats
#   kl() of 2 images by AutoencoderKL: shape (2,)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 diffusers==0.42.1 numpy==2.4.6

cat > "$folder/encode.py" <<'PROGRAM'
import sys
import torch
from diffusers import AutoencoderKL, AutoencoderKLWan
from torch.distributions import Normal, kl_divergence

torch.manual_seed(0)
video = AutoencoderKLWan(base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True])
image = AutoencoderKL(block_out_channels=(32,), norm_num_groups=32)
with torch.no_grad():
    q = video.encode(torch.randn(2, 3, 9, 16, 16)).latent_dist
    still = image.encode(torch.randn(2, 3, 16, 16)).latent_dist.kl()
own, exact = q.kl(), kl_divergence(Normal(q.mean, q.std), Normal(0.0, 1.0)).flatten(1).sum(1)
columns = q.mean.shape[-1]
print(f"kl() of 2 videos of 9 frames, 16 by 16 pixels: shape {tuple(own.shape)}, mean {own.mean():.4f} nats")
print(f"KL per video by torch.distributions: shape {tuple(exact.shape)}, mean {exact.mean():.4f} nats")
print(f"kl() of 2 images by AutoencoderKL: shape {tuple(still.shape)}")
right = tuple(own.shape) == (2, columns) and tuple(still.shape) == (2,) and torch.allclose(columns * own.mean(), exact.mean())
sys.exit(not right)
PROGRAM
"$folder/venv/bin/python" "$folder/encode.py" || { echo "this is no longer what is described above"; exit 1; }
