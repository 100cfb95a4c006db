"""The engine: trains a whole grid over one architecture with one compiled program.

α, β, seed and learning rate of a cell are traced, epochs run inside the program, and the data stay on the device. The
program takes a fixed number of cells per call, so it is compiled once for grids of any size, and the cells of one call
are returned (and can be stored) before the next call begins. The cell axis is distributed over all devices. On a CPU
each device runs its cells one after the other, since a batch of them would not fit in the cache; on other devices it
runs `width` cells by vmap. If the last call has too few cells, it is filled with copies of its last cell, which are
discarded, so that the arithmetic of a cell does not depend on the cells that it is trained with.
"""

import dataclasses
import functools
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, UInt32

from study.config import TrainConfig
from study.data.base import Dataset
from study.data.binarise import check_binarisable
from study.training import loop, steps
from study.training.architecture import Architecture
from study.training.model import TrainedModel
from study.training.steps import Best, Part, Weights


@dataclasses.dataclass(frozen=True)
class Cell:
    """The traced values of one model: its weights, seed and step size."""

    alpha: float
    beta: float
    seed: int
    learning_rate: float


@dataclasses.dataclass(frozen=True)
class Batching:
    """How cells share a program; `mode` and `width` affect the last bits of results, so they are in a cell's store key.

    Attributes:
        mode: "map" (one after the other on each device) or "vmap".
        width: cells per device and call.
    """

    mode: str = "map"
    width: int = 1


class Trained(NamedTuple):
    """The result of one cell: the model, its share of the call's time, and the compilation time, in seconds."""

    cell: Cell
    model: TrainedModel
    seconds: float
    compile_seconds: float


def default_batching(architecture: Architecture) -> Batching:
    """One cell at a time on a CPU; on other devices as many as fit in half the free memory, at most 64."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return Batching()
    shapes = architecture.abstract
    state = (
        sum(leaf.size * 4 for leaf in jax.tree.leaves(shapes)) * 8
    )  # parameters, moments, gradients, copies
    statistics = device.memory_stats() or {}
    free = statistics.get("bytes_limit", 8 << 30) - statistics.get("bytes_in_use", 0)
    width = int(np.clip(free // 2 // max(state, 1), 1, 64))
    return Batching("vmap", 2 ** (width.bit_length() - 1))


def train_cells(
    data: Dataset,
    architecture: Architecture,
    training: TrainConfig,
    cells: Iterable[Cell],
    *,
    batching: Batching | None = None,
    count: int | None = None,
) -> Iterator[Trained]:
    """Train every cell; yields each as soon as its call returns, in the order given.

    Cells are taken from `cells` one call at a time; if it is not a sequence, `count` says how many to expect.

    A diverged cell is yielded like any other, with `model.finite` False.

    Raises:
        StudyError: `binarise` with data outside [0, 1].
    """
    if not architecture.encodes:
        training = dataclasses.replace(training, patience=0)
    if training.binarise:
        check_binarisable(data)
    batching = batching or default_batching(architecture)
    count = len(cells) if isinstance(cells, Sequence) else count or len(jax.devices()) * batching.width
    used = min(len(jax.devices()), -(-count // batching.width)) or 1  # more devices would only train copies
    mesh = Mesh(np.array(jax.devices()[:used]), ("cells",))
    per_call = batching.width * mesh.size
    split, whole = NamedSharding(mesh, PartitionSpec("cells")), NamedSharding(mesh, PartitionSpec())
    parts = (Part.of(data, split, architecture.conditional) for split in ("train", "validation"))
    train, validation = (jax.device_put(part, whole) for part in parts)
    decay = training.epochs(len(data.train)) if training.schedule == "cosine" else 0
    waiting = iter(cells)
    while group := list(itertools.islice(waiting, per_call)):
        filled = group + [group[-1]] * (per_call - len(group))
        columns = zip(*((c.alpha, c.beta, c.learning_rate) for c in filled), strict=True)
        weights = [jax.device_put(np.array(column, np.float32), split) for column in columns]
        seeds = jax.device_put(np.array([c.seed for c in filled], np.uint32), split)
        arguments = (*weights, seeds, train, validation)
        began = time.perf_counter()
        program = _program(architecture, training, batching, mesh, data.train.shape, data.validation.shape)
        compiled, compile_seconds = _compile(program, arguments)
        parameters, losses, epochs = jax.tree.map(np.asarray, compiled(*arguments))
        seconds = (time.perf_counter() - began - compile_seconds) / len(group)
        for i, cell in enumerate(group):
            own = jax.tree.map(lambda leaf, i=i: leaf[i], parameters)
            ran = losses[i][: epochs[i]]
            model = TrainedModel(architecture, own, cell.alpha, cell.beta, cell.seed, ran, decay)
            yield Trained(cell, model, seconds, compile_seconds)


class _Program(NamedTuple):
    """A jitted function and its compiled executable, a list that is empty until the first call."""

    function: Any
    executable: list[Any]


def _compile(program: _Program, arguments: tuple[Any, ...]) -> tuple[Any, float]:
    if program.executable:
        return program.executable[0], 0.0
    began = time.perf_counter()
    program.executable.append(program.function.lower(*arguments).compile())
    return program.executable[0], time.perf_counter() - began


@functools.lru_cache(maxsize=16)
def _program(
    architecture: Architecture,
    training: TrainConfig,
    batching: Batching,
    mesh: Mesh,
    train_shape: tuple[int, int],
    validation_shape: tuple[int, int],
) -> _Program:
    """The program for these shapes; cached, so that it is compiled only once."""
    one: Any = functools.partial(_train_one, architecture, training)
    split, whole = PartitionSpec("cells"), PartitionSpec()

    def device(
        alpha: Float[Array, " cells"],
        beta: Float[Array, " cells"],
        learning_rate: Float[Array, " cells"],
        seed: UInt32[Array, " cells"],
        train: Part,
        validation: Part,
    ) -> Any:
        cells = (alpha, beta, learning_rate, seed)
        if batching.mode == "vmap":
            return jax.vmap(lambda *cell: one(*cell, train, validation))(*cells)
        return jax.lax.map(lambda cell: one(*cell, train, validation), cells)

    specs = (split, split, split, split, whole, whole)
    sharded = jax.shard_map(device, mesh=mesh, in_specs=specs, out_specs=split, check_vma=False)
    return _Program(jax.jit(sharded), [])


def _until_no_better(
    epoch: Callable[..., tuple[Any, jax.Array, jax.Array]],
    start: Any,
    parameters: Any,
    numbers: jax.Array,
    training: TrainConfig,
) -> tuple[Best, jax.Array]:
    """Run epochs until none of the last `patience` was as good as the best, see `Best`; returns all losses too."""

    def unless_stopped(carry: tuple[Any, Best], number: jax.Array) -> tuple[tuple[Any, Best], jax.Array]:
        def run(carry: tuple[Any, Best]) -> tuple[tuple[Any, Best], jax.Array]:
            state, best = carry
            state, losses, value = epoch(state, number)
            return (state, steps.better(best, state[0], value, number, training, len(numbers))), losses

        skip = lambda carry: (carry, jnp.zeros((2, 2)))  # noqa: E731
        return jax.lax.cond(carry[1].waited < training.patience, run, skip, carry)

    (_, best), losses = jax.lax.scan(unless_stopped, (start, steps.nothing_yet(parameters)), numbers)
    return best, losses


def _train_one(
    architecture: Architecture,
    training: TrainConfig,
    alpha: jax.Array,
    beta: jax.Array,
    learning_rate: jax.Array,
    seed: jax.Array,
    train: Part,
    validation: Part,
) -> tuple[Any, jax.Array, jax.Array]:
    """Train one cell: parameters, losses `[epochs, 2, 2]` and how many epochs ran; a pure function of its arguments."""
    n = train.x.shape[0]
    batch, count, epochs = min(training.batch_size, n), training.steps_per_epoch(n), training.epochs(n)
    weights, keys = Weights(alpha, beta, learning_rate), steps.keys_of(seed)
    parameters = architecture.initialise(keys.initial, train.x)
    advance, seen = steps.step(architecture, training, weights, n), architecture.seen(batch, n)
    exemplars = train.x[steps.check_rows(keys.check, n, seen)] if architecture.exemplars else None

    def step(carry: Any, inputs: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[Any, jax.Array]:
        number, key, rows = inputs
        return advance(carry, number, key, jax.tree.map(lambda a: a[rows], train))

    def epoch(carry: Any, number: jax.Array) -> tuple[Any, jax.Array, jax.Array]:
        order, noise = steps.drawn(keys.train, number, training, n, seen)
        numbers = number * count + jnp.arange(count, dtype=jnp.int32)
        carry, losses = jax.lax.scan(step, carry, (numbers, noise, order))
        # with the same noise after every epoch, so that it does not hide which parameters are better
        value, checked = steps.checked(
            architecture, training, weights, carry[0], keys.check, validation, batch, exemplars
        )
        return carry, jnp.stack([losses.mean(0), checked]), value

    def always(carry: Any, number: jax.Array) -> tuple[Any, jax.Array]:
        carry, losses, _ = epoch(carry, number)
        return carry, losses

    start = loop.begin(steps.optimiser(architecture), parameters)
    numbers = jnp.arange(epochs, dtype=jnp.int32)
    if training.patience:
        best, losses = _until_no_better(epoch, start, parameters, numbers, training)
        parameters, ran = best.parameters, best.epochs
    else:
        (parameters, _), losses = jax.lax.scan(always, start, numbers)
        ran = jnp.int32(epochs)
    return steps.finished(architecture, training, keys.initial, parameters, train), losses, ran
