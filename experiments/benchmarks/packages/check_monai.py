"""monai: what its VarAutoEncoder makes of q(z|x) in training and in eval mode, and what is not in the package.

Needs: torch==2.13.0 numpy==2.4.6 monai==1.6.1
"""

import monai.losses
import torch
from facts import close, done, fact
from monai.networks.nets import VarAutoEncoder

torch.manual_seed(0)
layers = {"spatial_dims": 2, "in_shape": (1, 8, 8), "out_channels": 1, "latent_size": 4}
model = VarAutoEncoder(**layers, channels=(4, 8), strides=(1, 2))
names = {name for name in dir(model) if not name.startswith("_")}
fact("it generates nothing", not names & {"sample", "generate"})
losses = {name.lower() for name in dir(monai.losses)}
fact(
    "no loss of a VAE is given",
    not any(part in name for name in losses for part in ("elbo", "vae", "kld", "kl_")),
)

x = torch.randn(8, 1, 8, 8)
with torch.no_grad():
    torch.manual_seed(1)
    first = model(x)[3]
    other = model(x)[3]
    torch.manual_seed(1)
    again = model(x)[3]
    fact("a call returns the decoded z, mean, log-variance and z", len(model(x)) == 4)
    fact("z is drawn while training", not close(first, other))
    fact("torch's seed decides it", torch.equal(first, again))
    _, mean, log_var, z = model.eval()(x)
    fact("in eval mode z is mean + standard deviation", close(z, mean + torch.exp(log_var / 2)))
    model.use_mean_at_inference = True
    fact("use_mean_at_inference, off by default, gives the mean", close(model(x)[3], mean))
done()
