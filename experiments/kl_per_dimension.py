"""Are the latent dimensions with the highest KL the most informative, and where does q(z) miss the prior?

The β-VAE paper, through Reeves in the thread: the most informative units are those with the highest KL from the unit
Gaussian. The KL of a dimension, E_x KL(q(zⱼ|x)‖N(0, 1)), is its information about the example plus its marginal
mismatch KL(q(zⱼ)‖N(0, 1)) :cite:`hoffman2016`, so the claim can fail where dimensions are far from the prior without
telling examples apart. Over all dimensions the mismatch KL(q(z)‖N(0, I)) is the sum of the marginal ones plus the total
correlation :cite:`chen2018`, which no dimension has for itself.

Declared beforehand, for every training by itself and then over trainings: the claim holds at a setting where the
correlation over dimensions between KL and information is shown to be above zero (ranks may agree in every training,
which leaves no interval); the mismatch lies in the informative dimensions where the half of the dimensions with the
higher KL is shown to have more than half of the marginal mismatch.

    study run kl_per_dimension                      MNIST, 25 VAEs, a quarter of an hour on two cores
    study run kl_per_dimension --profile quick      digits, 25 VAEs, one minute
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.text.numbers import count, listed, number, with_ends
from study.tables.results import Results

PLACE = ["alpha", "beta"]
LEAST = 0.01  # nats: a model with less in all its dimensions has collapsed, and has no order of them
PLAIN, MARGINAL = "KL and information", "marginal mismatch and information"
NULLS = {PLAIN: 0.0, MARGINAL: 0.0, "upper half": 0.5}  # without a relation
WITHIN = {
    PLAIN: (-1.0, 1.0),
    MARGINAL: (-1.0, 1.0),
    "upper half": (0.0, 1.0),
    "marginals": (0.0, 1.0),
    "top": (0.0, 1.0),
}
LOW = 0.5  # share of trainings below which a setting is named
PERCENT: dict[str, Any] = {"scale": 100, "places": 0}
TEXTS = {
    "each": "Within each training: the correlation over dimensions of KL and information about the "
    "example, and of marginal mismatch and information; the share of trainings whose dimension of highest KL is the "
    "most informative; the share of the marginal mismatch in the half of the dimensions with the higher KL; and the "
    "share of KL(q(z)‖p(z)) that lies in the marginals, the rest being total correlation, from the middles of their "
    "brackets, of models whose KL(q(z)‖p(z)) is identified, that is whose bracket is narrow. Means over trainings with "
    "95 % intervals.",
    "told": "Each measure against its value without a relation (0 for a correlation, ½ for the upper half), with 95 % "
    "intervals over trainings and Holm's correction over the settings of a measure; `better` is above it.",
    "figure": "By setting: correlations over dimensions, and where the mismatch lies; bars are 95 % "
    "intervals over trainings. A model that has collapsed has no order of dimensions.",
}  # fmt: skip


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's correlation; NaN where either is constant."""
    known = np.ptp(one) > 0 and np.ptp(other) > 0
    return float(np.corrcoef(one, other)[0, 1]) if known else float("nan")


def orders(results: Results) -> pd.DataFrame:
    """A row per training that has not collapsed: the measures that `TEXTS["each"]` explains."""
    models, rows = frames.models(results), []
    ends = [
        models.reindex(columns=[f"{name}_lower", f"{name}_upper"]).clip(lower=0).mean(axis=1)
        for name in ("dimension_wise_kl", "total_correlation")
    ]
    share = (ends[0] / (ends[0] + ends[1])).where(models["identified"] > 0)
    for run, own in results.latents.groupby("run_id"):
        if len(own) < 2 or own["kl"].sum() < LEAST:
            continue
        kl, known, apart = (own[name].to_numpy(float) for name in ("kl", "mutual_information", "marginal_kl"))
        upper = np.argsort(-kl)[: len(kl) // 2]
        place = models.loc[run, [*PLACE, "seed"]]
        rows.append(
            {
                **place, "run_id": run, PLAIN: correlation(kl, known), MARGINAL: correlation(apart, known),
                "top": float(kl.argmax() == known.argmax()), "marginals": share[run],
                "upper half": (apart[upper].sum() + 0.5 * apart.sum() * (len(kl) % 2) / len(kl)) / apart.sum(),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def told(each: pd.DataFrame) -> pd.DataFrame:
    """Each measure against its value without a relation, a family of tests per measure."""
    pairs = []
    for place, own in kit.each_place(each, PLACE):
        for name, null in NULLS.items():
            value = kit.by_training(own)[name].dropna()
            pairs.append(kit.Pair({**place, "of": name, "better": "higher"}, value, 0 * value + null, name))
    return kit.paired(pairs)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """Whether dimensions of high KL are the informative ones, and where the mismatch lies."""
    each = orders(results)
    if each.empty:
        return Findings("Nothing was compared: every model has collapsed, or has one latent dimension only.")
    table, rows = kit.estimates(each, by=PLACE, of=WITHIN, within=WITHIN), told(each)
    caption = f"{TEXTS['figure']} {_lies(rows)}"
    place: dict[str, kit.Column] = {name: kit.value(name) for name in PLACE}
    shown: dict[str, kit.Column] = {
        PLAIN: kit.cell(PLAIN),
        MARGINAL: kit.cell(MARGINAL),
        "top": kit.cell("top", **PERCENT),
    }
    shown |= {name: kit.cell(name, **PERCENT) for name in ("upper half", "marginals")}
    heads = {
        "top": "same top dimension, %",
        "upper half": "mismatch in the upper half, %",
        "marginals": "in marginals, %",
    }
    readable = kit.readable(table, {**place, "trainings": "trainings", **shown}).rename(columns=heads)
    tested = {**place, "of": "of", "mean": kit.value("own"), "above": kit.change(), "verdict": "verdict"}
    return Findings(
        answer(each, rows, table),
        (
            Section("The order of dimensions", TEXTS["each"], readable),
            Section("What is told", TEXTS["told"], kit.readable(rows, tested)),
        ),
        (kit.Exhibit("KL, information and mismatch of dimensions", caption, figure(table)), "dimensions"),
    )  # fmt: skip


def answer(each: pd.DataFrame, rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """Whether the claim holds, how strongly, and where the mismatch lies."""
    own = rows[rows["of"] == PLAIN]
    if own.empty or kit.undecided(own):
        return kit.UNDECIDED
    n = len(kit.by_verdict(own).get("better", []))
    lead = "Yes" if n == len(own) else "Not everywhere" if n else "Not shown"
    ends = kit.ranged(
        table.dropna(subset=[PLAIN]),
        PLAIN,
        lambda row: f"{with_ends(row, PLAIN, places=2)} at {kit.at(row)}",
        most=1,
    )
    where = f"at {n} of {count(len(own), 'setting')} (correlation {ends})"
    first = f"{lead}: KL and information go together {where}; {_top(each)}."
    parts = table.dropna(subset=["marginals"])
    inside = kit.ranged(parts, "marginals", lambda row: number(row["marginals"] * 100, 0), most=1)
    told = f"Marginals hold {inside} % of the mismatch of q(z), where that is known."
    return kit.brief(first, told * bool(len(parts)))


def _top(each: pd.DataFrame) -> str:
    """In how many trainings one dimension is first by both, and where that is fewest."""
    by = {at: own["top"] for at, own in each.groupby("beta")}
    least = min(by, key=lambda at: by[at].mean())
    low = by[least].mean() < LOW <= each["top"].mean()
    where = f", in {by[least].sum():.0f} of {len(by[least])} at β = {number(least)}" * bool(low)
    of = f"{each['top'].sum():.0f} of {count(len(each), 'training')}"
    return f"the dimension of highest KL is the most informative in {of}{where}"


def _lies(rows: pd.DataFrame) -> str:
    """At which settings the upper half of the dimensions has more, or less, than half of the marginal mismatch."""
    own = rows[rows["of"] == "upper half"]
    words = {
        "better": "more than half of it",
        "worse": "less than half of it",
        "not decided": "not decided",
        "none": "without an interval",
    }
    said = [f"{words[v]} at {kit.where(r, len(own))}" for v, r in kit.by_verdict(own).items() if v in words]
    return f"The half of the dimensions with the higher KL has, of the marginal mismatch, {listed(said)}."


def figure(table: pd.DataFrame) -> Figure:
    """Correlations, and shares of the mismatch, against s."""
    rows = table.assign(s=table["beta"] / (2 * table["alpha"]))
    shares = {
        "upper half": "marginal KL in the half of higher KL",
        "marginals": "KL(q(z)‖p(z)) in marginals",
    }
    return kit.lines(
        [
            kit.Lines("Correlation over dimensions", rows, {n: n for n in (PLAIN, MARGINAL)}, "correlation", mark=0.0),
            kit.Lines("Where the mismatch lies", rows, shares, "%", scale=100, mark=50.0),
        ],
        **kit.noise_axis(rows), title="KL, information and mismatch of latent dimensions",
    )  # fmt: skip


EXPERIMENT = Experiment(
    name="kl_per_dimension",
    question="Are the latent dimensions with the highest KL the most informative, and where does q(z) miss the prior?",
    profiles={
        "smoke": vary(SMOKE, model={"latent_dim": 4}, alphas=(10.0,)),
        "quick": vary(DIGITS, betas=(0.002, 0.01, 0.05, 0.2, 0.5), density_draws=1000),
        "default": vary(MNIST, betas=(0.006, 0.03, 0.15, 0.6, 2.0), density_draws=1000),
    },
    findings=findings,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
