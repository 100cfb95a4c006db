"""If you only want digits of 1: a conditional model, or the posteriors of a class in a plain one?

A plain VAE cannot be asked for a class, but codes of that class can be picked (`class-posterior`). A conditional VAE
sees the label on both sides, so its prior can be asked too. It is asked for classes as often as the data have them, and
a classifier that neither model has seen says whether what comes is what was asked for. Networks of the two are of one
size but for the label's columns, and seeds are shared.

    study run conditional                      MNIST, 30 VAEs, a quarter of an hour on two cores
    study run conditional --profile quick      digits, 20 VAEs
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from study import Dataset, Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import kit
from study.report.text.numbers import listed, number, with_ends
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
    """What comes of what is asked for, and how far q(z|y) is from the prior.

    The second has rate, KL(q(z|y)‖p(z)) over classes, KL(q(z)‖p(z)), and what z tells of the label, per family and β,
    in nats.
    """
    models = kit.by_run(results, "family")
    mismatch = kit.estimates(models, by=["family", "beta"], of=MISMATCH)
    return {"asked": asked(results.metrics), "class_mismatch": mismatch}


def asked(metrics: pd.DataFrame) -> pd.DataFrame:
    """Label accuracy and quality of every way to ask for a class, at each β, with intervals over seeds.

    Returns:
        Columns family, strategy, beta, seeds, and of label_accuracy and each of `QUALITY` the mean, _low and _high.
    """
    names = (ACCURACY, *QUALITY)
    values = kit.values(metrics, names, by=["family", "strategy", "beta", "metric", "seed"])
    rows = []
    for family, strategy in WAYS:
        for beta in sorted(metrics["beta"].unique()):
            found = {name: values.get((family, strategy, beta, name)) for name in names}
            if found[ACCURACY] is None:
                continue
            row: dict = {"family": family, "strategy": strategy, "beta": beta}
            for name, one in found.items():
                if one is not None:
                    within = (0, 1) if name in SHARES else None
                    row |= {"seeds": len(one)} | kit.estimate(name, one, within=within)
            rows.append(row)
    return pd.DataFrame(rows)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, accuracy and quality of each way to ask, and the mismatch class by class."""
    table, mismatch = tables["asked"], tables["class_mismatch"]
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
    scored = kit.plain("family", "strategy", "beta", "seeds") | kit.several((ACCURACY, *QUALITY), table)
    apart = kit.plain("family", "beta", "trainings") | kit.several(MISMATCH, mismatch)
    return Findings(
        answer(table),
        (
            Section("What comes of what is asked for", text, kit.readable(table, scored), figure(table)),
            Section("Class by class", classes, kit.readable(mismatch, apart)),
        ),
    )


def answer(table: pd.DataFrame) -> str:
    """At which β a classifier sees what was asked for, from the conditional prior and from a class's posteriors."""
    if table.empty:
        return "Nothing was asked for: no model was trained on labels and scored."
    parts = []
    for family, strategy in WAYS[:2] + WAYS[4:5]:
        own = table[(table["family"] == family) & (table["strategy"] == strategy)].sort_values("beta")
        each = [
            f"{with_ends(row, ACCURACY, scale=100, places=1)} % at β = {number(row['beta'])}"
            for row in own.to_dict("records")
        ]
        if each:
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


def figure(table: pd.DataFrame) -> Figure:
    """Label accuracy of every way to ask, by β."""
    shown = table.assign(way=table["strategy"] + ", " + table["family"])
    names = (ACCURACY, f"{ACCURACY}_low", f"{ACCURACY}_high")
    shown[list(names)] *= 100
    below = f"label accuracy in %, with 95 % intervals; dashed: {100 * ENOUGH:.0f} %   better →"
    return kit.dots(
        [kit.Panel("", shown, below)],
        rows=list(dict.fromkeys(shown["way"])),
        by="way",
        names=names,
        title="How often a classifier sees the class that was asked for",
        line=100 * ENOUGH,
        dashed=True,
    )


def grids(plain: StudyConfig, **changes: Any) -> tuple[StudyConfig, ...]:
    """The same grid for both families."""
    made = vary(plain, strategies=STRATEGIES, **changes)
    return tuple(vary(made, model={"family": name}) for name in (CONDITIONAL, PLAIN))


EXPERIMENT = Experiment(
    name="conditional",
    question="If you only want digits of 1: a conditional model, or the posteriors of a class in a plain one?",
    profiles={
        "smoke": grids(SMOKE),
        "quick": grids(DIGITS, betas=(0.1, 1.0), density_draws=1000),
        "default": grids(MNIST, betas=(0.2, 1.0, 4.0), n_samples=2000, density_draws=500),
    },
    findings=findings,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
