#!/usr/bin/env bash
# MONAI's VarAutoEncoder in eval mode decodes mean + standard deviation, the same corner for every input.
#
# One would guess: a VAE in eval mode encodes to the mean of q(z|x), or to a sample of it.
# What happens: the switch from training to eval leaves out the noise but not its scale, so z is one standard deviation
# above the mean in every latent, by 1 in one that encodes nothing. A sample lies as far from the mean, but anywhere around
# it; this is always the same corner. It is the default; use_mean_at_inference=True, a later option, gives the mean.
# Whom it hurts: whoever takes reconstructions, anomaly scores or codes z from the model in eval mode. Reconstructions err
# as those of noisy codes do, without being random; codes of data are off centre, so that N(0, I), or a density fitted to
# the means, seems not to fit them.
#
# Seen with monai 1.6.1, torch 2.13.0, Python 3.11, CPU, digits of 8 by 8 pixels:
#   z differs from mean + standard deviation by at most 0
#   mean of z over the data and latents 0.41, of the means -0.02
#   squared error of held-out images: in eval mode 1.71, decoding the mean 1.21, decoding a sample 1.65
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 monai==1.6.1 numpy==2.4.6 scikit-learn==1.9.1

cat > "$folder/train.py" <<'PROGRAM'
import sys
import torch
from monai.networks.nets import VarAutoEncoder
from sklearn.datasets import load_digits

torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.tensor(load_digits().images[:, None] / 16, dtype=torch.float32)
train, held_out = x[:1500], x[1500:]
model = VarAutoEncoder(2, (1, 8, 8), 1, latent_size=8, channels=(16, 32), strides=(1, 2), use_sigmoid=True)
optimiser = torch.optim.Adam(model.parameters(), 2e-3)
for step in range(1500):
    batch = train[torch.randint(len(train), (100,))]
    made, mean, log_var, _ = model(batch)
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1).mean()
    loss = ((made - batch) ** 2).flatten(1).sum(1).mean() / (2 * 0.1) + kl
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

model.eval()
with torch.no_grad():
    made, mean, log_var, z = model(held_out)
    deviation = torch.exp(log_var / 2)
    errors = {
        "in eval mode": made,
        "decoding the mean": model.decode_forward(mean, True),
        "decoding a sample": model.decode_forward(mean + deviation * torch.randn_like(mean), True),
    }
off = float((z - (mean + deviation)).abs().max())
shown = {name: float(((one - held_out) ** 2).flatten(1).sum(1).mean()) for name, one in errors.items()}
print(f"z differs from mean + standard deviation by at most {off:g}")
print(f"mean of z over the data and latents {float(z.mean()):.2f}, of the means {float(mean.mean()):.2f}")
print("squared error of held-out images:", ", ".join(f"{name} {error:.2f}" for name, error in shown.items()))
worst, *others = shown.values()
sys.exit(not (off < 1e-6 and worst > 1.2 * others[0]))
PROGRAM
"$folder/venv/bin/python" "$folder/train.py" || { echo "this is no longer what is described above"; exit 1; }
