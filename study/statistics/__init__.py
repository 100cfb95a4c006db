"""Effects over training seeds: shares of the gap closed, intervals, corrections, verdicts, and sources of variance."""

from study.statistics.across import across_settings
from study.statistics.components import Components, component_table, variance_components
from study.statistics.contrasts import contrasts
from study.statistics.estimates import LEVEL, interval
from study.statistics.multiplicity import holm
from study.statistics.replicates import BASELINE, evaluations, paired_differences
from study.statistics.summary import summarise
from study.statistics.verdicts import MATTERS, detectable_effect

__all__ = [
    "BASELINE",
    "LEVEL",
    "MATTERS",
    "Components",
    "across_settings",
    "component_table",
    "contrasts",
    "detectable_effect",
    "evaluations",
    "holm",
    "interval",
    "paired_differences",
    "summarise",
    "variance_components",
]
