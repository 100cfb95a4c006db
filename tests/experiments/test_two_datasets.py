"""What is said of two data sets, on made-up tables; and that z come from where they should."""

import jax
import numpy as np
import pandas as pd
import pytest

from study.latents import AggregatePosterior, Latents
from study.report.kit import UNDECIDED
from tests.experiments.conftest import results_of, short

SOURCES = ("N(0, I)", "own codes", "other's codes")


def found(module, kid, *, seeds=5):
    """KID by data set and source; the same luck of a training for all sources."""
    rows = []
    for data, values in kid.items():
        for seed in range(seeds):
            place = {"data": data, "alpha": 1.0, "beta": 0.2, "seed": seed}
            for i, (source, value) in enumerate(zip(SOURCES, values, strict=True)):
                own = {
                    "kid": value + seed + 0.01 * i * (seed - 2),
                    "precision": 0.5,
                    "coverage": 0.5,
                    "log q(z)": -9.0,
                }
                rows += [{**place, "source": source, "metric": name, "value": v} for name, v in own.items()]
    return module.findings(results_of([{"scores": {}}]), {"crossed": pd.DataFrame(rows)})


OWN = "by KID, a decoder's own codes score better than N(0, I) in"
THOSE = "Those of the other model are"


@pytest.mark.parametrize(
    ("kid", "start", "end"),
    [
        (
            {"a": (3.0, 1.0, 4.0), "b": (3.0, 2.0, 5.0)},
            f"Better: {OWN} 2 of 2 comparisons (data set × β), by 1.00 [0.98, 1.02] to 2.00 [1.98, 2.02].",
            f"{THOSE} worse than N(0, I) in 2, and worse than own codes in 2.",
        ),
        (
            {"a": (3.0, 1.0, 2.0), "b": (3.0, 4.0, 5.0)},
            f"Not better everywhere: {OWN} 1 of 2 comparisons (data set × β) and worse in 1, by 2.00 [1.98, 2.02].",
            f"{THOSE} better than N(0, I) in 1 and worse than N(0, I) in 1, and worse than own codes in 2.",
        ),
        (
            {"a": (3.0, 3.0, 3.0), "b": (3.0, 3.0, 3.0)},
            f"Not shown to be better: {OWN} 0 of 2",
            "would probably have been seen), and worse than own codes in 0.",
        ),
    ],
)
def test_the_answer_counts_verdicts(module, kid, start, end):
    said = short(found(module, kid))
    assert said.startswith(start) and said.endswith(end)


@pytest.mark.integration
def test_the_limits_name_both_data_sets(module):
    said = dict(found(module, {"mnist": (3.0, 1.0, 4.0), "fashion-mnist": (3.0, 2.0, 5.0)}).limits)
    assert said["Data"].startswith(
        "Two data sets, mnist and fashion-mnist, each with models of its own: 10 in all."
    )
    assert said["Not covered"].startswith("Intervals of Figure 1 and of the answer are over trainings alone")


def test_too_few_seeds_decide_nothing(module):
    assert short(found(module, {"a": (3.0, 1.0, 4.0)}, seeds=2)) == UNDECIDED
    assert short(module.findings(results_of([{"scores": {}}]), {})).startswith("Nothing was compared")


def test_z_come_from_the_prior_and_from_the_codes_of_either_model(module):
    codes = {
        name: Latents(np.full((200, 2), at, np.float32), np.full((200, 2), -4, np.float32))
        for name, at in (("a", 5.0), ("b", -5.0))
    }
    drawn = module._drawn(codes, "b", n=4000, seed=3)
    assert [round(float(drawn[source].mean())) for source in SOURCES] == [0, -5, 5]
    assert drawn["N(0, I)"].std() == pytest.approx(1, abs=5 / np.sqrt(2 * 8000))
    # the same noise: codes that are N(0, 1) as well give the same z
    plain = {name: Latents(np.zeros((9, 2), np.float32), np.zeros((9, 2), np.float32)) for name in "ab"}
    same = module._drawn(plain, "a", n=50, seed=3)
    np.testing.assert_allclose(same["own codes"], same["N(0, I)"], rtol=1e-5)
    assert jax.tree.map(np.shape, same)["other's codes"] == (50, 2) and AggregatePosterior(plain["a"])
