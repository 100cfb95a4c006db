"""What an experiment writes its report with: estimates, paired contrasts, readable tables, figures and sentences."""

from study.report.kit.curves import curve, setting_axis
from study.report.kit.dots import Panel, dots
from study.report.kit.estimates import by_run, estimate, estimates, values
from study.report.kit.pairs import Pair, at_each, paired
from study.report.kit.readable import cell, change, readable, several, value
from study.report.kit.sentences import UNDECIDED, by_verdict, size, undecided

__all__ = [
    "UNDECIDED",
    "Pair",
    "Panel",
    "at_each",
    "by_run",
    "by_verdict",
    "cell",
    "change",
    "curve",
    "dots",
    "estimate",
    "estimates",
    "paired",
    "readable",
    "setting_axis",
    "several",
    "size",
    "undecided",
    "value",
    "values",
]
