"""diffusers: what its image VAE decodes by default, what its distribution is, and what is not in the package.

Needs: torch==2.13.0 numpy==2.4.6 diffusers==0.42.1
"""

import torch
from diffusers import AutoencoderKL
from facts import close, done, fact
from torch.distributions import Normal, kl_divergence

torch.manual_seed(0)
model = AutoencoderKL(block_out_channels=(32,), norm_num_groups=32).eval()
names = {name for name in dir(model) if not name.startswith("_")}
fact("it generates nothing", not names & {"sample", "generate"})
fact("no loss is given", not any("loss" in name for name in names))
x = torch.randn(2, 3, 8, 8)
with torch.no_grad():
    q = model.encode(x).latent_dist
    made = model(x).sample
    fact("a call decodes the mean", close(made, model.decode(q.mode()).sample) and close(q.mode(), q.mean))
    fact("with sample_posterior it decodes a sample", not close(model(x, sample_posterior=True).sample, made))
    torch.manual_seed(1)
    first = q.sample()
    torch.manual_seed(1)
    fact("torch's seed decides the sample", torch.equal(first, q.sample()))
    given = [q.sample(torch.Generator().manual_seed(2)) for _ in range(2)]
    fact("or the generator given", torch.equal(*given) and not torch.equal(given[0], first))
    exact = kl_divergence(Normal(q.mean, q.std), Normal(0.0, 1.0)).flatten(1).sum(1)
    fact("kl() is the KL to N(0, I) of each image", close(q.kl(), exact))
done()
