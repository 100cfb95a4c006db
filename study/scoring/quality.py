"""Are draws worse where q(z) is low? For single draws, log q(z) and whether the decoded sample lies among real data.

A mean over draws does not distinguish a strategy that is slightly wrong everywhere from one that is only wrong in holes
of q(z); single draws do.
"""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Float, Float32, Integer

from study.latents import AggregatePosterior, Latents
from study.metrics.evaluate import Evaluator
from study.runtime.drawing import split
from study.scoring.context import DRAWS, Context, Measured
from study.scoring.generate import decoder, in_range
from study.strategies import Decoder, strategy
from study.strategies.base import with_labels

MOST = 1000  # draws of each source, at most
DRAWN = ("prior", "posterior")
RECONSTRUCTION = "reconstruction"


def measure_quality(context: Context) -> Measured:
    """Single draws with their density and quality, see `quality_along_density`; empty without codes or evaluator."""
    encoded, evaluator, model, data = context.encoded, context.evaluator, context.model, context.data
    if encoded is None or evaluator is None:
        return Measured()
    key = jax.random.fold_in(split(context.key, 5)[0], 2)
    scored = decoder(key, model, context.decode)
    found = quality_along_density(
        key,
        model=model,
        decode=lambda z, labels: in_range(
            scored.decode(z, *with_labels(model, labels)), data, context.decode
        ),
        train=encoded.train,
        held_out=encoded.held_out,
        evaluator=evaluator,
    )
    return Measured(arrays={f"{DRAWS}/{source}": array for source, array in found.items()})


def quality_along_density(
    key: jax.Array,
    *,
    model: Decoder,
    decode: Callable[[Float[np.ndarray, "n d"], Integer[np.ndarray, " n"] | None], Float[np.ndarray, "n D"]],
    train: Latents,
    held_out: Latents,
    evaluator: Evaluator,
) -> dict[str, Float32[np.ndarray, "_ 2"]]:
    """Single draws of each source with their density and quality.

    Args:
        key: jax.random key.
        model: for strategies that need it.
        decode: z and labels, or None -> samples as they are scored.
        train: posteriors of the training examples, which define q(z).
        held_out: posteriors of examples that were not trained on.
        evaluator: decides which samples lie in the manifold of real data.

    Returns:
        For each source ("prior", "posterior", and "reconstruction": codes of held-out data):
        log q(z) in nats, and 1 if the sample lies in the manifold, else 0 (the mean of these is precision).
    """
    fit_key, draw_key, code_key = split(key, 3)
    codes = {name: strategy(name).fit(fit_key, train, model=model).sample(draw_key, n=MOST) for name in DRAWN}
    codes[RECONSTRUCTION] = held_out.sample(code_key)[:MOST]
    asked = _labels(jax.random.fold_in(draw_key, 1), train)
    labels: dict[str, np.ndarray | None] = dict.fromkeys(DRAWN, asked)
    labels[RECONSTRUCTION] = None if held_out.labels is None else held_out.labels[:MOST]
    q = AggregatePosterior(train)
    return {
        name: np.stack([q.log_prob(z), evaluator.inside(decode(z, labels[name]))], axis=1).astype(np.float32)
        for name, z in codes.items()
    }


def _labels(key: jax.Array, train: Latents) -> Integer[np.ndarray, " most"] | None:
    """Labels of `MOST` training examples, for a conditional model."""
    if train.labels is None:
        return None
    return train.labels[np.asarray(jax.random.randint(key, (MOST,), 0, train.n))]
