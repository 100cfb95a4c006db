#!/usr/bin/env bash
# distvae-tabular draws categories with Gumbel noise of the wrong sign: common ones become commoner, rare ones rarer.
#
# One would guess: the Gumbel-max trick, argmax(log p + G), which draws each category with its probability p.
# What happens: its noise is log(-log U), which is -G. That is no draw from p. Where the latents tell the category, p is
# near 0 or 1 and little changes; where they do not, the shares among samples are not those of the model: common categories
# become commoner and rare ones rarer.
# Whom it hurts: whoever samples tables with categories that the latents leave open, as with a larger beta: the model is
# right and its samples are not, and more epochs do not mend it.
#
# Seen with distvae-tabular 0.2.4, torch 2.13.0, Python 3.11, CPU, beta = 10:
#   shares in the table:          0.70 0.15 0.10 0.05
#   mean probabilities in model:  0.68 0.16 0.11 0.05
#   shares in its samples:        0.76 0.15 0.08 0.02
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" torch==2.13.0 numpy==2.4.6 pandas==2.3.3 scikit-learn==1.9.1 tqdm==4.67.1
"${pip[@]}" --no-deps distvae-tabular==0.2.4

cat > "$folder/sample.py" <<'PROGRAM'
import contextlib, io, sys
import numpy as np
import pandas as pd
import torch
from distvae_tabular.distvae import DistVAE

wanted = np.array([0.70, 0.15, 0.10, 0.05])
kinds = np.repeat(np.arange(4), (2000 * wanted).astype(int))
rng = np.random.default_rng(0)
rows = pd.DataFrame({"x": rng.normal(size=2000), "kind": rng.permutation(kinds)})
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    model = DistVAE(rows, ["x"], ["kind"], beta=10.0, epochs=40)
    model.train()
    samples = model.generate_data(50_000)["kind"]
drawn = np.bincount(samples, minlength=4) / len(samples)
with torch.no_grad():
    logits = model.model.quantile_parameter(torch.randn(50_000, model.latent_dim))[2]
own = logits.softmax(1).mean(0).numpy()

def said(shares):
    return " ".join(f"{share:.2f}" for share in shares)

print("shares in the table:         ", said(wanted))
print("mean probabilities in model: ", said(own))
print("shares in its samples:       ", said(drawn))
sys.exit(not (np.abs(own - wanted).max() < 0.04 and drawn[0] > own[0] + 0.04 and drawn[3] < own[3] / 2))
PROGRAM
"$folder/venv/bin/python" "$folder/sample.py" || { echo "this is no longer what is described above"; exit 1; }
