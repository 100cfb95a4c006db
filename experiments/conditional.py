"""If you only want digits of 1: a conditional model, or the posteriors of a class in a plain one?

A plain VAE cannot be asked for a class, but codes of that class can be picked (`class-posterior`). A conditional VAE
sees the label on both sides, so its prior can be asked too. It is asked for classes as often as the data have them, and
a classifier that neither model has seen says whether what comes is what was asked for. Networks of the two are of one
size but for the label's columns, and seeds are shared.

    study run conditional                      MNIST, 30 VAEs, a quarter of an hour on two cores
    study run conditional --profile quick      digits, 20 VAEs
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Dataset, Experiment, Findings, Section, StudyConfig, TrainConfig, VAEConfig, experiment_main
from study.report import frames
from study.report.plots import style
from study.report.text.numbers import listed, number, with_ends
from study.statistics import bootstrap_interval
from study.tables.results import Results

PLAIN, CONDITIONAL = "vae", "cvae"
ACCURACY = "label_accuracy"
ENOUGH = 0.95
WAYS = (  # what can be asked for a class, and what real data score
    (CONDITIONAL, "prior"),
    (CONDITIONAL, "class-posterior"),
    (CONDITIONAL, "posterior"),
    (CONDITIONAL, "gmm"),
    (PLAIN, "class-posterior"),
    (CONDITIONAL, "reconstruction"),
    (CONDITIONAL, "held-out"),
)
STRATEGIES = (
    "prior", "posterior", "class-posterior", "gmm", "reconstruction", "held-out", "copycat", "noise",
)  # fmt: skip
QUALITY = ("kid", "precision", "recall", "class_histogram", "authenticity")
SHARES = (ACCURACY, "precision", "recall", "authenticity")  # which no interval leaves 0 to 1
MISMATCH = (
    "rate",
    "class_kl_lower",
    "class_kl_upper",
    "label_information",
    "kl_aggregate_lower",
    "kl_aggregate_upper",
)


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """What comes of what is asked for, and how far q(z|y) is from the prior."""
    return {"asked": asked(results.metrics), "class_mismatch": mismatch(results)}


def asked(metrics: pd.DataFrame) -> pd.DataFrame:
    """Label accuracy and quality of every way to ask for a class, at each β, with intervals over seeds.

    Returns:
        Columns family, strategy, beta, seeds, and of label_accuracy and each of `QUALITY` the mean, _low and _high.
    """
    names = (ACCURACY, *QUALITY)
    scored = metrics[(metrics["status"] == "ok") & metrics["metric"].isin(names)]
    values = scored.groupby(["family", "strategy", "beta", "metric", "seed"])["value"].mean()
    rows = []
    for family, strategy in WAYS:
        for beta in sorted(scored["beta"].unique()):
            row: dict = {"family": family, "strategy": strategy, "beta": beta}
            for name in names:
                one = values.get((family, strategy, beta, name))
                if one is not None:
                    row |= {"seeds": len(one)} | _ends(name, one)
            if ACCURACY in row:
                rows.append(row)
    return pd.DataFrame(rows)


def mismatch(results: Results) -> pd.DataFrame:
    """Rate, KL(q(z|y)‖p(z)) over classes, KL(q(z)‖p(z)), and what z tells of the label, per family and β, in nats."""
    measured = frames.models(results).join(results.runs.set_index("run_id")["family"])
    rows = []
    for (family, beta), own in measured.groupby(["family", "beta"]):
        row: dict = {"family": family, "beta": beta, "trainings": len(own)}
        for name in [c for c in MISMATCH if c in own and own[c].notna().any()]:
            row |= _ends(name, own[name])
        rows.append(row)
    return pd.DataFrame(rows)


def _ends(name: str, values: pd.Series) -> dict[str, float]:
    mean, low, high = bootstrap_interval(values.to_numpy())
    if name in SHARES:
        low, high = np.clip([low, high], 0, 1)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, accuracy and quality of each way to ask, and the mismatch class by class."""
    table = tables["asked"]
    text = (
        "Share of samples that the classifier sees as the class that was asked for, and quality of the same samples, "
        f"means over seeds with 95 % intervals. `posterior` and `gmm` give the {CONDITIONAL}'s decoder codes of any "
        "class, and the label that was asked for. Held-out data score the classifier's own accuracy."
    )
    classes = (
        "A decoder that sees the label meets q(z|y): Σ_y p(y) KL(q(z|y)‖p(z)) in nats, between the two ends of its "
        "bracket, is the mismatch that counts for it. Its part beyond KL(q(z)‖p(z)) is I(y; z), what z tells of a "
        "label that the decoder has been given."
    )
    return Findings(
        answer(table),
        (
            Section("What comes of what is asked for", text, _readable(table), figure(table)),
            Section("Class by class", classes, _readable(tables["class_mismatch"])),
        ),
    )


def answer(table: pd.DataFrame) -> str:
    """At which β a classifier sees what was asked for, from the conditional prior and from a class's posteriors."""
    if table.empty:
        return "Nothing was asked for: no model was trained on labels and scored."
    parts = []
    for family, strategy in WAYS[:2] + WAYS[4:5]:
        own = table[(table["family"] == family) & (table["strategy"] == strategy)].sort_values("beta")
        if len(own):
            each = [
                f"{with_ends(row, ACCURACY, scale=100, places=1)} % at β = {number(row['beta'])}"
                for row in own.to_dict("records")
            ]
            parts.append(f"`{strategy}` of the {family} gives the class that was asked for in {listed(each)}")
    held = table[table["strategy"] == "held-out"][ACCURACY].mean()
    own = table[(table["family"] == CONDITIONAL) & table["strategy"].isin(["prior", "class-posterior"])]
    both = own.groupby("beta")[ACCURACY].min()
    enough = [number(beta) for beta in both.index[both >= ENOUGH]]
    verdict = (
        f"A conditional model gives what is asked for at least {100 * ENOUGH:.0f} % of the time from prior and class "
        f"posteriors alike at β = {listed(enough)}"
        if enough
        else f"At no β does a conditional model give what is asked for {100 * ENOUGH:.0f} % of the time from both"
    )
    return f"{verdict}. {'; '.join(parts)}. Real held-out data score {number(100 * held, 1)} %."


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Means with their ends as one text per cell."""
    plain = [c for c in ("family", "strategy", "beta", "seeds", "trainings") if c in table]
    out = table[plain].copy()
    for name in [c for c in table if f"{c}_low" in table]:
        out[name] = [with_ends(row, name) for row in table.to_dict("records")]
    return out


def figure(table: pd.DataFrame) -> Figure | None:
    """Label accuracy of every way to ask, by β."""
    ways = [way for way in WAYS if ((table["family"] == way[0]) & (table["strategy"] == way[1])).any()]
    betas = sorted(table["beta"].unique())
    with style.styled():
        fig, grid = style.panels(
            1,
            1,
            height=0.42 * len(ways) + 1.6,
            title="How often a classifier sees the class that was asked for",
        )
        axes = grid[0][0]
        middle = style.rows_axis(axes, [f"{strategy}, {family}" for family, strategy in ways])
        for i, beta in enumerate(betas):
            own = (
                table[table["beta"] == beta]
                .set_index(["family", "strategy"])
                .reindex(pd.MultiIndex.from_tuples(ways))
            )
            value = 100 * own[ACCURACY]
            reach = [value - 100 * own[f"{ACCURACY}_low"], 100 * own[f"{ACCURACY}_high"] - value]
            axes.errorbar(
                value, middle + 0.2 * (i - (len(betas) - 1) / 2), xerr=np.nan_to_num(np.clip(reach, 0, None)),
                fmt=style.markers(len(betas))[i], color=style.shades(len(betas))[i], markersize=4, capsize=2,
                label=f"β = {number(beta)}",
            )  # fmt: skip
        axes.axvline(100 * ENOUGH, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.set_xlabel(f"label accuracy in %, with 95 % intervals; dashed: {100 * ENOUGH:.0f} %   better →")
        fig.legend(
            *axes.get_legend_handles_labels(), loc="outside upper right", ncols=len(betas), frameon=False
        )
    return fig


def families(plain: StudyConfig) -> tuple[StudyConfig, ...]:
    """The same grid for both families."""
    return tuple(
        dataclasses.replace(plain, model=dataclasses.replace(plain.model, family=name))
        for name in (CONDITIONAL, PLAIN)
    )


QUICK = StudyConfig(
    dataset="digits",
    model=VAEConfig(latent_dim=8, hidden=(128,)),
    training=TrainConfig(steps=2000),
    betas=(0.1, 1.0),
    strategies=STRATEGIES,
    density_draws=1000,
)
DEFAULT = dataclasses.replace(
    QUICK,
    dataset="mnist",
    model=VAEConfig(latent_dim=16, hidden=(256,)),
    training=TrainConfig(steps=6000),
    betas=(0.2, 1.0, 4.0),
    n_samples=2000,
    density_draws=500,
)
SMOKE = dataclasses.replace(
    QUICK, model=VAEConfig(latent_dim=2, hidden=(32,)), training=TrainConfig(steps=150), betas=(1.0,),
    seeds=(0, 1, 2), density_draws=200,
)  # fmt: skip

EXPERIMENT = Experiment(
    name="conditional",
    question="If you only want digits of 1: a conditional model, or the posteriors of a class in a plain one?",
    profiles={"smoke": families(SMOKE), "quick": families(QUICK), "default": families(DEFAULT)},
    findings=findings,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
