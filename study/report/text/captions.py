"""What follows from a figure of the general report: a sentence from the numbers that it shows."""

import numpy as np
import pandas as pd

from study.report import frames
from study.report.plots.effects import axis_of
from study.report.text.contest import Contest, contest, percent
from study.report.text.limits import falling
from study.report.text.novelty import no_verdict
from study.report.text.numbers import listed, number
from study.statistics import MATTERS
from study.tables.results import Results

COUNTED = {
    "better": "better than the prior",
    "worse": "worse",
    "equivalent": f"equivalent to it within {100 * MATTERS:.0f} % of the gap",
    "not decided": "not decided",
}


def follows(name: str, results: Results, summary: pd.DataFrame) -> str:
    """What follows from the figure of this name; empty where its caption says all that there is."""
    of = contest(summary)
    if name.startswith("samples"):
        return "So few pictures show how samples look, not which strategy is better: for that see the tables."
    if name == "losses":
        return falling(results)
    if name == "dimensions":
        return _dimensions(results)
    if of is None or frames.PRIOR not in of.contestants or not of.rivals:
        return ""
    if name == "ladder":
        return _ladder(summary, of)
    if name in ("where", "gains"):
        left = _left_out(of, marked=name == "where")
        return " ".join(part for part in (_where(of), left, _holes(results, of)) if part)
    said = {"effects": _effects, "novelty": _novelty}
    return said[name](of) if name in said else ""


def _dimensions(results: Results) -> str:
    """How many latent dimensions are active, by setting."""
    active = results.latents.groupby("run_id")["active"].sum()
    place = results.runs.set_index("run_id")[["alpha", "beta", "latent_dim"]].join(active, how="inner")
    if place.empty or place["latent_dim"].min() < place["latent_dim"].max():
        return ""
    mean = place.groupby(["alpha", "beta"])["active"].mean()
    span = " to ".join(dict.fromkeys(number(end) for end in (mean.min(), mean.max())))
    return f"By setting, {span} of {place['latent_dim'].iloc[0]} dimensions are active on average."


def _effects(of: Contest) -> str:
    """How many strategies have which verdict, and the largest effect."""
    found = {verdict: of.with_verdict(verdict) for verdict in COUNTED}
    if not any(found.values()):
        return "Nothing is decided: no effect has an interval and a verdict here."
    parts = [f"{len(rows)} {COUNTED[verdict]}" for verdict, rows in found.items() if rows]
    parts[0] = parts[0].replace(" ", " is " if parts[0].startswith("1 ") else " are ", 1)
    best = of.best(of.rivals)
    number_of = f"{len(of.rivals)} {'strategy' if len(of.rivals) == 1 else 'strategies'}"
    largest = f"the largest effect is that of `{best}`, which {of.closes(best)}"
    return f"Of {number_of} besides the prior, {listed(parts)}; {largest}."


def _where(of: Contest) -> str:
    """The verdicts of the leading strategy along the axis, and its effect at both ends."""
    name = of.best(of.rivals)
    rows = of.single[(of.single["strategy"] == name) & (of.single["state"] == "ok")]
    if len(rows) < 2 or not np.isfinite(rows["effect"]).all():
        return ""
    place, label = axis_of(rows)
    rows = rows.assign(place=place).sort_values("place", kind="stable")
    axis = label.split(" ")[0]
    ends = [
        rows[rows["place"] == end]["effect"].mean() for end in (rows["place"].iloc[0], rows["place"].iloc[-1])
    ]
    told = listed(
        f"{COUNTED[verdict].split(' within')[0]} at {n}"
        for verdict in COUNTED
        if (n := int((rows["verdict"] == verdict).sum()))
    )
    text = f"`{name}` closes {percent(ends[0])} of the gap at {axis} = {number(rows['place'].iloc[0])} and "
    text += f"{percent(ends[1])} at {axis} = {number(rows['place'].iloc[-1])}"
    return f"{text}; it is {told} of these {len(rows)} settings." if told else f"{text}."


def _left_out(of: Contest, *, marked: bool) -> str:
    """Which settings are left out, and where the leading strategy is worse than the prior there."""
    left = {setting: state for setting, state in of.states.items() if state != "ok"}
    if not left or not of.counted:
        return ""
    name = of.best(of.rivals)
    rows = of.single[of.single["strategy"] == name]
    worse = [setting for setting in left if _is_worse(frames.at(rows, setting), of.sign)]
    how = "Left out, with a grey mark at the foot" if marked else "Left out"
    text = f"{how}: {listed(setting.label for setting in left)}."
    if worse:
        those = "there" if len(left) == 1 else f"at {len(worse)} of them"
        text = f"{text[:-1]}; `{name}` has a worse {of.label} than the prior {those}."
    return text


def _is_worse(rows: pd.DataFrame, sign: float) -> bool:
    """Whether the whole interval of the difference from the prior is on the wrong side, at one setting."""
    ends = sign * rows[["low", "high"]].to_numpy(float)
    return bool(len(ends) and (ends < 0).all())


def _holes(results: Results, of: Contest) -> str:
    """The least and the largest share of the prior's draws that falls into holes of q(z): why leaving it gains."""
    models = frames.models(results)
    places = [setting for setting in of.counted if not frames.at(models, setting).empty]
    if len(places) < 2 or "hole_mass" not in models:
        return ""
    mass = {place: float(frames.at(models, place)["hole_mass"].mean()) for place in places}
    if not np.isfinite([*mass.values()]).all():
        return ""
    ends = sorted(places, key=lambda place: mass[place])
    told = " to ".join(f"{percent(mass[end])} (at {end.label})" for end in (ends[0], ends[-1]))
    return f"Of draws from the prior, {told} fall into holes, where q(z) is lower than at 99 % of held-out codes."


def _ladder(summary: pd.DataFrame, of: Contest) -> str:
    """What is left of the gap when codes of real data are decoded, setting by setting: it depends on the training."""
    rows = frames.per_setting(summary)
    rows = rows[
        (rows["metric"] == of.metric) & (rows["strategy"] == "reconstruction") & (rows["state"] == "ok")
    ]
    shares = rows["effect"].to_numpy(float)
    branches = (
        "gaussian-full and shuffled-marginals are two branches (dashed): neither includes the other. "
        if {"gaussian-full", "shuffled-marginals"} <= set(of.contestants)
        else ""
    )
    if not len(shares) or not ((shares > 0) & (shares < 1)).all():
        return branches.strip()
    span = " to ".join(dict.fromkeys(percent(share) for share in (shares.min(), shares.max())))
    return (
        f"{branches}Setting by setting, reconstructions close {span} of the gap between the prior and real data. The "
        "rest is left by the decoder as it was trained there; another network or a longer training would leave another."
    )


def _novelty(of: Contest) -> str:
    """Who leans towards the training data, or why that cannot be told."""
    if of.cannot_tell:
        return f"{no_verdict(of.cannot_tell).capitalize()}."
    names = [f"`{name}`" for name in of.contestants if name in of.leans]
    if not names:
        return "No strategy's whole interval lies to the right of the band; this measure alone cannot rule copying out."
    verb = "leans" if len(names) == 1 else "lean"
    return (
        f"{listed(names)} {verb} towards the training data: the whole interval lies to the right of the band."
    )
