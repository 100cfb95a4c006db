"""Strategies that are trained by gradient descent: one strategy on the codes of many models, in one compiled program.

Adam with a cosine schedule runs as a `lax.scan`, with the codes on the device. Every step draws its minibatch inside
the program, with a fresh z ~ q(z|x_n) per code, so the strategy is fitted to q(z) and not to one set of draws of it.
The validation loss, on fixed draws of the validation codes, is computed 20 times, and the parameters with the lowest
are kept; without validation codes, the last ones.

The models are laid out as in the engine that trains them: split over all devices; within a device one after the other
on a CPU, by `vmap` elsewhere; a last call that is not full is padded with copies, which are discarded. So a fit does
not depend on which models are fitted in the same call.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Float32, Scalar
from scipy.linalg import solve_triangular

from study.errors import CannotFit, StudyError
from study.latents import Latents
from study.runtime.drawing import bits
from study.runtime.keys import Key
from study.strategies.base import Fitted, Given, Strategy, fit_key
from study.strategies.parts.moments import FitOn
from study.strategies.parts.settings import check_positive
from study.strategies.parts.validation import VALIDATION_CODES
from study.strategies.parts.whitening import Whitening, whitening
from study.training import loop

ROUNDS = 20  # how often the validation loss is computed
WARMUP = 0.02  # share of the steps over which the step size rises
CLIP = 10.0  # largest norm of a gradient
ACCELERATOR_CELLS = 8  # cells per call and device under vmap

Parameters = Any
Info = dict[str, Any]


class Coordinates(NamedTuple):
    """z = shift + scale w inside the program: `[d]`, `[d, d]`, and the inverse of scale `[d, d]`, float32."""

    shift: Any
    scale: Any
    inverse: Any


def coordinates(at: Whitening) -> Coordinates:
    """The whitening as float32 arrays for a compiled program."""
    inverse = solve_triangular(at.scale, np.eye(at.d), lower=True)
    return Coordinates(*(a.astype(np.float32) for a in (at.shift, at.scale, inverse)))


class _Cell(NamedTuple):
    """The inputs of one cell: its seed, its codes in whitened coordinates, and those coordinates."""

    seed: Any  # [2] uint32
    mean: Any  # [N, d], whitened
    scale: Any  # [N, d], standard deviations of z
    check_mean: Any  # [V, d], whitened; V = 0 without validation codes
    check_scale: Any
    at: Coordinates


@dataclasses.dataclass(frozen=True)
class TrainedStrategy(Strategy):
    """The base of trained strategies; one program is compiled for each combination of fields that affect training.

    A subclass lists in `drawing` the fields that affect sampling only. Fits that differ only in those, or in `fit_on`,
    which affects training only through the codes, share one program.

    Attributes:
        fit_on: "samples" (a fresh z ~ q(z|x_n) at every step) or "means".
        steps: Adam steps.
        batch_size: codes per step, drawn with replacement.
        learning_rate: the largest step size; it falls to 0 along a cosine.
    """

    fit_on: FitOn = "samples"
    steps: int = 4000
    batch_size: int = 512
    learning_rate: float = 1e-3

    kind = "fitted"
    keeps_data = False
    libraries: ClassVar[tuple[str, ...]] = ("optax",)
    isotropic: ClassVar[bool] = False
    drawing: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self)

    def least_codes(self, d: int) -> int:
        """As many as can span d dimensions, d + 1."""
        return d + 1

    def initialise(self, key: jax.Array, d: int) -> Parameters:
        """The initial parameters, a pytree of arrays."""
        raise NotImplementedError

    def loss(self, parameters: Parameters, key: jax.Array, w: Float[Array, "B d"], at: Coordinates) -> Scalar:
        """The mean loss over whitened codes w."""
        raise NotImplementedError

    def finish(self, key: jax.Array, parameters: Parameters, at: Whitening, info: Info) -> Fitted:
        """The fitted strategy with these parameters, NumPy arrays."""
        raise NotImplementedError

    def estimate(self, given: Given) -> Fitted:
        """Train on one model's codes.

        Raises:
            CannotFit: the codes span fewer than d dimensions, or training diverged.
        """
        check = None if given.validation is None else [given.validation]
        return self.fit_many([given.key], [given.latents], validation=check)[0]

    def fit_many(
        self, keys: Sequence[Key], latents: Sequence[Latents], *, validation: Sequence[Latents] | None
    ) -> list[Any]:
        """Train on the codes of several models, all with the same N and d; each result equals that of `fit` alone.

        Raises:
            CannotFit: as `fit`.
            StudyError: the shapes of the codes differ.
        """
        checks = [None] * len(latents) if validation is None else list(validation)
        own = [fit_key(*parts) for parts in zip(keys, latents, checks, strict=True)]
        for name, parts in (("codes", latents), ("validation codes", checks)):
            shapes = {None if part is None else part.mean.shape for part in parts}
            if len(shapes) > 1:
                raise StudyError(f"strategy {self.name!r}: fit_many needs {name} of one shape, got {shapes}")
        spaces = []
        for one in latents:
            self.require(one)
            spaces.append(whitening(one, fit_on=self.fit_on, isotropic=self.isotropic, strategy=self.name))
        cells = [self._cell(*parts) for parts in zip(own, latents, checks, spaces, strict=True)]
        fitted = []
        for i, (parameters, losses) in enumerate(_train(self._objective(), cells)):
            if not all(np.isfinite(leaf).all() for leaf in [losses[-1, 0], *jax.tree.leaves(parameters)]):
                raise CannotFit(f"strategy {self.name!r}: training diverged; lower the learning_rate")
            info = {"codes": latents[i].n, **self._diagnostics(losses)}
            fitted.append(self.told(own[i], self.finish(own[i], parameters, spaces[i], info), checks[i]))
        return fitted

    def _objective(self) -> "TrainedStrategy":
        free = ("fit_on", *self.drawing)
        kept: dict[str, Any] = {f.name: f.default for f in dataclasses.fields(self) if f.name in free}
        return dataclasses.replace(self, **kept)

    def _cell(self, key: jax.Array, latents: Latents, check: Latents | None, space: Whitening) -> _Cell:
        def codes(part: Latents) -> tuple[Float32[np.ndarray, "N d"], Float32[np.ndarray, "N d"]]:
            scale = np.exp(0.5 * part.log_var) if self.fit_on == "samples" else np.zeros_like(part.mean)
            return space.apply(part.mean), scale

        mean, scale = codes(latents)
        checks = codes(check) if check is not None else (np.zeros((0, latents.d), np.float32),) * 2
        seed = bits(key, 2)  # key of any generator -> one kind
        return _Cell(
            seed, mean, scale, checks[0][:VALIDATION_CODES], checks[1][:VALIDATION_CODES], coordinates(space)
        )

    def _diagnostics(self, losses: Float[np.ndarray, "rounds 2"]) -> Info:
        rounds, per_round = _rounds(self)
        best = int(np.nanargmin(losses[:, 1])) if np.isfinite(losses[:, 1]).any() else rounds - 1
        info: Info = {"steps": rounds * per_round, "train_loss": float(losses[best, 0])}
        if np.isfinite(losses[best, 1]):
            info |= {"validation_loss": float(losses[best, 1]), "best_step": (best + 1) * per_round}
        return info


def _rounds(objective: TrainedStrategy) -> tuple[int, int]:
    rounds = min(ROUNDS, objective.steps)
    return rounds, -(-objective.steps // rounds)


def _train(
    objective: TrainedStrategy, cells: Sequence[_Cell]
) -> Iterator[tuple[Parameters, Float[np.ndarray, "rounds 2"]]]:
    """Parameters and losses (train, validation) of each cell, computed call by call."""
    mesh = Mesh(np.array(jax.devices()), ("cells",))
    batched = mesh.devices.flat[0].platform != "cpu"
    per_call = mesh.size * (ACCELERATOR_CELLS if batched else 1)
    split = NamedSharding(mesh, PartitionSpec("cells"))
    program = _program(objective, mesh, batched)
    for start in range(0, len(cells), per_call):
        group = list(cells[start : start + per_call])
        filled = group + [group[-1]] * (per_call - len(group))
        stacked = jax.tree.map(lambda *leaves: jax.device_put(np.stack(leaves), split), *filled)
        out = jax.tree.map(np.asarray, program(stacked))
        for i in range(len(group)):
            yield jax.tree.map(lambda leaf, i=i: leaf[i], out)


@functools.lru_cache(maxsize=32)
def _program(objective: TrainedStrategy, mesh: Mesh, batched: bool) -> Callable[[_Cell], Any]:
    one = functools.partial(_train_one, objective)
    spec = PartitionSpec("cells")
    device = jax.vmap(one) if batched else functools.partial(jax.lax.map, one)
    return jax.jit(jax.shard_map(device, mesh=mesh, in_specs=(spec,), out_specs=spec, check_vma=False))


def _train_one(objective: TrainedStrategy, cell: _Cell) -> tuple[Parameters, Float[Array, "rounds 2"]]:
    """Train on one cell; a pure function of its arguments."""
    n, d = cell.mean.shape
    rounds, per_round = _rounds(objective)
    batch = objective.batch_size
    adam = loop.adam(clip=CLIP)
    key = jax.random.wrap_key_data(cell.seed, impl="threefry2x32")
    initial_key, check_key, train_key = jax.random.split(key, 3)

    def draw(key: jax.Array, mean: Float[Array, "B d"], scale: Float[Array, "B d"]) -> Float[Array, "B d"]:
        return mean + (scale * jax.random.normal(key, mean.shape)) @ cell.at.inverse.T

    def size(number: Scalar) -> Scalar:
        done = (number.astype(jnp.float32) + 0.5) / (rounds * per_round)
        return objective.learning_rate * jnp.minimum(1, done / WARMUP) * 0.5 * (1 + jnp.cos(jnp.pi * done))

    def step(carry: Any, number: jax.Array) -> tuple[Any, jax.Array]:
        rows_key, noise_key, loss_key = jax.random.split(jax.random.fold_in(train_key, number), 3)
        rows = jax.random.randint(rows_key, (batch,), 0, n)
        w = draw(noise_key, cell.mean[rows], cell.scale[rows])
        loss = lambda parameters: objective.loss(parameters, loss_key, w, cell.at)  # noqa: E731
        return loop.descend(adam, carry, size(number), loss)

    noise_key, loss_key = jax.random.split(check_key)
    check = draw(noise_key, cell.check_mean, cell.check_scale)

    def one_round(carry: Any, number: jax.Array) -> tuple[Any, jax.Array]:
        state, best, lowest = carry
        counts = number * per_round + jnp.arange(per_round, dtype=jnp.int32)
        state, losses = jax.lax.scan(step, state, counts)
        if len(check) == 0:
            return (state, state[0], lowest), jnp.stack([losses.mean(), jnp.float32(jnp.nan)])
        found = objective.loss(state[0], loss_key, check, cell.at)
        best = jax.tree.map(lambda new, old: jnp.where(found < lowest, new, old), state[0], best)
        return (state, best, jnp.minimum(found, lowest)), jnp.stack([losses.mean(), found])

    parameters = objective.initialise(initial_key, d)
    start = (loop.begin(adam, parameters), parameters, jnp.float32(jnp.inf))
    (_, parameters, _), losses = jax.lax.scan(one_round, start, jnp.arange(rounds, dtype=jnp.int32))
    return parameters, losses
