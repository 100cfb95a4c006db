"""To get images like a given one, draw from its posterior: an image of 1 gives 1s.

Means: Samples decoded from the posteriors of training examples of a class belong to that class about as often as real
images do, and look as real as reconstructions.
Reads: `metrics.parquet` of `conditional`, else of `sampling_strategies`: plain VAEs, strategies class-posterior,
held-out and reconstruction; metrics label_accuracy, confidence and precision.
Effect: The value of class-posterior less that of held-out data (label_accuracy, confidence) or of reconstructions
(precision), in points.
Matters: −5 points: one image in twenty of another class.
Supports: The effects lie above −5 points.
Refutes: They lie below −5 points.
"""

from study.claims.base import LABELLED, MAIN, Claim, Measure
from study.claims.measures import difference

CLAIM = Claim(
    number=11,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=tuple(
        Measure(
            metric,
            f"`class-posterior` less `{other}`",
            difference("class-posterior", metric, minus=other),
            -0.05,
            "above",
            ("conditional", *MAIN),
            "points",
        )
        for metric, other in (
            ("label_accuracy", "held-out"),
            ("confidence", "held-out"),
            ("precision", "reconstruction"),
        )
    ),
    datasets=LABELLED,
)
