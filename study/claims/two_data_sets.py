"""For two data sets N(0, 1) is the same and the learned latent space is not, so sampling from it is better.

Means: Given to one decoder, codes of the other data set make worse samples than codes of its own: the learned spaces
differ. And codes of its own make better ones than N(0, I) does.
Reads: `crossed.csv`, which `two_datasets` writes beside `metrics.parquet`: columns data (of the decoder), alpha,
beta, seed, source (N(0, I), own codes, other's codes), metric and value; metrics kid and coverage.
Effect: How much lower KID is with own codes than with the other's codes, and than with N(0, I), as a share of the
latter, which are zero at best; and the coverage with own codes less that with either, in points.
Matters: 5 % of KID, as of the gap in the whole study, and 5 points of coverage.
Supports: The effects lie above 5.
Refutes: They lie below 5. If only one half holds, the claim depends on what is measured.
"""

from study.claims.base import Claim, Measure
from study.claims.measures import by_source
from study.statistics import MATTERS

READS = ("two_datasets",)
OWN = "own codes"
OTHERS = {"spaces differ": "other's codes", "own codes are better": "N(0, I)"}

CLAIM = Claim(
    number=22,
    said_by="Arun",
    declared=__doc__ or "",
    tests=tuple(
        test
        for part, other in OTHERS.items()
        for test in (
            Measure(
                "kid",
                f"share by which own codes lower KID against {other}",
                by_source("kid", OWN, other, relative=True),
                MATTERS,
                "above",
                READS,
                "percent",
                part=part,
            ),
            Measure(
                "coverage",
                f"coverage with own codes less with {other}",
                by_source("coverage", other, OWN, relative=False),
                0.05,
                "above",
                READS,
                "points",
                part=part,
            ),
        )
    ),
    datasets=("mnist", "fashion-mnist"),
)
