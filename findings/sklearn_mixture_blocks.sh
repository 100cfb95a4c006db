#!/usr/bin/env bash
# scikit-learn's GaussianMixture.sample returns its draws sorted by component.
#
# One would guess: the rows are independent draws, so that any part of them, the first 64 for a figure, the two halves
# for a null value, the subsets of a kernel distance, is itself a sample of the mixture.
# What happens: the numbers of rows per component are drawn first, and the rows follow block by block. The halves of
# 1,000 draws share one component of ten: a distance between them is large where it should be 0 on average. A shuffle
# mends it.
# Whom it hurts: whoever draws codes of a VAE from a fitted mixture and shows, splits or streams them: a grid of the
# first images shows one mode, and looks like a collapse.
#
# Seen with scikit-learn 1.9.1, Python 3.11:
#   1000 draws of 10 components: 1 in the first 64, 1 in both halves
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cat > "$folder/draw.py" <<'PROGRAM'
import sys
import numpy as np
from sklearn.mixture import GaussianMixture

codes = np.random.default_rng(0).normal(size=(3000, 2))
_, component = GaussianMixture(10, random_state=0, max_iter=2000).fit(codes).sample(1000)
parts = set(component), set(component[:64]), set(component[:500]) & set(component[500:])
used, first, both = (len(part) for part in parts)
print(f"1000 draws of {used} components: {first} in the first 64, {both} in both halves")
sys.exit(not (used == 10 and first <= 2 and both <= 1))
PROGRAM
"$folder/venv/bin/python" "$folder/draw.py" || { echo "this is no longer what is described above"; exit 1; }
