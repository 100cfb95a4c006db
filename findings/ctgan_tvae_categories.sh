#!/usr/bin/env bash
# ctgan's TVAE draws no category: it takes the most probable one, so that rare categories vanish from its samples.
#
# One would guess: rows that it samples hold categories about as often as the table that it was fitted to; the decoder is
# trained with a cross-entropy, so that its outputs are probabilities to draw from, as numbers are drawn with the sigma
# that it learned.
# What happens: numbers are drawn, categories are not: each is the argmax of its outputs. A category that is the likeliest
# one nowhere in latent space is never sampled, and the commonest one takes its place.
# Whom it hurts: whoever balances, augments or shares a table by it: rare classes, which are often the reason, are gone,
# and metrics that are dominated by the common class do not say so.
#
# Seen with ctgan 0.12.1, torch 2.13.0, Python 3.11, CPU:
#   shares in the table: a 0.69, b 0.16, c 0.10, d 0.05
#   shares in samples:   a 1.00, b 0.00, c 0.00, d 0.00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 ctgan==0.12.1

cat > "$folder/sample.py" <<'PROGRAM'
import sys
import numpy as np
import pandas as pd
import torch
from ctgan import TVAE

np.random.seed(0)
torch.manual_seed(0)
kinds = np.repeat(list("abcd"), [1380, 320, 200, 100])
x = np.random.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 2000)
rows = pd.DataFrame({"x": x[:, 0], "y": x[:, 1], "kind": np.random.permutation(kinds)})
model = TVAE(epochs=40, enable_gpu=False)
model.fit(rows, ["kind"])

def shares(column):
    return {kind: float((column == kind).mean()) for kind in "abcd"}

def said(found):
    return ", ".join(f"{kind} {share:.2f}" for kind, share in found.items())

drawn = shares(model.sample(20_000)["kind"])
print("shares in the table:", said(shares(rows["kind"])))
print("shares in samples:  ", said(drawn))
sys.exit(not (drawn["a"] > 0.95 and drawn["d"] < 0.005))
PROGRAM
"$folder/venv/bin/python" "$folder/sample.py" || { echo "this is no longer what is described above"; exit 1; }
