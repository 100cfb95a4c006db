#!/usr/bin/env bash
# A mixture that pythae fitted to the codes is not saved: save() of its sampler writes the number of components alone.
#
# One would guess: what save() of a fitted GaussianMixtureSampler writes is enough to draw the same z later, as save() of
# the model is enough to decode them; fit() was the costly part.
# What happens: the folder holds sampler_config.json, and in it a name and n_components. No weights, means or
# covariances are written, and nothing says so; a sampler made from what was saved has to be fitted again, to the
# training data, and that fit is another one, as it takes samples of z and a random start.
# Whom it hurts: whoever ships a model with its sampler: without the training data there is no mixture, and draws cannot
# be made again.
#
# Seen with pythae 0.1.2, torch 2.13.0, Python 3.11, CPU:
#   fitted: 10 components in 2 dimensions
#   saved: sampler_config.json with n_components, name
#   a sampler made from it is fitted: no
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 pythae==0.1.2

cat > "$folder/save.py" <<'PROGRAM'
import json, os, sys
import torch
from pythae.models import VAE, VAEConfig
from pythae.samplers import GaussianMixtureSampler, GaussianMixtureSamplerConfig

torch.manual_seed(0)
model = VAE(VAEConfig(input_dim=(1, 4, 4), latent_dim=2))
x = torch.rand(300, 1, 4, 4)
x[0] = 1.0
sampler = GaussianMixtureSampler(model)
sampler.fit(x)
print("fitted: {} components in {} dimensions".format(*sampler.gmm.means_.shape))
sampler.save(sys.argv[1])
files = sorted(os.listdir(sys.argv[1]))
with open(os.path.join(sys.argv[1], files[0])) as file:
    fields = sorted(json.load(file))
print("saved:", *files, "with", ", ".join(fields))
again = GaussianMixtureSampler(model, GaussianMixtureSamplerConfig.from_json_file(os.path.join(sys.argv[1], files[0])))
print("a sampler made from it is fitted:", "yes" if again.is_fitted or hasattr(again, "gmm") else "no")
sys.exit(not (files == ["sampler_config.json"] and fields == ["n_components", "name"] and not again.is_fitted))
PROGRAM
mkdir "$folder/saved"
"$folder/venv/bin/python" "$folder/save.py" "$folder/saved" \
  || { echo "this is no longer what is described above"; exit 1; }
