"""The spread of recall and coverage between draws, against draws."""

import numpy as np
import pytest

from study.metrics.design_effect import Reach
from study.metrics.manifold import Manifold, manifold_metrics


def effect(hits: np.ndarray, block: int = 1000) -> float:
    found = Reach(*hits.shape)
    for start in range(0, len(hits), block):
        found.add(slice(start, start + block), hits[start : start + block])
    return found.effect()


def test_points_that_are_reached_together_count_as_one() -> None:
    """The effect of independent points is one, up to chance; that of groups of four is four times that."""
    hits = np.random.default_rng(0).random((400, 1000)) < 1 / 200
    one, four = effect(hits), effect(np.repeat(hits, 4, axis=1))
    assert 1 <= one < 1.5
    assert four == pytest.approx(4 * one) or one == 1
    assert effect(hits, block=7) == one


@pytest.mark.parametrize("all_or_none", [True, False])
def test_where_no_half_differs_there_is_no_effect(all_or_none: bool) -> None:
    hits = np.full((10, 5), all_or_none)
    found = Reach(10, 5)
    found.add(slice(0, 10), hits)
    score = found.score(np.asarray(hits.any(0)))
    assert found.effect() == 1 and score.value == all_or_none and score.stderr == 0


@pytest.mark.integration
@pytest.mark.parametrize("scale", [1.0, 0.7, 1.5])
@pytest.mark.parametrize("d", [2, 8])
def test_the_standard_error_is_the_spread_of_draws(d: int, scale: float) -> None:
    """At most a tenth below what 400 draws have, whose own error is 3.5 %, and not half as much above: halves have more
    of an effect than the whole. A share of independent points would have as little as 0.6 of it."""
    rng = np.random.default_rng(1)
    manifold = Manifold.of(rng.normal(size=(200, d)))
    draws = [manifold_metrics(scale * rng.normal(size=(200, d)), manifold) for _ in range(400)]
    for name in ("recall", "coverage"):
        spread = np.std([draw[name].value for draw in draws])
        stderr = np.sqrt(np.mean([draw[name].stderr ** 2 for draw in draws]))
        assert 0.9 < stderr / spread < 1.5, (name, stderr / spread)
