"""vaes-ptorch: what its loss weighs, and what its networks are.

Needs: torch==2.13.0 numpy==2.4.6 vaes-ptorch==0.0.1
"""

import torch
from facts import close, done, fact
from vaes_ptorch import VAE, GaussianMLP
from vaes_ptorch.elbo import elbo
from vaes_ptorch.vae import VaeOutput

torch.manual_seed(0)
model = VAE(GaussianMLP(784, [16], 2), GaussianMLP(2, [16], 784))
names = {name for name in dir(model) if not name.startswith("_")}
fact("it generates nothing", not names & {"sample", "generate"})
x = torch.randn(8, 784)
fact("the model draws z in eval mode too", not torch.equal(model.eval()(x).mu_x, model(x).mu_x))

torch.manual_seed(1)
first = model(x).mu_x
torch.manual_seed(1)
fact("torch's seed decides them", torch.equal(first, model(x).mu_x))
mlp, (a, b) = GaussianMLP(3, [16], 2), torch.randn(2, 3)
bent = mlp((a + b)[None])[0] - mlp(a[None])[0] - mlp(b[None])[0] + mlp(torch.zeros(1, 3))[0]
fact("a GaussianMLP with one hidden layer is an affine map", close(bent.detach(), 0))


def loss(batch: int, sigma2: float, mean: float) -> float:
    """The loss of reconstructions that are off by one in each of 784 dimensions, with posteriors N(mean, 1) of one."""
    ones = torch.ones(batch, 784)
    return elbo(ones, VaeOutput(0 * ones, sigma2 * ones, mean * ones[:, :1], ones[:, :1]))[0].item()


fact(
    "the log-likelihood is a mean over D, so SSE has the weight 1 / (2 D sigma²)",
    close(loss(1, 4.0, 0.0), 0.5 * (1.3863 + 0.25)),
)
fact("sigma² below 1 counts as 1, so s is at least D", close(loss(1, 0.01, 0.0), loss(1, 1.0, 0.0)))
shift = [loss(batch, 1.0, 1.0) - loss(batch, 1.0, 0.0) for batch in (1, 64)]
fact("the mean's part of the KL is summed over the batch", close(shift, [0.5, 32.0]))
done()
