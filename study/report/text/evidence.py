"""The sentences after the answer: at which settings it holds, and whether the winner copies training data."""

import math

from study.report import frames
from study.report.frames import PRIOR
from study.report.text.contest import Contest, percent
from study.report.text.novelty import no_verdict
from study.report.text.numbers import decimals, interval, listed, number
from study.report.text.words import STRATEGIES
from study.statistics import MATTERS

ENOUGH_SEEDS = 5
VERDICTS = ("better", "equivalent", "not decided", "worse")
WORDS = {
    "better": "better than the prior",
    "equivalent": "equivalent to it",
    "not decided": "not decided",
    "worse": "worse",
}
WHY = {
    "nothing to gain": "the prior is not told from real data there: nothing to gain",
    "no decoder to speak of": "reconstructions are no better than noise there: no decoder to speak of",
    "cannot tell": "the metric cannot tell there: copies of the training data do not beat the prior, or a strategy "
    "beats real data",
    "no floor": "no held-out data were scored there",
}


def evidence(c: Contest) -> list[str]:
    """Sentences, the most important first; empty ones are left out."""
    if PRIOR not in c.contestants or not c.rivals:
        return [_copying(c)]
    rival = c.best(c.rivals)
    said = [_left_out(c), _gap(c, rival), _copying(c)]
    if c.decided:
        few = (
            f"Only {c.seeds} training runs per setting: intervals are wide." if c.seeds < ENOUGH_SEEDS else ""
        )
        said = [*_per_setting(c, rival), *_exceptions(c), _without_data(c), *_others(c), *said, few]
    return [text for text in said if text]


def _left_out(c: Contest) -> str:
    """The settings that do not enter the average, by reason."""
    reasons: dict[str, list[str]] = {}
    for setting, state in c.states.items():
        if state != "ok" and c.counted:
            reasons.setdefault(state, []).append(setting.label)
    return " ".join(
        f"Not in the average: {listed(where)} ({WHY.get(why, why)})." for why, where in reasons.items()
    )


def _per_setting(c: Contest, name: str) -> list[str]:
    """In how many of the settings that count a strategy is better than the prior, and by how much."""
    if len(c.counted) < 2:
        return []
    own = {row.Index: row for row in frames.each(c.single[c.single["strategy"] == name])}
    rows = [row for row in own.values() if row.state == "ok"]
    told = {verdict: sum(row.verdict == verdict for row in rows) for verdict in VERDICTS}
    shares = [row.effect for row in rows]
    span = f"between {percent(min(shares))} and {percent(max(shares))} of the gap"
    if told["better"] == len(c.counted):
        return [
            f"`{name}` is better than the prior at each of these {len(rows)} settings, and closes {span}."
        ]
    counts = listed(f"{WORDS[verdict]} at {n}" for verdict, n in told.items() if n)
    return [f"Setting by setting, `{name}` is {counts} of {len(rows)}."]


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
        text = f"At {where}, `{name}` alone may be the best by {c.label}"
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
    needs = f"`{c.leader}` needs stored data to sample"
    if name not in c.winners:
        return f"{needs}; no strategy that works without is shown to be better than the prior."
    return f"{needs}; the best strategy that works without, `{name}`, {c.closes(name)}."


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


def _others(c: Contest) -> list[str]:
    """Who is worse than the prior, equivalent to it, and who is not decided."""
    said = []
    for verdict, start in (("worse", "Worse than the prior"), ("equivalent", "Equivalent to the prior")):
        names = [f"`{name}`" for name in c.with_verdict(verdict)]
        within = f", within {percent(MATTERS)} of the gap" if verdict == "equivalent" else ""
        said += [f"{start}{within}: {listed(names)}."] if names else []
    open_ = [f"`{name}`" for name in c.with_verdict("not decided")]
    if open_:
        seen = {name: row.detectable for name, row in c.with_verdict("not decided").items()}
        power = [f" ({percent(size)})" * math.isfinite(size) for size in seen.values()]
        told = " (in brackets the effect that would have been seen)" * any(power)
        said.append(f"Not decided{told}: {listed(map(''.join, zip(open_, power, strict=True)))}.")
    return said


def _copying(c: Contest) -> str:
    name = c.leader
    if name not in c.nearer or "held-out" not in c.nearer:
        return f"Whether `{name}` copies training data was not measured."
    if c.cannot_tell:
        silent = no_verdict(c.cannot_tell)
        return f"On copying by `{name}` the share nearer to training than to held-out data gives {silent}."
    own = c.nearer[name]
    share = f"{interval(own.mean, own.low_mean, own.high_mean, scale=100)} % of its samples"
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
