"""After training, q(z) resembles N(0, I).

Means: A classifier can hardly tell codes from draws of N(0, I), hardly any draw of N(0, I) lies where there are no
codes, and the marginal of the latent that is farthest from N(0, 1) is near it.
Reads: `metrics.parquet` and `latents.parquet` of `sampling_strategies`, else of `gap_ladder`: latent_c2st and
hole_mass of the model; column w1, its largest value over dimensions.
Effect: The classifier's AUC less ½ and hole mass less 1 %, in points; and the largest Wasserstein-1 distance of a
marginal from N(0, 1), in standard deviations of N(0, 1).
Matters: 5 points (an AUC of 0.55 is hardly better than guessing), and a tenth of a standard deviation.
Supports: The effects lie below these.
Refutes: They lie above.
"""

from study.claims.base import Claim, Measure
from study.claims.shared import C2ST, FARTHEST, HOLES, READS, resembles

CLAIM = Claim(
    number=14,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=(
        resembles(C2ST),
        resembles(HOLES),
        Measure("w1", "W₁ of the farthest marginal", FARTHEST["w1"], 0.1, "below", READS, "sd"),
    ),
    figure="mismatch",
)
