"""Training on data that stay on disk: the same model as the engine's, one cell at a time, with bounded memory.

The batches are those of the engine: the same permutation of all rows in every epoch, from the same keys. While the
device takes the steps of one block of batches, threads read the next ones. A loader such as grain would not read faster
(`experiments/benchmarks/large_reading.py`), its own order of the rows would give another model, and the state of its
iterator is one number, which is kept here beside the moments of Adam.

In memory stay the numbers of the rows in an epoch (4 bytes each, several times that while they are drawn), a few
blocks, and the validation rows of a `LargeDataset`. What a family takes from the training data as a whole, before the
first step or after the last, comes from their first `PART` rows, which are in random order: the mean at which
`output_bias="data"` begins, the pseudo-inputs of `vampprior`, the variance of `sigma-vae`, the codes that `exemplar`
keeps. A step of `exemplar` reads all rows that it sees, several times those of its batch, and its model is that of the
engine up to last bits only.
"""

import collections
import dataclasses
import functools
import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from study.config import TrainConfig
from study.config.serialise import to_dict
from study.data.binarise import check_binarisable
from study.data.large import LargeDataset
from study.runtime.keys import IMPLEMENTATION
from study.training import loop, steps
from study.training.architecture import PART, Architecture
from study.training.engine import Cell
from study.training.model import TrainedModel
from study.training.resuming import Kept, State
from study.training.steps import Best, Part, Weights

BLOCK = 8 << 20  # bytes of a block of batches
READERS = 2  # threads, each of which reads a block
EVERY = 60.0  # seconds between two writes of the state


def train_streamed(
    data: LargeDataset,
    architecture: Architecture,
    training: TrainConfig,
    cell: Cell,
    *,
    resume: Path | None = None,
) -> TrainedModel:
    """Train one cell; the model is not finite if it diverged.

    Args:
        data: whose training rows are streamed.
        architecture: of the model.
        training: how it is trained.
        cell: its weights, seed and step size.
        resume: a file that keeps the state, written about once a minute and at the end. If it exists, training goes on
            from there.

    Raises:
        StudyError: `binarise` with data outside [0, 1], data that cannot be read or have changed, or a state that
            belongs to another training.
    """
    if not architecture.encodes:
        training = dataclasses.replace(training, patience=0)
    if training.binarise:
        check_binarisable(data)
    run = _Run(data, architecture, training, cell)
    kept = Kept(resume, _deciding(data, architecture, training, cell)) if resume else None
    state = run.begin() if kept is None else kept.load(run.begin())
    saved = time.monotonic()
    for later in run.go_on(state):
        state = later
        if kept is not None and time.monotonic() - saved > EVERY:
            kept.save(state)
            saved = time.monotonic()
    if kept is not None:
        kept.save(state)
    return run.model(state)


def _deciding(
    data: LargeDataset, architecture: Architecture, training: TrainConfig, cell: Cell
) -> dict[str, Any]:
    """Everything that decides the model, by the names that a user knows."""
    settings = training.deciding
    first = {
        "data of fingerprint": data.fingerprint,
        "seed": cell.seed,
        "batch_size": settings.pop("batch_size"),
    }
    weights = {"alpha": cell.alpha, "beta": cell.beta}
    model = {f"model.{name}": value for name, value in to_dict(architecture.config).items()}
    return {**first, **weights, **settings, **model, "likelihood": architecture.likelihood}


class _Run:
    """One training: its programs, and the data that go through them."""

    def __init__(self, data: LargeDataset, architecture: Architecture, training: TrainConfig, cell: Cell):
        self._architecture, self._training, self._cell = architecture, training, cell
        self._weights = Weights(*map(jnp.float32, (cell.alpha, cell.beta, cell.learning_rate)))
        self._keys = steps.keys_of(jnp.uint32(cell.seed))
        self._n = len(data.train)
        self._train = Part.of(data, "train", architecture.conditional)
        self._validation = jax.tree.map(jnp.asarray, Part.of(data, "validation", architecture.conditional))
        self._batch = min(training.batch_size, self._n)
        self._count = training.steps_per_epoch(self._n)
        self._epochs = training.epochs(self._n)
        self._seen = architecture.seen(self._batch, self._n)
        self._per_block = min(self._count, max(1, BLOCK // (4 * self._seen * architecture.size)))
        self._exemplars = self._for_checks() if architecture.exemplars else None

    def begin(self) -> State:
        """The state before the first step."""
        parameters = _begin(self._architecture, self._n, self._keys.initial, self._part().x)
        start = loop.begin(steps.optimiser(self._architecture), parameters)
        best = steps.nothing_yet(jax.tree.map(jnp.copy, parameters))  # steps write over the others
        return State(start, best, 0, np.zeros((0, 2, 2), np.float32), np.zeros((0, 2), np.float32))

    def go_on(self, state: State) -> Iterator[State]:
        """Train to the end; yields the state after every block, and after every epoch."""
        while state.epoch < self._epochs and not self._stopped(state):
            number = jnp.int32(state.epoch)
            order, noise = map(
                np.asarray, _drawn(self._training, self._n, self._seen, self._keys.train, number)
            )
            starts = range(len(state.recent), self._count, self._per_block)
            reads = (
                functools.partial(self._read, order[start : start + self._per_block]) for start in starts
            )
            for start, block in zip(starts, ahead(reads), strict=True):
                count = min(self._per_block, self._count - start)
                places = start + np.minimum(np.arange(self._per_block), count - 1)  # the last one is filled
                carry, losses = _advance(
                    self._architecture,
                    self._training,
                    self._n,
                    self._weights,
                    state.carry,
                    jnp.int32(state.epoch * self._count + start),
                    jnp.int32(count),
                    noise[places],
                    block,
                )
                recent = np.concatenate([state.recent, np.asarray(losses)[:count]])
                state = state._replace(carry=carry, recent=recent)
                yield state
            state = self._checked(state)
            yield state

    def model(self, state: State) -> TrainedModel:
        """The model of the last state."""
        parameters = state.best.parameters if self._training.patience else state.carry[0]
        parameters = _finish(self._architecture, self._training, self._keys.initial, parameters, self._part())
        decay = self._epochs if self._training.schedule == "cosine" else 0
        cell, plain = self._cell, jax.tree.map(np.asarray, parameters)
        return TrainedModel(self._architecture, plain, cell.alpha, cell.beta, cell.seed, state.losses, decay)

    def _part(self) -> Part:
        """The first training rows, on the device."""
        return jax.tree.map(lambda a: jnp.asarray(a[:PART]), self._train)

    def _stopped(self, state: State) -> bool:
        return bool(self._training.patience and state.best.waited >= self._training.patience)

    def _checked(self, state: State) -> State:
        """The state after the check at the end of an epoch."""
        best, losses = _check(
            self._architecture,
            self._training,
            self._epochs,
            self._weights,
            state.carry[0],
            state.best,
            jnp.int32(state.epoch),
            self._keys.check,
            self._validation,
            state.recent,
            self._exemplars,
        )
        losses = np.concatenate([state.losses, np.asarray(losses)[None]])
        return State(state.carry, best, state.epoch + 1, losses, state.recent[:0])

    def _for_checks(self) -> Float[Array, "seen D"]:
        """The training examples on which the prior stands in every check."""
        rows = steps.check_rows(self._keys.check, self._n, self._seen)
        return jnp.asarray(self._train.x[np.asarray(rows)])

    def _read(self, rows: Int[np.ndarray, "steps seen"]) -> Part:
        """What the steps of a block see, filled with zeros if it is the last of an epoch."""
        x = np.zeros((self._per_block, self._seen, self._architecture.size), np.float32)
        x[: len(rows)] = self._train.x[rows.ravel()].reshape(*rows.shape, -1)
        if self._train.labels is None:
            return Part(x, None)
        labels = np.zeros(x.shape[:2], np.int32)
        labels[: len(rows)] = self._train.labels[rows]
        return Part(x, labels)


def ahead(reads: Iterator[Callable[[], Part]]) -> Iterator[Part]:
    """The results of all calls in their order, while threads work on the next ones."""
    with ThreadPoolExecutor(READERS) as pool:
        waiting: collections.deque[Future[Part]] = collections.deque()
        try:
            waiting.extend(pool.submit(read) for read in itertools.islice(reads, READERS))
            while waiting:
                found = waiting.popleft().result()
                waiting.extend(pool.submit(read) for read in itertools.islice(reads, 1))
                yield found
        finally:
            for left in waiting:
                left.cancel()


@functools.partial(jax.jit, static_argnums=(0, 1))
def _begin(architecture: Architecture, n: int, key: jax.Array, part: Float[Array, "k D"]) -> Any:
    return architecture.initialise(key, part, n)


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _drawn(
    training: TrainConfig, n: int, seen: int, key: jax.Array, number: Int[Array, ""]
) -> tuple[jax.Array, jax.Array]:
    """Rows and raw keys of the steps of an epoch."""
    order, noise = steps.drawn(key, number, training, n, seen)
    return order, jax.random.key_data(noise)


@functools.partial(jax.jit, static_argnums=(0, 1, 2), donate_argnums=4)
def _advance(
    architecture: Architecture,
    training: TrainConfig,
    n: int,
    weights: Weights,
    carry: Any,
    first: Int[Array, ""],
    count: Int[Array, ""],
    keys: UInt32[Array, "steps 2"] | UInt32[np.ndarray, "steps 2"],
    block: Part,
) -> tuple[Any, Float[Array, "steps 2"]]:
    """The first `count` steps of a block; `first` is the number of its first step."""
    advance = steps.step(architecture, training, weights, n)
    noise = jax.random.wrap_key_data(jnp.asarray(keys), impl=IMPLEMENTATION)

    def step(i: Any, state: tuple[Any, jax.Array]) -> tuple[Any, jax.Array]:
        carry, losses = state
        carry, loss = advance(carry, first + i, noise[i], jax.tree.map(lambda a: a[i], block))
        return carry, losses.at[i].set(loss)

    return jax.lax.fori_loop(jnp.int32(0), count, step, (carry, jnp.zeros((len(keys), 2))))


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _check(
    architecture: Architecture,
    training: TrainConfig,
    epochs: int,
    weights: Weights,
    parameters: Any,
    best: Best,
    number: Int[Array, ""],
    key: jax.Array,
    validation: Part,
    losses: Float[Array, "steps 2"],
    exemplars: Float[Array, "seen D"] | None,
) -> tuple[Best, Float[Array, "2 2"]]:
    """Early stopping, and the losses of an epoch."""
    value, checked = steps.checked(
        architecture, training, weights, parameters, key, validation, training.batch_size, exemplars
    )
    best = steps.better(best, parameters, value, number, training, epochs)
    return best, jnp.stack([losses.mean(0), checked])


@functools.partial(jax.jit, static_argnums=(0, 1))
def _finish(
    architecture: Architecture, training: TrainConfig, key: jax.Array, parameters: Any, part: Part
) -> Any:
    return steps.finished(architecture, training, key, parameters, part)
