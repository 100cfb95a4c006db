#!/usr/bin/env bash
# scvi-tools' SCVI never reaches the KL weight 1 by default: training ends while it still rises, the sooner the more cells.
#
# One would guess: the warm-up ends early in training, and the model that results is that of the ELBO: KL weight 1.
# What happens: the weight rises over 400 epochs, and the default number of epochs is 400 for up to 20,000 cells and
# 400 * 20,000 / n for n of them. So at the end the weight is nearly 20,000 / n: 1/10 with 200,000 cells. It is the beta of
# a beta-VAE that is set by the size of the data.
# Whom it hurts: whoever compares fits to a data set and to a part of it: they have different objectives, the larger one
# encodes more in nats and its posteriors lie farther from N(0, I), from which others draw; whoever reports "the ELBO" of
# a large atlas.
#
# Seen with scvi-tools 1.4.2, torch 2.13.0, Python 3.11, CPU:
#   200,000 cells: 40 epochs, last KL weight 0.10
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 scvi-tools==1.4.2

cat > "$folder/train.py" <<'PROGRAM'
import sys
import anndata
import numpy as np
import scvi

n = 200_000
cells = anndata.AnnData(np.random.default_rng(0).poisson(2.0, size=(n, 2)).astype(np.float32))
scvi.model.SCVI.setup_anndata(cells)
model = scvi.model.SCVI(cells, n_hidden=4, n_latent=2)
model.train(accelerator="cpu", batch_size=n, enable_progress_bar=False)
epochs, last = len(model.history["elbo_train"]), float(model.history["kl_weight"].iloc[-1, 0])
print(f"{n:,} cells: {epochs} epochs, last KL weight {last:.2f}")
sys.exit(not (epochs == 40 and abs(last - 20_000 / n) < 0.01))
PROGRAM
cd "$folder"
venv/bin/python -W ignore train.py 2> errors \
  || { cat errors; echo "this is no longer what is described above"; exit 1; }
