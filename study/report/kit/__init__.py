"""Tools for an experiment's own report: estimates, paired contrasts, readable tables, figures and sentences."""

from study.report.findings import Exhibit
from study.report.kit.crossed import by_training, covered, share_closed, trainings
from study.report.kit.curves import Lines, curve, lines, log_axis, noise_axis, setting_axis
from study.report.kit.dots import Panel, dots
from study.report.kit.estimates import by_run, each_metric, each_place, estimate, estimates, values
from study.report.kit.pairs import Pair, compared, decided, paired
from study.report.kit.pictured import pictured, stored
from study.report.kit.readable import (
    Column,
    Row,
    cell,
    change,
    contrast,
    direction,
    plain,
    readable,
    several,
    value,
)
from study.report.kit.sentences import (
    UNDECIDED,
    WORDS,
    at,
    brief,
    by_verdict,
    clauses,
    extremes,
    placed,
    ranged,
    size,
    undecided,
    unseen,
    where,
    widened,
)
from study.report.kit.shares import along, closing, shares
from study.report.kit.telling import MUTE, silenced, with_decoder
from study.report.kit.windows import windows

__all__ = [
    "MUTE",
    "UNDECIDED",
    "WORDS",
    "Column",
    "Exhibit",
    "Lines",
    "Pair",
    "Panel",
    "Row",
    "along",
    "at",
    "brief",
    "by_run",
    "by_training",
    "by_verdict",
    "cell",
    "change",
    "clauses",
    "closing",
    "compared",
    "contrast",
    "covered",
    "curve",
    "decided",
    "direction",
    "dots",
    "each_metric",
    "each_place",
    "estimate",
    "estimates",
    "extremes",
    "lines",
    "log_axis",
    "noise_axis",
    "paired",
    "pictured",
    "placed",
    "plain",
    "ranged",
    "readable",
    "setting_axis",
    "several",
    "share_closed",
    "shares",
    "silenced",
    "size",
    "stored",
    "trainings",
    "undecided",
    "unseen",
    "value",
    "values",
    "where",
    "widened",
    "windows",
    "with_decoder",
]
