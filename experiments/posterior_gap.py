"""Is q(z|x) anything close to the real posterior p(z|x)?

The thread doubts it: "unlikely that q(z|x) is anything close to the real p(z|x)". The distance is a number: log p(x) −
ELBO(x) = KL(q(z|x)‖p(z|x)) in nats, for each held-out x. log p(x) is bounded from below by 5000 importance samples and
by annealed importance sampling, whose chains leave what the encoder knows; both gaps are bounds from below, on the same
examples. What to compare the gap with: the rate, the KL from the prior, which is what the encoder says of x at all.

    study run posterior_gap                      MNIST, 15 VAEs, a quarter of an hour on two cores
    study run posterior_gap --profile quick      digits, 15 VAEs, two minutes
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from study import (
    AnnealingConfig,
    Dataset,
    Experiment,
    Findings,
    LikelihoodConfig,
    Section,
    StudyConfig,
    TrainConfig,
    VAEConfig,
    experiment_main,
)
from study.report import frames
from study.report.plots import style
from study.report.text.numbers import interval, number
from study.statistics import bootstrap_interval
from study.tables.results import Results

SAMPLES = (50, 500, 5000)
BOUNDS = ("elbo", *(f"iwae_{k}" for k in SAMPLES), "ais")
GAPS = {"posterior_gap": f"{SAMPLES[-1]} samples", "posterior_gap_ais": "annealing"}
CLOSE = 0.1  # of the rate: a smaller gap is close


def by_setting(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """Per α and β each bound, both gaps, the rate, and `gap`, the larger of the two, with its share of the rate.

    Both are bounds from below, so the larger one is the nearer; intervals are over trainings.
    """
    models = frames.models(results)
    rows = []
    for setting in frames.settings(models):
        own = frames.at(models, setting)
        nearer = max(GAPS, key=lambda name: own[name].mean() if name in own else -np.inf)
        own = own.assign(gap=own[nearer], share=own[nearer] / own["rate"].clip(lower=1e-6))
        row: dict = {**dataclasses.asdict(setting), "trainings": len(own), "by": GAPS[nearer]}
        for name in (*BOUNDS, *GAPS, "gap", "rate", "share", "effective_samples", "ais_acceptance"):
            ends = bootstrap_interval(own[name].to_numpy()) if name in own else (np.nan,) * 3
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
        rows.append(row)
    return {"posterior_gap": pd.DataFrame(rows)}


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """How far q(z|x) lies from p(z|x), by setting."""
    table = tables["posterior_gap"]
    examples = results.metrics.loc[results.metrics["metric"] == "elbo", "n"].max()
    text = (
        f"Bounds on log p(x) in nats, means over {examples} held-out examples, with 95 % intervals over trainings. A "
        "Gaussian decoder has variance s = β/(2α), and the KL term counts once in every bound whatever α and β: these "
        "are log-densities of that model. The gap is KL(q(z|x)‖p(z|x)) from below, by the nearer of two bounds on "
        f"log p(x): {SAMPLES[-1]} importance samples, of which effective_samples carry it, and annealing. Where "
        "annealing finds less, its chains were too short; where it finds more, so many samples are too few."
    )
    return Findings(_answer(table), (Section("The gap by α and β", text, _readable(table), figure(table)),))


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Values with their ends as one text per cell."""
    out = table[["alpha", "beta", "noise_variance"]].map(number)
    for name in (*BOUNDS, *GAPS, "rate"):
        if table[name].notna().any():
            out[name] = [interval(*ends) for ends in _ends(table, name)]
    out["by"] = table["by"]
    out["gap / rate, %"] = [interval(*ends, scale=100) for ends in _ends(table, "share")]
    out["effective_samples"] = table["effective_samples"].map(lambda value: number(value, 0))
    return out


def _ends(table: pd.DataFrame, name: str) -> zip:
    return zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)


def _answer(table: pd.DataFrame) -> str:
    """Near or far, at the settings where the encoder says anything."""
    rows = table[table["rate"] > CLOSE].sort_values("gap")
    if rows.empty:
        return "Nothing to tell: at every setting the encoder gives the prior back."
    near, far = rows.iloc[0], rows.iloc[-1]
    verdict = "Not everywhere"
    if rows["share"].max() < CLOSE or rows["share"].min() >= CLOSE:
        close = rows["share"].max() < CLOSE
        verdict = f"{'Close' if close else 'No'}, measured against what it says of x"
    said = [
        f"{interval(row['gap'], row['gap_low'], row['gap_high'])} nats at α = {number(row['alpha'])}, "
        f"β = {number(row['beta'])} ({number(100 * row['share'], 0)} % of the rate)"
        for row in (near, far)
    ]
    span = said[0] if len(rows) == 1 else f"from {said[0]} to {said[1]}"
    more = ""
    if far["posterior_gap"] < (1 - CLOSE) * far["gap"]:
        more = (
            f" There {SAMPLES[-1]} importance samples, of which {number(far['effective_samples'], 0)} count, find only "
            f"{number(far['posterior_gap'])} of it; annealing finds the rest."
        )
    return f"{verdict}: KL(q(z|x)‖p(z|x)) of held-out data, a bound from below, is {span}.{more}"


def figure(table: pd.DataFrame) -> Figure:
    """Bounds above the ELBO, and the gap beside the rate, against β/α."""
    rows = table.assign(weight=table["beta"] / table["alpha"]).sort_values("weight")
    with style.styled():
        fig, grid = style.panels(1, 2, height=3.2, title="How far q(z|x) lies from p(z|x) on held-out data")
        left, right = grid[0]
        shades = style.shades(len(BOUNDS))
        for name, color, marker in zip(BOUNDS[1:], shades[1:], style.MARKERS, strict=False):
            label = "annealing" if name == "ais" else f"K = {name.removeprefix('iwae_')}"
            left.plot(rows["weight"], rows[name] - rows["elbo"], marker=marker, color=color, label=label)
        left.set_ylabel("bound on log p(x) above the ELBO (nats)")
        kinds = (
            ("posterior_gap", style.BLUE, "o", f"gap, K = {SAMPLES[-1]}"),
            ("posterior_gap_ais", style.ORANGE, "s", "gap, annealing"),
            ("rate", style.GREY, "^", "rate"),
        )
        for name, color, marker, label in kinds:
            kept = rows[rows[name].gt(0)]
            reach = [kept[name] - kept[f"{name}_low"].clip(lower=1e-3), kept[f"{name}_high"] - kept[name]]
            right.errorbar(
                kept["weight"],
                kept[name],
                yerr=np.clip(reach, 0, None),
                marker=marker,
                color=color,
                label=label,
                capsize=3,
            )
        right.set_yscale("log")
        right.set_ylabel("nats")
        for axes in (left, right):
            axes.set_xscale("log")
            axes.set_xticks(rows["weight"], [number(weight) for weight in rows["weight"]])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xlabel("β / α")
            axes.legend()
    return fig


QUICK = StudyConfig(
    dataset="digits",
    model=VAEConfig(latent_dim=8, hidden=(128,)),
    training=TrainConfig(steps=2000),
    betas=(0.02, 0.1, 0.5),
    density_draws=500,
    likelihood=LikelihoodConfig(
        examples=64, samples=SAMPLES, annealed=64, annealing=AnnealingConfig(temperatures=300)
    ),
)
DEFAULT = dataclasses.replace(
    QUICK,
    dataset="mnist",
    model=VAEConfig(latent_dim=16, hidden=(256,)),
    training=TrainConfig(steps=3000),
    betas=(0.05, 0.5, 2.0),
    likelihood=LikelihoodConfig(
        examples=48, samples=SAMPLES, annealed=48, annealing=AnnealingConfig(chains=8)
    ),
)

EXPERIMENT = Experiment(
    name="posterior_gap",
    question="Is q(z|x) anything close to the real posterior p(z|x)?",
    profiles={
        "smoke": dataclasses.replace(
            QUICK,
            betas=(0.1,),
            seeds=(0, 1, 2),
            training=TrainConfig(steps=300),
            density_draws=300,
            likelihood=LikelihoodConfig(
                examples=8, samples=SAMPLES, annealed=8, annealing=AnnealingConfig(temperatures=20)
            ),
        ),
        "quick": QUICK,
        "default": DEFAULT,
    },
    findings=findings,
    tables=by_setting,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
