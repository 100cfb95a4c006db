"""The table `latents`: the information in each latent dimension, and how its marginal differs from the prior's."""

import functools
import math
from typing import TYPE_CHECKING

import jax
import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, ndtri

from study.latents.aggregate import AggregatePosterior
from study.latents.base import Latents, require_latents
from study.latents.marginals import marginal_kl
from study.latents.prior import MarginalPrior, PriorDensity
from study.latents.surgery import posterior_draws
from study.runtime.checks import whole_number
from study.runtime.drawing import split
from study.runtime.keys import Key, as_key

if TYPE_CHECKING:
    import pandas as pd  # takes a third of a second to import, which planning a run does not need

MARGINAL_DRAWS = 20_000  # draws for W1 and KS, whose noise floor is about 1/√draws
NULL = 0.95  # quantile
_SIMULATED, _AT_MOST = 400, 5000  # sets of prior draws for W1's null, and their largest size
_HALVINGS = 200  # random halvings of draws of a learned prior, for its null
COLUMNS = ["dimension", "kl", "marginal_kl", "mutual_information", "w1", "ks"]


def dimension_table(
    key: Key, latents: Latents, *, draws: int, prior: PriorDensity | None = None
) -> "pd.DataFrame":
    """One row per latent dimension, the columns of `schemas.LATENTS` except `run_id`.

    `kl` is E_x KL(q(zⱼ|x)‖p(zⱼ)) in closed form. `marginal_kl` is KL(q(zⱼ)‖p(zⱼ)) by quadrature of the one-dimensional
    mixture, so it is never below zero. `mutual_information`, the information of zⱼ about the example, is their
    difference. `active` is Var_x(mean) > 0.01 :cite:`burda2016`. `w1` and `ks` are the Wasserstein-1 and
    Kolmogorov-Smirnov distances between q(zⱼ) and N(0, 1); `w1_null_high` and `ks_null_high` are the values that as
    many draws of N(0, 1) exceed in 5 % of cases. KLs are in nats, variances in squared units of z, W1 in units of z.

    Under a learned prior (None is N(0, I)) p(zⱼ) is its marginal, and `marginal_kl` NaN if that is not tractable (flow,
    LARS). `mutual_information` needs no prior: it is estimated from `draws` draws, and `kl` is the sum of the two. The
    two distances, and their nulls, are then between two sets of draws, of q(zⱼ) and of p(zⱼ).
    """
    import pandas as pd

    require_latents("dimension_table", latents)
    key, draws = as_key(key), whole_number(draws, name="draws", least=1)
    draw_key, marginal_key = split(key)
    if prior is not None:
        _, z, own = posterior_draws(draw_key, latents, draws=draws)
        return _described(_against_learned(marginal_key, latents, z, own, prior), latents)
    kl = latents.kl().mean(0)
    repeats = -(-MARGINAL_DRAWS // latents.n)
    many = np.concatenate([latents.sample(k) for k in split(marginal_key, repeats)])
    rows = []
    for j in range(latents.d):
        apart = marginal_kl(latents.mean[:, j], latents.log_var[:, j])
        w1, ks = normal_distances(many[:, j])
        rows.append((j, kl[j], apart, kl[j] - apart, w1, ks))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["w1_null_high"], frame["ks_null_high"] = normal_null(len(many))
    return _described(frame, latents)


def _described(frame: "pd.DataFrame", latents: Latents) -> "pd.DataFrame":
    """The table with the columns that need no prior."""
    mean_variance = latents.mean.astype(np.float64).var(0)
    return frame.assign(
        mean_variance=mean_variance,
        variance_mean=np.exp(latents.log_var.astype(np.float64)).mean(0),
        active=mean_variance > 0.01,
    )


def _against_learned(
    key: jax.Array,
    latents: Latents,
    z: Float[np.ndarray, "M d"],
    own: Float[np.ndarray, "M d"],
    prior: PriorDensity,
) -> "pd.DataFrame":
    """The columns that need the prior, from draws of a learned one; own is log q(zⱼ|x) of the draws z."""
    import pandas as pd
    from scipy import stats  # takes half a second to import, which reading tables does not need

    q_key, p_key, null_key = split(key, 3)
    m = MARGINAL_DRAWS
    many, of_prior = AggregatePosterior(latents).sample(q_key, n=m), prior.sample(p_key, n=m)
    pool = prior.sample(null_key, n=2 * min(m, _AT_MOST))
    rows = []
    for j in range(latents.d):
        marginal = AggregatePosterior(Latents(latents.mean[:, j : j + 1], latents.log_var[:, j : j + 1]))
        log_q = marginal.log_prob(z[:, j : j + 1])
        apart = math.nan
        if isinstance(prior, MarginalPrior):
            apart = _learned_marginal_kl(latents, prior, of_prior[:, j], j)
        w1 = float(np.abs(np.sort(many[:, j]) - np.sort(of_prior[:, j])).mean())
        ks = float(stats.ks_2samp(many[:, j], of_prior[:, j], method="asymp").statistic)
        w1_null = halved_w1(pool[:, j]) * math.sqrt(len(pool) / (2 * m))
        information = (own[:, j] - log_q).mean()
        rows.append(
            (
                j,
                information + apart,
                apart,
                information,
                w1,
                ks,
                w1_null,
                stats.kstwobign.ppf(NULL) * math.sqrt(2 / m),
            )
        )
    return pd.DataFrame(rows, columns=[*COLUMNS, "w1_null_high", "ks_null_high"])


def _learned_marginal_kl(
    latents: Latents, prior: MarginalPrior, drawn: Float[np.ndarray, " M"], j: int
) -> float:
    """KL of the marginals of dimension j in nats; drawn are draws of p(zⱼ), which show where it has mass."""
    low, high = float(drawn.min()), float(drawn.max())
    span = low - 0.5 * (high - low), high + 0.5 * (high - low)

    def log_prior(z: Float[np.ndarray, " M"]) -> Float[np.ndarray, " M"]:
        return prior.marginal_log_prob(np.tile(z[:, None].astype(np.float32), latents.d))[:, j].astype(
            np.float64
        )

    return marginal_kl(latents.mean[:, j], latents.log_var[:, j], log_prior=log_prior, span=span)


def halved_w1(pool: Float[np.ndarray, " M"]) -> float:
    """The 95 % quantile of the Wasserstein-1 distance between two random halves of draws, M even."""
    rng = np.random.default_rng(0)
    ordered = np.sort(pool)
    half = len(pool) // 2
    found = []
    for _ in range(_HALVINGS):
        side = np.zeros(len(pool), bool)
        side[rng.permutation(len(pool))[:half]] = True
        found.append(np.abs(ordered[side] - ordered[~side]).mean())
    return float(np.quantile(found, NULL))


def normal_distances(z: Float[np.ndarray, " M"]) -> tuple[float, float]:
    """Wasserstein-1 and Kolmogorov-Smirnov distance of draws from N(0, 1)."""
    z = np.sort(z.astype(np.float64))
    m = len(z)
    w1 = float(np.abs(z - ndtri((np.arange(m) + 0.5) / m)).mean())
    cdf = ndtr(z)
    ks = float(max((np.arange(1, m + 1) / m - cdf).max(), (cdf - np.arange(m) / m).max()))
    return w1, ks


@functools.cache
def normal_null(m: int) -> tuple[float, float]:
    """The 95 % quantiles of `normal_distances` of m draws of N(0, 1).

    KS has a distribution-free closed form. W1 is simulated with a fixed key from sets of at most 5,000 draws; for more
    draws it falls as 1/√m.
    """
    from scipy import stats  # takes half a second to import, which reading tables does not need

    size = min(m, _AT_MOST)
    sets = np.asarray(jax.random.normal(jax.random.key(0), (_SIMULATED, size)))
    w1 = np.quantile([normal_distances(z)[0] for z in sets], NULL)
    return float(w1) * math.sqrt(size / m), float(stats.kstwo.ppf(NULL, m))
