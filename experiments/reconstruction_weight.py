"""What does the weight of the reconstruction change, up to α = 300, and does it change more than s = β/(2α)?

The asker of the thread weighs the reconstruction by up to 300, and says that the KL then rises and that N(0, I) is far
from q(z). One answer is that the weight only makes the variance of the decoder smaller: the loss α·SSE + β·KL has the
same minimum as SSE + 2s·KL. So α is raised at β = 1, over five decades of s, and at three values of s both weights are
changed together. Declared beforehand: the KL rises if the rate does at every step of α at β = 1; α and β matter beyond
s if, at equal s, log rate or the share of the gap in KID differs from that of the weights with β = 1, and do not if
both lie within 5 % (of the rate, of the gap).

    study run reconstruction_weight                      MNIST, 50 VAEs, half an hour on two cores
    study run reconstruction_weight --profile quick      digits, 40 VAEs, two minutes
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.text.numbers import count, listed, number, with_ends
from study.statistics.verdicts import MATTERS
from study.tables.results import Results

METRIC, HEADLINE = "kid", "posterior"
CLOSING = (HEADLINE, "gmm", "gaussian-full", "global-gaussian")
STRATEGIES = ("prior", *CLOSING, "reconstruction", "held-out", "copycat", "noise")
PLACE = ["alpha", "beta", "s"]
MODEL = ("rate", "lower", "upper", "hole_mass", "distortion")
PERCENT = {"scale": 100, "places": 0}
TEXTS = {
    "settings": "For every pair of weights the rate and the two ends of the bracket on KL(q(z)‖p(z)) in nats, the "
    "hole mass, and the share of the gap in KID between the prior and held-out data that each strategy closes, in %, "
    "with 95 % intervals{over}; `no share because` says where there is none.",
    "rises": "Rate at each α minus that at the next smaller one, in nats, paired by training seed, with 95 % "
    "intervals; Holm's correction is over the steps.",
    "same": "At equal s, the logarithm of the rate and the share of the gap that `posterior` closes, "
    "with these weights minus those with β = 1, paired by training seed, with 95 % intervals. Equivalent: the "
    "corrected interval lies within ± 0.05, that is 5 % of the rate or of the gap; Holm's correction is over all rows "
    "of a measure.",
    "figure": "Rate, the two ends of the bracket on KL(q(z)‖p(z)), hole mass, and the share of the gap in KID that "
    "each strategy closes, against s = β/(2α) at β = 1 and, at the smallest s, the largest α; bars are 95 % "
    "intervals{over}.",
}  # fmt: skip


def models(results: Results) -> pd.DataFrame:
    """The measurements of each trained model, with s, the bracket on KL(q(z)‖p(z)), and log rate."""
    found = frames.models(results)
    s = found["beta"] / (2 * found["alpha"])
    rate = np.log(found["rate"].clip(lower=1e-3))  # a thousandth of a nat: collapsed
    return found.join(frames.mismatch(found)[["lower", "upper"]]).assign(s=s.map(_plain), log_rate=rate)


def _plain(s: float) -> float:
    """s without its last bits, so that equal ones are."""
    return float(f"{s:.6g}")


def rises(table: pd.DataFrame) -> pd.DataFrame:
    """Rate at each α minus that at the next smaller one, at β = 1."""
    return kit.along(table[table["beta"] == 1], ["rate"], axis="alpha", steps=True)


def same_s(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """A column at each pair of weights minus that at the pair of equal s with β = 1, paired by seed."""
    pairs = []
    for place, own in kit.each_place(table, PLACE):
        like = table[(table["beta"] == 1) & (table["s"] == place["s"])]
        if place["beta"] != 1 and len(like):
            sides = (kit.by_training(part)[name] for part in (own, like))
            pairs.append(kit.Pair({**place, "of": name, "better": "higher"}, *sides, name))
    return kit.paired(pairs, matters=MATTERS)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """Whether the KL rises with α, whether α and β matter beyond s, and what can be gained at each s."""
    each, told = models(results), kit.shares(results, METRIC)
    if told.empty:
        return Findings("Nothing was compared: no model has scores of the prior and of real data.")
    told = told.assign(s=(told["beta"] / (2 * told["alpha"])).map(_plain))
    table, closed = kit.closing(told, CLOSING, by=PLACE)
    table = table.merge(
        kit.estimates(each, by=PLACE, of=MODEL, within={"hole_mass": (0.0, 1.0)}).drop(columns="trainings"),
        on=PLACE,
        how="left",
    )
    steps = rises(each)
    ok = told[told["state"] == "ok"]
    alike = pd.concat([same_s(each, "log_rate"), same_s(ok, HEADLINE)], ignore_index=True)
    over = kit.covered(results, [METRIC])
    caption = f"{TEXTS['figure'].format(over=over)} {_gained(closed)}"
    return Findings(
        answer(steps, alike, table),
        (
            Section("Every pair of weights", TEXTS["settings"].format(over=over), _readable(table)),
            Section("The rate at each step of α", TEXTS["rises"], _changes(steps, kit.plain("from"))),
            Section("Other weights at equal s", TEXTS["same"], _changes(alike, kit.plain("of"))),
        ),
        (kit.Exhibit("What the weight changes", caption, figure(table)), "mismatch", "samples"),
    )  # fmt: skip


def answer(steps: pd.DataFrame, alike: pd.DataFrame, table: pd.DataFrame) -> str:
    """Whether the rate rises with α, then whether anything but s matters."""
    if steps.empty or kit.undecided(steps):
        return kit.UNDECIDED
    return kit.brief(_rise(steps, table), _beyond(alike))


def _rise(steps: pd.DataFrame, table: pd.DataFrame) -> str:
    of = kit.by_verdict(steps)
    up, down = len(of.get("better", [])), len(of.get("worse", []))
    ends = table[table["beta"] == 1].sort_values("alpha").iloc[[0, -1]].to_dict("records")
    open_ = len(steps) - up - down
    parts = [f"rises at {up}"] * bool(up) + [f"falls at {down}"] * bool(down)
    parts += [f"is not decided at {open_}"] * bool(open_)
    first, last = (f"{with_ends(row, 'rate')}" for row in ends)
    of = f"{listed(parts)} of {count(len(steps), 'step')} of α from {' to '.join(number(row['alpha']) for row in ends)}"
    return f"The rate (mean KL) {of}, from {first} to {last} nats."


def _beyond(alike: pd.DataFrame) -> str:
    """What the verdicts at equal s amount to."""
    if alike.empty:
        return ""
    n, told = len(alike), alike["verdict"].isin(["better", "worse"])
    small = told & (alike["low"] > -MATTERS) & (alike["high"] < MATTERS)
    same, slightly = int(alike["verdict"].eq("equivalent").sum()), int(small.sum())
    more = int(told.sum()) - slightly
    parts = [f"within 5 % in {same}"] * bool(same) + [f"different in {more}"] * bool(more)
    parts += [f"slightly different (< 5 %) in {slightly}"] * bool(slightly)
    parts += [f"not decided in {n - same - slightly - more}"] * (n > same + slightly + more)
    return f"At equal s, other weights leave rate and share of the gap {listed(parts)} of {count(n, 'comparison')}."


def _gained(closed: pd.DataFrame) -> str:
    """Where the headline strategy closes part of the gap, from the least to the largest share, or widens it."""
    if closed.empty:
        return "No setting has a gap to close."
    wider = kit.widened(closed, HEADLINE, lambda row: f"s = {number(row['s'])}")
    rows = closed[(closed["strategy"] == HEADLINE) & (closed["verdict"] == "better")]
    if rows.empty:
        return f"At no setting is it shown that `{HEADLINE}` closes part of the gap.{wider}"
    said = kit.ranged(rows, "own", _closes)
    of = count(len(closed[PLACE].drop_duplicates()), "setting")
    return f"`{HEADLINE}` closes {said}, at {len(rows)} of {of} with a gap.{wider}"


def _closes(row: kit.Row) -> str:
    percent = (
        PERCENT if row["low"] >= 0.005 else {"scale": 100}
    )  # "closes 0 [0, 0] %" would say that it does not
    return f"{kit.change('own', **percent)(row)} % at s = {number(row['s'])}"


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, kit.Column] = {name: kit.value(name) for name in PLACE}
    columns |= {"trainings": "trainings", "rate": kit.cell("rate"), "KL(q‖p) is at least": kit.cell("lower")}
    columns |= {"and at most": kit.cell("upper")}
    columns |= {"hole mass": kit.cell("hole_mass")}
    columns |= {f"{name}, %": kit.cell(name, **PERCENT) for name in CLOSING if name in table}
    return kit.readable(table.sort_values(["s", "beta"]), columns | {"no share because": _why})


def _why(row: kit.Row) -> str:
    return "" if row["state"] == "ok" else str(row["state"])


def _changes(rows: pd.DataFrame, more: Mapping[str, kit.Column]) -> pd.DataFrame:
    place = {name: kit.value(name) for name in PLACE if name in rows}
    columns = {**place, **more, "difference": kit.change(), "verdict": kit.direction}
    return kit.readable(rows, columns) if len(rows) else rows


def figure(table: pd.DataFrame) -> Figure:
    """The model and the shares against s; of several pairs of weights with one s the one with the smallest |log β|."""
    rows = (
        table.assign(far=np.abs(np.log(table["beta"])))
        .sort_values("far")
        .drop_duplicates("s")
        .sort_values("s")
    )
    nats = {"rate": "rate", "upper": "KL(q(z)‖p(z)) at most", "lower": "KL(q(z)‖p(z)) at least"}
    return kit.lines(
        [
            kit.Lines("Rate and mismatch", rows, nats, "nats"),
            kit.Lines("Hole mass", rows, {"hole_mass": "hole mass"}, "share of prior draws, %", scale=100),
            kit.Lines("Share of the gap closed", rows, {n: n for n in CLOSING}, "%", scale=100, mark=0.0),
        ],
        x="s", axis="s = β/(2α)", title="What the weight of the reconstruction changes", columns=3,
    )  # fmt: skip


def weights(
    plain: StudyConfig, alphas: tuple[float, ...], *equal: tuple[float, float], **changes: Any
) -> tuple[StudyConfig, ...]:
    """A grid with β = 1 at every α, and one for each further pair of weights."""
    whole = vary(plain, strategies=STRATEGIES, **changes)
    others = (vary(whole, alphas=(alpha,), betas=(beta,)) for alpha, beta in equal)
    return vary(whole, alphas=alphas, betas=(1.0,)), *others


# s = β/(2α) from 17 to 0.00017; the pairs after the first repeat s = 0.17 and 0.017 with other weights.
ALPHAS = (0.03, 0.3, 3.0, 30.0, 300.0)
PAIRS = ((300.0, 0.1), (300.0, 100.0), (0.3, 0.01), (300.0, 10.0), (0.03, 0.01))

EXPERIMENT = Experiment(
    name="reconstruction_weight",
    question="What does the weight of the reconstruction change, up to α = 300, and does it change more than s?",
    profiles={
        "smoke": weights(SMOKE, (0.3, 30.0), (300.0, 10.0)),
        "quick": weights(DIGITS, ALPHAS, *PAIRS[:3], density_draws=500),
        "default": weights(MNIST, ALPHAS, *PAIRS, n_samples=1000, density_draws=500),
    },
    findings=findings,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
