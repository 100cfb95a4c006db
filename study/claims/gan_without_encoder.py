"""Without an encoder, the same N(0, I) works with the training of a GAN.

Means: A generator of the same size as the VAE's decoder, trained as a GAN on draws of N(0, I) alone, gives samples no
worse than the VAE's draws from N(0, I).
Reads: `metrics.parquet` of `gan_baseline`: strategy prior of families gan and vae, and held-out; metrics kid,
fd_infinity and coverage.
Effect: A share of the gap in KID, FD∞ and coverage between draws from the prior and real held-out data, from 0 (as
the prior) to 1 (as real data) of the VAE, that the GAN closes, paired by seed, at each β of the VAE.
Matters: −5 % of the gap, the smallest effect that matters in the whole study.
Supports: The effects lie above −5 %.
Refutes: They lie below −5 %.
"""

from study.claims.base import QUALITY, Claim, Measure
from study.claims.measures import against
from study.statistics import MATTERS

CLAIM = Claim(
    number=23,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=tuple(
        Measure(
            metric,
            "share of the gap of `vae` closed by `gan`",
            against(metric, own={"family": "gan", "decode": "mean"}, match=()),
            -MATTERS,
            "above",
            ("gan_baseline",),
        )
        for metric in QUALITY
    ),
)
