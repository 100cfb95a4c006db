"""Controls of measures of novelty, on scores: what copies, held-out data and noise must give for a verdict."""

import math

import numpy as np
import pytest

from study.statistics.novelty import controls, excess
from study.statistics.scores import Scores, scores
from tests.statistics.rows import NOISE, rows

TELLS = {"held-out": 0.5, "copycat": 1.0, "noise": 0.5, "posterior": 0.7}


def scored(
    stderr: float = 0.01, metric: str = "nearer_to_train", better: str = "lower", **changes: float
) -> Scores:
    wanted = {name: changes.get(name.replace("-", "_"), value) for name, value in TELLS.items()}
    values = {name: value + 0.05 * NOISE for name, value in wanted.items() if not math.isnan(value)}
    return next(scores(rows(values, stderr=stderr, metric=metric, better=better, family="vae",
                            family_settings="", decode="mean")))  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"noise": 0.7}, "noise is flagged"),
        ({"noise": math.nan}, "noise was not scored"),
        ({"copycat": math.nan}, "copies were not scored"),
        ({"copycat": 0.5}, "copies are not flagged"),
        ({"held_out": 0.7, "noise": 0.7}, "held-out data are flagged"),
        ({"noise": 0.7, "stderr": 0.2}, "copies are not flagged"),  # all trainings share the samples' error
        ({"noise": 0.3}, ""),  # noise on the other side of held-out data copies nothing
    ],
)
def test_a_measure_tells_only_where_its_controls_hold(changes, why):
    assert controls(scored(**changes), 0) == why


def test_direction_is_that_of_copying():
    """Of a measure that is higher for new examples, less than held-out data is towards copies."""
    real = scored(metric="authenticity", better="higher", held_out=0.6, copycat=0.0, noise=1.0, posterior=0.4)
    assert controls(real, 0) == ""
    off = excess(real, "posterior", 0)
    assert off is not None and np.allclose(off, 0.2)
    assert excess(real, "gmm", 0) is None
    turned = scored(metric="authenticity", better="higher", held_out=0.6, copycat=1.0, noise=0.2)
    assert controls(turned, 0) == "copies are not flagged"
