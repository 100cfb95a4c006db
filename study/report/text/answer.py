"""The answer of the report in one sentence, with a few details, for every possible outcome."""

import dataclasses

import numpy as np
import pandas as pd

from study.latents.surgery import IDENTIFIED
from study.report import frames
from study.report.frames import PRIOR
from study.report.text.contest import Contest, contest
from study.report.text.evidence import evidence
from study.report.text.numbers import count, listed, number


@dataclasses.dataclass(frozen=True)
class Answer:
    """`headline`: the answer with its effect and interval; `details`: sentences that qualify it."""

    headline: str
    details: tuple[str, ...] = ()


def answer(summary: pd.DataFrame, model: pd.DataFrame | None = None) -> Answer:
    """The answer to the question of the report.

    Args:
        summary: from `study.statistics.summarise`.
        model: model-level measurements (`frames.models`), used if no strategy was scored.
    """
    scores = contest(summary)
    if scores is not None:
        return Answer(_headline(scores), tuple(evidence(scores)))
    if frames.primary(frames.undecided(summary)):
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
    if not c.decided:
        return (
            f"Not decided: {c.scope}, `{c.leader}` has the best {c.label} ({number(lead.mean)}; the prior "
            f"{number(c.contestants[PRIOR].mean)}), but an interval needs at least three training runs per "
            "setting, so this is only a hint."
        )
    if c.winners:
        return _draw_from(c)
    return _prior_leads(c) if c.leader == PRIOR else _no_winner(c)


def _draw_from(c: Contest) -> str:
    """Some strategy beats the prior: the leader and those that tie with it, or the best significant one."""
    first = c.leader if c.leader in c.winners else c.best(c.winners)
    names = [first]
    if c.contestants[first].standing == "tied":
        tied = [name for name, row in c.winners.items() if row.standing == "tied" and name != first]
        names += sorted(tied, key=lambda name: -c.sign * c.contestants[name].mean)
    said = listed((f"`{name}`" for name in names), last="or")
    start = f"Draw from {said}, not from the prior. {_sentence(c.scope)}"
    effect = f"{c.change(first)} (95 % interval) against the prior on the same trained models"
    if len(names) > 1:
        text = f"{start}, they tie for the best {c.label}; `{first}` {effect}."
    elif first != c.leader:
        text = f"{start}, it {effect}; `{c.leader}` has a better mean, but does not beat the prior significantly."
    elif c.contestants[first].standing == "best":
        text = f"{start}, it {effect}, and no other strategy matches it."
    else:
        text = f"{start}, it {effect}; others may be as good, but do not beat the prior significantly."
    return f"{text} But `{first}` leans towards the training data." if first in c.leans else text


def _prior_leads(c: Contest) -> str:
    lead = f"{_sentence(c.scope)}, it has the best {c.label}, {c.mean(PRIOR)}"
    tied = [f"`{name}`" for name, row in c.rivals.items() if row.verdict != "worse"]
    if tied:
        return f"The prior is enough. {lead}; {listed(tied)} {'ties' if len(tied) == 1 else 'tie'} with it."
    second = c.best(c.rivals)
    nearest = f"the nearest, `{second}`, {c.change(second)}"
    return f"Draw from the prior. {lead}, and every other strategy is worse: {nearest}."


def _no_winner(c: Contest) -> str:
    """A strategy has a better mean than the prior, but no strategy beats the prior significantly."""
    row = c.contestants[c.leader]
    why = "the interval includes zero"
    if not row.low <= 0 <= row.high:
        why = "the interval excludes zero, but does not survive the correction for the number of strategies"
    largest = f"`{c.leader}`, gains {c.gain(c.leader)} (95 % interval), and {why}"
    if all(row.verdict == "tie" for row in c.rivals.values()):
        return (
            f"It makes no measurable difference: {c.scope}, no strategy's {c.label} differs from the "
            f"prior's; the best mean, {largest}."
        )
    return (
        f"The prior is enough: {c.scope}, no strategy beats it significantly in {c.label}; the best mean, "
        f"{largest}."
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


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
