"""With a larger weight N(0, I) is far from q(z), and what is drawn from it is fuzzy.

Means: From the smallest to the largest α at one β, a classifier tells codes from the prior more easily and more of
the prior lies where there are no codes; and there samples from the prior have less fine detail than samples from q(z)
of the same model.
Reads: `metrics.parquet` of `reconstruction_weight`, else of `sampling_strategies`: latent_c2st and hole_mass of the
model; strategies prior and posterior, metric sharpness (energy of fine detail as a ratio to real data; fuzzy is below
1).
Effect: The changes of AUC and of hole mass, in points; and sharpness of posterior less that of prior on the same
model, as a ratio to real data, at every setting.
Matters: 5 points, and 0.05 of real data's detail.
Supports: The effects lie above 0.05.
Refutes: They lie below 0.05: the prior is as near as before, or its samples are as sharp.
"""

from study.claims.base import Claim, Measure
from study.claims.measures import change, difference, fact

READS = ("reconstruction_weight", "sampling_strategies")

CLAIM = Claim(
    number=13,
    said_by="Arun",
    declared=__doc__ or "",
    tests=(
        *(
            Measure(
                metric,
                "rise from the smallest α to the largest",
                change(fact(metric), axis="alpha"),
                0.05,
                "above",
                READS,
                "points",
                axis="beta",
                part="far",
            )
            for metric in ("latent_c2st", "hole_mass")
        ),
        Measure(
            "sharpness",
            "sharpness of `posterior` less that of `prior`",
            difference("posterior", "sharpness", minus="prior"),
            0.05,
            "above",
            READS,
            "plain",
            part="fuzzy",
        ),
    ),
)
