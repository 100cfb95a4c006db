"""sdv's TVAESynthesizer: what it draws, with which noise and seed, and what its loss weighs.

Needs: torch==2.13.0 sdv==2.0.0 ctgan==0.12.1
"""

import numpy as np
import pandas as pd
import torch
from ctgan import TVAE
from facts import done, fact, inputs, standard_normal
from sdv.metadata import Metadata
from sdv.single_table import TVAESynthesizer

rng = np.random.default_rng(0)
rows = pd.DataFrame({"number": rng.normal(size=500), "kind": rng.choice(list("ab"), 500)})
about = Metadata.load_from_dict(
    {"tables": {"t": {"columns": {"number": {"sdtype": "numerical"}, "kind": {"sdtype": "categorical"}}}}}
)
model = TVAESynthesizer(about, epochs=3, enable_gpu=False)
model.fit({"t": rows})
inner = model._model
fact(
    "the model is ctgan's TVAE, with the same weight of the reconstruction",
    isinstance(inner, TVAE) and inner.loss_factor == TVAE().loss_factor,
)
with inputs(inner.decoder) as z:
    first = model.sample(400)["t"]
fact("z is drawn from N(0, I)", standard_normal(np.concatenate(z)))
second = model.sample(400)["t"]
fact("a second call gives other rows", not first.equals(second))
torch.manual_seed(5)
np.random.seed(5)  # noqa: NPY002
model.reset_sampling()
fact(
    "from the start it gives the first rows again, whatever seeds were set",
    first.equals(model.sample(400)["t"]),
)
fact("no encoder is kept", not any("encoder" in name for name in vars(inner)))
done()
