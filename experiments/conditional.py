"""If you only want digits of 1: a conditional model, or the posteriors of a class in a plain one?

A plain VAE has no label input, but z can be drawn from the posteriors of one class (`class-posterior`). A conditional
VAE gives the label to encoder and decoder, so its prior can generate a class too. Classes are requested as often as
they occur in the data, and a classifier that neither model has seen tells whether a sample has the requested class. The
networks of both models have the same size except for the label's columns, and seeds are shared.

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
WAYS = (  # the ways to request a class, then real data for comparison
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
SHARES = (ACCURACY, "precision", "recall", "authenticity")  # their intervals are clipped to 0 and 1
MISMATCH = (
    "rate",
    "class_kl_lower",
    "class_kl_upper",
    "label_information",
    "kl_aggregate_lower",
    "kl_aggregate_upper",
)


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """Label accuracy and quality of requested classes, and how far q(z|y) is from the prior.

    The second table has the rate, KL(q(z|y)‖p(z)) over classes, KL(q(z)‖p(z)), and the information of z about the
    label, per family and β, in nats.
    """
    models = kit.by_run(results, "family")
    mismatch = kit.estimates(models, by=["family", "beta"], of=MISMATCH)
    return {"asked": asked(results.metrics), "class_mismatch": mismatch}


def asked(metrics: pd.DataFrame) -> pd.DataFrame:
    """Label accuracy and quality of every way to request a class, at each β, with intervals over seeds.

    Returns:
        Columns family, strategy, beta, seeds, and for label_accuracy and each of `QUALITY` the mean, _low and _high.
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
    """The answer, accuracy and quality of each way to request a class, and the mismatch class by class."""
    table, mismatch = tables["asked"], tables["class_mismatch"]
    text = (
        "Share of samples that the classifier assigns to the requested class, and quality of the same samples: "
        f"means over seeds with 95 % intervals. `posterior` and `gmm` give the decoder of the {CONDITIONAL} a code of "
        "any class together with the requested label. Held-out data show the accuracy of the classifier itself."
    )
    classes = (
        "A decoder that sees the label is trained on codes from q(z|y), so its relevant mismatch is "
        "Σ_y p(y) KL(q(z|y)‖p(z)) in nats, which lies between the two ends of its bracket. It exceeds KL(q(z)‖p(z)) "
        "by I(y; z), the information of z about the label, which the decoder already has."
    )
    scored = kit.plain("family", "strategy", "beta", "seeds") | kit.several((ACCURACY, *QUALITY), table)
    apart = kit.plain("family", "beta", "trainings") | kit.several(MISMATCH, mismatch)
    return Findings(
        answer(table),
        (
            Section(
                "Accuracy and quality of requested classes", text, kit.readable(table, scored), figure(table)
            ),
            Section("Class by class", classes, kit.readable(mismatch, apart)),
        ),
    )


def answer(table: pd.DataFrame) -> str:
    """At which β the conditional prior and the posteriors of a class give the requested class."""
    if table.empty:
        return "No class was requested: no model was trained on labels and scored."
    parts = []
    for family, strategy in WAYS[:2] + WAYS[4:5]:
        own = table[(table["family"] == family) & (table["strategy"] == strategy)].sort_values("beta")
        each = [
            f"{with_ends(row, ACCURACY, scale=100, places=1)} % at β = {number(row['beta'])}"
            for row in own.to_dict("records")
        ]
        if each:
            parts.append(f"`{strategy}` of the {family} gives the requested class in {listed(each)}")
    held = table[table["strategy"] == "held-out"][ACCURACY].mean()
    own = table[(table["family"] == CONDITIONAL) & table["strategy"].isin(["prior", "class-posterior"])]
    both = own.groupby("beta")[ACCURACY].min()
    enough = [number(beta) for beta in both.index[both >= ENOUGH]]
    verdict = (
        f"A conditional model gives the requested class in at least {100 * ENOUGH:.0f} % of samples, both from its "
        f"prior and from class posteriors, at β = {listed(enough)}"
        if enough
        else f"At no β does a conditional model give the requested class in {100 * ENOUGH:.0f} % of samples from both "
        "its prior and class posteriors"
    )
    return f"{verdict}. {'; '.join(parts)}. Real held-out data score {number(100 * held, 1)} %."


def figure(table: pd.DataFrame) -> Figure:
    """Label accuracy of every way to request a class, by β."""
    shown = table.assign(way=table["strategy"] + ", " + table["family"])
    names = (ACCURACY, f"{ACCURACY}_low", f"{ACCURACY}_high")
    shown[list(names)] *= 100
    below = f"label accuracy in %, with 95 % intervals; dashed: {100 * ENOUGH:.0f} %   better →"
    return kit.dots(
        [kit.Panel("", shown, below)],
        rows=list(dict.fromkeys(shown["way"])),
        by="way",
        names=names,
        title="How often samples have the requested class, by a classifier",
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
