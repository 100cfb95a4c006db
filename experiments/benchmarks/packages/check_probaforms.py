"""probaforms' CVAE: what it draws, with which noise and seed, and what its loss weighs.

Needs: torch==2.13.0 numpy==2.4.6 pandas==2.3.3 scikit-learn==1.9.1 tqdm==4.67.1 matplotlib==3.11.2
Without what it needs: probaforms==0.2.0
"""

import numpy as np
import torch
from facts import close, done, fact, inputs, standard_normal
from probaforms.models import CVAE

x = np.random.default_rng(0).normal(size=(500, 2))
torch.manual_seed(0)
model = CVAE(n_epochs=2).fit(x)
with inputs(model.decoder) as z:
    torch.manual_seed(1)
    drawn = model.sample(5000)
fact("z is drawn from N(0, I)", standard_normal(z[0]))
fact("no noise: samples are means of the decoder", close(drawn, model.decoder(torch.tensor(z[0])).detach()))
torch.manual_seed(1)
fact("torch's seed decides the draws", np.array_equal(drawn, model.sample(5000)))

wanted, given, mean, out = (torch.randn(9, size) for size in (784, 784, 2, 2))
sse = ((wanted - given) ** 2).sum(1).mean()
kl = -0.5 * (1 + out - mean**2 - out.exp()).sum(1).mean()
loss = model.custom_loss(wanted, given, mean, out)
fact("the loss is SSE / D + 0.001 KL, so s = 0.001 D / 2", close(loss, sse / 784 + 0.001 * kl))
torch.manual_seed(2)
codes = torch.stack([model.sample_z(torch.zeros(1), torch.tensor([2.0])) for _ in range(4000)])
fact("log_sigma is a log-variance", abs(codes.std().item() / np.exp(1.0) - 1) < 0.06)
done()
