"""The answer of `memorisation` is right for every possible outcome."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
BETAS = (0.01, 0.1, 1.0)


@pytest.fixture(scope="module")
def module():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / "memorisation.py")))


def tables(
    overlap: tuple[float, ...], novelty: tuple[float, ...], reach: float = 0.05
) -> dict[str, pd.DataFrame]:
    """The experiment's two tables with these overlaps and differences in authenticity."""
    scale = pd.DataFrame({"beta": BETAS, "noise_variance": np.array(BETAS) / 2, "overlap": overlap})
    scale = scale.assign(
        trainings=5, rate=3.0, n_train=1000, overlap_low=scale["overlap"], overlap_high=scale["overlap"] * 1.1
    )
    rows = []
    for beta, difference in zip(BETAS, novelty, strict=True):
        for name in ("posterior", "prior", "gmm", "reconstruction", "copycat", "held-out"):
            for metric in ("authenticity", "nearer_to_train", "kid"):
                known = metric != "kid" and name != "reconstruction"
                low, high = (difference - reach, difference + reach) if known else (np.nan, np.nan)
                value = 0.1 + beta
                rows.append(
                    {"strategy": name, "metric": metric, "mean": value, "low_mean": value, "high_mean": value}
                    | {"difference": difference if known else np.nan, "low": low, "high": high, "beta": beta}
                    | {"copies": high < 0 if known and metric == "authenticity" else None}
                )
    return {"overlap": scale, "memorisation": pd.DataFrame(rows)}


@pytest.mark.parametrize(
    ("overlap", "novelty", "start"),
    [
        (
            (1.0, 1.05, 200),
            (-0.3, -0.2, 0.0),
            "Not where posteriors do not overlap: samples lean towards the training data at β = 0.01 and 0.1.",
        ),
        (
            (1.0, 5, 200),
            (-0.3, -0.2, 0.0),
            "No: samples from posteriors lean towards the training data, both where posteriors do not overlap "
            "(β = 0.01) and where they do (β = 0.1).",
        ),
        (
            (1.0, 5, 200),
            (0.0, -0.2, 0.0),
            "Not where posteriors overlap: samples lean towards the training data at β = 0.1.",
        ),
        (
            (1.0, 5, 200),
            (0.0, 0.0, 0.0),
            "In number only: where posteriors do not overlap, a draw comes from one",
        ),
        (
            (2.0, 5, 200),
            (0.0, 0.0, 0.0),
            "Not decided: at no β is it shown that samples from posteriors lean",
        ),
        (
            (2.0, 5, 200),
            (0.0, 0.2, 0.0),
            "Not decided: at no β is it shown that samples from posteriors lean",
        ),
        (
            (1.0, 1.0, 1.01),
            (-0.3, -0.2, -0.1),
            "Not where posteriors do not overlap: samples lean towards the training data at β = 0.01, 0.1 and 1.",
        ),
    ],
)
def test_the_verdict_follows_overlap_and_novelty(module, overlap, novelty, start):
    made = tables(overlap, novelty)
    found = module.findings(None, made)
    assert found.answer.startswith(start)
    leaning = sum(d < -0.05 for d in novelty)
    assert sum(map(int, re.findall(r"in (\d) of \d settings?", found.answer))) == leaning
    open_ = [beta for beta, d in zip(BETAS, novelty, strict=True) if abs(d) < 0.05]
    listed = re.findall(r"not decided at β = ([^(]*) \(", found.answer)
    assert sorted(float(beta) for part in listed for beta in re.findall(r"[\d.]+", part)) == open_
    assert ("more authentic at β = 0.1" in found.answer) == (novelty[1] > 0)
    assert not re.search("no evidence|stay close|looks new", found.answer)
    assert ("a single training example" in found.answer) == (overlap[0] < 1.1)
    section = found.sections[0]
    assert section.table is not None and list(section.table["beta"]) == list(BETAS)
    assert (section.table["copying"] != "none").sum() == leaning
    assert section.figure is not None and len(section.figure.axes) == 4


def test_the_point_where_the_overlap_nears_one(module):
    """If the excess over 1 is a power of β, interpolation in logarithms is exact; here 0.1 = β²."""
    beta = np.array([0.01, 0.1, 1.0, 10.0])
    assert module._crossing(pd.DataFrame({"beta": beta, "overlap": 1 + beta**2})) == pytest.approx(
        np.sqrt(0.1)
    )
    assert module._crossing(pd.DataFrame({"beta": beta, "overlap": 2 + beta})) is None
    assert module._crossing(pd.DataFrame({"beta": beta, "overlap": np.ones(4)})) == pytest.approx(10)


def test_an_overlap_lies_between_one_and_all_examples(module):
    """I is at most log N and at least 0, and so are the ends of its interval."""
    n = 1000
    near = module._overlap(pd.Series(np.log(n) - np.array([0.001, 0.02, 0.3])), n)
    far = module._overlap(pd.Series([1e-4, 2e-3, 3e-2]), n)
    for found in (near, far):
        assert 1 <= found["overlap_low"] < found["overlap"] < found["overlap_high"] <= n
    beyond = module._overlap(pd.Series([-0.01, -0.02, 0.01]), n)
    assert beyond["overlap"] == n and np.isnan(beyond["overlap_low"])
