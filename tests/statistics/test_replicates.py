"""Replicates of a strategy and metric, and pairs."""

import math

import numpy as np
import pandas as pd

from study.statistics.replicates import by_model, paired_differences, replicates
from tests.statistics.rows import rows


def test_pairs_are_joined_by_key_and_not_by_order():
    frame = rows({"prior": [1, 2, 3], "posterior": [0.5, 1.5, 2.5]}).sample(frac=1, random_state=0)
    differences = paired_differences(frame)
    found = differences.loc[differences["strategy"] == "posterior", "difference"]
    assert found.tolist() == [-0.5, -0.5, -0.5]
    assert paired_differences(frame[frame["strategy"] != "prior"])["difference"].isna().all()


def test_every_setting_of_every_kind_of_model_is_apart():
    rng = np.random.default_rng(0)
    values = {"prior": rng.normal(size=(2, 4, 2, 3)), "gmm": rng.normal(size=(2, 4, 2, 3))}
    values["gmm"][1, 2, 1, 0] = math.nan
    frame = rows(values, noise_variance=math.nan)
    both = pd.concat([frame, frame.assign(family="gan", value=frame["value"] + 9)])
    both["run_id"] = both["family"].fillna("vae") + both["run_id"]
    found = list(replicates(both.sample(frac=1, random_state=1)))
    assert len(found) == 2 * 2 * 2
    seen = {}
    for one in found:
        assert one.metric == "kid"
        for k in range(2):
            for shift in (0, 9):
                if np.allclose(one.values[..., 0], values[one.strategy][k] + shift, equal_nan=True):
                    paired = values[one.strategy][k] - values["prior"][k]
                    np.testing.assert_allclose(one.differences[..., 0], paired, atol=1e-12)
                    seen[one.strategy, k, shift] = True
    assert len(seen) == 8


def test_kinds_of_models_have_defaults():
    frame = rows({"prior": [1.0]})
    assert [kind for kind, _ in by_model(frame)] == [("vae", "", "mean")]
    assert [kind for kind, _ in by_model(frame.assign(family=None, decode="sample"))] == [
        ("vae", "", "sample")
    ]
