#!/usr/bin/env bash
# pyod's VAE ignores beta: with its default capacity the KL term is clamped to zero and no model has a prior.
#
# One would guess: VAE(beta=b) trains with reconstruction + b·KL, so that beta = 0 is an autoencoder and a large beta
# pulls every posterior to N(0, I); capacity = 0, the default, means the plain β-VAE, as in the cited paper
# (Burgess et al. 2018: γ·|KL − C| with C = 0).
# What happens: the KL is clamped to [0, capacity], so with the default it is 0 and has no gradient. Models trained with
# beta = 0, 1 and 1000 have the same weights to the last bit; the noise variance s = β/(2α) that the loss means is 0.
# A positive capacity lets the KL in only while it is below it, and takes its gradient away above: the opposite of a
# bottleneck.
# Whom it hurts: whoever tunes beta by a search (all choices score the same), compares "a VAE" with other detectors, or
# samples z from N(0, I): nothing was trained to be near it.
#
# Seen with pyod 3.6.7, torch 2.13.0, Python 3.11, CPU:
#   weights of beta 1 differ from those of beta 0 by at most 0
#   weights of beta 1000 differ from those of beta 0 by at most 0
#   weights of beta 1 with capacity 5 differ from those of beta 0: yes
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 pyod==3.6.7 tqdm==4.67.1

cat > "$folder/train.py" <<'PROGRAM'
import sys
import numpy as np
from pyod.models.vae import VAE

x = np.random.default_rng(0).normal(size=(400, 6)).astype(np.float32)

def weights(**settings):
    model = VAE(epoch_num=5, latent_dim=2, encoder_neuron_list=[16], decoder_neuron_list=[16], random_state=0,
                verbose=0, **settings)
    model.fit(x)
    return [p.detach().numpy().copy() for p in model.model.parameters()]

def apart(a, b):
    return max(float(np.abs(p - q).max()) for p, q in zip(a, b))

none = weights(beta=0.0)
found = []
for beta in (1.0, 1000.0):
    found.append(apart(none, weights(beta=beta)) == 0)
    print(f"weights of beta {beta:g} differ from those of beta 0 by at most {apart(none, weights(beta=beta)):g}")
found.append(apart(none, weights(beta=1.0, capacity=5.0)) > 0)
print("weights of beta 1 with capacity 5 differ from those of beta 0:", "yes" if found[-1] else "no")
sys.exit(not all(found))
PROGRAM
"$folder/venv/bin/python" "$folder/train.py" || { echo "this is no longer what is described above"; exit 1; }
