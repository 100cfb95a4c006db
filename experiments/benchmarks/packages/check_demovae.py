"""demovae: what it draws, with which noise and seed, and what its encoder gives.

Needs: torch==2.13.0 demovae==0.0.6
"""

import numpy as np
import torch
from demovae import DemoVAE
from demovae.model import latent_loss
from facts import close, done, fact, inputs, standard_normal

rng = np.random.default_rng(0)
x, age = rng.normal(size=(300, 5)), rng.normal(size=300)
model = DemoVAE(latent_dim=2, use_cuda=False, nepochs=3, pperiod=100)
model.fit(x, [age], ["continuous"])
many = np.zeros(5000)
with inputs(model.vae.dec1) as given:
    torch.manual_seed(1)
    drawn = model.transform(5000, [many], ["continuous"])
z = torch.tensor(given[0][:, :2])
fact("z is drawn from N(0, I)", standard_normal(z))
fact(
    "no noise: samples are means of the decoder",
    close(drawn, model.vae.dec(z, torch.zeros(5000, 1)).detach()),
)
torch.manual_seed(1)
fact("torch's seed decides the draws", np.array_equal(drawn, model.transform(5000, [many], ["continuous"])))
fact("the encoder is deterministic", np.array_equal(model.get_latents(x), model.get_latents(x)))
z = torch.randn(50, 2)
covariance, mean, _, _ = latent_loss(z, use_cuda=False)
fact(
    "instead of a KL it matches Z'Z to n I and the mean to 0 by root mean squares",
    close(covariance, ((z.T @ z - 50 * torch.eye(2)) ** 2).mean() ** 0.5)
    and close(mean, (z.mean(0) ** 2).mean() ** 0.5),
)
done()
