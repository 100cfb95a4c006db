"""distvae-tabular: what it draws, with which noise and seed, and what its loss weighs.

Needs: torch==2.13.0 numpy==2.4.6 pandas==2.3.3 scikit-learn==1.9.1 tqdm==4.67.1
Without what it needs: distvae-tabular==0.2.4
"""

import inspect

import numpy as np
import pandas as pd
import torch
from distvae_tabular.distvae import DistVAE
from facts import done, fact, inputs, standard_normal

rng = np.random.default_rng(0)
rows = pd.DataFrame(
    {"number": rng.normal(size=1000), "kind": rng.choice(4, 1000, p=[0.70, 0.15, 0.10, 0.05])}
)
model = DistVAE(rows, ["number"], ["kind"], epochs=2)
model.train()
with inputs(model.model.decoder) as z:
    torch.manual_seed(7)
    first = model.generate_data(5000)
fact("z is drawn from N(0, I)", standard_normal(np.concatenate(z)))
torch.manual_seed(8)
fact(
    "two default calls give the same rows, whatever seed was set before",
    first.equals(model.generate_data(5000)),
)
fact("another seed gives other rows", not first.equals(model.generate_data(5000, seed=1)))
after = []
for seed in (7, 8):
    torch.manual_seed(seed)
    model.generate_data(10)
    after.append(torch.rand(1).item())
fact(
    "it sets torch's global generator: what comes after is the same, whatever seed was set before",
    after[0] == after[1],
)
draws = model.model.gumbel_sampling((100_000,))
fact(
    "its Gumbel noise has mean -0.577, that of the reflected distribution", abs(draws.mean() + 0.5772) < 0.02
)
code = model.model.encode(torch.tensor(np.zeros((3, 5)), dtype=torch.float))
fact("encode gives a sample, a mean and a log-variance", len(code) == 3 and not torch.equal(code[0], code[1]))
fact("the weight of the KL is 0.1 by default", inspect.signature(DistVAE).parameters["beta"].default == 0.1)
done()
