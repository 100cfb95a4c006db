"""Networks, likelihoods, priors, and one file per model family, imported when it is used."""

from study.models.linear_theory import LinearOptimum, linear_optimum
from study.models.registry import FAMILIES, listing

__all__ = ["FAMILIES", "LinearOptimum", "linear_optimum", "listing"]
