"""Learned accept/reject sampling: propose z ~ π, accept with probability a(z); the T-th proposal is always accepted.

The density is that of the truncated procedure, with Z = ∫ π a the probability that a proposal is accepted,

    p_T(z) = π(z) [a(z)/Z (1 − (1−Z)^(T−1)) + (1−Z)^(T−1)],

and a, the sigmoid of a perceptron, is fitted by maximum likelihood. π is N(m, C) with the moments of the codes, or
N(0, I). Z is a Monte Carlo estimate: from 1024 new proposals at every training step, and finally from half a million,
with its standard error in `info`. So the density's constant is an estimate; p_T/π is at most 1/Z and never above T,
which limits the gain on π to log T nats (4.6 at T = 100).

The gradient of the sigmoid vanishes where a is near 1. If q/π has sharp peaks, a is soon near 1 all over them, and p_T
follows π there: fitted to a ring of eight clusters from N(0, I), it stays 0.9 nats per code below the true density,
though T would allow for it. `info["saturated_share"]` is the share of accepted proposals with a above 0.9; above ¼
there is a warning. π = N(m, C) of the same ring has no such share, and stays 0.03 nats below.

Source: :cite:`bauer2019`, equations 5 and 6, learned there with the model; here fitted to a trained model's codes.

The thread: not named there. A bridge between its sides: proposals come from a Gaussian such as the prior, and the
encoder's codes decide which are accepted.
"""

import dataclasses
import functools
import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Float64, Scalar

from study.models.accept_reject import accept_reject
from study.strategies.parts.draws import own_key, shared_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.gaussian import log_normal
from study.strategies.parts.mlp import apply_mlp, check_mlp, initialise_mlp
from study.strategies.parts.proposal import AffineMap, Proposal, base, change, propose
from study.strategies.parts.training import Coordinates, Info, Parameters, TrainedStrategy
from study.strategies.parts.whitening import Whitening
from study.training.blocks import in_blocks

PROPOSALS = 1024  # per step, for the estimate of Z in the loss
START = -3.0  # initial log a/(1 − a)
SATURATED, WARNED = (
    0.9,
    0.25,
)  # an acceptance near its bound, and the share of such proposals that is warned of
BLOCKS, BLOCK = 64, 8192  # proposals for the final estimate


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedResampled(Unconditional):
    """The acceptance network on whitened codes, the coordinates in which the proposal is N(0, I), T and Z."""

    network: Mapping[str, np.ndarray]
    whitening: Whitening
    base: Whitening
    truncation: int
    normaliser: float
    info: Mapping[str, Any]

    def check(self) -> None:
        """Raise ValueError if the network, the two coordinate systems and the numbers are inconsistent."""
        check_mlp(self.network, inputs=self.whitening.d, outputs=1)
        ResampledPrior(truncation=self.truncation)
        if self.base.d != self.whitening.d or not 0 < self.normaliser <= 1:
            raise ValueError("proposal and codes do not match")

    def acceptance(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """a(z) in (0, 1) at z.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        log_accept = functools.partial(_log_accept, self.network)
        return np.exp(in_blocks(log_accept, self.whitening.apply(z)).astype(np.float64))

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        _, first = shared_draws(key, n=n, d=self.whitening.d, components=1)
        white = change(self.base, self.whitening)
        epsilon = _resample(self.network, first, white, own_key(key), truncation=self.truncation)
        return self.base.invert(np.asarray(epsilon))

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log p_T in nats at z.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        untouched = (1 - self.normaliser) ** (self.truncation - 1)
        ratio = self.acceptance(z) / self.normaliser * (1 - untouched) + untouched
        return log_normal(z, mean=self.base.shift, cholesky=self.base.scale) + np.log(ratio)


@dataclasses.dataclass(frozen=True)
class ResampledPrior(TrainedStrategy):
    """A Gaussian whose proposals are accepted or rejected.

    Attributes:
        proposal: "gaussian", N(m, C) with the moments of the codes, or "prior", N(0, I).
        truncation: T, the most proposals per draw.
        width: hidden units of the two hidden layers of a(z).
    """

    steps: int = 4000
    batch_size: int = 1024
    learning_rate: float = 3e-3
    proposal: Proposal = "gaussian"
    truncation: int = 100
    width: int = 64

    name = "resampled-prior"
    source = "Bauer and Mnih 2019"
    summary = "z from a Gaussian by learned accept/reject sampling, truncated after T proposals"
    aims_at_q = True
    fits = (FittedResampled, Whitening)
    quick = MappingProxyType({"steps": 20, "batch_size": 64})

    def initialise(self, key: jax.Array, d: int) -> Parameters:
        """A network that accepts few proposals anywhere at first, since its gradient vanishes where a is near 1."""
        layers = initialise_mlp(key, (d, self.width, self.width, 1), last=0.0)
        return {**layers, "bias2": layers["bias2"] + START}

    def loss(self, parameters: Parameters, key: jax.Array, w: Float[Array, "B d"], at: Coordinates) -> Scalar:
        """Mean of −log p_T(z)/π(z) in nats; π has no parameters."""
        proposals = propose(key, (PROPOSALS, w.shape[1]), proposal=self.proposal, at=at)
        z = jnp.exp(_log_accept(parameters, proposals)).mean()
        untouched = jnp.exp((self.truncation - 1) * jnp.log1p(-jnp.minimum(z, 1 - 1e-6)))
        return -jnp.log(jnp.exp(_log_accept(parameters, w)) / z * (1 - untouched) + untouched).mean()

    def finish(self, key: jax.Array, parameters: Parameters, at: Whitening, info: Info) -> FittedResampled:
        """Estimate Z."""
        proposal = base(self.proposal, at)
        fitted = FittedResampled(parameters, at, proposal, self.truncation, 1.0, info)
        total, squares, near_one = _moments_of_acceptance(parameters, change(proposal, at), own_key(key))
        n = BLOCKS * BLOCK
        normaliser = float(np.asarray(total, np.float64).sum()) / n
        variance = float(np.asarray(squares, np.float64).sum()) / n - normaliser**2
        info |= {
            "acceptance_rate": normaliser,
            "acceptance_rate_stderr": (max(variance, 0.0) / n) ** 0.5,
            "truncated_share": (1 - normaliser) ** (self.truncation - 1),
            "saturated_share": float(np.asarray(near_one, np.float64).sum()) / n / normaliser,
        }
        if info["saturated_share"] > WARNED:
            warnings.warn(
                f"strategy {self.name!r}: the acceptance probability is at its bound for more than {WARNED:.0%} of "
                "the accepted proposals, so the fit follows the proposal there; try proposal='gaussian' or a mixture",
                stacklevel=2,
            )
        return dataclasses.replace(fitted, normaliser=normaliser, info=info)


@jax.jit
def _log_accept(network: Mapping[str, Any], w: Float[Array, "n d"]) -> Float[Array, " n"]:
    return jax.nn.log_sigmoid(apply_mlp(dict(network), w)[:, 0])


@jax.jit
def _moments_of_acceptance(
    network: Mapping[str, Any], white: AffineMap, key: jax.Array
) -> tuple[Float[Array, " blocks"], Float[Array, " blocks"], Float[Array, " blocks"]]:
    """Sums of a, of a², and of a where it is near 1, over blocks of proposals."""

    def block(key: jax.Array) -> tuple[Scalar, Scalar, Scalar]:
        a = jnp.exp(_log_accept(network, white(jax.random.normal(key, (BLOCK, len(white.shift))))))
        return a.sum(), jnp.square(a).sum(), jnp.where(a > SATURATED, a, 0).sum()

    return jax.lax.map(block, jax.random.split(key, BLOCKS))


@functools.partial(jax.jit, static_argnames=("truncation",))
def _resample(
    network: Mapping[str, Any],
    first: Float[Array, "n d"],
    white: AffineMap,
    key: jax.Array,
    *,
    truncation: int,
) -> Float[Array, "n d"]:
    """The ε of the accepted proposals; `first` are the first proposals."""

    def accepted(number: Scalar, epsilon: Float[Array, "n d"]) -> Bool[Array, " n"]:
        uniform = jax.random.uniform(jax.random.fold_in(key, 2 * number), (len(epsilon),))
        return jnp.log(uniform) < _log_accept(network, white(epsilon))

    def proposal(number: Scalar) -> Float[Array, "n d"]:
        return jax.random.normal(jax.random.fold_in(key, 2 * number + 1), first.shape)

    return accept_reject(first, propose=proposal, accept=accepted, most=truncation)
