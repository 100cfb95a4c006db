"""The most informative units have the highest KL from the prior.

Means: Ranked by what a latent tells about the example, the latents of a model have the same order as ranked by their
KL from the prior: by KL(q(zⱼ|x)‖N(0, 1)), and by how far their marginal is from N(0, 1).
Reads: `latents.parquet` of `kl_per_dimension`, else of `sampling_strategies` or `gap_ladder`: columns
mutual_information, mean_variance, kl and marginal_kl, of all dimensions of a model.
Effect: Spearman's rank correlation over the dimensions of a model, of mutual_information with kl, of mean_variance
with kl, and of mutual_information with marginal_kl.
Matters: 0.5: a quarter of the variance of ranks.
Supports: The effects lie above 0.5.
Refutes: They lie below 0.5. If it holds of the posteriors' KL and not of the marginals', it depends on what is
measured.
"""

from collections.abc import Callable

import pandas as pd

from study.claims.base import Claim, Measure
from study.claims.measures import per_model
from study.claims.shared import READS

TOLD = {"mutual_information": "information about the example", "mean_variance": "variance of means"}


def _ranks(one: str, other: str) -> Callable[[pd.DataFrame], float]:
    return lambda rows: float(rows[one].corr(rows[other], method="spearman"))


CLAIM = Claim(
    number=20,
    said_by="the β-VAE paper, through Reeves",
    declared=__doc__ or "",
    tests=tuple(
        Measure(
            by,
            f"rank correlation with {TOLD[informative]}",
            per_model("latents", _ranks(informative, by)),
            0.5,
            "above",
            ("kl_per_dimension", *READS),
            "plain",
            part="KL of the marginal" if by == "marginal_kl" else "KL of the posterior",
        )
        for informative, by in (
            ("mutual_information", "kl"),
            ("mean_variance", "kl"),
            ("mutual_information", "marginal_kl"),
        )
    ),
    figure="dimensions",
)
