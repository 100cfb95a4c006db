"""q(z|x) is unlikely to be anything close to the true posterior p(z|x).

Means: KL(q(z|x)‖p(z|x)) of held-out data is a sizeable part of the information that the encoder gives about x,
KL(q(z|x)‖p(z)).
Reads: `metrics.parquet` of `posterior_gap`: rows of the model, metrics posterior_gap (5000 importance samples),
posterior_gap_ais (annealing) and rate.
Effect: Either lower bound on KL(q(z|x)‖p(z|x)) over the rate, in percent.
Matters: 10 % of the rate. Models with a rate below 0.1 nats have collapsed and are left out.
Supports: The effects lie above 10 %.
Refutes: Nothing: both are lower bounds, which cannot show that two distributions are close. Below 10 % nothing is
decided.
"""

from collections.abc import Callable

import pandas as pd

from study.claims.base import Claim, Measure
from study.claims.measures import fact

COLLAPSED = 0.1  # nats


def _share(metric: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda models: (models[metric] / models["rate"]).where(models["rate"] > COLLAPSED)


CLAIM = Claim(
    number=17,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=tuple(
        Measure(
            metric,
            f"lower bound on KL(q(z|x)‖p(z|x)) by {how}, over the rate",
            fact(_share(metric)),
            0.1,
            "above",
            ("posterior_gap",),
            "percent",
            refutes=False,
        )
        for metric, how in (("posterior_gap", "importance samples"), ("posterior_gap_ais", "annealing"))
    ),
)
