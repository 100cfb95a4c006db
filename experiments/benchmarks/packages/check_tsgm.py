"""tsgm's BetaVAE: what it draws, with which noise and seed, and what its loss weighs.

Needs: torch==2.13.0 tsgm==0.1.0 pandas==2.3.3
"""

import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
import torch
import tsgm
from facts import close, done, fact

keras.utils.set_random_seed(0)
parts = tsgm.models.zoo["vae_conv5"](20, 1, 2)
model = tsgm.models.cvae.BetaVAE(parts.encoder, parts.decoder, beta=1000.0)
keras.utils.set_random_seed(1)
drawn = model.generate(1000).detach()
keras.utils.set_random_seed(1)
fact("Keras' seed decides the draws", torch.equal(drawn, model.generate(1000).detach()))
keras.utils.set_random_seed(1)
z = keras.random.normal((1000, 2))
fact(
    "z is drawn from N(0, I), and samples are means of the decoder: no noise",
    close(drawn, model.decoder(z).detach()),
)
x, other = torch.randn(32, 20, 1), torch.randn(32, 20, 1)
whole = torch.mean(model._get_reconstruction_loss(x, other)).item()
sse = ((x - other) ** 2).sum().item()
fact("the reconstruction is summed over the batch", abs(whole / sse - 1) < 0.01)
fact("call() decodes the mean: two calls agree", np.array_equal(model(x).detach(), model(x).detach()))
done()
