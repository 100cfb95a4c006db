"""A model trained here gives the same numbers through ONNX as inside the project."""

import jax
import numpy as np
import pytest

from study.audit.files import subject_of
from study.audit.measuring import DENSITY_DRAWS, Plan
from study.audit.run import carry_out
from study.metrics.evaluate import evaluators
from study.metrics.features import ExtractorConfig, train_extractor
from study.scoring.context import Context
from study.scoring.encode import encode_splits
from study.scoring.evaluate import evaluate_model
from tests.audit.conftest import Made

pytestmark = pytest.mark.integration

COST = ("seconds_fit", "seconds_per_1000")
STRATEGIES = ("prior", "posterior", "global-gaussian", "gmm")
SHARES = (
    *(
        "precision",
        "recall",
        "density",
        "coverage",
        "authenticity",
        "nearer_to_train",
        "nearer_to_train_features",
    ),
    *("class_histogram", "hole_mass", "hole_mass_converse", "c2st", "c_t", "nn_ratio"),
)
KEY = ["strategy", "fit", "draw", "evaluation", "metric"]


def test_the_same_within_a_ten_thousandth(made: Made) -> None:
    """Shares of a few hundred samples may differ by two samples, whose nearest neighbours are nearly as near."""
    subject = subject_of(made.files())
    data = subject.data
    found = carry_out(subject, Plan(STRATEGIES, evaluations=2)).results.metrics
    extractors = (train_extractor(data), train_extractor(data, ExtractorConfig(seed=1)))
    context = Context(
        jax.random.key(0),
        made.model,
        encode_splits(made.model, data),
        data,
        evaluators(data, extractors, n=len(data.reference)),
    )
    inside = evaluate_model(
        context, strategies=(*STRATEGIES, "reconstruction", "held-out", "copycat"), fits=1, density_draws=DENSITY_DRAWS
    ).metrics  # fmt: skip
    both = inside.merge(found, on=KEY, suffixes=("", "_audit"))
    both = both[~both["metric"].isin(COST)]
    assert len(both) == (~inside["metric"].isin(COST)).sum() > 200
    assert (both["status"] == both["status_audit"]).all() and (both["n"] == both["n_audit"]).all()
    one, other = both["value"].to_numpy(float), both["value_audit"].to_numpy(float)
    shares = both["metric"].isin(SHARES)
    allowed = np.where(shares, 2 / both["n"], 1e-5)
    np.testing.assert_array_less(np.abs(one - other), 1e-4 * np.abs(one) + allowed)
    exact = both[~shares]
    np.testing.assert_allclose(exact["value_audit"], exact["value"], rtol=1e-4, atol=1e-6)
