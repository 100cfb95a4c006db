"""For two data sets N(0, 1) is the same and the learned latent space is not, so sampling from it is better.

Means: Codes of one data set, given to the decoder of another, give worse samples than N(0, I) does: the learned
spaces differ. And codes of the decoder's own data set give better ones than N(0, I).
Reads: `metrics.parquet` of `two_datasets`, and its own table with the same columns: strategies prior, posterior,
other-posterior (codes of the other data set) and held-out; metrics kid and fd_infinity.
Effect: A share of the gap in KID and FD∞ between the prior and real data: minus what other-posterior closes, and what
posterior closes.
Matters: 5 % of the gap, the smallest effect that matters in the whole study.
Supports: Both effects lie above 5 %.
Refutes: They lie below 5 %. If only one half holds, the claim depends on what is measured.
"""

from study.claims.base import Claim, Measure
from study.claims.measures import closed
from study.statistics import MATTERS

CLAIM = Claim(
    number=22,
    said_by="Arun",
    declared=__doc__ or "",
    tests=tuple(
        Measure(metric, quantity, of(metric), MATTERS, "above", ("two_datasets",), part=part)
        for metric in ("kid", "fd_infinity")
        for part, quantity, of in (
            (
                "spaces differ",
                "share that `other-posterior` loses",
                lambda metric: closed("prior", metric, minus="other-posterior"),
            ),
            (
                "own codes are better",
                "share of the gap closed by `posterior`",
                lambda metric: closed("posterior", metric),
            ),
        )
    ),
    datasets=("mnist", "fashion-mnist"),
)
