"""The answer of `linear_ground_truth` on made-up tables: reached, not reached, and not decided."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def module():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / "linear_ground_truth.py")))


def table(error: float, reach: float, *, exact: tuple[float, ...] = (10.0, 5.0)) -> pd.DataFrame:
    """The last rate is off by `error`, with an interval of ± `reach`, both relative; the others are exact."""
    off = np.array([0.0] * (len(exact) - 1) + [error])
    rate = np.array(exact) * (1 + off)
    found = pd.DataFrame({"beta": 0.5 * 2.0 ** np.arange(len(exact)), "noise_variance": 0.1, "latent_dim": 8})
    found = found.assign(active_exact=3, rate_exact=exact, rate=rate, relative_error=off, seeds=5)
    found = found.assign(rate_low=rate - reach * rate, rate_high=rate + reach * rate)
    return found.assign(kl_1_exact=2.0, kl_1=1.98, kl_2_exact=1.0, kl_2=0.96)


@pytest.mark.parametrize(
    ("error", "reach", "start"),
    [
        (
            0.01,
            0.01,
            "Yes, to within 3 %: over 2 values of β with active axes, the rate of trained linear VAEs lies within "
            "2.0 % of the exact optimum (farthest at β = 1: 5.05 [5.00, 5.10] against 5.00 nats, 95 % interval over 5 "
            "training runs); the mean KLs of the two leading axes lie within 4.0 %.",
        ),
        (
            0.06,
            0.01,
            "No: over 2 values of β with active axes, the rate of trained linear VAEs lies within 7.1 %",
        ),
        (-0.06, 0.01, "No: over 2 values"),
        (0.01, 0.05, "Not decided to within 3 %: over 2 values"),
        (0.01, np.nan, "Not decided to within 3 %: over 2 values"),
    ],
)
def test_the_verdict_follows_the_intervals(module, error, reach, start):
    found = module.findings(None, {"linear_ground_truth": table(error, reach)})
    assert found.answer.startswith(start)
    assert "no active axis" not in found.answer
    assert len(found.sections[0].figure.axes) == 1


def test_where_the_optimum_is_inactive_the_rate_is_said(module):
    both = table(0.0, 0.01)
    gone = both.iloc[:1].assign(beta=9.0, rate_exact=0.0, rate=0.002, relative_error=np.nan)
    answer = module.findings(None, {"linear_ground_truth": pd.concat([both, gone])}).answer
    assert answer.endswith(" Where the optimum has no active axis, the rate is at most 0.002 nats.")
    alone = module.findings(None, {"linear_ground_truth": gone})
    assert alone.answer.startswith("Not decided: at no β does the optimum have active axes.")
    assert alone.sections[0].figure is None
