"""The rule of thumb: its constants are those of the committed tables, and its numbers those of closed forms."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.claims.rule import RULE, Curve, errors, fit, fitted, linear_rate, predictions
from study.report.claims.rule import headline, said, sections

from .made import grid, made

RESULTS = Path(__file__).parents[2] / "results"
POINTS = RESULTS / "claims" / "rule.csv"


def test_the_constants_are_those_of_least_squares_on_the_committed_tables_of_mnist():
    found = fitted(pd.read_csv(POINTS))
    assert found.keys() == RULE.keys()
    for name, curve in RULE.items():
        assert (curve.half, curve.power) == pytest.approx((found[name].half, found[name].power), abs=6e-4), (
            name
        )


def test_what_the_rule_says_in_the_committed_table_is_what_it_says():
    points = pd.read_csv(POINTS)
    for (quantity, source), curve in RULE.items():
        rows = points[points["quantity"] == quantity].dropna(subset=[f"from_{source}"])
        rate = rows["rate" if source == "rate" else "linear_rate"]
        np.testing.assert_allclose(
            rows[f"from_{source}"], curve.at((rate / np.log(rows["n_train"])).to_numpy()), rtol=1e-4
        )


def test_a_fit_finds_the_curve_that_made_the_points():
    curve, x = Curve(1.7, 1.4), np.geomspace(0.1, 8, 12)
    found = fit(x, curve.at(x))
    assert (found.half, found.power) == pytest.approx((1.7, 1.4), rel=1e-6)
    assert curve.at(np.array(1.7)) == pytest.approx(0.5)


def test_the_rate_of_a_linear_vae_is_that_of_probabilistic_pca():
    """The KL of a Gaussian posterior at the optimum, by its own formula, averaged over codes of the data."""
    eigenvalues, s = np.array([5.0, 2.0, 0.7, 0.1]), 0.3
    kept = eigenvalues[:3]
    variance, spread = s / kept, 1 - s / kept  # of q(z|x), and of its means
    expected = 0.5 * (variance + spread - 1 - np.log(variance)).sum()
    assert linear_rate(eigenvalues, s=s, latent_dim=3) == pytest.approx(expected, rel=1e-12)
    assert linear_rate(eigenvalues, s=s, latent_dim=4) == pytest.approx(expected, rel=1e-12)
    assert linear_rate(eigenvalues, s=9.0, latent_dim=4) == 0


def made_points(*, share: float = 0.4, rate: float = 6.0, copied: float = 0.3) -> pd.DataFrame:
    evidence = made(
        grid(0.5, n_train=998),
        shares={("posterior", "kid"): share, ("gmm", "kid"): 0.2},
        values={
            ("posterior", "nearer_to_train"): 0.5 + copied / 2,
            ("held-out", "nearer_to_train"): 0.5,
            ("copycat", "nearer_to_train"): 1.0,
            ("posterior", "authenticity"): 0.3,
            ("held-out", "authenticity"): 0.6,
            ("copycat", "authenticity"): 0.0,
        },
        facts={"rate": rate},
    )
    spectra = pd.DataFrame({"dataset": "digits", "rank": range(1, 9), "eigenvalue": [4.0, 1.0, *[0.01] * 6]})
    return predictions([evidence], spectra)


def test_what_was_measured_stands_beside_what_the_rule_says():
    points = made_points().set_index("quantity")
    assert points["measured"].to_dict() == pytest.approx(
        {"posteriors": 0.4, "mixture": 0.2, "copied": 0.3, "inauthentic": 0.5}, abs=0.01
    )
    assert (points["low"] < points["measured"]).all() and (points["measured"] < points["high"]).all()
    linear = 0.5 * (np.log(4 / 0.25) + np.log(1 / 0.25))
    assert points["linear_rate"].to_numpy() == pytest.approx(linear)
    assert points["from_rate"].isna()["inauthentic"]  # no curve was fitted to it
    for quantity in {name for name, _ in RULE}:
        row = points.loc[quantity]
        assert row["from_rate"] == pytest.approx(
            RULE[quantity, "rate"].at(np.array(6 / np.log(998))), rel=0.01
        )
        assert row["from_s"] == pytest.approx(RULE[quantity, "s"].at(np.array(linear / np.log(998))))


def test_with_fewer_eigenvalues_than_latents_there_is_no_prediction_from_s():
    evidence = made(grid(0.5, latent_dim=3), shares={("posterior", "kid"): 0.4}, facts={"rate": 6.0})
    spectra = pd.DataFrame({"dataset": "digits", "rank": [1, 2], "eigenvalue": [4.0, 1.0]})
    points = predictions([evidence], spectra)
    assert points["from_s"].isna().all() and points["from_rate"].notna().all() and len(points)


def test_errors_are_predicted_less_measured():
    points = made_points(share=0.9).assign(from_rate=0.6, from_s=np.nan)
    off = errors(points).set_index("quantity").loc["posteriors"]
    assert (off["error"], off["bias"], off["worst"]) == pytest.approx((0.3, -0.3, 0.3), abs=0.01)
    assert not off["seen"] and off["settings"] == 1 and (errors(points)["source"] == "rate").all()


@pytest.mark.parametrize("rate", [0.1, float("nan")])
def test_a_model_that_encodes_nothing_has_no_row(rate):
    assert made_points(rate=rate).empty


def test_sequences_have_no_row():
    evidence = made(grid(0.5), experiment="sampling_strategies", facts={"rate": 5.0})
    assert predictions(
        [dataclasses.replace(evidence, dataset="co2")], pd.DataFrame(columns=["dataset"])
    ).empty


def test_the_section_names_the_error_on_each_data_set_that_was_not_fitted_to():
    points = made_points(share=0.9).assign(from_rate=0.6)
    other = points.assign(dataset="colour-patches", from_rate=0.7)
    line = headline(errors(pd.concat([points, other])))
    closed, copied = line.split(", and of what q(z) copies by ")
    assert closed.endswith(
        "by 30 points on digits (known when the curve was chosen; too low) and 20 points on colour-patches (too low)"
    )
    assert "too high" in copied and "too low" not in copied
    both = pd.concat([points, points.assign(measured=points["from_rate"] - 0.2)])  # 30 points below, 20 above
    assert "25 points on digits (known when the curve was chosen)" in headline(errors(both))
    few = points.assign(dataset="mnist")
    apart = headline(
        errors(pd.concat([few, few.assign(n_train=60_000, experiment="architectures", from_rate=0.8)]))
    )
    assert (
        "30 points on mnist (fewer training examples; too low) and 10 points on mnist (other models; too low)"
        in apart
    )
    assert "52 % at R = log N" in said()
    (found,) = sections(points)
    assert len(found.blocks) == 5
    assert sections(points.iloc[:0]) == []


@pytest.mark.parametrize(
    "folder",
    [
        "gap_ladder/mnist-default",
        "sampling_strategies/fashion-mnist-paper",
        "sampling_strategies/colour-patches-default",
    ],
)
def test_one_measure_of_copying_flags_noise_and_the_other_does_not(folder):
    """What the page of claims says of the two, read from the reports."""
    said = (RESULTS / folder / "report.html").read_text(encoding="utf-8")
    assert "nearer to train: no verdict: this measure cannot tell here, since it flags noise" in said
    assert "<th scope=col>authenticity ↑\n" in said or "<th scope=col>authenticity ↑<" in said
