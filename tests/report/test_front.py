"""The figures of the front page."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.report import front
from study.report.plots import style
from study.tables import schemas
from study.tables.results import load_results

RESULTS = Path(__file__).parents[2] / "results"


def points(copied: dict[float, float], **changes: Any) -> pd.DataFrame:
    row = dict.fromkeys(schemas.RULE, 0.0) | {
        "dataset": "digits", "experiment": "sampling_strategies", "network": "mlp", "latent_dim": 8, "n_train": 998,
    }  # fmt: skip
    rows = [
        row | {"s": s, "quantity": name, "measured": share, "low": share, "high": share}
        for s, share in copied.items()
        for name in ("posteriors", "mixture", "inauthentic")
    ]
    return pd.DataFrame(rows).assign(**changes)


@pytest.mark.parametrize(
    ("copied", "edge"),
    [
        ({0.01: 0.9, 1.0: 0.1}, 0.1),  # half-way between, in log s
        ({0.01: 0.9, 1.0: 0.7}, 1.0),
        ({0.01: 0.4, 1.0: 0.1}, None),
    ],
)
def test_copying_ends_where_it_falls_through_one_half(copied, edge):
    assert front._edge(pd.Series(copied)) == (None if edge is None else pytest.approx(edge))


def test_a_curve_runs_through_models_that_differ_in_s_alone():
    rows = pd.concat(
        [
            points({0.1: 0.5}),
            points({0.2: 0.5}, experiment="gap_ladder"),
            points({0.3: 0.5}, n_train=100),
            points({0.4: 0.5}, experiment="latent_dimension", latent_dim=2),
        ]
    )
    assert set(front._main(rows)["s"]) == {0.1}
    assert set(front._main(rows[rows["experiment"] != "sampling_strategies"])["s"]) == {0.2}


def test_there_is_a_panel_for_each_data_set_and_shade_where_it_copies():
    rows = pd.concat([points({0.1: 0.9, 1.0: 0.2}), points({0.1: 0.2}, dataset="mnist")])
    with style.styled():
        figure = front.share(rows)
    left, right = figure.axes
    assert (left.get_title(loc="left"), right.get_title(loc="left")) == ("digits", "mnist")
    np.testing.assert_allclose(np.asarray(left.lines[0].get_ydata(), float), np.array([90.0, 20.0]))
    assert any(patch.get_alpha() == 0.13 for patch in left.patches) and not right.patches


def test_the_legend_stands_where_the_curves_leave_room():
    rows = pd.concat([points({0.1: 0.9, 1.0: 0.1}), points({0.1: 0.9, 1.0: 0.7}, dataset="colour-patches")])
    with style.styled():
        low, high = front.share(rows).axes
    legend = high.get_legend()
    assert low.get_legend() is None and legend is not None
    assert {*front.SHARES.values()} < {text.get_text() for text in legend.get_texts()}


def test_the_strip_shows_images_of_the_tables():
    with style.styled():
        figure = front.strip(load_results(RESULTS / front.STRIP_OF))
    assert figure is not None
    images = [ax for part in figure.subfigs for ax in part.axes]
    assert len(images) == 20 and all(len(ax.images) == 1 for ax in images)


def test_both_are_written_where_there_are_tables_and_none_elsewhere(tmp_path):
    assert front.write_front(tmp_path) == [] and not list(tmp_path.iterdir())
    (tmp_path / "claims").mkdir()
    points({0.1: 0.5}).to_csv(tmp_path / "claims" / "rule.csv", index=False)
    assert front.write_front(tmp_path) == ["figures/share.png"]
