"""Settings at which a decoder has learned nothing: what is compared there says nothing of how to draw z."""

import dataclasses
from typing import Any

import pandas as pd

from study.report.text.numbers import listed, number
from study.statistics.gaps import gaps
from study.statistics.replicates import GRID, KIND
from study.statistics.scores import scores
from study.tables.names import MODEL
from study.tables.results import Results

WAYS = {"mean": " by means", "sample": " by draws of x"}
NOTHING = "no decoder to speak of"


def with_decoder(results: Results, metric: str) -> tuple[Results, str]:
    """The results without scores at settings where reconstructions are told to be no better than noise.

    Measurements of the models themselves stay, and all scores do if no setting would be left.

    Args:
        results: the tables.
        metric: by which reconstructions and noise are compared.

    Returns:
        The results, and a sentence that names the settings that are left out, with a blank before it; empty if none is.
    """
    gone: list[dict[str, Any]] = []
    there = 0
    for of in scores(results.metrics[results.metrics["metric"] == metric]):
        kind = dict(zip(KIND, (of.family, of.family_settings, of.decode), strict=True))
        for setting, state in zip(of.settings, gaps(of).states, strict=True):
            there += 1
            if state == NOTHING:
                gone.append({**kind, **dict(zip(GRID, setting, strict=True))})
    if not gone or len(gone) == there:
        return results, ""
    keys = [*KIND, *GRID]
    rows = results.metrics
    place = rows.assign(**{name: value for name, value in KIND.items() if name not in rows})[keys]
    out = place.merge(pd.DataFrame(gone), on=keys, how="left", indicator=True)["_merge"].eq("both").to_numpy()
    kept = rows[(rows["strategy"] == MODEL).to_numpy() | ~out]
    kinds = {(one["family"], one["decode"]) for one in gone}
    every = {(of.family, of.decode) for of in scores(rows[rows["metric"] == metric])}
    ways = WAYS if len({way for _, way in every}) > 1 else {}
    named = listed(f"`{family}`{ways.get(way, '')}" for family, way in sorted(kinds))
    who = "" if kinds == every else f" of {named}"
    betas = listed(number(beta) for beta in sorted({one["beta"] for one in gone}))
    said = f" Left out{who}: β = {betas}, where reconstructions are no better than noise."
    return dataclasses.replace(results, metrics=kept), said
