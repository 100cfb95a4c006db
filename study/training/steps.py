"""What training does, whether its data are on the device or streamed: the batches, a step, a check, when to stop.

All of it is traced. α, β and the step size are the traced `Weights` of one cell.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, Scalar

from study.config import TrainConfig
from study.data.base import Dataset
from study.data.large import LargeDataset
from study.runtime.keys import stage_key
from study.training import loop
from study.training.architecture import Architecture
from study.training.convergence import MATTERS

BINARISE = 0xB1  # folded into a step's key to draw its binary examples; models fold in smaller numbers
EXEMPLARS = 0xE6  # folded into a key to draw exemplars, or their binary values


class Part(NamedTuple):
    """x `[N, D]` and labels `[N]` int32; labels are None if the family does not see them."""

    x: Any
    labels: Any

    @classmethod
    def of(
        cls, data: Dataset | LargeDataset, split: Literal["train", "validation"], labelled: bool
    ) -> "Part":
        """A split of a data set, with its labels if the family sees them."""
        labels = getattr(data, f"{split}_labels") if labelled else None
        return cls(getattr(data, split), None if labels is None else labels.astype(np.int32))


class Weights(NamedTuple):
    """The traced numbers of a cell."""

    alpha: Any
    beta: Any
    learning_rate: Any


class Keys(NamedTuple):
    """Of one training: for its initial parameters, its steps and its checks."""

    initial: jax.Array
    train: jax.Array
    check: jax.Array


class Best(NamedTuple):
    """The state of early stopping: parameters to return, lowest loss, epochs since these parameters, epochs so far.

    The parameters are those of the last epoch whose loss was not higher than the lowest by more than `MATTERS` of it.
    The lowest of many epochs with a large step size is luck: a linear VAE stopped there at a rate of 1.48 nats, with a
    loss 0.02 % below that of the last epoch, where the rate was 1.63 nats and the optimum's is 1.66.
    """

    parameters: Any
    lowest: Scalar
    waited: Scalar
    epochs: Scalar


def keys_of(seed: Any) -> Keys:
    """The keys of a training with this seed."""
    return Keys(*jax.random.split(stage_key(seed, "train"), 3))


def drawn(
    train_key: jax.Array, number: Any, training: TrainConfig, n: int, seen: int
) -> tuple[Int[Array, "steps {seen}"], jax.Array]:
    """The rows that each step of an epoch over n examples sees, first those of its batch, and the keys of the steps.

    The further ones are those that follow in the order of the epoch, which is a circle: a random subset without
    repetition of all examples but the batch's.
    """
    steps, batch = training.steps_per_epoch(n), min(training.batch_size, n)
    order_key, noise_key = jax.random.split(jax.random.fold_in(train_key, number))
    order = jax.random.permutation(order_key, n)
    if seen == batch:
        rows = order[: steps * batch].reshape(steps, batch)
    else:
        rows = order[(jnp.arange(steps)[:, None] * batch + jnp.arange(seen)[None]) % n]
    return rows, jax.random.split(noise_key, steps)


def check_rows(check_key: jax.Array, n: int, seen: int) -> Int[Array, " {seen}"]:
    """The training examples, of n, on which the prior stands in every check of a family with `exemplars`."""
    return jax.random.permutation(jax.random.fold_in(check_key, EXEMPLARS), n)[:seen]


def objective(
    architecture: Architecture,
    training: TrainConfig,
    alpha: Scalar,
    parameters: Any,
    weight: Scalar,
    key: jax.Array,
    part: Part,
    exemplars: Any = None,
    *,
    holds_batch: bool = False,
) -> tuple[Scalar, Float[Array, "2"]]:
    """The loss of some examples with `weight` for β, and their mean (recon, rate).

    In a family with `exemplars` its prior stands on these, `[M, D]`, of which the first are x itself if they hold it.
    """
    if training.binarise:
        part = part._replace(x=_binary(jax.random.fold_in(key, BINARISE), part.x))
    model = architecture.merge(parameters)
    if exemplars is not None:
        if training.binarise:
            exemplars = _binary(jax.random.fold_in(key, EXEMPLARS), exemplars)
        model.stand_on(exemplars, holds_batch=holds_batch)
    loss = model.loss(key, *part, alpha, weight)
    return loss.value, jnp.stack([loss.recon.mean(), loss.rate.mean()])


def step(
    architecture: Architecture,
    training: TrainConfig,
    weights: Weights,
    n: int,
) -> Callable[[Any, Any, jax.Array, Part], tuple[Any, Float[Array, "2"]]]:
    """A function of (parameters and moments, number of the step, its key, its examples) for n training examples.

    It returns parameters and moments after the step, and (recon, rate) before it. The examples are all that a step
    sees, first those of its batch.
    """
    adam, batch = optimiser(architecture), min(training.batch_size, n)
    total = training.steps_per_epoch(n) * training.epochs(n)

    def one(carry: Any, count: Any, key: jax.Array, examples: Part) -> tuple[Any, Float[Array, "2"]]:
        done = count.astype(jnp.float32) / total
        weight = weights.beta * _warmup(training, done)
        own, exemplars = examples, None
        if architecture.exemplars:
            own, exemplars = jax.tree.map(lambda a: a[:batch], examples), examples.x

        def loss(parameters: Any) -> tuple[Scalar, Float[Array, "2"]]:
            arguments = (parameters, weight, key, own, exemplars)
            return objective(architecture, training, weights.alpha, *arguments, holds_batch=True)

        return loop.descend(
            adam, carry, weights.learning_rate * _schedule(training, done), loss, has_aux=True
        )

    return one


def optimiser(architecture: Architecture) -> optax.GradientTransformation:
    """Adam as the family wants it."""
    return loop.adam(momentum=architecture.momentum)


def checked(
    architecture: Architecture,
    training: TrainConfig,
    weights: Weights,
    parameters: Any,
    key: jax.Array,
    validation: Part,
    batch: int,
    exemplars: Any = None,
) -> tuple[Scalar, Float[Array, "2"]]:
    """The objective on validation data; computed in blocks of about one batch if `architecture.blockwise`.

    A family with `exemplars` is given some training examples, `[M, D]`, for its prior.
    """

    def value(key: jax.Array, part: Part) -> tuple[Scalar, Float[Array, "2"]]:
        return objective(
            architecture, training, weights.alpha, parameters, weights.beta, key, part, exemplars
        )

    if not architecture.blockwise:
        return value(key, validation)
    blocks = _in_blocks(validation, batch)
    values = jax.lax.map(lambda block: value(*block), (jax.random.split(key, len(blocks.x)), blocks))
    return jax.tree.map(lambda value: value.mean(0), values)


def finished(
    architecture: Architecture, training: TrainConfig, initial_key: jax.Array, parameters: Any, train: Part
) -> Any:
    """The parameters, with those that come from the training data after the last step."""
    key = jax.random.fold_in(initial_key, 2)
    if training.binarise and architecture.exemplars:
        # The codes that are kept are those of binary examples, as in each step.
        train = train._replace(x=_binary(jax.random.fold_in(key, EXEMPLARS), train.x))
    return architecture.finish(key, parameters, *train)


def nothing_yet(parameters: Any) -> Best:
    """Before the first epoch."""
    return Best(parameters, jnp.float32(jnp.inf), jnp.int32(0), jnp.int32(0))


def better(
    best: Best, parameters: Any, value: Scalar, number: Any, training: TrainConfig, epochs: int
) -> Best:
    """After epoch `number` of `epochs`, with this loss on validation data."""
    good = value <= best.lowest + MATTERS * jnp.abs(best.lowest)
    kept = jax.tree.map(lambda new, old: jnp.where(good, new, old), parameters, best.parameters)
    lowest = jnp.where(value < best.lowest, value, best.lowest)
    warming = number < math.ceil(training.kl_warmup * epochs)
    waited = jnp.where(good | warming, 0, best.waited + 1)
    return Best(kept, lowest, waited, number + 1)


def _binary(key: jax.Array, x: Float[Array, "N D"]) -> Float[Array, "N D"]:
    """Draws from Bernoulli(x)."""
    return jax.random.bernoulli(key, x).astype(x.dtype)


def _in_blocks(part: Part, batch: int) -> Part:
    """`[N, ·]` as k blocks of at most a batch, `[k, N // k, ·]`; fewer than k examples are left out."""
    n = len(part.x)
    k = -(-n // batch)
    return jax.tree.map(lambda a: a[: n // k * k].reshape(k, n // k, *a.shape[1:]), part)


def _schedule(training: TrainConfig, done: Scalar) -> Scalar:
    """Factor on the step size when a share `done` of all steps, 0 to 1, is completed."""
    if training.schedule == "constant":
        return jnp.float32(1.0)
    return 0.5 * (1 + jnp.cos(jnp.pi * done))


def _warmup(training: TrainConfig, done: Scalar) -> Scalar:
    """Factor on β when a share `done` of all steps is completed."""
    return jnp.minimum(1.0, done / training.kl_warmup) if training.kl_warmup else jnp.float32(1.0)
