"""The sentences after the answer: at which settings it holds, and whether the winner copies training data."""

import math

from study.report import frames
from study.report.frames import PRIOR
from study.report.text.contest import Contest
from study.report.text.numbers import decimals, interval, listed, number
from study.report.text.words import STRATEGIES

ENOUGH_SEEDS = 5


def evidence(c: Contest) -> list[str]:
    """Sentences, the most important first; empty ones are left out."""
    if PRIOR not in c.contestants or not c.rivals:
        return [_copying(c)]
    rival = c.best(c.rivals)
    said = [_gap(c, rival), _copying(c)]
    if c.decided:
        few = (
            f"Only {c.seeds} training runs per setting: intervals are rough, and small effects go undetected."
        )
        said = [
            *_per_setting(c, rival),
            *_exceptions(c),
            _without_data(c),
            said[0],
            _worse(c),
            said[1],
            few if c.seeds < ENOUGH_SEEDS else "",
        ]
    return [text for text in said if text]


def _per_setting(c: Contest, name: str) -> list[str]:
    """In how many settings a strategy beats the prior, and where nothing does."""
    if len(c.grid) < 2:
        return []
    verdicts = c.single.loc[c.single["strategy"] == name, "verdict"].tolist()
    better, tie, worse = (verdicts.count(v) for v in ("better", "tie", "worse"))
    if better == len(c.grid):
        return [f"`{name}` beats the prior in every one of the {better} settings."]
    counts = (
        f"Setting by setting, `{name}` beats the prior in {better} of {better + tie + worse}, ties with it "
        f"in {tie} and loses to it in {worse}."
    )
    won = c.single[c.single["verdict"] == "better"]
    enough = [setting for setting in c.grid if frames.at(won, setting).empty]
    if not enough:
        return [counts, "In every setting some strategy beats the prior."]
    if len(enough) == len(c.grid):
        return [counts, "In no single setting does any strategy beat the prior significantly."]
    where = listed(setting.label for setting in enough)
    return [counts, f"The prior is enough (no strategy beats it significantly) at {where}."]


def _exceptions(c: Contest) -> list[str]:
    """Settings in which another strategy is the sole winner, with its precision there: a single metric can be gamed.

    Too wide a distribution of z can compensate for a decoder's blur in FD and KID, which compare variances, although
    single samples get worse; precision detects that.
    """
    said = []
    leading = c.single[(c.single["standing"] == "best") & (c.single["strategy"] != c.leader)]
    for name, rows in leading.groupby("strategy", sort=False):
        if name in c.winners and c.contestants[str(name)].standing:
            continue
        where = listed(s.label for s in c.grid if not frames.at(rows, s).empty)
        text = f"At {where}, `{name}` alone has the best {c.label}"
        precise = c.precision.merge(rows[["alpha", "beta"]], on=["alpha", "beta"])
        own, other = (precise.loc[precise["strategy"] == n, "mean"].mean() for n in (name, c.leader))
        if math.isfinite(own) and math.isfinite(other):
            but = "but" if own < other else "and"
            text += f", {but} its precision there is {number(own)} against {number(other)} for `{c.leader}`"
        said.append(f"{text}.")
    return said


def _without_data(c: Contest) -> str:
    """The best strategy that does not store the training data, if the winner does."""
    keeping = {name for name in c.contestants if STRATEGIES.get(name, {}).get("keeps_data")}
    free = [name for name in c.contestants if name not in keeping]
    if c.leader not in keeping or c.leader not in c.winners or not free:
        return ""
    name = c.best(free)
    needs = f"`{c.leader}` needs the training data to sample"
    if name not in c.winners:
        return f"{needs}; no strategy that works without them beats the prior significantly."
    return f"{needs}; the best strategy that works without them, `{name}`, {c.change(name)}."


def _gap(c: Contest, name: str) -> str:
    """The scores of prior and strategy beside those of reconstructions and real data."""
    if "reconstruction" not in c.references:
        return ""
    places = decimals(c.contestants[PRIOR].mean) + 1
    own, prior = (number(c.contestants[n].mean, places) for n in (name, PRIOR))
    floor = number(c.references["reconstruction"].mean, places)
    text = f"{c.label} is {prior} for the prior, {own} for `{name}` and {floor} for reconstructions"
    if "held-out" in c.references:
        row = c.references["held-out"]
        real = interval(row.mean, row.low_mean, row.high_mean, places=places)
        text += f"; real held-out data score {real} at the same n"
    return f"{text}."


def _worse(c: Contest) -> str:
    names = [f"`{name}`" for name, row in c.rivals.items() if row.verdict == "worse"]
    return f"Worse than the prior: {listed(names)}." if names else ""


def _copying(c: Contest) -> str:
    name = c.leader
    if name not in c.nearer:
        return f"Whether `{name}` copies training data was not measured."
    own = c.nearer[name]
    share = f"{interval(own.mean, own.low_mean, own.high_mean, scale=100)} % of its samples"
    if "held-out" not in c.nearer:
        return f"`{name}`: {share} are nearer to training data than to held-out data (50 %: no copying)."
    real = c.nearer["held-out"]
    ends = frames.real_interval(real)
    against = f"{interval(real.mean, *ends, scale=100)} % of real held-out data"
    if name in c.leans:
        said = f"`{name}` leans towards the training data"
    elif math.isfinite(own.low_mean):
        said = f"`{name}` shows no sign of copying by this measure, which cannot rule it out"
    else:
        said = f"Whether `{name}` copies is open"
    return f"{said}: {share} are nearer to training data than to held-out data, against {against}."
