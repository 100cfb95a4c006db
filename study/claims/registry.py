"""The claims of the thread by name, one line each, in their order; a file is imported when first used."""

from study.claims.base import Claim
from study.runtime.lazy import Lazy

CLAIMS = Lazy(
    "study.claims",
    {
        "scale_log_var": "scale_log_var:CLAIM",
        "scale_sigma": "scale_sigma:CLAIM",
        "empirical_is_best": "empirical_is_best:CLAIM",
        "omits_and_oversamples": "omits_and_oversamples:CLAIM",
        "untrained_inputs": "untrained_inputs:CLAIM",
        "prior_is_correct": "prior_is_correct:CLAIM",
        "mismatch_then_failure": "mismatch_then_failure:CLAIM",
        "learned_prior_solves": "learned_prior_solves:CLAIM",
        "a_mapping": "a_mapping:CLAIM",
        "similar_codes": "similar_codes:CLAIM",
        "like_one_image": "like_one_image:CLAIM",
        "weight_raises_kl": "weight_raises_kl:CLAIM",
        "far_and_fuzzy": "far_and_fuzzy:CLAIM",
        "q_resembles_prior": "q_resembles_prior:CLAIM",
        "dimensions_fill": "dimensions_fill:CLAIM",
        "prior_at_300": "prior_at_300:CLAIM",
        "posterior_gap": "posterior_gap:CLAIM",
        "moments_are_not_samples": "moments_are_not_samples:CLAIM",
        "weight_is_variance": "weight_is_variance:CLAIM",
        "informative_units": "informative_units:CLAIM",
        "farthest_latent": "farthest_latent:CLAIM",
        "two_data_sets": "two_data_sets:CLAIM",
        "gan_without_encoder": "gan_without_encoder:CLAIM",
        "three_ways": "three_ways:CLAIM",
    },
)


def claims() -> tuple[Claim, ...]:
    """Every claim, in the order of their numbers."""
    return tuple(CLAIMS.values())
