"""The answer of `linear_ground_truth` on made-up tables: reached, not reached, and not decided."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from study.models import linear_optimum


def made(
    error: float, spread: float, *, exact: tuple[float, ...] = (10.0, 5.0)
) -> tuple[SimpleNamespace, dict]:
    """Five trainings each: the last mean rate is off by `error`, seeds by ±`spread`, both relative."""
    rows, latents = [], []
    for i, rate in enumerate(exact):
        place = {"alpha": 1.0, "beta": 0.5 * 2.0**i}
        rows.append({**place, "noise_variance": 0.1, "active_exact": 3 * (rate > 0), "rate_exact": rate,
                     "kl_1_exact": 0.6 * rate, "kl_2_exact": 0.4 * rate})  # fmt: skip
        for seed in range(5):
            off = 1 + (error if i == len(exact) - 1 else 0) + spread * (seed - 2)
            own = (0.6 * rate * off, 0.4 * rate * off) if rate else (0.002, 0.0)
            latents += [{**place, "run_id": f"{i}-{seed}", "kl": kl} for kl in own[::-1]]
    return SimpleNamespace(latents=pd.DataFrame(latents)), {"optimum": pd.DataFrame(rows)}


@pytest.mark.parametrize(
    ("error", "spread", "start"),
    [
        (0.01, 0.001, "In sum yes, to within 3 %: over 2 settings with active axes, the intervals of the rate lie "
         "within 1.2 % of the optimum (5.050 [5.040, 5.060] against 5.000 nats at β = 1). Axis by axis yes, to "
         "within 3 %: the "),
        (0.06, 0.001, "In sum no: over 2 settings"),
        (-0.06, 0.001, "In sum no: over 2 settings"),
        (0.01, 0.02, "In sum not decided to within 3 %: over 2 settings"),
        (0.01, 0.0, "In sum not decided to within 3 %: over 2 settings"),
    ],
)  # fmt: skip
def test_the_verdict_follows_the_intervals(module, answer, error, spread, start):
    said = answer(*made(error, spread))
    assert said.startswith(start) and "no active axis" not in said
    assert ("has no interval" in said) == (spread == 0)
    figure = module.findings(*made(error, spread)).figures[0].figure
    assert figure.axes[0].get_legend().get_texts()[0].get_text() == "within 3 %"


def test_one_axis_that_is_short_is_not_hidden_by_the_sum(module, answer):
    """The leading axis is short by 10 %, which the second makes up for."""
    results, tables = made(0.0, 0.001)
    first = results.latents["kl"] > 2.5 * results.latents.groupby("run_id")["kl"].transform("sum") / 5
    exact = results.latents.groupby("run_id")["kl"].transform("sum")
    results.latents["kl"] += 0.06 * exact * (1 - 2 * first)
    said = answer(results, tables)
    assert said.startswith("In sum yes, to within 3 %: ")
    assert (
        " Axis by axis no: the second axis has 2.3000 [" in said and "against 2.0000 nats at β = 1." in said
    )


def test_where_the_optimum_is_inactive_the_rate_is_said(module, answer):
    caption = module.findings(*made(0.0, 0.001, exact=(10.0, 0.0))).figures[0].caption
    assert caption.endswith(" Where the optimum has no active axis, the rate is at most 0.002 nats.")
    alone = module.findings(*made(0.0, 0.001, exact=(0.0,)))
    assert alone.answer.startswith("Not decided: at no β does the optimum have active axes.")
    assert not alone.figures and answer(*made(0.0, 0.001, exact=(0.0,))) == alone.answer


def test_the_table_that_needs_the_data_holds_the_optimum_and_no_verdict(module):
    x = np.random.default_rng(0).normal(size=(200, 5)) * [3, 2, 1, 0.5, 0.1]
    runs = pd.DataFrame(
        {"alpha": [1.0] * 4, "beta": [0.5, 0.5, 4.0, 4.0], "noise_variance": [0.25, 0.25, 2.0, 2.0]}
    )
    (name, table), *none = module.optimum(
        SimpleNamespace(results=SimpleNamespace(runs=runs), data=SimpleNamespace(train=x))
    ).items()
    assert name == "optimum" and not none and len(table) == 2
    assert set(table) == {
        "alpha",
        "beta",
        "noise_variance",
        "active_exact",
        "rate_exact",
        "kl_1_exact",
        "kl_2_exact",
    }
    exact = linear_optimum(x, alpha=1.0, beta=4.0)
    row = table.set_index("beta").loc[4.0]
    assert (row["rate_exact"], row["active_exact"], row["kl_1_exact"]) == (
        exact.rate,
        exact.active,
        exact.kl[0],
    )
