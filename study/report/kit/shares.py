"""The share of the gap in every training, for experiments that compare it between settings, and steps along an axis."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from study.report.kit.crossed import by_training
from study.report.kit.estimates import each_place, estimates
from study.report.kit.pairs import Pair, paired
from study.statistics.gaps import gaps
from study.statistics.replicates import EVALUATION, GRID, KIND
from study.statistics.scores import scores
from study.statistics.verdicts import MATTERS
from study.tables.results import Results


def shares(results: Results, metric: str) -> pd.DataFrame:
    """What each training and evaluation contributes to the share of the gap in a metric that each strategy closes.

    Returns:
        A row per training and evaluation: the columns of its run, `evaluation`, `state` ("ok", or why there is no
        share at its setting, see `study.statistics.gaps`), and a column per strategy, NaN unless the state is "ok".
        Means over trainings and evaluations are ratios of means. Empty without scores.
    """
    parts = []
    for of in scores(results.metrics[results.metrics["metric"] == metric]):
        found = gaps(of)
        for k, (setting, state) in enumerate(zip(of.settings, found.states, strict=True)):
            _, s, e = found.shares[:, k].shape
            made = pd.DataFrame(dict(zip(of.strategies, found.shares[:, k].reshape(-1, s * e), strict=True)))
            kind = zip(KIND, (of.family, of.family_settings, of.decode), strict=True)
            place = dict(kind) | dict(zip(GRID, setting, strict=True))
            axes = {"seed": np.repeat(of.seeds, e), EVALUATION: np.tile(np.arange(e), s)}
            parts.append(made.assign(**place, **axes, state=state))
    if not parts:
        return pd.DataFrame()
    return pd.concat(parts, ignore_index=True).merge(results.runs, on=[*KIND, *GRID, "seed"], how="inner")


def closing(
    told: pd.DataFrame, names: Sequence[str], *, by: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The share that each strategy closes at each setting, and whether it is told from zero.

    Args:
        told: as `shares` makes it.
        names: the strategies; those without scores are left out.
        by: the columns that define a setting.

    Returns:
        A row per setting: `by`, state, trainings, a share per strategy with _low and _high. And a row per strategy and
        setting with a share: `by`, strategy, and the columns of `kit.paired`, verdicts corrected over the settings of a
        strategy: "better" (it closes part of the gap), "worse", "equivalent" (less than 5 % of the gap) ...
    """
    there = [name for name in names if name in told]
    table = estimates(told, by=[*by, "state"], of=there)
    ok = told[told["state"] == "ok"]
    pairs = [
        Pair({**place, "strategy": name, "better": "higher"}, by_training(own)[name], 0 * by_training(own)[name], name)
        for place, own in each_place(ok, by)
        for name in there
    ]  # fmt: skip
    return table, paired(pairs, matters=MATTERS)


def along(
    table: pd.DataFrame,
    names: Iterable[str],
    *,
    axis: str,
    places: Sequence[str] = (),
    matters: float | None = None,
    steps: bool = False,
    better: str = "higher",
) -> pd.DataFrame:
    """Each value of an axis against its first or, with `steps`, against the one before it, paired by training.

    Args:
        table: a row per training, or per training and evaluation.
        names: the columns to compare; Holm's correction is over the comparisons of one column.
        axis: the column whose values are compared.
        places: columns that are equal in a comparison.
        matters: the smallest difference that matters.
        better: the better direction, to which verdicts refer.

    Returns:
        Columns: places, axis, `from` (the other value of the axis), `of` (the column), and those of `kit.paired`.
    """
    return paired(_along(table, list(names), axis, list(places), steps=steps, better=better), matters=matters)


def _along(
    table: pd.DataFrame, names: list[str], axis: str, places: list[str], *, steps: bool, better: str
) -> Iterator[Pair]:
    groups = each_place(table, places) if places else [({}, table)]
    for place, own in groups:
        values = sorted(own[axis].unique())
        for before, value in zip(values if steps else [values[0]] * len(values), values[1:], strict=False):
            here, there = (by_training(own[own[axis] == at]) for at in (value, before))
            for name in names:
                facts = {**place, axis: value, "from": before, "of": name, "better": better}
                yield Pair(facts, here[name], there[name], name)
