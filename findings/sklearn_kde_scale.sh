#!/usr/bin/env bash
# scikit-learn's KernelDensity with bandwidth="scott" or "silverman" does not look at the spread of the data.
#
# One would guess: the named rules are those of the textbooks and of scipy's gaussian_kde, n^(-1/(d+4)) times the
# standard deviation of the data, so that a density fitted to codes of any scale has about their spread.
# What happens: bandwidth_ is n^(-1/(d+4)) alone. Codes of standard deviation 0.1 get the same bandwidth, 0.28, as codes
# of standard deviation 1: what is drawn from the density is three times as wide as what it was fitted to. No warning.
# Whom it hurts: whoever fits a kernel density to codes and draws from it. The codes of an autoencoder without a KL term,
# of one class or of one latent have any scale: what is drawn then lies far from all of them, or on top of them.
#
# Seen with scikit-learn 1.9.1, scipy 1.17.1, Python 3.11:
#   codes of sd 0.1: bandwidth 0.2817, draws of sd 0.299; scipy's draws 0.103
#   codes of sd 1: bandwidth 0.2817, draws of sd 1.032; scipy's draws 1.035
#   codes of sd 10: bandwidth 0.2817, draws of sd 9.934; scipy's draws 10.346
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cat > "$folder/fit.py" <<'PROGRAM'
import sys
import numpy as np
from scipy.stats import gaussian_kde
from sklearn.neighbors import KernelDensity

unit = np.random.default_rng(0).normal(size=(2000, 2))
bandwidths = []
for sd in (0.1, 1.0, 10.0):
    codes = sd * unit
    fitted = KernelDensity(bandwidth="scott").fit(codes)
    own, other = fitted.sample(20000, random_state=0).std(), gaussian_kde(codes.T).resample(20000, seed=0).std()
    bandwidths.append(float(fitted.bandwidth_))
    print(f"codes of sd {sd:g}: bandwidth {fitted.bandwidth_:.4f}, draws of sd {own:.3f}; scipy's draws {other:.3f}")
sys.exit(len(set(bandwidths)) != 1)
PROGRAM
"$folder/venv/bin/python" "$folder/fit.py" || { echo "this is no longer what is described above"; exit 1; }
