"""scvi-tools' SCVI, for single-cell counts: what it draws, with which noise and seed, and what its loss weighs.

Needs: torch==2.13.0 scvi-tools==1.4.2 sparse
"""

import functools
import inspect

import anndata
import numpy as np
import scvi
import torch
from facts import close, done, fact

rng = np.random.default_rng(0)
depth = rng.choice([20.0, 200.0], size=(500, 1))
cells = anndata.AnnData(rng.poisson(depth * rng.dirichlet(np.ones(8), 500)).astype(np.float32))
scvi.model.SCVI.setup_anndata(cells)
scvi.settings.seed = 0
model = scvi.model.SCVI(cells)
model.train(max_epochs=20, accelerator="cpu", enable_progress_bar=False, logger=False)

public = {name for name in dir(model) if not name.startswith("_")}
fact("what draws data is posterior_predictive_sample", "posterior_predictive_sample" in public)
fact(
    "nothing is named after the prior, or generate, or sample",
    not {n for n in public if "prior" in n or n in ("generate", "sample")},
)

seen = []
inner = model.module.generative


@functools.wraps(inner)
def spied(z, *args, **kwargs):
    """Remember the z that is decoded."""
    seen.append(z.clone())
    return inner(z, *args, **kwargs)


model.module.generative = spied
torch.manual_seed(0)
drawn = model.posterior_predictive_sample(batch_size=500).todense()
model.module.generative = inner
mean, variance = model.get_latent_representation(return_dist=True)
off = (seen[0].numpy() - mean) / np.sqrt(variance)
fact(
    "z is drawn from q(z|x) of the very cells, one for each",
    abs(off.mean()) < 0.1 and abs(off.var() - 1) < 0.1,
)
totals, deep = np.asarray(drawn).sum(1), depth.ravel() == 200
fact("and with the total count of that cell", totals[deep].mean() > 5 * totals[~deep].mean())
fact("noise: counts are drawn", close(drawn, np.round(drawn)) and len(np.unique(drawn)) > 2)
torch.manual_seed(0)
fact(
    "torch's seed decides the draws",
    np.array_equal(drawn, model.posterior_predictive_sample(batch_size=500).todense()),
)
fact("get_latent_representation gives the mean", np.array_equal(model.get_latent_representation(), mean))
one, two = (model.get_normalized_expression().to_numpy() for _ in range(2))
fact("get_normalized_expression decodes one sample of z: two calls differ", not np.allclose(one, two))
fact("counts are zero-inflated negative binomial by default", model.module.gene_likelihood == "zinb")
plan = inspect.signature(scvi.train.TrainingPlan).parameters
fact(
    "the KL's weight rises to 1 over 400 epochs",
    plan["n_epochs_kl_warmup"].default == 400 and plan["max_kl_weight"].default == 1,
)
done()
