"""The aggregate posterior often does not match the prior, and where it does not cover it sampling fails.

Means: A classifier tells codes of the data from draws of the prior; a part of the prior lies where there are no
codes; and prior draws decode to real-looking samples less often where log q(z) is small.
Reads: `metrics.parquet` and `draws.parquet` of `sampling_strategies`, else of `gap_ladder`: latent_c2st and hole_mass
of the model; single draws from the prior by bins of log q(z), columns draws and inside.
Effect: The classifier's AUC less ½ and hole mass less 1 %, in points; and the share inside the manifold of real data
among prior draws with the larger log q(z) less that among the others, in points.
Matters: 5 points each: an AUC of 0.55 is hardly better than guessing.
Supports: The effects lie above 5 points.
Refutes: They lie below 5 points. “Often” is taken as the mean over the settings; where it holds at some settings
only, the claim depends on s.
"""

from study.claims.base import Claim
from study.claims.shared import C2ST, HOLES, INSIDE

CLAIM = Claim(
    number=7,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=(C2ST, HOLES, INSIDE),
    figure="mismatch",
)
