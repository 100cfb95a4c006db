"""The answer of the report in one sentence, with a few details, for every possible outcome."""

import dataclasses

import numpy as np
import pandas as pd

from study.latents.surgery import IDENTIFIED
from study.report import frames
from study.report.frames import PRIOR
from study.report.text.contest import Contest, contest, percent
from study.report.text.evidence import evidence
from study.report.text.numbers import count, listed, number
from study.statistics import MATTERS

MOST_NAMES = 3
WORDS = 60  # of the answer
REASONS = {  # why a metric shows no effect at a setting
    "nothing to gain": "the prior is not told from real held-out data by",
    "no decoder to speak of": "reconstructions are not told from noise by",
    "cannot tell": "copies of the training data are no better than the prior, or a strategy better than real data, by",
    "no floor": "real held-out data were not scored by",
}


@dataclasses.dataclass(frozen=True)
class Answer:
    """`headline`: the answer with its effect and interval; `details`: sentences that qualify it."""

    headline: str
    details: tuple[str, ...] = ()


def answer(summary: pd.DataFrame, model: pd.DataFrame | None = None, *, too_few: str = "") -> Answer:
    """The answer to the question of the report.

    Args:
        summary: from `study.statistics.summarise`.
        model: model-level measurements (`frames.models`), used if no strategy was scored.
        too_few: why there are too few examples for any verdict (`limits.too_few`).
    """
    scores = contest(summary)
    if scores is not None and too_few:
        return Answer(f"No verdict: {too_few}. The numbers below are hints.")
    if scores is not None:
        return Answer(_headline(scores), tuple(evidence(scores)))
    if frames.primary(frames.known(summary)):
        return Answer(
            "Not decided: no training seed has scores in every setting of (α, β), so there is no average over "
            "the grid; see the tables of single settings."
        )
    return _models_only(model)


def _headline(c: Contest) -> str:
    lead = c.contestants[c.leader]
    if PRIOR not in c.contestants:
        return (
            f"Of the strategies tried, `{c.leader}` has the best {c.label}, {c.mean(c.leader)}, {c.scope}; "
            "the prior was not among them, so the gain over the prior is unknown."
        )
    if not c.rivals:
        return f"Only the prior was tried, so there is no comparison: its {c.label} is {c.mean(PRIOR)}, {c.scope}."
    if not c.counted:
        return f"No verdict: {_no_effect(c)}."
    if not c.decided:
        return (
            f"Not decided: {c.scope}, `{c.leader}` has the best {c.label} ({number(lead.mean)}; the prior "
            f"{number(c.contestants[PRIOR].mean)}), but an interval needs at least three training runs per "
            "setting that differ, so this is only a hint."
        )
    if c.winners:
        return _draw_from(c)
    return _prior_leads(c) if len(c.with_verdict("worse")) == len(c.rivals) else _no_winner(c)


def _draw_from(c: Contest) -> str:
    """Some strategy is better than the prior: the best of these, and the others that may be the best."""
    first = c.best(c.winners)
    others = [name for name, row in c.winners.items() if row.standing == "may be best" and name != first]
    others.sort(key=lambda name: -c.contestants[name].effect)
    names = listed((f"`{name}`" for name in [first, *others][:MOST_NAMES]), last="or")
    more = f" (or {count(len(others) + 1 - MOST_NAMES, 'more')})" if len(others) + 1 > MOST_NAMES else ""
    text = (
        f"Draw from {names}{more}, not from the prior: {c.scope}, `{first}` closes {c.share(first)} "
        f"(95 % interval) of the prior's gap in {c.label} to real data"
    )
    if c.contestants[first].standing == "best":
        text += ", more than any other strategy" if len(c.rivals) > 1 else ""
    elif others:
        text += (
            "; which of these is best is not decided"
            if not more
            else "; which of them is best is not decided"
        )
    text += "."
    wanted = _copies(c, first)
    # a name and what follows it stand apart on a page, as two words
    fit = (
        said for said in (f"{text} {one}" for one in wanted) if len(said.replace("`", " ").split()) < WORDS
    )
    return next(fit, f"{text} {wanted[-1]}" if first in c.leans else text)


def _copies(c: Contest, first: str) -> list[str]:
    """What is said of copying by the strategy that is to be drawn from, the fullest sentence first; none if nothing."""
    said = []
    if first in c.leans:
        own, real = (percent(c.nearer[name].mean) for name in (first, "held-out"))
        said.append(f"But {own} of its samples are nearer to training than to held-out data (real: {real}).")
    flags, of = c.copying.get(first, (0, 0))
    if flags:
        measures = count(of, "measure")
        said.append(f"But `{first}` copies by {flags} of {measures} of novelty that can tell.")
        said.append(f"But it copies ({flags} of {measures}).")
    if first in c.leans:
        said.append(f"But `{first}` leans towards the training data.")
    return said


def _prior_leads(c: Contest) -> str:
    second = c.best(c.rivals)
    every = "every other strategy tried is" if len(c.rivals) > 1 else f"`{second}` is"
    nearest = (
        f": the nearest, `{second}`, {c.closes(second)}" if len(c.rivals) > 1 else f": it {c.closes(second)}"
    )
    return f"Draw from the prior: {c.scope}, {every} worse{nearest} {c.gap}."


def _no_winner(c: Contest) -> str:
    """No strategy is shown to be better than the prior, and not all are shown to be worse."""
    best = c.best(c.rivals)
    equal, open_ = c.with_verdict("equivalent"), c.with_verdict("not decided")
    if len(equal) == len(c.rivals):
        return (
            f"It makes no difference that matters: {c.scope}, every strategy tried lies within {percent(MATTERS)} of "
            f"the gap {c.gap}; the best mean, `{best}`, {c.closes(best)}."
        )
    if not open_:
        names = listed(f"`{name}`" for name in equal)
        return (
            f"The prior is as good as any strategy tried: {c.scope}, {names} {'is' if len(equal) == 1 else 'are'} "
            f"equivalent to it within {percent(MATTERS)} of the gap {c.gap}, and the others are worse."
        )
    power = f"; an effect of {percent(c.unseen)} would have been seen" if np.isfinite(c.unseen) else ""
    if np.isfinite(c.seeds_needed):
        power += f", and {number(c.seeds_needed, 0)} training runs would decide"
    return (
        f"Not decided whether any strategy is better than the prior: {c.scope}, the best mean, `{best}`, "
        f"{c.closes(best)} (95 % interval) {c.gap}{power}."
    )


def _no_effect(c: Contest) -> str:
    """Why the metric shows no effect at any setting."""
    reasons = {state: REASONS.get(state, state) for state in c.states.values()}
    said = listed(f"{reason} {c.label}" if reason.endswith(" by") else reason for reason in reasons.values())
    where = (
        ""
        if len(c.grid) == 1
        else "at every setting of (α, β) "
        if len(reasons) == 1
        else "setting by setting, "
    )
    return f"{where}{said}"


def _models_only(model: pd.DataFrame | None) -> Answer:
    """The answer if only the models were measured: how far the prior is from q(z)."""
    nothing = Answer(
        "No strategy could be scored here; the section on failures and missing values gives the reasons."
    )
    if model is None or model.empty:
        return nothing
    ends = frames.mismatch(model)
    if not ends["upper"].notna().any():
        return nothing
    middle = ends["middle"].where((ends["upper"] - ends["lower"]).fillna(0) < IDENTIFIED)
    grid = frames.settings(model)
    # A mean over only the identified training runs would be biased by that selection.
    mean = {s: float(middle[frames.at(model, s).index].mean(skipna=False)) for s in grid}
    mean = {setting: value for setting, value in mean.items() if np.isfinite(value)}
    trainings = count(len(model), "training run")
    start = (
        "This experiment measures the models and scores no samples: the mismatch of prior and codes, "
        "KL(q(z)‖p(z)),"
    )
    if not mean:
        headline = (
            f"{start} is identified at no setting: the ends of its bracket are too far apart ({trainings})."
        )
    else:
        low, high = min(mean, key=lambda s: mean[s]), max(mean, key=lambda s: mean[s])
        what = f"is {number(mean[low])} nats at {low.label}"
        if low != high:
            what = (
                f"ranges from {number(mean[low])} nats at {low.label} to {number(mean[high])} nats at "
                f"{high.label}"
            )
        rest = len(grid) - len(mean)
        unknown = f"; not identified at {count(rest, 'more setting')}" if rest else ""
        headline = f"{start} {what} ({trainings}{unknown})."
    details = []
    if "active_units" in model:
        details.append(f"Active latent dimensions per model: {_range(model['active_units'])}.")
    if "hole_mass" in model:
        share = _range(100 * model["hole_mass"])
        details.append(
            f"Share of prior draws at which q(z) is lower than at 99 % of held-out codes: {share} %."
        )
    return Answer(headline, tuple(details))


def _range(values: pd.Series) -> str:
    low, high = number(values.min()), number(values.max())
    return low if low == high else f"{low} to {high}"
