"""Evidence lower bound and importance-weighted bounds from the same log-weights.

    log w = log p(x, z) − log q(z|x), z ~ q(z|x);  ELBO = E log w;  L_K = E log 1/K Σₖ wₖ ≤ log p(x), increasing in K

:cite:`kingma2014,burda2016`. A compiled program draws a fixed number of samples for a fixed number of examples and
returns one number per sample, so its memory depends neither on K nor on the number of examples. Sums of weights are
computed in float64. The noise of an example depends only on the key and the example's row number.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Float64, Scalar, UInt32
from scipy.special import logsumexp

from study.metrics.likelihood.density import JointDensity, log_posterior
from study.training.architecture import Architecture

EXAMPLES = 32  # per call
SAMPLES = 250  # per call and example


class Estimates(NamedTuple):
    """One value per example and its Monte Carlo standard error."""

    value: Float64[np.ndarray, " N"]
    stderr: Float64[np.ndarray, " N"]


def log_weights(
    key: jax.Array, density: JointDensity, x: Float[np.ndarray, "B D"], *, samples: int, first: int = 0
) -> Float32[np.ndarray, "B {samples}"]:
    """log p(x, z) − log q(z|x) at `samples` draws of z per example x, B ≤ EXAMPLES.

    `first` is the row number of x[0] among all examples.
    """
    padded = np.concatenate([x, np.zeros((EXAMPLES - len(x), x.shape[1]), np.float32)])
    index = np.arange(first, first + EXAMPLES, dtype=np.uint32)
    size = min(samples, SAMPLES)
    calls = range(-(-samples // size))
    parts = [
        _block(
            density.architecture,
            density.parameters,
            density.variance,
            key,
            np.uint32(call),
            index,
            padded,
            size,
        )
        for call in calls
    ]
    return np.concatenate([np.asarray(part)[: len(x)] for part in parts], axis=1)[:, :samples]


@functools.partial(jax.jit, static_argnums=(0, 7))
def _block(
    architecture: Architecture,
    parameters: Any,
    variance: Scalar,
    key: jax.Array,
    call: UInt32[Array, ""],
    index: UInt32[Array, " B"],
    x: Float[Array, "B D"],
    samples: int,
) -> Float[Array, "B {samples}"]:
    """Log-weights of x, one example after another, to limit the memory of decoder outputs."""
    density = JointDensity(architecture, parameters, variance)
    mean, log_var = density.encode(x)

    def one(example: tuple[jax.Array, ...]) -> jax.Array:
        row, x, mean, log_var = (part[None] for part in example)
        noise_key = jax.random.fold_in(jax.random.fold_in(key, row[0]), call)
        epsilon = jax.random.normal(noise_key, (samples, mean.shape[1]))
        z = mean + jnp.exp(0.5 * log_var) * epsilon
        return density.log_joint(x, z) - log_posterior(z, mean, log_var)

    return jax.lax.map(one, (index, x, mean, log_var))


def elbo(log_w: Float[np.ndarray, "N K"]) -> Estimates:
    """The ELBO, the mean of log-weights."""
    return _over_groups(log_w.astype(np.float64))


def importance_bound(log_w: Float[np.ndarray, "N K"], k: int) -> Estimates:
    """L_k from log-weights: the mean of log 1/k Σ w over groups of k.

    The standard error comes from the groups if there are thirty or more, else from the variance of the weights (to
    first order). The value's expectation lies below log p(x) by about Var(w/E[w])/(2k).
    """
    log_w = log_w.astype(np.float64)
    n, total = log_w.shape
    groups = total // k
    parts = log_w[:, : groups * k].reshape(n, groups, k)
    values = logsumexp(parts, axis=2) - np.log(k)
    if groups >= 30:
        return _over_groups(values)
    relative = np.exp(log_w - logsumexp(log_w, axis=1, keepdims=True) + np.log(total))
    return Estimates(values.mean(1), relative.std(1, ddof=1) / np.sqrt(groups * k))


def posterior_gap(log_w: Float[np.ndarray, "N K"]) -> Estimates:
    """log 1/K Σ w − mean log w, from log-weights: a lower bound on KL(q(z|x)‖p(z|x)).

    Both terms use the same draws; the standard error is that of their difference, to first order.
    """
    log_w = log_w.astype(np.float64)
    k = log_w.shape[1]
    top = logsumexp(log_w, axis=1, keepdims=True) - np.log(k)
    influence = np.exp(log_w - top) - log_w
    return Estimates(top[:, 0] - log_w.mean(1), influence.std(1, ddof=1) / np.sqrt(k))


def effective_samples(log_w: Float[np.ndarray, "N K"]) -> Float64[np.ndarray, " N"]:
    """(Σ w)²/Σ w² from log-weights: near K all draws count, near 1 a single draw decides the bound."""
    log_w = log_w.astype(np.float64)
    return np.exp(2 * logsumexp(log_w, axis=1) - logsumexp(2 * log_w, axis=1))


def _over_groups(values: Float[np.ndarray, "N groups"]) -> Estimates:
    groups = values.shape[1]
    spread = values.std(1, ddof=1) / np.sqrt(groups) if groups > 1 else np.full(len(values), np.nan)
    return Estimates(values.mean(1), spread)
