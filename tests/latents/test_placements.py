import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from study.latents.placements import placements


def test_placements_are_shares_whose_mean_is_the_auc() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(80) < 0.4
    scores = np.round(rng.normal(size=80) + positive, 1)  # with ties
    x, others = scores[positive], scores[~positive]
    above, below = placements(x, others), placements(others, x)
    loop = [np.mean((s > others) + 0.5 * (s == others)) for s in x]
    np.testing.assert_allclose(above, loop, rtol=1e-12)
    np.testing.assert_array_equal(above, (rankdata(scores)[positive] - rankdata(x)) / len(others))
    assert above.mean() == pytest.approx(roc_auc_score(positive, scores), rel=1e-12)
    assert above.mean() + below.mean() == pytest.approx(1, rel=1e-12)
