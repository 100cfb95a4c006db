#!/usr/bin/env bash
# jax.random.choice with probabilities draws from at most 2**23 items: of 12 million equally likely ones 30 % never come.
#
# One would guess: with p it draws every item with its probability, up to rounding of p, as NumPy does; above all if all
# are equal, where without p it does.
# What happens: it compares one float32 number that is uniform on 2**23 values with the running sum of p. No more items
# than that can be drawn, and the probability of each is a whole number of steps of 1.2e-7: at 3 million some items come
# three times for two of others. No error, no warning; the draws pass any test that looks at few of them.
# Whom it hurts: whoever draws training examples with weights, or components of an aggregate posterior or of a density of
# kernels, one for each example, from millions of them. `jax.random.choice` without p, or an index drawn with NumPy, has
# no such limit; p in float64 under jax_enable_x64 hasn't either.
#
# Seen with jax 0.10.2, jaxlib 0.10.2, numpy 2.4.6, torch 2.13.0, Python 3.11, CPU, five draws per item; variance of how often
# an item comes, in that of independent draws:
#   3,000,000, jax, with p: 1.0% never drawn, variance 1.11 of 1
#   3,000,000, jax, without p: 0.7% never drawn, variance 1.00 of 1
#   3,000,000, numpy, with p: 0.7% never drawn, variance 1.00 of 1
#   3,000,000, torch.multinomial: 0.7% never drawn, variance 1.02 of 1
#   12,000,000, jax, with p: 30.1% never drawn, variance 3.15 of 1
#   12,000,000, jax, without p: 0.7% never drawn, variance 1.00 of 1
#   12,000,000, numpy, with p: 0.7% never drawn, variance 1.00 of 1
#   12,000,000, torch.multinomial: 1.3% never drawn, variance 1.34 of 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 torch==2.13.0 numpy==2.4.6

cat > "$folder/draw.py" <<'PROGRAM'
import os, sys
os.environ["JAX_PLATFORMS"] = "cpu"
import jax
import jax.numpy as jnp
import numpy as np
import torch

PART, EACH, seen = 3_000_000, 5, {}
rng, key = np.random.default_rng(0), jax.random.key(0)
torch.manual_seed(0)
for items in (3_000_000, 12_000_000):
    p = np.full(items, 1 / items)
    weights, ones = jnp.asarray(p, jnp.float32), torch.ones(items)
    for name, draw in {
        "jax, with p": lambda k: jax.random.choice(k, items, (PART,), p=weights),
        "jax, without p": lambda k: jax.random.choice(k, items, (PART,)),
        "numpy, with p": lambda k: rng.choice(items, PART, p=p),
        "torch.multinomial": lambda k: torch.multinomial(ones, PART, replacement=True),
    }.items():
        counts = np.zeros(items)
        for part in range(EACH * items // PART):
            counts += np.bincount(np.asarray(draw(jax.random.fold_in(key, part))), minlength=items)
        seen[name, items] = float((counts == 0).mean()), counts.var() / EACH
        print(f"{items:,}, {name}: {seen[name, items][0]:.1%} never drawn, variance {seen[name, items][1]:.2f} of 1")
bad, good = seen["jax, with p", 12_000_000], seen["numpy, with p", 12_000_000]
sys.exit(not (bad[0] > 0.25 and bad[1] > 2 and good[0] < 0.01 and abs(good[1] - 1) < 0.01))
PROGRAM
"$folder/venv/bin/python" "$folder/draw.py" || { echo "this is no longer what is described above"; exit 1; }
