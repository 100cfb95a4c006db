#!/usr/bin/env bash
# tsgm's BetaVAE does not use beta: every beta trains the same model.
#
# One would guess: BetaVAE(beta=b) trains with reconstruction + b * KL; its conditional sister cBetaVAE does.
# What happens: the KL is added without beta. And as the reconstruction is summed over the batch while the KL is a mean,
# the weight that the KL does have falls as 1 / batch size.
# Whom it hurts: whoever searches over beta: all choices are one model; whoever draws from N(0, I) and raises beta to
# make the posteriors agree with it; whoever changes the batch size for speed and trains another objective.
#
# Seen with tsgm 0.1.0, Keras 3.15.1 on torch 2.13.0, Python 3.11, CPU:
#   weights of beta 1 differ from those of beta 0 by at most 0
#   weights of beta 1000 differ from those of beta 0 by at most 0
#   reconstruction loss of 32 windows given twice, as one batch, over that of the 32: 2.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  torch==2.13.0 tsgm==0.1.0 keras==3.15.1 pandas==2.3.3

cat > "$folder/train.py" <<'PROGRAM'
import os, sys
os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import keras
import numpy as np
import torch
import tsgm

x = np.random.default_rng(0).normal(size=(64, 20, 1)).astype("float32")

def weights(beta):
    keras.utils.set_random_seed(0)
    parts = tsgm.models.zoo["vae_conv5"](20, 1, 2)
    model = tsgm.models.cvae.BetaVAE(parts.encoder, parts.decoder, beta=beta)
    model.compile(optimizer="adam")
    model.fit(x, epochs=2, batch_size=32, verbose=0)
    return model, model.get_weights()

none, found = weights(0.0)[1], []
for beta in (1.0, 1000.0):
    model, own = weights(beta)
    apart = max(float(np.abs(a - b).max()) for a, b in zip(none, own))
    found.append(apart == 0)
    print(f"weights of beta {beta:g} differ from those of beta 0 by at most {apart:g}")
half, zero = torch.tensor(x[:32]), torch.zeros(32, 20, 1)
loss = [float(torch.mean(model._get_reconstruction_loss(torch.cat([half] * n), torch.cat([zero] * n)))) for n in (1, 2)]
print(f"reconstruction loss of 32 windows given twice, as one batch, over that of the 32: {loss[1] / loss[0]:.1f}")
sys.exit(not (all(found) and 1.9 < loss[1] / loss[0] < 2.1))
PROGRAM
"$folder/venv/bin/python" "$folder/train.py" 2> "$folder/errors" \
  || { cat "$folder/errors"; echo "this is no longer what is described above"; exit 1; }
