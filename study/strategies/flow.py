"""z = m + L f(ε), ε ~ N(0, I): a normalising flow f on whitened codes, trained by maximum likelihood.

`form="maf"`: affine masked autoregressive layers :cite:`papamakarios2017`, equations 3 and 4, whose draws need d
passes per layer. `form="spline-coupling"`: rational-quadratic splines in coupling layers :cite:`durkan2019`, section
3, identity outside [-interval, interval]; the dimensions are permuted between layers. Both have an exact density.

Source: the layers are those of flowjax; a flow fitted afterwards to a trained model's codes as in
:cite:`ghosh2020`, section 4, with a richer density estimator.

The thread: not named there. "Sample what the encoder learned", without keeping the data, with the flexibility of a
network; its gain over `gmm` measures the structure that a mixture misses.
"""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import paramax
from flowjax.bijections import RationalQuadraticSpline
from flowjax.distributions import StandardNormal, Transformed
from flowjax.flows import coupling_flow, masked_autoregressive_flow
from jaxtyping import Array, Float, Float32, Float64, Scalar

from study.errors import CannotFit
from study.latents import Latents
from study.strategies.base import Rung
from study.strategies.parts.draws import shared_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.training import Coordinates, Info, Parameters, TrainedStrategy
from study.strategies.parts.whitening import Whitening
from study.training.blocks import in_blocks

Form = Literal["maf", "spline-coupling"]


@dataclasses.dataclass(frozen=True)
class FlowLayers:
    """Everything that determines the shapes of a flow: the number of dimensions d, and fields of `Flow`."""

    d: int
    form: Form
    layers: int
    width: int
    knots: int
    interval: float

    def build(self, key: jax.Array) -> Transformed:
        """A fresh flowjax distribution on whitened codes."""
        common: dict[str, Any] = {
            "base_dist": StandardNormal((self.d,)),  # type: ignore[call-arg]
            "flow_layers": self.layers,
            "nn_width": self.width,
            "nn_depth": 2,
        }
        with _flowjax():
            if self.form == "maf":
                return masked_autoregressive_flow(key, **common)
            spline = RationalQuadraticSpline(knots=self.knots, interval=self.interval)
            return coupling_flow(key, transformer=spline, **common)

    def initialise(self, key: jax.Array) -> dict[str, jax.Array]:
        """The trainable arrays of a fresh flow, by number."""
        return {str(i): leaf for i, leaf in enumerate(jax.tree.leaves(_partition(self.build(key))[0]))}

    def abstract(self) -> dict[str, Any]:
        """The shapes and types of what `initialise` returns."""
        return jax.eval_shape(self.initialise, jax.random.key(0))

    def check(self) -> None:
        """Raise ValueError if `Flow` would refuse these settings."""
        Flow(form=self.form, layers=self.layers, width=self.width, knots=self.knots, interval=self.interval)
        if self.d < 1 or (self.form == "spline-coupling" and self.d < 2):
            raise ValueError(f"a flow of {self.d} dimensions")

    def merge(self, parameters: Mapping[str, Any]) -> Transformed:
        """The flowjax distribution with these parameters."""
        trainable, static = skeleton(self)
        leaves = [parameters[str(i)] for i in range(len(parameters))]
        return paramax.unwrap(eqx.combine(jax.tree.unflatten(trainable, leaves), static, is_leaf=_is_fixed))


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedFlow(Unconditional):
    """The trained arrays of the layers, by number, and the whitened coordinates that they act on."""

    flow: FlowLayers
    parameters: Mapping[str, np.ndarray]
    whitening: Whitening
    info: Mapping[str, Any]

    def check(self) -> None:
        """Raise ValueError if parameters do not fit the layers, or the layers do not have d dimensions."""
        arrays = self.parameters.values()
        if self.flow.d != self.whitening.d or self.flow.width * self.flow.layers > sum(
            a.size for a in arrays
        ):
            raise ValueError("layers and codes do not match")
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("the parameters hold values that are not finite")
        expected = {name: (leaf.shape, leaf.dtype) for name, leaf in self.flow.abstract().items()}
        if {name: (leaf.shape, leaf.dtype) for name, leaf in self.parameters.items()} != expected:
            raise ValueError("parameters and layers do not match")

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        skeleton(self.flow)
        _, epsilon = shared_draws(key, n=n, d=self.whitening.d, components=1)
        return self.whitening.invert(np.asarray(_transform(self.flow, self.parameters, epsilon)))

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log-density in nats at z, computed in float32.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        skeleton(self.flow)
        density = functools.partial(_log_prob, self.flow, self.parameters)
        white = in_blocks(density, self.whitening.apply(z)).astype(np.float64)
        return white - self.whitening.log_determinant


@dataclasses.dataclass(frozen=True)
class Flow(TrainedStrategy):
    """A normalising flow.

    Attributes:
        form: "maf", "spline-coupling", or None: spline coupling in two dimensions, else "maf". Fitted to 20,000 codes,
            spline coupling loses 0.01 nats and "maf" 0.10 on a ring of eight clusters; 0.10 and 0.003 on a 4-D banana.
        layers: number of layers.
        width: hidden units of each layer's network, which has two hidden layers.
        knots: knots of each spline.
        interval: the splines are the identity outside [-interval, interval], in standard deviations.
    """

    steps: int = 4000
    batch_size: int = 256
    learning_rate: float = 2e-3
    form: Form | None = None
    layers: int = 10
    width: int = 64
    knots: int = 8
    interval: float = 4.0

    name = "flow"
    source = "Papamakarios et al. 2017; Durkan et al. 2019"
    libraries = ("flowjax", "equinox", "paramax", "optax")
    summary = "z from a normalising flow (masked autoregressive or spline coupling) fitted to q(z)"
    aims_at_q = True
    fits = (FittedFlow, FlowLayers, Whitening)
    rung = Rung(4, "finer joint structure")
    quick = MappingProxyType({"steps": 20, "batch_size": 64, "layers": 2, "width": 16})
    variants = ({"form": "spline-coupling"},)  # not the default in three dimensions

    def require(self, latents: Latents) -> None:
        """Also raise CannotFit for coupling in one dimension, since coupling splits the dimensions in two."""
        super().require(latents)
        if self.form == "spline-coupling" and latents.d < 2:
            raise CannotFit(f"strategy {self.name!r}: coupling needs 2 dimensions; take form='maf' for one")
        skeleton(self._layers(latents.d))

    def initialise(self, key: jax.Array, d: int) -> Parameters:
        """The trainable arrays, by number."""
        return self._layers(d).initialise(key)

    def loss(self, parameters: Parameters, key: jax.Array, w: Float[Array, "B d"], at: Coordinates) -> Scalar:
        """Mean negative log-density in nats."""
        with _flowjax():
            return -self._layers(w.shape[1]).merge(parameters).log_prob(w).mean()

    def finish(self, key: jax.Array, parameters: Parameters, at: Whitening, info: Info) -> FittedFlow:
        """Keep the flow, and add its form to `info`."""
        flow = self._layers(at.d)
        return FittedFlow(flow, parameters, at, info | {"form": flow.form})

    def _layers(self, d: int) -> FlowLayers:
        form = self.form or ("spline-coupling" if d == 2 else "maf")
        return FlowLayers(d, form, self.layers, self.width, self.knots, self.interval)


@contextmanager
def _flowjax() -> Iterator[None]:
    """Within this context JAX promotes types and ranks by default, as flowjax requires."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def _is_fixed(leaf: Any) -> bool:
    return isinstance(leaf, paramax.NonTrainable)


def _partition(flow: Transformed) -> tuple[Any, Any]:
    return eqx.partition(flow, eqx.is_inexact_array, is_leaf=_is_fixed)


@functools.lru_cache(maxsize=32)
def skeleton(flow: FlowLayers) -> tuple[Any, Any]:
    """The parts that are not trained: tree structure, masks and permutations, shared by all fits of one shape.

    Their arrays are constants of the compiled programs, so call this before the first program is traced.
    """
    trainable, static = _partition(flow.build(jax.random.key(0, impl="threefry2x32")))
    return jax.tree.structure(trainable), static


@functools.partial(jax.jit, static_argnums=0)
def _log_prob(
    flow: FlowLayers, parameters: Mapping[str, jax.Array], w: Float[Array, "B d"]
) -> Float[Array, " B"]:
    with _flowjax():
        return flow.merge(parameters).log_prob(w)


@functools.partial(jax.jit, static_argnums=0)
def _transform(
    flow: FlowLayers, parameters: Mapping[str, jax.Array], epsilon: Float[Array, "n d"]
) -> Float[Array, "n d"]:
    with _flowjax():
        merged = flow.merge(parameters)
        return jnp.asarray(jax.vmap(merged.bijection.transform)(epsilon))
