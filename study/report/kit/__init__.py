"""Tools for an experiment's own report: estimates, paired contrasts, readable tables, figures and sentences."""

from study.report.kit.curves import curve, log_axis, setting_axis
from study.report.kit.dots import Panel, dots
from study.report.kit.estimates import by_run, each_metric, each_place, estimate, estimates, values
from study.report.kit.pairs import Pair, at_each, paired
from study.report.kit.readable import Column, averages_first, cell, change, plain, readable, several, value
from study.report.kit.sentences import UNDECIDED, by_verdict, size, undecided, unseen

__all__ = [
    "UNDECIDED",
    "Column",
    "Pair",
    "Panel",
    "at_each",
    "averages_first",
    "by_run",
    "by_verdict",
    "cell",
    "change",
    "curve",
    "dots",
    "each_metric",
    "each_place",
    "estimate",
    "estimates",
    "log_axis",
    "paired",
    "plain",
    "readable",
    "setting_axis",
    "several",
    "size",
    "undecided",
    "unseen",
    "value",
    "values",
]
