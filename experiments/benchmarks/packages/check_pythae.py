"""pythae: what its samplers draw, with which noise and seed, and what its loss weighs.

Needs: torch==2.13.0 pythae==0.1.2
"""

import numpy as np
import torch
from facts import close, done, fact, inputs, standard_normal
from pythae.models import VAE, VAEConfig
from pythae.samplers import GaussianMixtureSampler, GaussianMixtureSamplerConfig, NormalSampler

torch.manual_seed(0)
model = VAE(VAEConfig(input_dim=(1, 4, 4), latent_dim=2)).eval()
x = torch.rand(300, 1, 4, 4)
x[0] = 1.0
normal = NormalSampler(model)
with inputs(model.decoder) as z:
    torch.manual_seed(1)
    drawn = normal.sample(3000)
z = np.concatenate(z)
fact("z is drawn from N(0, I)", standard_normal(z))
fact(
    "no noise: samples are means of the decoder",
    close(drawn, model.decoder(torch.tensor(z)).reconstruction.detach()),
)
torch.manual_seed(1)
fact("torch's seed decides the draws", torch.equal(drawn, normal.sample(3000)))
torch.manual_seed(1)
fact("and the size of a batch", not torch.allclose(drawn, normal.sample(3000, batch_size=499), atol=1e-3))
fact("embed() draws z in eval mode", not torch.equal(model.embed(x), model.embed(x)))
fact("so does reconstruct()", not torch.equal(model.reconstruct(x), model.reconstruct(x)))
fact("predict() takes the mean", torch.equal(model.predict(x).embedding, model.predict(x).embedding))

fact("a mixture has 10 components", GaussianMixtureSamplerConfig().n_components == 10)


def mixed(torch_seed: int, numpy_seed: int) -> torch.Tensor:
    """Samples of one fitted mixture after both seeds were set."""
    torch.manual_seed(torch_seed)
    np.random.seed(numpy_seed)  # noqa: NPY002
    return mixture.sample(50)


mixture = GaussianMixtureSampler(model)
mixture.fit(x)
fact(
    "the seed of a mixture's draws is NumPy's alone",
    torch.equal(mixed(0, 0), mixed(1, 0)) and not torch.equal(mixed(0, 0), mixed(0, 1)),
)

mean, log_var, out = torch.randn(9, 2), torch.randn(9, 2), torch.rand(9, 16)
loss = model.loss_function(out, x[:9].reshape(9, 16), mean, log_var, mean)[0]
sse = ((out - x[:9].reshape(9, 16)) ** 2).sum(1).mean()
kl = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(1).mean()
fact("the loss is SSE / 2 + KL, so s = 1", close(loss, sse / 2 + kl))
done()
