"""Shares of the gap at each training length, and what is said of how they change."""

import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from study.tables.results import Results
from tests.experiments.conftest import OVER, disagreeing

ROOT = Path(__file__).parents[2]
SEEDS = 5
FLOOR = {"held-out": 0.0, "reconstruction": 0.1, "noise": 9.0}
Share = Callable[[int, int], float]  # of steps and seed


@pytest.fixture(scope="module")
def module():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / "training_length.py")))


def made(
    shares: Mapping[float, Share],
    *,
    lengths: tuple[int, ...] = (500, 32_000),
    prior: Callable[[int], float] = lambda seed: 1 + 0.05 * (seed - 2),
    falls: Mapping[int, float] | None = None,
    floor: Mapping[str, float] | None = None,
    loss: float = 1.0,
    authentic: tuple[Mapping[int, float], Mapping[int, float]] | None = None,
) -> Results:
    """At α = 1 and each β the posterior closes that share of a gap of about 1; other strategies close half of it."""
    runs, metrics = [], []
    for beta, share in shares.items():
        for steps in lengths:
            for seed in range(SEEDS):
                run = f"{beta}-{steps}-{seed}"
                place = {"alpha": 1.0, "beta": beta, "noise_variance": beta / 2, "seed": seed}
                fall = (falls or {}).get(steps, 0.0)
                runs.append(
                    {
                        "run_id": run,
                        **place,
                        "steps": steps,
                        "still_falling": fall,
                        "still_falling_error": 0.1,
                        "epochs": 9,
                    }
                )
                top = prior(seed)
                values = {"prior": top, **(FLOOR | dict(floor or {}))}
                values |= {"posterior": top * (1 - share(steps, seed)), "gmm": 0.5 * top}
                metrics += [(run, name, "kid", value) for name, value in values.items()]
                for name, by_steps in zip(("posterior", "reconstruction"), authentic or (), strict=False):
                    own = 0.01 * (seed - 2) * (name == "posterior") * (1 if steps == 500 else -1)
                    metrics.append((run, name, "authenticity", by_steps[steps] + own))
                metrics += [(run, "model", "rate", 5.0 + seed), (run, "model", "kl_aggregate_lower", 1.0)]
    columns = ["run_id", "strategy", "metric", "value"]
    rows = pd.DataFrame(metrics, columns=columns).assign(status="ok")
    none = pd.DataFrame()
    losses = pd.DataFrame(
        {"run_id": [run["run_id"] for run in runs], "split": "validation", "epoch": 9, "loss": loss}
    )
    return Results(pd.DataFrame(runs), rows, none, losses, none, {}, {})


def rising(steps: int, seed: int) -> float:
    return (0.3 if steps == 500 else 0.8) + 0.01 * (seed - 2) * (1 if steps == 500 else -1)


def falling(steps: int, seed: int) -> float:
    return 1.1 - rising(steps, seed)


def wobbling(steps: int, seed: int) -> float:
    return 0.55 + 0.1 * (seed - 2) * (1 if steps == 500 else -1)  # gmm stays at 0.5


def test_shares_and_counts_by_length(module):
    found = made({0.5: rising}, falls={500: 0.5})
    told = module.shares(found)
    table = module.by_length(found, told).set_index("steps")
    assert table["posterior"].to_dict() == pytest.approx({500: 0.3, 32_000: 0.8}, abs=0.01)
    assert table["gmm"].to_dict() == pytest.approx({500: 0.5, 32_000: 0.5})
    assert table["falling"].to_dict() == {500: SEEDS, 32_000: 0}
    assert (table["trainings"] == SEEDS).all() and (table["rate"] == 7.0).all()
    changes = module.against_shortest(told).set_index("strategy")
    assert changes.loc["posterior", "difference"] == pytest.approx(0.5, abs=0.02)
    assert changes.loc["posterior", "verdict"] == "better"


@pytest.mark.parametrize(
    ("share", "says", "never"),
    [
        (rising, "rises by 5", ("falls", "no decided")),
        (falling, "falls by 5", ("rises", "no decided")),
        (wobbling, "has no decided change at α = 1", ("rises", "falls by", "no change", "same")),
    ],
)
def test_the_answer_follows_the_paired_change(module, share, says, never):
    found = module.findings(made({0.5: share}), {})
    size = "not decided" if "decided" in says else "yes"
    order = "yes" if size == "yes" else "no"
    told = (
        f"In size {size}, in order {order}: from 500 to 32,000 steps `posterior`'s share of the gap in KID "
    )
    assert found.answer.startswith(told + says)
    first = found.answer.split(": ")[1].split(". ")[0]
    assert not any(word in first for word in never)
    assert len(found.answer.split()) <= 60
    seen = {
        "rises by 5": "the shares rise for `posterior` at α = 1.",
        "falls by 5": "the shares fall for `posterior` at α = 1.",
    }
    caption = found.figures[0].caption
    assert seen.get(says, "Of `posterior` nothing is decided from 500 to 32,000") in caption
    assert "would probably have been seen" not in found.answer + caption


def test_settings_are_said_one_by_one(module):
    answer = module.findings(made({0.5: rising, 2.0: falling}), {}).answer
    assert "rises by" in answer and "points at α = 1; it falls by" in answer


def test_how_many_still_fell_is_counted_at_each_length_by_the_rule_of_the_limits(module):
    """By more than two standard errors, 0.1 each, and more than 0.5 % of the loss."""
    text = module.findings(made({0.5: rising}, falls={500: 0.5}), {}).sections[2].text
    assert "5 of 5 after 500 steps and 0 of 5 after 32,000 steps" in text
    unsure = module.findings(made({0.5: rising}, falls={500: 0.15}), {}).sections[2].text
    small = module.findings(made({0.5: rising}, falls={500: 0.5}, loss=200.0), {}).sections[2].text
    unknown = module.findings(made({0.5: rising}, falls={500: np.nan, 32_000: np.nan}), {}).sections[2].text
    assert "0 of 5 after 500" in unsure and "0 of 5 after 500" in small and "0 of 0 after 500" in unknown


def test_growing_copying_is_said_against_the_same_decoder(module):
    """Both fall with training; the answer speaks of copying only if posteriors fall by more."""
    own = {500: 0.8, 32_000: 0.1}
    grown, alike = (
        module.findings(made({0.5: rising}, authentic=(own, other)), {})
        for other in ({500: 0.8, 32_000: 0.6}, own)
    )
    assert grown.answer.endswith(" Copying grows: authenticity falls from 0.8 to 0.1 at α = 1.")
    assert "opying" not in alike.answer
    assert (
        len(grown.figures[0].figure.axes) == 2
        and len(module.findings(made({0.5: rising}), {}).figures[0].figure.axes) == 1
    )
    assert grown.figures[1:] == ("effects", "samples")


def test_where_the_rise_ends_is_said(module):
    """Up to 8,000 steps, from where on the posterior falls again; the mixture stays."""

    def up_and_down(steps: int, seed: int) -> float:
        return {500: 0.3, 8000: 0.8, 32_000: 0.6}[steps] + 0.01 * (seed - 2) * (-1 if steps == 8000 else 1)

    def up(steps: int, seed: int) -> float:
        return {500: 0.3, 8000: 0.5, 32_000: 0.8}[steps] + 0.01 * (seed - 2) * (-1 if steps == 8000 else 1)

    lengths = (500, 8000, 32_000)
    ended, rises = (module.findings(made({0.5: share}, lengths=lengths), {}) for share in (up_and_down, up))
    assert ended.answer.endswith(" After 8,000 steps no rise is decided.")
    assert "From 8,000 to 32,000 steps the shares fall for `posterior` at α = 1." in ended.figures[0].caption
    assert rises.answer.endswith(" After 8,000 steps it still rises at α = 1.")
    assert "Longest training against the one before" in [section.title for section in ended.sections]


def test_curves_that_meet_stand_side_by_side(module):
    table = module.by_length(found := made({0.5: rising}), module.shares(found))
    (axes, *_) = module.shares_figure(table, module.authenticity(found)).axes
    starts = [container.lines[0].get_xdata()[0] for container in axes.containers]
    assert len(starts) == len(set(starts)) == 2


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"prior": lambda seed: 0.1 * (seed - 2)}, "nothing to gain"),
        ({"floor": {"reconstruction": 10.0}}, "no decoder to speak of"),
    ],
)
def test_without_a_gap_or_a_decoder_there_is_no_share(module, changes, state):
    found = module.findings(made({0.5: rising}, **changes), {})
    assert (
        found.answer
        == "Not decided: no setting has a gap to close at both the shortest and the longest training."
    )
    assert set(found.sections[0].table["no share because"]) == {state}
    assert "rises" not in found.figures[0].caption


def several(found: Results, moved: pd.Series, by: float) -> Results:
    metrics = disagreeing(found.metrics, "kid", moved, by)
    return Results(found.runs, metrics, pd.DataFrame(), found.losses, pd.DataFrame(), {}, {})


def test_evaluations_that_disagree_decide_nothing(module):
    """The share rises by half in every training under the mean of evaluations."""
    found = made({0.5: rising})
    moved = found.metrics["run_id"].str.contains("-32000-") & (found.metrics["strategy"] == "posterior")
    more = several(found, moved, 0.5)
    told = module.shares(more)
    changes = module.against_shortest(told).set_index("strategy")
    assert changes.loc["posterior", ["verdict", "seeds"]].tolist() == ["not decided", SEEDS]
    assert changes.loc["posterior", "difference"] == pytest.approx(0.5, abs=0.02)
    table = module.by_length(more, told).set_index("steps")
    assert (table["trainings"] == SEEDS).all() and (table["rate"] == 7.0).all()
    width = table["posterior_high"] - table["posterior_low"]
    assert width[32_000] > 10 * width[500]
    report, plain = module.findings(more, {}), module.findings(found, {})
    assert "has no decided change at α = 1" in report.answer and "rises" in plain.answer
    texts, before = (
        "".join(s.text for s in one.sections) + one.figures[0].caption for one in (report, plain)
    )
    assert texts.count(OVER) == 3 and OVER not in before and before.count("over training seeds") == 2


def test_a_gap_that_evaluations_disagree_about_is_none(module):
    """The prior is worse than real data by 1 in every training under the mean of evaluations, which range from −2."""
    found = made({0.5: rising})
    more = several(found, found.metrics["strategy"] == "prior", 2.0)
    assert set(module.shares(more)["state"]) == {"nothing"} and set(module.shares(found)["state"]) == {"ok"}


def test_nothing_measured(module):
    found = made({0.5: rising})
    empty = Results(found.runs, found.metrics[:0], pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), {}, {})
    assert module.findings(empty, {}).answer.startswith("Nothing was compared")


def test_lengths_share_everything_else(module):
    for profile in ("smoke", "quick", "default"):
        grids = module.EXPERIMENT.grids(profile)
        assert len({grid.training.steps for grid in grids}) == len(grids) > 1
        assert {grid.training.patience for grid in grids} == {0}
        assert len({(grid.model, grid.alphas, grid.betas, grid.seeds) for grid in grids}) == 1
