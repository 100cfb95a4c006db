"""ctgan's TVAE: what it draws, with which noise and seed, and what its loss weighs.

Needs: torch==2.13.0 ctgan==0.12.1
"""

import numpy as np
import pandas as pd
import torch
from ctgan import TVAE
from ctgan.data_transformer import SpanInfo
from ctgan.synthesizers.tvae import _loss_function
from facts import close, done, fact, inputs, standard_normal

rng = np.random.default_rng(0)
kinds = rng.choice(list("abcd"), 2000, p=[0.69, 0.16, 0.10, 0.05])
rows = pd.DataFrame({"number": rng.normal(size=2000) + (kinds == "a"), "kind": kinds})
model = TVAE(epochs=5, enable_gpu=False)
model.fit(rows, ["kind"])


def drawn(torch_seed: int, numpy_seed: int) -> pd.DataFrame:
    """Rows after both seeds were set."""
    torch.manual_seed(torch_seed)
    np.random.seed(numpy_seed)  # noqa: NPY002
    return model.sample(400)


with inputs(model.decoder) as z:
    first = drawn(0, 0)
fact("z is drawn from N(0, I)", standard_normal(np.concatenate(z)))
fact("both seeds set: the same rows", first.equals(drawn(0, 0)))
other = drawn(0, 1)
fact("torch's seed alone: the same categories", first["kind"].equals(other["kind"]))
fact("torch's seed alone: other numbers, whose noise is NumPy's", not first["number"].equals(other["number"]))
sigma = model.decoder.sigma.detach().numpy()
fact("sigma is learned, within [0.01, 1]", sigma.min() >= 0.01 and sigma.max() <= 1 and sigma.std() > 0)
fact("no encoder is kept", not any("encoder" in name for name in vars(model)))

x, recon, mean, log_var = (torch.randn(7, 1) for _ in range(4))
std = torch.tensor([0.3])
D, R = _loss_function(recon, x, std, mean, log_var, [[SpanInfo(1, "tanh")]], TVAE().loss_factor)
sse = ((x - recon.tanh()) ** 2).sum(1).mean()
kl = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(1).mean()
fact(
    "the loss is SSE / sigma² + 2 log sigma + KL, so s = sigma² / 2",
    close(D, sse / 0.09 + 2 * np.log(0.3)) and close(R, kl),
)
done()
