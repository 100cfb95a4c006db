"""easyvae: what its encoder gives, what its seed is, and what its gradients weigh.

Needs: easyvae==1.3.3 numpy==2.4.6
"""

import numpy as np
from easyvae.activations import Identity
from easyvae.autoencoder import VariationalAutoencoder
from easyvae.layers import SampleLayer
from facts import close, done, fact

np.random.seed(0)  # noqa: NPY002
model = VariationalAutoencoder([3, 2], [2, 3], 0.01, Identity())
names = {name for name in dir(model) if not name.startswith("_")}
fact(
    "it generates nothing: encode and decode are all there is",
    not names & {"sample", "generate", "generate_data"},
)
x = np.array([1.0, -2.0, 0.5])
codes = np.array([model.encode(x) for _ in range(20_000)])
fact("encode gives a sample", not np.array_equal(codes[0], codes[1]))
fact(
    "its standard deviation is half of what the KL is computed from",
    np.allclose(codes.std(0) / model.sampler.std, 0.5, atol=0.02),
)
np.random.seed(1)  # noqa: NPY002
first = model.encode(x)
np.random.seed(1)  # noqa: NPY002
fact("NumPy's seed decides the draws", np.array_equal(first, model.encode(x)))

layer = SampleLayer(2, 0.01, Identity())
layer.forward(np.array([0.3, -0.7]))
error = np.array([0.2, 0.1])
layer.back(error)
fact("the mean's gradient is that of SSE / 2 + KL, so s = 1", close(layer.mean_nn.error, error + layer.mean))
out, _ = model.forward(x)
shown = model.train(x)[0]
fact("the loss that it shows is a mean over data dimensions instead", shown < ((out - x) ** 2).sum())
done()
