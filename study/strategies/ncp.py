"""z ~ r(z) p(z)/Z, with p = N(0, I) the prior and r = q/p estimated by a classifier between draws of q(z) and of p.

If the prior puts hardly any mass where the codes are, reweighting fails, and `info` shows it: the standard error of Z
is large and the effective sample size small. `proposal="gaussian"` uses p = N(m, C), the moments of the codes, instead.

A perceptron with output D(z), trained by cross-entropy on equal shares of both, gives r = D/(1−D). Two samplers:
`sampler="sir"`, sampling importance resampling: each draw is chosen, in proportion to r, from K = `proposals` draws of
p of its own. So draws are independent, but their density is not that of `log_prob`, r p/Z: it is

    p_K(z) = p(z) E[K r(z) / (r(z) + r_2 + … + r_K)],   r_2, …, r_K at K − 1 further draws of p,

which is never above K p(z) and tends to r p/Z as K grows. `info["sampler_gap"]` is KL(r p/Z ‖ p_K) in nats, estimated
from the r of the draws for Z; the effective number of proposals is `info["effective_sample_size"]`.

`sampler="langevin"`: each draw is the end of a chain that starts at a draw of p and takes `langevin_steps` Langevin
steps in the whitened coordinates of the codes. Unlike in the paper they are Metropolis-adjusted, so that r p/Z is
invariant; still, chains may not reach each mode in proportion to its mass. The density's constant Z is a Monte Carlo
estimate, its standard error in `info`.

Source: :cite:`aneja2021`, equations 4 to 6 and section 3.2, there with a hierarchy of codes and a network of D.

The thread: not named there. It samples the prior and answers the other side's objection, that the prior has mass
where there are no codes, by giving such places little weight.
"""

import dataclasses
import functools
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Float64, Scalar, ScalarLike

from study.runtime.keys import Key, as_key
from study.strategies.parts.draws import own_key, shared_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.gaussian import log_normal
from study.strategies.parts.mlp import apply_mlp, check_mlp, initialise_mlp
from study.strategies.parts.proposal import AffineMap, Proposal, base, change, propose
from study.strategies.parts.training import Coordinates, Info, Parameters, TrainedStrategy
from study.strategies.parts.whitening import Whitening
from study.training.blocks import in_blocks

Sampler = Literal["sir", "langevin"]
BLOCKS, BLOCK = 64, 8192  # draws of p for the estimate of Z
SETS, SCORED = 512, 16_384  # sets of draws, and draws, for the estimate of the sampler's gap


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedNcp(Unconditional):
    """The classifier on whitened codes, log Z, and the sampler."""

    network: Mapping[str, np.ndarray]
    whitening: Whitening
    base: Whitening  # coordinates in which p is N(0, I)
    log_normaliser: float
    sampler: Sampler
    proposals: int
    langevin_steps: int
    step_size: float
    info: Mapping[str, Any]

    def check(self) -> None:
        """Raise ValueError if the network, the two coordinate systems and the numbers are inconsistent."""
        check_mlp(self.network, inputs=self.whitening.d, outputs=1)
        names = ("sampler", "proposals", "langevin_steps", "step_size")
        Ncp(**{name: getattr(self, name) for name in names})
        if self.base.d != self.whitening.d:
            raise ValueError("proposal and codes do not match")

    def log_ratio(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log r in nats at z, not normalised.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        logit = functools.partial(_logit, self.network)
        return in_blocks(logit, self.whitening.apply(z)).astype(np.float64)

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log r p − log Z in nats at z, with Z estimated.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        proposal = log_normal(z, mean=self.base.shift, cholesky=self.base.scale)
        return self.log_ratio(z) + proposal - self.log_normaliser

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        return self._draw(key, n)[0]

    def langevin_acceptance(self, key: Key, *, n: int) -> float:
        """The share of Langevin steps that are accepted in the n chains of this key."""
        key = as_key(key)
        return self._draw(key, n)[1]

    def _draw(self, key: jax.Array, n: int) -> tuple[Float32[np.ndarray, " {n} d"], float]:
        _, first = shared_draws(key, n=n, d=self.whitening.d, components=1)
        white = change(self.base, self.whitening)
        if self.sampler == "sir":
            epsilon = _resample(self.network, first, white, own_key(key), proposals=self.proposals)
            return self.base.invert(np.asarray(epsilon)), 1.0
        back, steps = change(self.whitening, self.base), self.langevin_steps
        w, accepted = _langevin(
            self.network, white(jax.device_put(first)), back, own_key(key), self.step_size, steps=steps
        )
        return self.whitening.invert(np.asarray(w)), float(accepted)


@dataclasses.dataclass(frozen=True)
class Ncp(TrainedStrategy):
    """The prior reweighted by a classifier.

    Attributes:
        proposal: p, "prior" or "gaussian".
        sampler: "sir" or "langevin".
        proposals: K, draws of p among which importance resampling chooses each draw.
        langevin_steps: steps of each chain.
        step_size: standard deviation of a Langevin step, in standard deviations of the codes.
        width: hidden units of the classifier's two hidden layers.
    """

    steps: int = 4000
    batch_size: int = 1024
    learning_rate: float = 5e-3
    proposal: Proposal = "prior"
    sampler: Sampler = "sir"
    proposals: int = 512
    langevin_steps: int = 200
    step_size: float = 0.2
    width: int = 64

    name = "ncp"
    source = "Aneja et al. 2021"
    summary = "z from the prior reweighted by a classifier between codes and prior draws"
    aims_at_q = True
    fits = (FittedNcp, Whitening)
    quick = MappingProxyType({"steps": 20, "batch_size": 64, "langevin_steps": 3})
    variants = ({"sampler": "langevin"}, {"proposal": "gaussian"})
    version = 2
    drawing = ("sampler", "proposals", "langevin_steps", "step_size")

    def initialise(self, key: jax.Array, d: int) -> Parameters:
        """A classifier whose first output is r = 1 everywhere."""
        return initialise_mlp(key, (d, self.width, self.width, 1), last=0.0)

    def loss(self, parameters: Parameters, key: jax.Array, w: Float[Array, "B d"], at: Coordinates) -> Scalar:
        """Cross-entropy in nats between codes and as many draws of p: the sum of the two means."""
        drawn = propose(key, w.shape, proposal=self.proposal, at=at)
        codes, others = _logit(parameters, w), _logit(parameters, drawn)
        return jax.nn.softplus(-codes).mean() + jax.nn.softplus(others).mean()

    def finish(self, key: jax.Array, parameters: Parameters, at: Whitening, info: Info) -> FittedNcp:
        """Estimate Z and the effective number of proposals."""
        proposal = base(self.proposal, at)
        logits = np.asarray(_logits(parameters, change(proposal, at), own_key(key)), np.float64).reshape(-1)
        highest = logits.max()
        weights = np.exp(logits - highest)
        mean, square = weights.mean(), np.square(weights).mean()
        log_normaliser = float(np.log(mean) + highest)
        info |= {
            "log_normaliser": log_normaliser,
            "log_normaliser_stderr": float(weights.std() / mean / math.sqrt(len(weights))),
            "effective_sample_size": float(max(1.0, self.proposals * mean**2 / square)),
        }
        sampling = (self.sampler, self.proposals, self.langevin_steps, self.step_size)
        fitted = FittedNcp(parameters, at, proposal, log_normaliser, *sampling, info)
        if self.sampler == "sir":
            info["sampler_gap"] = sampler_gap(weights, proposals=self.proposals)
        else:
            info["acceptance_rate"] = fitted.langevin_acceptance(own_key(own_key(key)), n=BLOCK // 8)
        return fitted


def sampler_gap(weights: np.ndarray, *, proposals: int) -> float:
    """KL in nats of r p/Z from the density p_K of a draw that is resampled from K = `proposals` draws of p.

    With c(r) = E[K/(r + r_2 + … + r_K)], p_K is p r c(r), so the KL is E_p[(r/Z) log(1/(Z c(r)))]. The expectation in c
    is over at most 512 sets of K − 1 draws. These give p_K a mass slightly off 1, which is divided out.

    Infinite if no draw of p comes near the codes.

    Args:
        weights: r at independent draws of p, up to a factor, `[n]`.
        proposals: K.
    """
    half = len(weights) // 2
    proposals = min(proposals, half)  # the gap of so many is far below its error
    others, r = weights[half:], weights[: min(half, SCORED)]
    sets = min(SETS, len(others) // max(proposals - 1, 1))
    totals = others[: sets * (proposals - 1)].reshape(sets, proposals - 1).sum(axis=1)
    r = r[r > 0]
    if not len(r):
        return math.inf  # the prior's draws never come near the codes
    c = np.concatenate([(proposals / (part[:, None] + totals)).mean(1) for part in np.array_split(r, 64)])
    return float(np.average(-np.log(c), weights=r) + np.log((r * c).sum() / r.sum()))


@jax.jit
def _logit(network: Mapping[str, Any], w: Float[Array, "n d"]) -> Float[Array, " n"]:
    return apply_mlp(dict(network), w)[:, 0]


@jax.jit
def _logits(network: Mapping[str, Any], white: AffineMap, key: jax.Array) -> Float[Array, "blocks block"]:
    """log r at draws of p, BLOCKS times BLOCK."""
    shape = (BLOCK, len(white.shift))
    block = lambda key: _logit(network, white(jax.random.normal(key, shape)))  # noqa: E731
    return jax.lax.map(block, jax.random.split(key, BLOCKS))


@functools.partial(jax.jit, static_argnames=("proposals",))
def _resample(
    network: Mapping[str, Any],
    first: Float[Array, "n d"],
    white: AffineMap,
    key: jax.Array,
    *,
    proposals: int,
) -> Float[Array, "n d"]:
    """For each of n, the ε of one of `proposals` draws of p chosen in proportion to r, by the Gumbel-max trick."""
    n = len(first)

    def score(number: Scalar, epsilon: Float[Array, "n d"]) -> Float[Array, " n"]:
        return _logit(network, white(epsilon)) + jax.random.gumbel(jax.random.fold_in(key, 2 * number), (n,))

    def compare(
        best: tuple[jax.Array, jax.Array], number: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array], None]:
        epsilon, highest = best
        new = jax.random.normal(jax.random.fold_in(key, 2 * number + 1), epsilon.shape)
        value = score(number, new)
        better = value > highest
        return (jnp.where(better[:, None], new, epsilon), jnp.maximum(value, highest)), None

    start = (first, score(jnp.int32(0), first))
    return jax.lax.scan(compare, start, jnp.arange(1, proposals, dtype=jnp.int32))[0][0]


@functools.partial(jax.jit, static_argnames=("steps",))
def _langevin(
    network: Mapping[str, Any],
    start: Float[Array, "n d"],
    back: AffineMap,
    key: jax.Array,
    size: ScalarLike,
    *,
    steps: int,
) -> tuple[Float[Array, "n d"], Scalar]:
    """w after Metropolis-adjusted Langevin steps from start, and the share accepted."""

    def log_density(w: Float[Array, "n d"]) -> Float[Array, " n"]:
        return _logit(network, w) - 0.5 * jnp.square(back(w)).sum(1)

    def slope(w: Float[Array, "n d"]) -> tuple[Float[Array, " n"], Float[Array, "n d"]]:
        value, back = jax.vjp(log_density, w)
        return value, back(jnp.ones_like(value))[0]

    def log_step(
        to: Float[Array, "n d"], start: Float[Array, "n d"], gradient: Float[Array, "n d"]
    ) -> Float[Array, " n"]:
        return -0.5 * jnp.square((to - start - 0.5 * size**2 * gradient) / size).sum(1)

    def step(state: tuple[jax.Array, jax.Array, jax.Array], number: jax.Array) -> tuple[Any, jax.Array]:
        w, value, gradient = state
        noise_key, accept_key = jax.random.split(jax.random.fold_in(key, number))
        new = w + 0.5 * size**2 * gradient + size * jax.random.normal(noise_key, w.shape)
        new_value, new_gradient = slope(new)
        log_odds = new_value - value + log_step(w, new, new_gradient) - log_step(new, w, gradient)
        taken = jnp.log(jax.random.uniform(accept_key, value.shape)) < log_odds
        pick = lambda a, b: jnp.where(taken if a.ndim == 1 else taken[:, None], a, b)  # noqa: E731
        chosen = (pick(new, w), pick(new_value, value), pick(new_gradient, gradient))
        return chosen, taken.astype(jnp.float32).mean()

    (w, _, _), taken = jax.lax.scan(step, (start, *slope(start)), jnp.arange(steps, dtype=jnp.int32))
    return w, taken.mean()
