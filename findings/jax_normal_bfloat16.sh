#!/usr/bin/env bash
# jax.random.normal in bfloat16 has 128 values and none beyond 2.89; torch's has the tails of a normal distribution.
#
# One would guess: noise of a low precision is normal noise rounded to it, as torch.randn(dtype=bfloat16) gives; and
# bfloat16, which has the exponents of float32, at least keeps its tails.
# What happens: JAX draws uniform numbers with the digits of the type, 7 bits, and maps them by the inverse error
# function: 128 equally likely values, the largest 2.89; in float16 1,024, up to 3.49. Of a normal distribution 0.4 % lie
# beyond 2.89. Mean and variance are right (0.993 of a million draws). Drawing in float32 and casting mends it.
# Whom it hurts: whoever trains or samples a VAE in bfloat16 by the usual jax.random.normal(key, mean.shape, mean.dtype).
# Of draws of 64 latents from N(0, I) 22 % hold a value beyond 2.89, here none does; draws repeat; and a test of codes
# against the prior finds the noise, not the model.
#
# Seen with jax 0.10.2, jaxlib 0.10.2, torch 2.13.0, Python 3.11, CPU, a million draws:
#   bfloat16, jax: 128 values, the largest 2.89, variance 0.993
#   bfloat16, jax, cast from float32: 3598 values, the largest 4.66, variance 0.998
#   bfloat16, torch: 3600 values, the largest 4.75, variance 1.000
#   float16, jax: 1024 values, the largest 3.49, variance 0.999
#   float16, jax, cast from float32: 22159 values, the largest 4.64, variance 0.998
#   float16, torch: 22189 values, the largest 5.08, variance 1.000
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 torch==2.13.0 numpy==2.4.6

cat > "$folder/draw.py" <<'PROGRAM'
import os, sys
os.environ["JAX_PLATFORMS"] = "cpu"
import jax, jax.numpy as jnp
import numpy as np
import torch

n, seen = 1_000_000, {}
torch.manual_seed(0)
for name in ("bfloat16", "float16"):
    ours = np.asarray(jax.random.normal(jax.random.key(0), (n,), getattr(jnp, name)).astype(jnp.float32))
    cast = np.asarray(jax.random.normal(jax.random.key(0), (n,)).astype(getattr(jnp, name)).astype(jnp.float32))
    theirs = torch.randn(n, dtype=getattr(torch, name)).float().numpy()
    for of, z in (("jax", ours), ("jax, cast from float32", cast), ("torch", theirs)):
        seen[name, of] = len(np.unique(z)), float(np.abs(z).max())
        print(f"{name}, {of}: {seen[name, of][0]} values, the largest {seen[name, of][1]:.2f}, variance {z.var():.3f}")
sys.exit(not (seen["bfloat16", "jax"][0] == 128 and seen["bfloat16", "jax"][1] < 3 and seen["bfloat16", "torch"][1] > 4))
PROGRAM
"$folder/venv/bin/python" "$folder/draw.py" || { echo "this is no longer what is described above"; exit 1; }
