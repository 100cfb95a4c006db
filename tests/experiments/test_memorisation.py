"""The answer of `memorisation` is right for every possible outcome."""

import numpy as np
import pandas as pd
import pytest

from tests.experiments.conftest import OVER, short

BETAS = (0.01, 0.1, 1.0)


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
    return {"overlap": scale, "scores": pd.DataFrame(rows)}


SOURCE = "only one of 1,000 training examples could have given a draw (overlap"


@pytest.mark.parametrize(
    ("overlap", "novelty", "start", "end"),
    [
        ((1.0, 1.05, 200), (-0.3, -0.2, 0.0), "No at β = 0.01 and 0.1, not decided elsewhere: samples from posteriors "
         "are less authentic than held-out data through the same decoder by 0.300 [0.250, 0.350] at β = 0.01 to 0.200 "
         "[0.150, 0.250] at β = 0.1.",
         "Up to β = 0.1"),
        ((1.0, 5, 200), (-0.3, -0.2, -0.1), "No at β = 0.01, 0.1 and 1: samples from posteriors are less "
         "authentic than ", "Up to β = 0.01"),
        ((1.0, 5, 200), (0.0, 0.0, 0.0), "Not decided: at no β is it shown that samples", "Up to β = 0.01"),
        ((2.0, 5, 200), (0.0, 0.2, 0.0), "Not decided: at no β is it shown that samples", ""),
        ((2.0, 5, 200), (0.0, -0.055, 0.0), "Not decided: at no β", ""),  # alone it would be told, not as one of three
    ],
)  # fmt: skip
def test_the_verdict_follows_overlap_and_novelty(module, overlap, novelty, start, end):
    found = module.reported(**tables(overlap, novelty))
    assert short(found).startswith(start)
    assert (SOURCE in found.answer) == bool(end) and end in found.answer
    caption, table = found.figures[0].caption, found.sections[0].table
    kinds = {"less authentic": [d < -0.06 for d in novelty], "more authentic": [d > 0.06 for d in novelty]}
    for words, at in kinds.items():
        assert (words in caption) == any(at)
    assert table["verdict"].tolist() == [
        "worse" if d < -0.06 else "better" if d > 0.06 else "not decided" for d in novelty
    ]
    assert table["beta"].tolist() == ["0.01", "0.1", "1"]
    assert (table["copying"] != "none").tolist() == [d < -0.05 for d in novelty]
    assert len(found.figures[0].figure.axes) == 4


def test_the_range_where_a_draw_has_one_source_is_shaded(module):
    for overlap, ends in (((1.0, 1.05, 200), (0.01 / 1.3, 0.13)), ((2.0, 5, 200), None)):
        figure = module.reported(**tables(overlap, (0.0, 0.0, 0.0))).figures[0].figure
        for axes in figure.axes:
            spans = [patch for patch in axes.patches if patch.get_alpha() == 0.15]
            assert [(p.get_x(), p.get_x() + p.get_width()) for p in spans] == (
                [pytest.approx(ends)] if ends else []
            )


def test_an_overlap_lies_between_one_and_all_examples(module):
    """I is at most log N and at least 0, and so are the ends of its interval."""
    n = 1000
    near = module._overlap(pd.Series(np.log(n) - np.array([0.001, 0.02, 0.3])), n)
    far = module._overlap(pd.Series([1e-4, 2e-3, 3e-2]), n)
    for found in (near, far):
        assert 1 <= found["overlap_low"] < found["overlap"] < found["overlap_high"] <= n
    beyond = module._overlap(pd.Series([-0.01, -0.02, 0.01]), n)
    assert beyond["overlap"] == n and np.isnan(beyond["overlap_low"])


def test_the_caption_says_what_intervals_of_kid_cover(module):
    plain, more = (
        module.reported(**tables((1.0, 5, 200), (0.0, 0.0, 0.0)), over=over).figures[0].caption
        for over in ("", f", those of KID{OVER}")
    )
    assert "intervals over training runs. The thick line" in plain
    assert f"intervals over training runs, those of KID{OVER}. The thick line" in more


@pytest.mark.integration
def test_a_mixture_that_is_as_good_and_newer_is_advised(module):
    """At β = 0.1 it closes 95 % of what the posterior closes, with authenticity 0.6 against 0.1."""
    made = tables((1.0, 5, 200), (0.0, 0.0, 0.0))
    rows = made["scores"]
    at = rows["beta"] == 0.1
    for metric, values in (
        ("kid", {"prior": 1.0, "posterior": 0.0, "gmm": 0.05, "held-out": 0.0}),
        ("authenticity", {"posterior": 0.1, "gmm": 0.6}),
    ):
        for name, value in values.items():
            own = at & (rows["metric"] == metric) & (rows["strategy"] == name)
            rows.loc[own, ["mean", "low_mean", "high_mean"]] = value
    caption = module.reported(**made).figures[0].caption
    assert (
        "at β = 0.1 `gmm` closes nearly as much of the gap in KID as `posterior`, 95 against 100 %" in caption
    )
    assert caption.endswith("with authenticity 0.60 against 0.10.")
    assert "rather draw" not in module.reported(**tables((1.0, 5, 200), (0.0, 0.0, 0.0))).figures[0].caption


def test_collapsed_posteriors_and_the_words_of_the_table(module):
    made = tables((1.0, 5, 200), (-0.3, 0.0, 0.0))
    made["overlap"].loc[2, "rate"] = 0.001
    found = module.reported(**made)
    assert (
        "At β = 1 the posteriors have collapsed (rate 0.001 nats): all samples are one mean"
        in found.figures[0].caption
    )
    assert found.sections[0].table["copying"].tolist()[0] == "authenticity"
    assert found.figures[1:] == ("effects", "samples")
