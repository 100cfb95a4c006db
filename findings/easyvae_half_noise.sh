#!/usr/bin/env bash
# easyvae draws z with half the standard deviation that its KL is computed from.
#
# One would guess: z = mean + std * eps, std = exp(log_var / 2), the same std in the KL term and in the draw.
# What happens: z = mean + std * eps / 2, in training and in encode. A posterior that the KL calls N(0, 1) is drawn as
# N(0, 1/4): where the KL is 0, codes have a quarter of the prior's variance.
# Whom it hurts: whoever decodes z from N(0, I): the decoder has seen codes of a quarter of that variance in every latent
# that the data do not use; and whoever reads the KL that is shown as that of the codes.
#
# Seen with easyvae 1.3.3, NumPy 2.4.6, Python 3.11; the standard deviation over 20,000 codes of one example:
#   std of the KL 1.0, of the codes 0.5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 easyvae==1.3.3

cat > "$folder/encode.py" <<'PROGRAM'
import sys
import numpy as np
from easyvae.activations import Identity
from easyvae.autoencoder import VariationalAutoencoder

np.random.seed(0)
model = VariationalAutoencoder([3, 1], [1, 3], 0.01, Identity())
codes = np.array([model.encode(np.zeros(3)) for _ in range(20_000)])
said, drawn = float(model.sampler.std[0]), float(codes.std())
print(f"std of the KL {said:.1f}, of the codes {drawn:.1f}")
sys.exit(not (said == 1 and abs(drawn - 0.5) < 0.02))
PROGRAM
"$folder/venv/bin/python" "$folder/encode.py" || { echo "this is no longer what is described above"; exit 1; }
