"""Paired differences over training seeds: intervals, corrections, power, and sources of variance."""

from study.statistics.across import across_settings
from study.statistics.components import Components, component_table, variance_components
from study.statistics.contrasts import contrasts
from study.statistics.intervals import LEVEL, bootstrap_interval
from study.statistics.multiplicity import holm
from study.statistics.power import detectable, detectable_effect
from study.statistics.replicates import BASELINE, paired_differences
from study.statistics.summary import summarise

__all__ = [
    "BASELINE",
    "LEVEL",
    "Components",
    "across_settings",
    "bootstrap_interval",
    "component_table",
    "contrasts",
    "detectable",
    "detectable_effect",
    "holm",
    "paired_differences",
    "summarise",
    "variance_components",
]
