"""What the measures of novelty say of an audited model's samples, and which of them can tell."""

import pandas as pd
import pytest

from study.audit.copies import copying

KNOWN = {"copycat": 1.0, "noise": 0.0, "posterior": 0.9, "prior": 0.5}


def rows(metric: str, held_out: float) -> pd.DataFrame:
    values = {**KNOWN, "held-out": held_out}
    return pd.DataFrame(
        [
            {"strategy": name, "metric": metric, "value": value, "stderr": 0.01, "fit": 0, "evaluation": 0}
            for name, value in values.items()
        ]
    ).assign(status="ok")


@pytest.mark.parametrize("metric", ["closest_record", "nearer_to_train"])
def test_a_measure_that_real_rows_do_not_score_a_half_in_can_tell_nothing(metric: str) -> None:
    fair = copying(rows(metric, 0.5), "posterior")
    assert (fair.flagged, fair.telling, fair.copies) == ((metric,), (metric,), True)
    assert copying(rows(metric, 0.5), "prior").copies is False
    drifting = copying(rows(metric, 0.8), "posterior")
    assert drifting.telling == () and drifting.copies is None
