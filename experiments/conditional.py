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
SHARES = (ACCURACY, "precision", "recall", "authenticity")  # their intervals cannot leave 0 and 1
MISMATCH = (
    "rate",
    "class_kl_lower",
    "class_kl_upper",
    "label_information",
    "kl_aggregate_lower",
    "kl_aggregate_upper",
)


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """Label accuracy and quality of requested classes, which model is better, and how far q(z|y) is from the prior.

    The last table has the rate, KL(q(z|y)‖p(z)) over classes, KL(q(z)‖p(z)), and the information of z about the
    label, per family and β, in nats.
    """
    models = kit.by_run(results, "family")
    mismatch = kit.estimates(models, by=["family", "beta"], of=MISMATCH)
    return {
        "asked": asked(results.metrics),
        "conditional_or_plain": against(results.metrics),
        "class_mismatch": mismatch,
    }


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
            row: dict[str, Any] = {"family": family, "strategy": strategy, "beta": beta}
            for name, one in found.items():
                if one is not None:
                    within = (0, 1) if name in SHARES else None
                    row |= {"seeds": len(one)} | kit.estimate(name, one, within=within)
            rows.append(row)
    return pd.DataFrame(rows)


def against(metrics: pd.DataFrame) -> pd.DataFrame:
    """Label accuracy of both ways of the conditional model − that of the plain model's class posteriors, by β.

    Returns:
        Columns strategy (of the conditional model), beta, metric, better, seeds, conditional, plain, difference, low,
        high (95 %, not corrected), p_holm (over strategies × β), verdict on the conditional model, and detectable.
    """
    values = kit.values(metrics, [ACCURACY], by=["family", "strategy", "beta", "seed"])
    pairs = []
    for strategy in (strategy for family, strategy in WAYS[:2] if family == CONDITIONAL):
        for beta in sorted(metrics["beta"].unique()):
            own, other = (
                values.get((*way, beta)) for way in ((CONDITIONAL, strategy), (PLAIN, "class-posterior"))
            )
            if own is not None and other is not None:
                facts = {"strategy": strategy, "beta": beta, "metric": ACCURACY, "better": "higher"}
                pairs.append(kit.Pair(facts, own, other, family=ACCURACY))
    return kit.paired(pairs, own="conditional", other="plain")


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, accuracy and quality of each way to request a class, and the mismatch class by class."""
    table, apart, mismatch = tables["asked"], tables["conditional_or_plain"], tables["class_mismatch"]
    text = (
        "Share of samples that the classifier assigns to the requested class, and quality of the same samples: "
        f"means over seeds with 95 % intervals. `posterior` and `gmm` give the decoder of the {CONDITIONAL} a code of "
        "any class together with the requested label. Held-out data show the accuracy of the classifier itself."
        + _shares(table)
    )
    classes = (
        "A decoder that sees the label is trained on codes from q(z|y), so its relevant mismatch is "
        "Σ_y p(y) KL(q(z|y)‖p(z)) in nats, which lies between the two ends of its bracket. It exceeds KL(q(z)‖p(z)) "
        "by I(y; z), the information of z about the label, which the decoder already has."
    )
    scored = kit.plain("family", "strategy", "beta", "seeds") | kit.several((ACCURACY, *QUALITY), table)
    by_class = kit.plain("family", "beta", "trainings") | kit.several(MISMATCH, mismatch)
    return Findings(
        answer(table, apart),
        (
            Section(
                "Accuracy and quality of requested classes", text, kit.readable(table, scored), figure(table)
            ),
            Section("Class by class", classes, kit.readable(mismatch, by_class)),
        ),
    )


def answer(table: pd.DataFrame, apart: pd.DataFrame) -> str:
    """At which β a conditional model gives the requested class, and where it is better at it than the plain one."""
    if table.empty:
        return "No class was requested: no model was trained on labels and scored."
    return f"{_enough(table)}.{_apart(apart)}"


def _enough(table: pd.DataFrame) -> str:
    """Where the intervals of both ways lie above `ENOUGH`, where one lies below, and where that is not decided."""
    own = table[(table["family"] == CONDITIONAL) & table["strategy"].isin([way for _, way in WAYS[:2]])]
    ends = own.groupby("beta")[[f"{ACCURACY}_low", f"{ACCURACY}_high"]].agg(lambda end: end.min(skipna=False))
    low, high = ends[f"{ACCURACY}_low"], ends[f"{ACCURACY}_high"]
    kinds = (low >= ENOUGH, high < ENOUGH, (low < ENOUGH) & (high >= ENOUGH), low.isna())
    enough, less, open_, none = (listed(number(beta) for beta in ends.index[kept]) for kept in kinds)
    share = f"{100 * ENOUGH:.0f} % of samples"
    said = [
        f"a conditional model gives the requested class in at least {share}, both from its prior and from class "
        f"posteriors, at β = {enough}"
    ] * bool(enough)
    said += [
        f"at least one of its prior and class posteriors gives the requested class in less than {share} at β = {less}"
    ] * bool(less)
    said += [f"whether both give it in {share} is not decided at β = {open_}"] * bool(open_)
    said += [f"at β = {none} there is no interval, for lack of seeds or of spread"] * bool(none)
    text = "; ".join(said) or "no conditional model was asked for a class"
    return text[0].upper() + text[1:]


def _apart(apart: pd.DataFrame) -> str:
    """At which β the conditional model's prior gives the class more or less often than the plain one's posteriors."""
    rows = apart[apart["strategy"] == "prior"] if len(apart) else apart
    if rows.empty:
        return ""
    found, parts = kit.by_verdict(rows.sort_values("beta")), []
    for verdict, words in (("better", "more often"), ("worse", "less often")):
        if verdict in found:
            each = listed(
                f"β = {number(row['beta'])} ({number(100 * row['conditional'], 1)} against "
                f"{number(100 * row['plain'], 1)} %, a difference of {kit.size(row, scale=100, places=1)} points)"
                for row in found[verdict]
            )
            parts.append(f"{words} at {each}")
    for verdict, words in (("not decided", "not decided"), ("none", "no interval")):
        if verdict in found:
            where = listed(number(row["beta"]) for row in found[verdict])
            parts.append(f"{words} at β = {where}{kit.unseen(found[verdict], scale=100, unit=' points')}")
    return (
        f" Its prior gives the class, against the `class-posterior` of the {PLAIN}, {'; '.join(parts)}."
        if set(found) & {"better", "worse"}
        else f" Whether its prior gives the class more often than the `class-posterior` of the {PLAIN}: "
        f"{'; '.join(parts)}."
    )


def _shares(table: pd.DataFrame) -> str:
    """The accuracy of both ways of the conditional model, and of the plain one, at each β; then that of real data."""
    if table.empty:
        return ""
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
    return f" {'; '.join(parts)}. Real held-out data score {number(100 * held, 1)} %."


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
