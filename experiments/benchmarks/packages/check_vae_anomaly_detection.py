"""vae-anomaly-detection: what it draws, with which noise and seed, and what its loss weighs.

Needs: torch==2.13.0 vae-anomaly-detection==2.0.1
"""

import torch
from facts import close, done, fact, inputs, standard_normal
from torch.nn.functional import softplus
from vae_anomaly_detection.VAE import VAEAnomalyTabular

torch.manual_seed(0)
model = VAEAnomalyTabular(input_size=3, latent_size=2)
x = torch.randn(50, 3)
with inputs(model.decoder) as z:
    torch.manual_seed(1)
    drawn = model.generate(20_000).detach()
mean, sigma = model.decoder(torch.tensor(z[0])).detach().chunk(2, dim=1)
noise = (drawn - mean) / softplus(sigma)
fact("z is drawn from N(0, I)", standard_normal(z[0]))
fact("the noise is sigma times a number within [0, 1)", noise.min() >= -1e-5 and noise.max() <= 1 + 1e-5)
fact(
    "of mean 1/2 and variance 1/12",
    abs(noise.mean() - 0.5) < 0.01 and abs(noise.var() - 1 / 12) < 0.01,
)
torch.manual_seed(1)
fact("torch's seed decides the draws", torch.equal(drawn, model.generate(20_000).detach()))
model.eval()
fact("in eval mode z is a sample", not torch.equal(model.predict(x)["z"], model.predict(x)["z"]))

torch.manual_seed(2)
out = model(x)
log_p = torch.distributions.Normal(out["recon_mu"], out["recon_sigma"]).log_prob(x).mean(0).sum(1).mean()
q = out["latent_dist"]
kl = (0.5 * (q.mean**2 + q.variance - 1) - q.stddev.log()).sum(1).mean()
fact(
    "the loss is KL - log p with learned sigma, so s = sigma²", close(out["loss"].item(), (kl - log_p).item())
)
done()
