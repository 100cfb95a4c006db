"""Shares of the gap by setting, and steps along an axis, against what they are by hand."""

import numpy as np
import pandas as pd
import pytest

from study.report import kit
from tests.experiments.conftest import around, results_of


def made(values, *, seeds=5):
    """The posterior's KID at each latent_dim, where the prior's is about 2."""
    cells = [
        {
            "latent_dim": d,
            "family_settings": f"latent_dim={d}",
            "scores": {"prior": around(2.0, 0.1), "posterior": own},
        }
        for d, own in values.items()
    ]
    return results_of(cells, seeds=seeds)


def test_the_mean_share_is_the_ratio_of_means():
    told = kit.shares(made({2: around(0.5, 0.05), 8: around(1.0, -0.02)}), "kid")
    assert set(told["state"]) == {"ok"} and len(told) == 2 * 5 and set(told["latent_dim"]) == {2, 8}
    table, closed = kit.closing(told, ("posterior", "absent"), by=["latent_dim"])
    np.testing.assert_allclose(table["posterior"], [0.75, 0.5])  # held-out data score 0
    assert (
        closed["verdict"].tolist() == ["better", "better"]
        and closed["strategy"].tolist() == ["posterior"] * 2
    )


def test_a_setting_without_a_gap_has_a_state_and_no_share():
    found = made({2: around(0.5), 8: around(0.0)})
    found.metrics.loc[
        (found.metrics["latent_dim"] == 8) & (found.metrics["strategy"] == "prior"), "value"
    ] = 0.0
    told = kit.shares(found, "kid")
    assert set(told.loc[told["latent_dim"] == 8, "state"]) == {"nothing to gain"}
    table, closed = kit.closing(told, ("posterior",), by=["latent_dim"])
    assert len(table) == 2 and closed["latent_dim"].tolist() == [2]
    assert kit.shares(found, "no such metric").empty


@pytest.mark.parametrize(("by", "verdict"), [(0.04, "equivalent"), (0.5, "not decided")])
def test_a_share_about_zero_is_equivalent_only_if_its_interval_says_so(by, verdict):
    told = kit.shares(made({2: lambda seed: 2 + 0.1 * (seed - 2) + by * (-1) ** seed * (seed > 0)}), "kid")
    _, closed = kit.closing(told, ("posterior",), by=["latent_dim"])
    assert closed["verdict"].tolist() == [verdict]


def test_values_of_an_axis_are_compared_with_the_first_or_with_the_one_before():
    rows = [
        {"d": d, "place": place, "seed": seed, "rate": place * (d + 0.01 * d * seed)}
        for d in (1, 4, 9)
        for place in (1.0, 2.0)
        for seed in range(5)
    ]
    table = pd.DataFrame(rows)
    first = kit.along(table, ["rate"], axis="d", places=["place"])
    steps = kit.along(table, ["rate"], axis="d", places=["place"], steps=True)
    assert first["from"].tolist() == [1, 1, 1, 1] and steps["from"].tolist() == [1, 4, 1, 4]
    np.testing.assert_allclose(first["difference"], [3 * 1.02, 8 * 1.02, 6 * 1.02, 16 * 1.02])
    np.testing.assert_allclose(steps["difference"], [3 * 1.02, 5 * 1.02, 6 * 1.02, 10 * 1.02])
    assert set(first["verdict"]) == {"better"}
    lower = kit.along(table[table["place"] == 1], ["rate"], axis="d", better="lower")
    assert set(lower["verdict"]) == {"worse"} and lower["d"].tolist() == [4, 9]
