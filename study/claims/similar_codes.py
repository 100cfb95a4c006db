"""Similar inputs get similar codes, even in one latent dimension.

Means: With one latent number, draws from the codes of a class decode to that class, and clearly so. The decoder sees
the number alone, so the codes of a class must lie together, apart from those of others.
Reads: `metrics.parquet` of `latent_maps`, models with latent_dim 1: strategy class-posterior, metrics label_accuracy
and confidence, by run, seed and evaluation.
Effect: The share of samples that an independent classifier assigns to the class asked for, and its mean confidence,
in points. Of ten classes, codes without order would give 10.
Matters: 50 %: as many right as wrong, five times chance.
Supports: The effects lie above 50 %.
Refutes: They lie below 50 %.
"""

from study.claims.base import LABELLED, Claim, Measure
from study.claims.measures import only, value

CLAIM = Claim(
    number=10,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=tuple(
        Measure(
            metric,
            f"{metric} of `class-posterior`, one latent",
            only(value("class-posterior", metric), lambda place: place["latent_dim"] == 1),
            0.5,
            "above",
            ("latent_maps",),
            "percent",
        )
        for metric in ("label_accuracy", "confidence")
    ),
    datasets=LABELLED,
)
