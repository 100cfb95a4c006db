"""N(0, I) feeds the decoder inputs that it was not trained for, and there quality falls.

Means: A part of the draws from the prior lies where q(z), the distribution of training inputs of the decoder, has
almost no mass; and draws from the prior that lie there decode to real-looking samples less often.
Reads: `metrics.parquet` and `draws.parquet` of `sampling_strategies`, else of `gap_ladder`: hole_mass of the model;
single draws from the prior in bins of log q(z), columns bin, draws and inside (the manifold of real data); metric
precision of prior, posterior and held-out.
Effect: Hole mass less 1 %, in points. The share of prior draws inside the manifold of real data among those with the
larger log q(z) (the upper half of the bins) less that among the others, in points. The share of the gap in precision
that exact draws from q(z) close.
Matters: 5 points, and 5 % of the gap, the smallest effect that matters in the whole study.
Supports: The effects lie above 5.
Refutes: They lie below 5: the prior has no such draws, or quality does not fall there.
"""

from study.claims.base import Claim, Measure
from study.claims.measures import closed
from study.claims.shared import HOLES, INSIDE, READS
from study.statistics import MATTERS

CLAIM = Claim(
    number=5,
    said_by="Reeves",
    declared=__doc__ or "",
    tests=(
        HOLES,
        INSIDE,
        Measure(
            "precision",
            "share of the gap in precision closed by `posterior`",
            closed("posterior", "precision"),
            MATTERS,
            "above",
            READS,
        ),
    ),
    figure="quality",
)
