"""The table `latents`: what each latent dimension holds, and how its marginal differs from the prior's."""

import functools
import math

import jax
import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import ndtr, ndtri

from study.latents.aggregate import LOG_2PI, AggregatePosterior
from study.latents.base import Latents
from study.latents.surgery import posterior_draws
from study.models.likelihoods import gaussian_kl

MARGINAL_DRAWS = 20_000  # draws behind W1 and KS, whose noise floor is about 1/√draws
NULL = 0.95  # quantile
_SIMULATED, _AT_MOST = 400, 5000  # sets of prior draws behind W1's null, and their size


def dimension_table(key: jax.Array, latents: Latents, *, draws: int) -> pd.DataFrame:
    """One row per latent dimension, the columns of `schemas.LATENTS` but `run_id`.

    `kl` is E_x KL(q(zⱼ|x)‖p(zⱼ)) in closed form. `marginal_kl` is KL(q(zⱼ)‖p(zⱼ)) with the exact one-dimensional
    mixture at `draws` draws; it is not the same thing, and their difference is `mutual_information`, what zⱼ tells
    of the example. `active` is Var_x(mean) > 0.01 :cite:`burda2016`. `w1` and `ks` are the Wasserstein-1 and
    Kolmogorov-Smirnov distances between q(zⱼ) and N(0, 1); beside them, as `w1_null_high` and `ks_null_high`, what
    as many draws of N(0, 1) exceed in 5 % of cases. KLs are in nats, variances in squared units of z, W1 in units
    of z.
    """
    draw_key, marginal_key = jax.random.split(key)
    _, z, _ = posterior_draws(draw_key, latents, draws=draws)
    kl = np.asarray(gaussian_kl(latents.mean, latents.log_var), np.float64).mean(0)
    repeats = -(-MARGINAL_DRAWS // latents.n)
    many = np.concatenate([latents.sample(k) for k in jax.random.split(marginal_key, repeats)])
    rows = []
    for j in range(latents.d):
        marginal = AggregatePosterior(Latents(latents.mean[:, j : j + 1], latents.log_var[:, j : j + 1]))
        log_p = -0.5 * (np.square(z[:, j], dtype=np.float64) + LOG_2PI)
        marginal_kl = float(np.mean(marginal.log_prob(z[:, j : j + 1]) - log_p))
        w1, ks = normal_distances(many[:, j])
        rows.append((j, kl[j], marginal_kl, kl[j] - marginal_kl, w1, ks))
    frame = pd.DataFrame(rows, columns=["dimension", "kl", "marginal_kl", "mutual_information", "w1", "ks"])
    frame["mean_variance"] = latents.mean.astype(np.float64).var(0)
    frame["variance_mean"] = np.exp(latents.log_var.astype(np.float64)).mean(0)
    frame["w1_null_high"], frame["ks_null_high"] = normal_null(len(many))
    frame["active"] = frame["mean_variance"] > 0.01
    return frame


def normal_distances(z: np.ndarray) -> tuple[float, float]:
    """Wasserstein-1 and Kolmogorov-Smirnov distance of draws `[M]` from N(0, 1)."""
    z = np.sort(z.astype(np.float64))
    m = len(z)
    w1 = float(np.abs(z - ndtri((np.arange(m) + 0.5) / m)).mean())
    cdf = ndtr(z)
    ks = float(max((np.arange(1, m + 1) / m - cdf).max(), (cdf - np.arange(m) / m).max()))
    return w1, ks


@functools.cache
def normal_null(m: int) -> tuple[float, float]:
    """The 95 % quantiles of `normal_distances` of m draws of N(0, 1).

    KS in closed form, free of the distribution; W1 simulated with a fixed key, from sets of at most 5,000 draws, since
    beyond it falls as 1/√m.
    """
    size = min(m, _AT_MOST)
    sets = np.asarray(jax.random.normal(jax.random.key(0), (_SIMULATED, size)))
    w1 = np.quantile([normal_distances(z)[0] for z in sets], NULL)
    return float(w1) * math.sqrt(size / m), float(stats.kstwo.ppf(NULL, m))
