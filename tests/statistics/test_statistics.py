"""Paired intervals against enumeration and simulation."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from study.statistics import across_settings, bootstrap_interval, paired_differences, summarise


@pytest.mark.parametrize("draw", ["normal", "uniform", "gamma"])
def test_interval_covers_at_the_nominal_rate_with_five_seeds(draw):
    rng = np.random.default_rng(0)
    make = {
        "normal": lambda: rng.normal(size=5),
        "uniform": lambda: rng.uniform(-1, 1, size=5),
        "gamma": lambda: rng.gamma(4, size=5) - 4,
    }[draw]
    repeats = 1000
    covered = 0
    for _ in range(repeats):
        _, low, high = bootstrap_interval(make())
        covered += low <= 0 <= high
    # 3 points around nominal, beyond which 3 standard errors of the simulation may lie
    assert abs(covered / repeats - 0.95) < 0.03 + 3 * math.sqrt(0.95 * 0.05 / repeats)


def test_interval_shifts_and_scales_with_its_values():
    values = np.array([1.0, 2.0, 4.0, 3.0, 2.5])
    mean, low, high = bootstrap_interval(values)
    assert mean == pytest.approx(2.5)
    assert low < mean < high
    shifted = bootstrap_interval(3 * values + 10)
    np.testing.assert_allclose(shifted, [3 * v + 10 for v in (mean, low, high)])


def test_interval_of_many_values_is_the_normal_one():
    values = np.random.default_rng(1).normal(size=400)
    mean, low, high = bootstrap_interval(values)
    half = stats.t.ppf(0.975, 399) * values.std(ddof=1) / 20
    np.testing.assert_allclose([low, high], [mean - half, mean + half], atol=0.1 * half)


def test_values_in_two_clusters_keep_a_sane_interval():
    """Without smoothing, resamples with almost no spread would widen this interval to [-0.04, 0.89]."""
    values = np.array([0.710, 0.713, 0.872, 0.857, 0.869])
    _, low, high = bootstrap_interval(values)
    half = stats.t.ppf(0.975, 4) * values.std(ddof=1) / math.sqrt(5)
    assert abs(low - (values.mean() - half)) < 0.6 * half
    assert abs(high - (values.mean() + half)) < 0.6 * half


def test_few_or_equal_values():
    assert bootstrap_interval(np.array([2.0, 2.0, 2.0])) == (2.0, 2.0, 2.0)
    assert bootstrap_interval(np.zeros(5)) == (0.0, 0.0, 0.0)
    mean, low, high = bootstrap_interval(np.array([1.0, 3.0]))
    assert mean == 2.0 and math.isnan(low) and math.isnan(high)
    assert all(math.isnan(v) for v in bootstrap_interval(np.array([])))


def rows(values: dict, metric: str = "kid", better: str = "lower", beta: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "run_id": f"{beta}-{seed}",
                "strategy": strategy,
                "fit": 0,
                "draw": 0,
                "metric": metric,
                "value": value,
                "n": 100,
                "reference": "reference",
                "better": better,
                "status": "ok",
                "alpha": 1.0,
                "beta": beta,
                "noise_variance": beta / 2,
                "seed": seed,
            }
            for strategy, per_seed in values.items()
            for seed, value in enumerate(per_seed)
        ]
    )


NOISE = [0.0, 0.1, -0.1, 0.05, -0.05]


def test_pairs_are_joined_by_key_and_not_by_order():
    frame = rows({"prior": [1, 2, 3], "posterior": [0.5, 1.5, 2.5]}).sample(frac=1, random_state=0)
    differences = paired_differences(frame)
    found = differences.loc[differences["strategy"] == "posterior", "difference"]
    assert found.tolist() == [-0.5, -0.5, -0.5]


def test_summary_says_better_worse_tie_and_who_stands_best():
    seeds = [3.0, 1.0, 2.0, 5.0, 4.0]  # a seed effect far larger than the differences, which pairing removes
    frame = rows(
        {
            "prior": seeds,
            "posterior": [s - 1 + e for s, e in zip(seeds, NOISE, strict=True)],
            "gmm": [s - 1.02 - e for s, e in zip(seeds, NOISE, strict=True)],
            "literal-logvar": [s + 2 + e for s, e in zip(seeds, NOISE, strict=True)],
            "global-gaussian": [s + e for s, e in zip(seeds, NOISE, strict=True)],
            "held-out": [0.0] * 5,
        }
    )
    summary = summarise(frame).set_index("strategy")
    cell = summary[summary["alpha"] == 1.0]
    assert cell["verdict"].to_dict() == {
        "prior": "baseline",
        "posterior": "better",
        "gmm": "better",
        "literal-logvar": "worse",
        "global-gaussian": "tie",
        "held-out": "better",
    }
    assert cell["standing"].to_dict() == {
        "prior": "",
        "posterior": "tied",
        "gmm": "tied",
        "literal-logvar": "",
        "global-gaussian": "",
        "held-out": "",
    }
    assert cell.loc["posterior", "difference"] == pytest.approx(-1)
    assert (cell["seeds"] == 5).all()
    pooled = summary[summary["alpha"].isna()]
    assert pooled.loc["posterior", "difference"] == pytest.approx(-1)


@pytest.mark.parametrize(("better", "verdict"), [("higher", "worse"), ("none", "none"), ("one", "better")])
def test_direction_of_better(better, verdict):
    frame = rows({"prior": [2.0, 2.0, 2.0, 2.1, 1.9], "gmm": [1.1, 1.2, 1.1, 1.3, 1.0]}, better=better)
    summary = summarise(frame)
    found = summary[(summary["strategy"] == "gmm") & summary["alpha"].notna()]
    assert found["verdict"].tolist() == [verdict]


def test_a_seed_that_failed_somewhere_is_left_out_of_the_grid_average():
    one = rows({"prior": [1.0, 1.0, 1.0, 1.0], "gmm": [0.5, 0.4, 0.6, 0.5]}, beta=1.0)
    two = rows({"prior": [9.0, 9.0, 9.0], "gmm": [8.5, 8.4, 8.6]}, beta=4.0)
    summary = summarise(pd.concat([one, two]))
    pooled = summary[summary["alpha"].isna()].set_index("strategy")
    assert pooled.loc["gmm", "seeds"] == 3
    assert pooled.loc["prior", "mean"] == pytest.approx(5.0)


def test_missing_baseline_gives_no_verdict():
    summary = summarise(rows({"gmm": [1.0, 2.0, 3.0]}))
    assert set(summary["verdict"]) == {"none"}
    assert summary["difference"].isna().all()


def test_families_are_told_apart_and_never_averaged_over():
    """Each family has its own rows and its own `prior` as baseline, and no mean mixes two families."""
    rows = []
    for family, shift in (("vae", 0.0), ("vampprior", 10.0)):
        for beta, seed in itertools.product((0.5, 1.0), range(4)):
            for name, value in (("prior", 2.0), ("gmm", 1.0)):
                noise = np.random.default_rng([seed, round(2 * beta)]).normal(0, 0.1) * (name == "gmm")
                rows.append(
                    {"run_id": f"{family}{beta}{seed}", "family": family, "family_settings": "",
                     "alpha": 1.0, "beta": beta,
                     "noise_variance": beta / 2, "seed": seed, "strategy": name, "fit": 0, "draw": 0,
                     "metric": "kid", "value": value + shift + noise, "better": "lower", "reference": "", "n": 10,
                     "status": "ok"}
                )  # fmt: skip
    frame = pd.DataFrame(rows)
    whole = summarise(frame)
    assert len(whole) == 2 * (2 + 1) * 2
    for family, shift in (("vae", 0.0), ("vampprior", 10.0)):
        own = whole[(whole["family"] == family) & whole["alpha"].isna()].set_index("strategy")
        assert own["mean"]["prior"] == pytest.approx(2 + shift)
        assert own["difference"]["gmm"] == pytest.approx(-1, abs=0.1)
        assert own["standing"].to_dict() == {"prior": "", "gmm": "best"}
        alone = summarise(frame[frame["family"] == family].drop(columns=["family", "family_settings"]))
        same = ["mean", "low_mean", "high_mean", "difference", "low", "high", "p", "detectable", "standing"]
        pd.testing.assert_frame_equal(
            whole.loc[whole["family"] == family, same].reset_index(drop=True), alone[same]
        )
    across = across_settings(frame, "kid").set_index("family")
    assert across["iqm"]["vampprior"] == pytest.approx(across["iqm"]["vae"] + 10)


@pytest.mark.parametrize(
    "ends", [(np.inf, -np.inf), (np.inf, np.inf), (1.7e308, 1.7e308), (-1.7e308, 1.7e308)]
)
def test_values_without_a_finite_mean_have_no_verdict(ends):
    metrics = pd.DataFrame(
        [
            {"run_id": f"{beta}/{seed}", "strategy": name, "fit": 0, "draw": draw, "metric": "kid",
             "value": ends[(seed + draw) % 2], "better": "lower", "reference": "", "n": 10, "status": "ok",
             "alpha": 1.0, "beta": beta, "noise_variance": beta / 2, "seed": seed}
            for beta in (0.1, 1.0) for seed in range(4) for name in ("prior", "gmm") for draw in range(2)
        ]
    )  # fmt: skip
    rows = summarise(metrics)
    if np.isinf(ends).any():
        assert rows[["low", "high", "p"]].isna().all().all()
    assert not rows["verdict"].isin(["better", "worse"]).any()
