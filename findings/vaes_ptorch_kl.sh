#!/usr/bin/env bash
# vaes-ptorch's KL grows with the batch: the larger the batch, the nearer its posteriors are pulled to the prior.
#
# One would guess: the loss is a mean over the examples of a batch, so that a batch that holds every example twice has
# the same loss and the same optimum.
# What happens: trace, dimension and log-determinant of the KL are summed over latents for each example, and then
# averaged; the squared means are summed over the whole batch. So their weight, and with it the beta of the means, is the
# batch size.
# Whom it hurts: whoever picks a batch size for speed: with 64 or more examples the means collapse to 0, and the model
# looks like one whose latents the data do not need.
#
# Seen with vaes-ptorch 0.0.1, torch 2.13.0, Python 3.11, CPU; the KL of N(1, 1) from N(0, 1) is 0.5:
#   KL of 1 example N(1, 1): 0.5
#   KL of 16 examples N(1, 1): 8.0
#   KL of 256 examples N(1, 1): 128.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 vaes-ptorch==0.0.1

cat > "$folder/kl.py" <<'PROGRAM'
import sys
import torch
from vaes_ptorch.utils import gaussian_kl

found = []
for n in (1, 16, 256):
    one, none = torch.ones(n, 1), torch.zeros(n, 1)
    kl = float(gaussian_kl(left_mu=one, left_sig=one, right_mu=none, right_sig=one))
    found.append(kl == 0.5 * n)
    print(f"KL of {n} example{'s' * (n > 1)} N(1, 1): {kl:.1f}")
sys.exit(not all(found))
PROGRAM
"$folder/venv/bin/python" "$folder/kl.py" || { echo "this is no longer what is described above"; exit 1; }
