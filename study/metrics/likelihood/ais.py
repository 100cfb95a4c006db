"""Annealed importance sampling of log p(x), by Hamiltonian transitions :cite:`neal2001,wu2017`.

    f_t(z) = f₀(z)^(1 − b_t) p(x, z)^(b_t),  0 = b₀ < … < b_T = 1,  f₀ = p(z) or q(z|x)
    log w = Σ_t (b_t − b_{t−1}) (log p(x, z_{t−1}) − log f₀(z_{t−1})),  z₀ ~ f₀,  z_t by a transition that keeps f_t

1/C Σ w over C chains is unbiased for p(x), so its logarithm is a lower bound in expectation and rarely exceeds log p(x)
by more than a few nats. b is a sigmoid or a line. Step sizes adapt to the acceptance of each example's chains, as in Wu
et al., but only in a first pass with separate noise. The second pass, whose weights are reported, keeps these sizes
fixed at each temperature, since sizes that depend on a chain's own past would make it biased. A transition moves in
units of a Gaussian between f₀ and the posterior, whose precision goes from that of f₀ to the encoder's.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float64, Scalar, UInt32
from scipy.special import expit, logsumexp

from study.config import AnnealingConfig
from study.metrics.likelihood.density import JointDensity, log_posterior
from study.metrics.likelihood.importance import Estimates
from study.runtime.drawing import split
from study.training.architecture import Architecture

TARGET = 0.65  # acceptance that step sizes aim at :cite:`wu2017`
RATE = 0.1  # change of their logarithm per unit of acceptance off target
FIRST = 0.5  # step size at the start of the first pass
JITTER = 0.2  # relative variation of step sizes between transitions, which prevents periodic trajectories
STEEPNESS = 4.0  # of the sigmoid, as in :cite:`wu2017`
ROWS = 256  # chains per call, over all its examples


def powers(how: AnnealingConfig) -> Float64[np.ndarray, " {how.temperatures}+1"]:
    """b₀ … b_T."""
    line = np.linspace(0, 1, how.temperatures + 1)
    if how.schedule == "linear":
        return line
    curve = expit(STEEPNESS * (2 * line - 1))
    return (curve - curve[0]) / (curve[-1] - curve[0])


class Annealed(NamedTuple):
    """log p(x) per example with its standard error over chains, and the mean acceptance per example."""

    estimates: Estimates
    acceptance: Float[np.ndarray, " N"]


def annealed(
    key: jax.Array, density: JointDensity, x: Float[np.ndarray, "N D"], how: AnnealingConfig
) -> Annealed:
    """Estimate log p(x); memory does not depend on N.

    The standard error is that of the mean weight over chains, to first order; if weights differ by many nats, it is
    too small and the value too low.
    """
    examples = max(1, ROWS // how.chains)
    b = powers(how).astype(np.float32)
    flat = np.full((how.temperatures, examples), FIRST, np.float32)
    found = []
    for start in range(0, len(x), examples):
        block = x[start : start + examples]
        padded = np.concatenate([block, np.zeros((examples - len(block), x.shape[1]), np.float32)])
        index = np.arange(start, start + examples, dtype=np.uint32)
        run = functools.partial(_anneal, density.architecture, how, density.parameters, density.variance)
        first, second = split(key)
        _, sizes, _ = run(first, index, padded, b, flat, np.float32(RATE))
        log_w, _, accepted = run(second, index, padded, b, sizes, np.float32(0))
        found.append([np.asarray(part)[: len(block)] for part in (log_w, accepted)])
    log_w, accepted = (np.concatenate(parts) for parts in zip(*found, strict=True))
    log_w = log_w.astype(np.float64)
    top = logsumexp(log_w, axis=1) - np.log(how.chains)
    relative = np.exp(log_w - top[:, None])
    return Annealed(Estimates(top, relative.std(1, ddof=1) / np.sqrt(how.chains)), accepted)


class _Point(NamedTuple):
    """The positions of chains, C for each of B examples, with log f₀, log p(x, z) and their gradients at these."""

    z: Float[Array, "chains d"]
    start: Float[Array, " chains"]
    joint: Float[Array, " chains"]
    start_slope: Float[Array, "chains d"]
    joint_slope: Float[Array, "chains d"]

    def log_density(self, power: Scalar) -> Float[Array, " chains"]:
        return (1 - power) * self.start + power * self.joint

    def slope(self, power: Scalar) -> Float[Array, "chains d"]:
        return (1 - power) * self.start_slope + power * self.joint_slope


@functools.partial(jax.jit, static_argnums=(0, 1))
def _anneal(
    architecture: Architecture,
    how: AnnealingConfig,
    parameters: Any,
    noise: Scalar,
    key: jax.Array,
    index: UInt32[Array, " B"],
    x: Float[Array, "B D"],
    powers: Float[Array, " levels"],
    sizes: Float[Array, "T B"],
    rate: Scalar,
) -> tuple[Float[Array, "B C"], Float[Array, "T B"], Float[Array, " B"]]:
    """Log-weights of x, step sizes used, acceptance.

    With a positive rate, step sizes start at the first row of `sizes` and adapt; with 0 `sizes` are used.
    """
    density = JointDensity(architecture, parameters, noise)
    b, chains, d = x.shape[0], how.chains, architecture.config.latent_dim
    mean, log_var = density.encode(x)
    mean, log_var, x = (jnp.repeat(a, chains, axis=0) for a in (mean, log_var, x))
    precision = jnp.exp(-log_var)
    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, index)

    random = _Random(keys, chains, d)

    def log_start(z: Float[Array, "chains d"]) -> Float[Array, " chains"]:
        return density.log_prior(z) if how.start == "prior" else log_posterior(z, mean, log_var)

    def at(z: Float[Array, "chains d"]) -> _Point:
        slopes = [_value_and_slope(f, z) for f in (log_start, functools.partial(density.log_joint, x))]
        (start, start_slope), (joint, joint_slope) = slopes
        return _Point(z, start, joint, start_slope, joint_slope)

    def anneal(carry: tuple[Any, ...], inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        point, log_w, log_size = carry
        step, before, power, given = inputs
        log_w = log_w + (power - before) * (point.joint - point.start)
        size = jnp.where(rate > 0, jnp.exp(log_size), given)
        first = jnp.ones_like(precision) if how.start == "prior" else precision
        mass = (1 - power) * first + power * precision
        point, ratio = _transition(random, at, point, step, power, size, mass, how.leapfrog_steps)
        accepted = ratio.reshape(b, chains).mean(1)
        return (point, log_w, log_size + rate * (accepted - TARGET)), (size, accepted)

    if how.start == "prior":
        z = random.draw(jnp.uint32(0), 0, lambda one: density.draw_prior(one, chains))
    else:
        z = mean + jnp.exp(0.5 * log_var) * random.normal(jnp.uint32(0))
    steps = jnp.arange(1, how.temperatures + 1, dtype=jnp.uint32)
    begin = at(z), jnp.zeros(b * chains), jnp.log(sizes[0])
    (_, log_w, _), (used, accepted) = jax.lax.scan(anneal, begin, (steps, powers[:-1], powers[1:], sizes))
    return log_w.reshape(b, chains), used, accepted.mean(0)


class _Random(NamedTuple):
    """Random numbers from each example's own key, for C chains in d dimensions.

    Numbers of different steps, or of different kinds within a step, are independent.
    """

    keys: jax.Array
    chains: int
    d: int

    def draw(
        self, step: Scalar, kind: int, draw: Callable[[jax.Array], Float[Array, "C ..."]]
    ) -> Float[Array, "chains numbers"]:
        """Apply `draw`, from a key to C rows, to a key of each of B examples: B·C rows."""
        own = jax.vmap(lambda one: draw(jax.random.fold_in(jax.random.fold_in(one, step), kind)))(self.keys)
        return own.reshape(len(self.keys) * self.chains, -1)

    def normal(self, step: Scalar) -> Float[Array, "chains {self.d}"]:
        """Standard normal numbers, kind 0."""
        return self.draw(step, 0, lambda one: jax.random.normal(one, (self.chains, self.d)))

    def uniform(self, step: Scalar, kind: int) -> Float[Array, "chains 1"]:
        """Uniform numbers."""
        return self.draw(step, kind, lambda one: jax.random.uniform(one, (self.chains,)))


def _transition(
    random: _Random,
    at: Callable[[Float[Array, "chains d"]], _Point],
    point: _Point,
    step: Scalar,
    power: Scalar,
    size: Float[Array, " B"],
    mass: Float[Array, "chains d"],
    leapfrog_steps: int,
) -> tuple[_Point, Float[Array, " chains"]]:
    """One Hamiltonian transition of all chains, and its acceptance probability."""
    size = jnp.repeat(size, random.chains)[:, None] * (1 + JITTER * (2 * random.uniform(step, 1) - 1))
    momentum = jnp.sqrt(mass) * random.normal(step)

    def leapfrog(_: Scalar, state: tuple[_Point, jax.Array]) -> tuple[_Point, jax.Array]:
        point, momentum = state
        momentum = momentum + 0.5 * size * point.slope(power)
        point = at(point.z + size * momentum / mass)
        return point, momentum + 0.5 * size * point.slope(power)

    moved, end = jax.lax.fori_loop(0, leapfrog_steps, leapfrog, (point, momentum))
    energy = 0.5 * ((jnp.square(end) - jnp.square(momentum)) / mass).sum(-1)
    ratio = jnp.exp(jnp.minimum(0.0, moved.log_density(power) - point.log_density(power) - energy))
    ratio = jnp.where(jnp.isfinite(ratio), ratio, 0.0)  # a divergent trajectory is rejected
    taken = random.uniform(step, 2)[:, 0] < ratio
    keep = lambda new, old: jnp.where(taken.reshape(-1, *[1] * (new.ndim - 1)), new, old)  # noqa: E731
    return jax.tree.map(keep, moved, point), ratio


def _value_and_slope(function: Any, z: Float[Array, "B d"]) -> tuple[Float[Array, " B"], Float[Array, "B d"]]:
    """A function's values at z, and its gradient with respect to each row."""
    value, pull = jax.vjp(function, z)
    return value, pull(jnp.ones_like(value))[0]
