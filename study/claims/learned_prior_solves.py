"""Learning the prior, or computing the aggregate posterior afterwards, solves it.

Means: A mixture or a flow fitted to q(z) after training gains more than half of what exact draws from q(z) gain, and
so does a prior that was learned with the model (VampPrior, mixture, flow) over the plain VAE at the same weights.
Reads: `metrics.parquet` of `gap_ladder`, else of `sampling_strategies`: strategies prior, posterior, gmm, flow and
held-out; and of `learned_priors`: the strategy prior of families vampprior, mog-prior and flow-prior beside that of
vae; metrics kid and fd_infinity.
Effect: For fits: a share of the gap in KID and FD∞, that of the fit less half of that of posterior. For learned
priors: the share of the plain VAE's gap between prior and real data that the model with the learned prior closes.
Matters: More than half of what can be gained is called a solution, so a fit must be above 0; a learned prior must
close more than 5 % of the gap, the smallest effect that matters in the whole study.
Supports: The effects lie above 0 and 5 %.
Refutes: They lie below. If fits do and learned priors do not, the claim depends on what is measured.
"""

from study.claims.base import MAIN, Claim, Measure
from study.claims.measures import against, closed
from study.statistics import MATTERS

METRICS = ("kid", "fd_infinity")

CLAIM = Claim(
    number=8,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=(
        *(
            Measure(
                metric,
                f"share closed by `{name}` less half of that by `posterior`",
                closed(name, metric, minus="posterior", times=0.5),
                0.0,
                "above",
                ("gap_ladder", *MAIN),
                part="afterwards",
            )
            for name in ("gmm", "flow")
            for metric in METRICS
        ),
        *(
            Measure(
                metric,
                f"share of the gap of `vae` closed by `{family}`",
                against(metric, own={"family": family, "decode": "mean"}),
                MATTERS,
                "above",
                ("learned_priors",),
                part="learned",
            )
            for family in ("vampprior", "mog-prior", "flow-prior")
            for metric in METRICS
        ),
    ),
    figure="ladder",
)
