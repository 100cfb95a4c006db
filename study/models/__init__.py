"""Networks, likelihoods, priors, and one file per model family, which is imported when it is used."""

from study.models.linear_theory import LinearOptimum, linear_optimum
from study.models.registry import FAMILY_CLASSES, listing

__all__ = ["FAMILY_CLASSES", "LinearOptimum", "linear_optimum", "listing"]
