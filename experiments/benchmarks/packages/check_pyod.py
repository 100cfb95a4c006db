"""pyod's VAE: what it can draw; `findings/` has what it weighs and what its encoder gives.

Needs: torch==2.13.0 pyod==3.6.7 tqdm==4.67.1
"""

import inspect

from facts import done, fact
from pyod.models.vae import VAE

names = {name for name in dir(VAE) if not name.startswith("_")}
fact("it generates nothing", not {name for name in names if "sampl" in name or "generat" in name})
given = inspect.signature(VAE).parameters
fact(
    "capacity, to which the KL is clamped, is 0 by default",
    given["capacity"].default == 0.0 and given["beta"].default == 1.0,
)
fact("there is a random_state", "random_state" in given)
done()
