"""Where comparisons say something: settings with a decoder to speak of, and metrics that can tell."""

import dataclasses
from collections.abc import Sequence

import pandas as pd

from study.report import frames
from study.report.text.numbers import listed, number
from study.statistics.gaps import gaps
from study.statistics.replicates import GRID, KIND
from study.statistics.scores import scores
from study.tables.names import MODEL
from study.tables.results import Results

WAYS = {"mean": " by means", "sample": " by draws of x"}
NOTHING = "no decoder to speak of"
MUTE = "the metric cannot tell"


def states(metrics: pd.DataFrame) -> pd.DataFrame:
    """Whether each metric can show an effect at each setting, and why not: a row per metric, kind of model and setting.

    Args:
        metrics: rows of `Results.metrics`.
    """
    rows = [
        (of.metric, of.family, of.family_settings, of.decode, *setting, state)
        for of in scores(metrics)
        if of.better != "none"
        for setting, state in zip(of.settings, gaps(of).states, strict=True)
    ]
    return pd.DataFrame(rows, columns=["metric", *KIND, *GRID, "state"])


def with_decoder(results: Results, metric: str) -> tuple[Results, str]:
    """The results without scores at settings where reconstructions are not told to be better than noise.

    Measurements of the models themselves stay, and all scores do if no setting would be left.

    Args:
        results: the tables.
        metric: by which reconstructions and noise are compared.

    Returns:
        The results, and a sentence that names the settings that are left out, with a blank before it; empty if none is.
    """
    rows = results.metrics
    found = states(rows[rows["metric"] == metric])
    gone = found[found["state"] == NOTHING]
    if gone.empty or len(gone) == len(found):
        return results, ""
    keys = [*KIND, *GRID]
    place = rows.assign(**{name: value for name, value in KIND.items() if name not in rows})[keys]
    out = place.merge(gone[keys], on=keys, how="left", indicator=True)["_merge"].eq("both").to_numpy()
    kept = rows[(rows["strategy"] == MODEL).to_numpy() | ~out]
    kinds, every = ({*zip(part["family"], part["decode"], strict=True)} for part in (gone, found))
    ways = WAYS if len({*found["decode"]}) > 1 else {}
    named = listed(f"`{family}`{ways.get(way, '')}" for family, way in sorted(kinds))
    who = "" if kinds == every else f" of {named}"
    betas = listed(number(beta) for beta in sorted(gone["beta"].unique()))
    said = f" Left out{who}: β = {betas}, where reconstructions are no better than noise."
    return dataclasses.replace(results, metrics=kept), said


def silenced(found: pd.DataFrame, metrics: pd.DataFrame, *, places: Sequence[str]) -> pd.DataFrame:
    """The table without verdicts by a metric that prefers copies to real data, or noise to reconstructions.

    Measures of novelty, which have controls of their own, keep their verdicts.

    Args:
        found: a table of `kit.compared`.
        metrics: the scores of the models that it is about.
        places: the columns of `found` that define a place.
    """
    if found.empty:
        return found
    known = states(metrics[~metrics["metric"].isin(frames.NOVELTY)])
    mute = known.loc[known["state"].isin([NOTHING, "cannot tell"]), ["metric", *places]]
    silent = pd.MultiIndex.from_frame(found[["metric", *places]]).isin(pd.MultiIndex.from_frame(mute))
    return found.assign(
        verdict=found["verdict"].mask(silent, MUTE), detectable=found["detectable"].mask(silent)
    )
