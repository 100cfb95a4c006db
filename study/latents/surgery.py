"""Decomposition of the rate, E_x KL(q(z|x)‖p(z)) = I(n; z) + KL(q(z)‖p(z)) :cite:`hoffman2016`.

I, the information that z holds about which training example it came from, is E[log q(z|xₙ) − log q(z)] with the
exact q(z). If q(z) includes the draw's own component, I cannot exceed log N; without it there is no such limit
:cite:`poole2019`. For the population from which the N examples are a sample, the two are a lower and an upper bound
on I, and rate − I gives bounds on KL(q(z)‖p(z)). If the bounds differ, the data identify neither number.

KL(q(z)‖p(z)) in turn is the sum of total correlation, KL(q(z)‖∏ⱼ q(zⱼ)), and dimension-wise KL, Σⱼ KL(q(zⱼ)‖p(zⱼ))
:cite:`chen2018`. Both are estimated from the same draws, with the own component included for the upper ends and left
out for the lower ones, so that they add up.

Under N(0, I) the rate is known, so either part of it gives the other as its complement. Where q(z) is near the prior,
the mean of log q(z) − log p(z) has the smaller standard error, and I is the complement; where posteriors are sharp, the
mean of log q(z|x) − log q(z) has it, and KL(q(z)‖p(z)) is the complement. The better one is used for all the numbers
above, which still add up, and `Estimate.how` names it. An estimate of a KL may be below zero within its error.

Under a prior that was learned with the model the rate and KL(q(z)‖p(z)) have no closed form and are estimated from
draws (the rate from two of each of the N posteriors), so rate = I + KL holds within standard errors, not exactly. Such
a prior does not factorise: total correlation and dimension-wise KL no longer add up to KL(q(z)‖p(z)). Quantities that
need the prior's marginals are NaN if these are not tractable (flow, LARS).
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int

from study.latents.aggregate import AggregatePosterior
from study.latents.base import Latents, require_latents
from study.latents.prior import MarginalPrior, PriorDensity
from study.models.normal import LOG_2PI
from study.runtime.brief import Brief
from study.runtime.checks import whole_number
from study.runtime.drawing import permutation, split
from study.runtime.keys import Key, as_key

IDENTIFIED = 0.1  # nats: a bracket narrower than this counts as one number
HOLE_QUANTILE = 0.01
DIRECT, COMPLEMENT = "mean of log q − log p", "rate minus a mean of log q(z|x) − log q"


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number, its standard error, and how many draws it came from (stderr 0 if it is exact over all N examples).

    `how` says which of two estimators was used, where there is a choice.
    """

    value: float
    stderr: float
    n: int
    how: str = ""


@dataclasses.dataclass(frozen=True, repr=False)
class Surgery(Brief):
    """The decomposition of one model's rate, in nats except for shares and counts.

    Attributes:
        rate: E_x KL(q(z|x)‖p(z)) over all N, in closed form under N(0, I).
        mi_lower, mi_upper: bracket on I(x; z).
        kl_aggregate_lower, kl_aggregate_upper: bracket on KL(q(z)‖p(z)).
        total_correlation_lower, total_correlation_upper: the dependence between the dimensions of z.
        dimension_wise_kl_lower, dimension_wise_kl_upper: the mismatch between the marginals of q(z) and of the prior;
            NaN if the prior's marginals are not tractable.
        overlap: exp(log N − I), the effective number of training examples that could have produced a z; near 1,
            sampling q(z) reconstructs training data.
        hole_mass: share of prior draws where log q(z) lies below its 1 % quantile over held-out codes.
        hole_mass_converse: share of q(z) outside the ball that holds 99 % of N(0, I); for a learned prior, where
            log p(z) lies below its 1 % quantile over draws of p.
        active_units: number of dimensions with Var(mean) > 0.01 :cite:`burda2016`; a learned prior leaves the scale
            of z free, on which this number depends.
        active_units_kl: number of dimensions with KL > 0.01 nats; NaN if the prior's marginals are not tractable.
    """

    rate: Estimate
    mi_lower: Estimate
    mi_upper: Estimate
    kl_aggregate_lower: Estimate
    kl_aggregate_upper: Estimate
    total_correlation_lower: Estimate
    total_correlation_upper: Estimate
    dimension_wise_kl_lower: Estimate
    dimension_wise_kl_upper: Estimate
    overlap: Estimate
    hole_mass: Estimate
    hole_mass_converse: Estimate
    active_units: Estimate
    active_units_kl: Estimate

    def _facts(self) -> Mapping[str, Any]:
        return {field.name: getattr(self, field.name).value for field in dataclasses.fields(self)}

    @property
    def identified(self) -> bool:
        """Whether the ends of the bracket agree to within 0.1 nats."""
        return self.mi_upper.value - self.mi_lower.value < IDENTIFIED


def mean_estimate(values: Float[np.ndarray, " M"]) -> Estimate:
    """Mean over independent values with its standard error."""
    n = len(values)
    spread = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return Estimate(float(np.mean(values)), spread, n)


def posterior_draws(
    key: jax.Array, latents: Latents, *, draws: int
) -> tuple[Int[np.ndarray, " M"], Float32[np.ndarray, "M d"], Float64[np.ndarray, "M d"]]:
    """index, z and log q(zⱼ|x_index): examples without replacement, M = min(draws, N)."""
    index_key, noise_key = split(key)
    index = permutation(index_key, latents.n)[:draws]
    epsilon = np.asarray(jax.random.normal(noise_key, (len(index), latents.d)))
    log_var = latents.log_var[index]
    z = latents.mean[index] + np.exp(0.5 * log_var) * epsilon
    own = -0.5 * (np.square(epsilon, dtype=np.float64) + log_var + LOG_2PI)
    return index, z, own


def surgery(
    key: Key, latents: Latents, held_out: Latents, *, draws: int, prior: PriorDensity | None = None
) -> Surgery:
    """Decompose one model's rate, with `draws` Monte Carlo draws of z against all N components.

    Args:
        key: jax.random key.
        latents: posteriors of the training examples, which define q(z).
        held_out: posteriors of examples that were not trained on.
        draws: draws from q(z), and as many from the prior.
        prior: p(z), if it was learned with the model; None is N(0, I).
    """
    require_latents("surgery", latents, held_out)
    key, draws = as_key(key), whole_number(draws, name="draws", least=1)
    posterior_key, prior_key, held_out_key = split(key, 3)
    q = AggregatePosterior(latents)
    index, z, own_marginals = posterior_draws(posterior_key, latents, draws=draws)
    n, own = latents.n, own_marginals.sum(1)
    left_out, included = _both_ways(latents, z, index, own)
    pairs = [
        _both_ways(
            Latents(latents.mean[:, [j]], latents.log_var[:, [j]]), z[:, [j]], index, own_marginals[:, j]
        )
        for j in range(latents.d)
    ]
    marginal_left_out, marginal_included = np.sum(pairs, axis=0)
    marginals = marginal_included, marginal_left_out
    against = (
        _against_normal(latents, z, own, (included, left_out), marginals, key=prior_key, draws=draws)
        if prior is None
        else _against_learned(
            prior, latents, z, own_marginals, (included, left_out), marginals, key=prior_key, draws=draws
        )
    )
    mi_lower, mi_upper = against.information
    threshold = np.quantile(q.log_prob(held_out.sample(held_out_key)), HOLE_QUANTILE)
    overlap = math.exp(math.log(n) - mi_lower.value)
    return Surgery(
        rate=against.rate,
        mi_lower=mi_lower,
        mi_upper=mi_upper,
        kl_aggregate_lower=against.kl_aggregate[1],
        kl_aggregate_upper=against.kl_aggregate[0],
        total_correlation_lower=mean_estimate(left_out - marginal_left_out),
        total_correlation_upper=mean_estimate(included - marginal_included),
        dimension_wise_kl_lower=against.dimension_wise_kl[1],
        dimension_wise_kl_upper=against.dimension_wise_kl[0],
        overlap=Estimate(overlap, overlap * mi_lower.stderr, mi_lower.n),
        hole_mass=mean_estimate((q.log_prob(against.draws) < threshold).astype(float)),
        hole_mass_converse=mean_estimate(against.outside.astype(float)),
        active_units=Estimate(float((latents.mean.var(0) > 0.01).sum()), 0.0, n),
        active_units_kl=Estimate(_count(against.kl), 0.0, n),
    )


class _Against(NamedTuple):
    """The quantities that depend on the prior; of each pair of KLs the upper end comes first.

    Attributes:
        information: lower and upper end of I.
        kl: E_x KL(q(zⱼ|x)‖p(zⱼ)), NaN if p(zⱼ) is not tractable.
        draws: of the prior, M.
        outside: which draws of q(z) lie where the prior has hardly any mass.
    """

    rate: Estimate
    information: tuple[Estimate, Estimate]
    kl_aggregate: tuple[Estimate, Estimate]
    dimension_wise_kl: tuple[Estimate, Estimate]
    kl: Float[np.ndarray, " d"]
    draws: Float[np.ndarray, "M d"]
    outside: Bool[np.ndarray, " M"]


def _against_normal(
    latents: Latents,
    z: Float[np.ndarray, "M d"],
    own: Float[np.ndarray, " M"],
    joint: tuple[Float[np.ndarray, " M"], Float[np.ndarray, " M"]],
    marginals: tuple[Float[np.ndarray, " M"], Float[np.ndarray, " M"]],
    *,
    key: jax.Array,
    draws: int,
) -> _Against:
    """N(0, I): the rate in closed form over all N, and of I and KL(q(z)‖p(z)) one estimated, one as the complement.

    joint is log q(z) and marginals Σⱼ log q(zⱼ), each first with the own component included, then without.
    """
    kl = latents.kl()
    rate = Estimate(float(kl.sum(1).mean()), 0.0, latents.n)
    log_p = -0.5 * (np.square(z, dtype=np.float64) + LOG_2PI).sum(1)
    direct = mean_estimate(joint[0] - log_p).stderr < mean_estimate(own - joint[0]).stderr

    def complement(part: Estimate) -> Estimate:
        return dataclasses.replace(part, value=rate.value - part.value)

    def apart(log_q: np.ndarray) -> Estimate:
        if direct:
            return dataclasses.replace(mean_estimate(log_q - log_p), how=DIRECT)
        return dataclasses.replace(complement(mean_estimate(own - log_q)), how=COMPLEMENT)

    def information(log_q: np.ndarray) -> Estimate:
        return dataclasses.replace(complement(apart(log_q)), how="") if direct else mean_estimate(own - log_q)

    return _Against(
        rate,
        (information(joint[0]), information(joint[1])),
        (apart(joint[0]), apart(joint[1])),
        (apart(marginals[0]), apart(marginals[1])),
        kl.mean(0),
        np.asarray(jax.random.normal(key, (draws, latents.d))),
        np.square(z).sum(1) > _radius(latents.d),
    )


def _against_learned(
    prior: PriorDensity,
    latents: Latents,
    z: Float[np.ndarray, "M d"],
    own_marginals: Float[np.ndarray, "M d"],
    joint: tuple[Float[np.ndarray, " M"], Float[np.ndarray, " M"]],
    marginals: tuple[Float[np.ndarray, " M"], Float[np.ndarray, " M"]],
    *,
    key: jax.Array,
    draws: int,
) -> _Against:
    """A learned prior: every number is estimated from draws.

    joint is log q(z) and marginals Σⱼ log q(zⱼ), each first with the own component included, then without.
    """
    own = own_marginals.sum(1)
    p = prior.sample(key, n=draws)
    log_p = prior.log_prob(z)
    edge = np.quantile(prior.log_prob(p), HOLE_QUANTILE)
    kl, wise = np.full(latents.d, math.nan), (Estimate(math.nan, math.nan, len(z)),) * 2
    if isinstance(prior, MarginalPrior):
        log_p_marginals = prior.marginal_log_prob(z)
        kl = (own_marginals - log_p_marginals).mean(0)
        ends = [mean_estimate(marginal - log_p_marginals.sum(1)) for marginal in marginals]
        wise = ends[0], ends[1]
    return _Against(
        learned_rate(jax.random.fold_in(key, 1), latents, prior),
        (mean_estimate(own - joint[0]), mean_estimate(own - joint[1])),
        (mean_estimate(joint[0] - log_p), mean_estimate(joint[1] - log_p)),
        wise,
        kl,
        p,
        log_p < edge,
    )


def learned_rate(key: jax.Array, latents: Latents, prior: PriorDensity) -> Estimate:
    """E_x KL(q(z|x)‖p(z)) in nats under a learned prior: log q(z|x) − log p(z) at two independent z for each x.

    The standard error covers these draws only, since the N examples are given (under N(0, I) the closed form has none).
    Half the difference within a pair has the variance of the pair's mean.
    """
    pair = []
    for own_key in split(key):
        epsilon = np.asarray(jax.random.normal(own_key, latents.mean.shape))
        log_q = -0.5 * (np.square(epsilon, dtype=np.float64) + latents.log_var + LOG_2PI).sum(1)
        pair.append(log_q - prior.log_prob(latents.mean + np.exp(0.5 * latents.log_var) * epsilon))
    stderr = math.sqrt(np.square(0.5 * (pair[0] - pair[1])).mean() / latents.n)
    return Estimate(float(np.mean(pair)), stderr, latents.n)


def _count(kl: Float[np.ndarray, " d"]) -> float:
    """How many values exceed 0.01 nats; NaN if they are not known."""
    return math.nan if np.isnan(kl).any() else float((kl > 0.01).sum())


def _both_ways(
    latents: Latents, z: Float[np.ndarray, "M d"], index: Int[np.ndarray, " M"], own: Float[np.ndarray, " M"]
) -> tuple[Float[np.ndarray, " M"], Float[np.ndarray, " M"]]:
    """log q(z) with the own component left out, and included; own is log q(z|x_index)."""
    n = latents.n
    if n == 1:
        return np.full(len(z), -np.inf), own
    left_out = AggregatePosterior(latents).log_prob_without_own(z, index)
    return left_out, np.logaddexp(left_out + math.log1p(-1 / n), own - math.log(n))


def _radius(d: int) -> float:
    """Squared radius of the ball that holds all but HOLE_QUANTILE of N(0, I)."""
    from scipy import stats  # takes half a second to import, which reading tables does not need

    return float(stats.chi2.ppf(1 - HOLE_QUANTILE, d))
