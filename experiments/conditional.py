"""If you only want digits of 1: a conditional model, or the posteriors of a class in a plain one?

A plain VAE has no label input, but z can be drawn from the posteriors of one class (`class-posterior`). A conditional
VAE gives the label to encoder and decoder, so its prior can generate a class too. Classes are requested as often as
they occur in the data, and a classifier that neither model has seen tells whether a sample has the requested class. The
networks of both models have the same size except for the label's columns, and seeds are shared.

    study run conditional                      MNIST, 30 VAEs, a quarter of an hour on two cores
    study run conditional --profile quick      digits, 20 VAEs
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.text.numbers import listed, number, with_ends
from study.tables.results import Results

PLAIN, CONDITIONAL = "vae", "cvae"
ACCURACY = "label_accuracy"
ENOUGH = 0.95
ASKED = ((CONDITIONAL, "prior"), (CONDITIONAL, "class-posterior"), (PLAIN, "class-posterior"))
WAYS = (  # the ways to request a class, then real data for comparison
    *ASKED[:2],
    (CONDITIONAL, "posterior"),
    (CONDITIONAL, "gmm"),
    ASKED[2],
    (CONDITIONAL, "reconstruction"),
    (CONDITIONAL, "held-out"),
)
LABELS = {  # of rows whose name alone would mislead
    (CONDITIONAL, "posterior"): "posterior of any class, cvae",
    (CONDITIONAL, "gmm"): "gmm of any class, cvae",
    (CONDITIONAL, "held-out"): "real held-out data",
}
STRATEGIES = (
    "prior", "posterior", "class-posterior", "gmm", "reconstruction", "held-out", "copycat", "noise",
)  # fmt: skip
QUALITY = ("kid", "precision", "recall", "class_histogram", "authenticity")
SHARES = (ACCURACY, "precision", "recall", "authenticity")  # their intervals cannot leave 0 and 1
KLS = ("class_kl", "kl_aggregate")
MISMATCH = ("rate", "label_information", *(f"{kl}_{end}" for kl in KLS for end in ("lower", "upper")))
CONDITIONAL_WINS = "A conditional model"
MANY = 5  # values of β of which only the least and the most accurate are named
TEXT = (
    "Label accuracy, the share of samples that the classifier assigns to the requested class, and quality of the same "
    "samples: means{over} with 95 % intervals, not corrected. All classes are averaged, each requested as often as it "
    "occurs in the data. `posterior` and `gmm` give the decoder of the cvae a code of any class together with the "
    "requested label. Held-out data are real and show the accuracy of the classifier itself."
)
CLASSES = (
    "A decoder that sees the label is trained on codes from q(z|y), so its relevant mismatch is "
    "Σ_y p(y) KL(q(z|y)‖p(z)) in nats, which lies between the two ends of its bracket. It exceeds KL(q(z)‖p(z)) by "
    "I(y; z), the information of z about the label, which the decoder already has."
)
CAPTION = (
    "Label accuracy: the share of samples to which a classifier gives the requested class, averaged over all classes, "
    "by way to request it and β; bars are 95 % intervals{over}. “Any class”: a code of any class, decoded with the "
    "requested label."
)


def asked(metrics: pd.DataFrame) -> pd.DataFrame:
    """Label accuracy and quality of every way to request a class, at each β, with intervals.

    Returns:
        Columns family, strategy, beta, seeds, and for label_accuracy and each of `QUALITY` the mean, _low and _high.
    """
    names = (ACCURACY, *QUALITY)
    by = ["family", "strategy", "beta", "seed", *frames.evaluated(metrics), "metric"]
    found = kit.values(metrics, names, by=by).unstack("metric")  # noqa: PD010
    places = [(*way, beta) for way in WAYS for beta in sorted(metrics["beta"].unique())]
    rows: list[dict[str, Any]] = []
    for place in places:
        own = found.loc[place] if place in found.index else pd.DataFrame(columns=[ACCURACY])
        if own[ACCURACY].notna().any():
            row = dict(zip(("family", "strategy", "beta"), place, strict=True))
            row["seeds"] = kit.trainings(own.reset_index())
            for name in own.dropna(axis=1, how="all"):
                row |= kit.estimate(str(name), own[name], within=(0, 1) if name in SHARES else None)
            rows.append(row)
    return pd.DataFrame(rows)


def against(metrics: pd.DataFrame) -> pd.DataFrame:
    """Label accuracy of both ways of the conditional model − that of the plain model's class posteriors, by β."""
    pairs = [({"strategy": strategy}, (family, strategy), ASKED[2]) for family, strategy in ASKED[:2]]
    return kit.compared(metrics, [ACCURACY], pairs, own="conditional", other="plain")


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, accuracy and quality of each way to request a class, and the mismatch class by class."""
    table, apart = asked(results.metrics), against(results.metrics)
    mismatch = kit.estimates(kit.by_run(results, "family"), by=["family", "beta"], of=MISMATCH)
    by_class = kit.plain("family", "beta", "trainings") | kit.several(MISMATCH, mismatch)
    classes = Section("Mismatch within classes", CLASSES, kit.readable(mismatch, by_class))
    if table.empty:
        return Findings("No class was requested: no model was trained on labels and scored.", (classes,))
    scored = kit.plain("family", "strategy", "beta", "seeds") | kit.several((ACCURACY, *QUALITY), table)
    text = TEXT.format(over=kit.covered(results, (ACCURACY, *QUALITY), alone=" over seeds"))
    caption = CAPTION.format(over=kit.covered(results, [ACCURACY]))
    every = Section(
        "Accuracy and quality of requested classes", text + _shares(table), kit.readable(table, scored)
    )
    first = kit.Exhibit(
        "How often samples have the requested class", f"{caption} {_enough(table)}.", figure(table)
    )
    return Findings(answer(table, apart), (every, classes), (first, "effects", "samples"))


def answer(table: pd.DataFrame, apart: pd.DataFrame) -> str:
    """How often each way gives the requested class, with as many intervals as there is room for, and the recall."""
    if apart.empty:
        return f"{_enough(table)}."
    if kit.undecided(apart):
        return kit.UNDECIDED
    recall = _least_recall(table)
    for ends in ((0, 1, 2), (0, 2), (2,), (0,), ()):
        lead = _accuracies(table, _who(apart), ends)
        if len(f"{lead} {recall}".split()) < kit.WORDS:
            break
    return kit.brief(lead, recall)


def _who(apart: pd.DataFrame) -> str:
    """Which model gives the requested class more often from class posteriors: one at every β, or neither."""
    verdicts = set(apart.loc[apart["strategy"] == ASKED[1][1], "verdict"])
    return {"better": CONDITIONAL_WINS, "worse": "A plain model"}.get("".join(verdicts), "It depends")


def _accuracies(table: pd.DataFrame, who: str, ends: Sequence[int]) -> str:
    """The accuracy of the three ways in `ASKED` at each β; those with these numbers have intervals."""
    parts = [_at_each(_way(table, *way), with_interval=i in ends) for i, way in enumerate(ASKED)]
    betas = sorted(table["beta"].unique())
    place = f"β = {', '.join(map(number, betas))}" if len(betas) < MANY else f"{len(betas)} values of β"
    first = "its" if who == CONDITIONAL_WINS else "a conditional VAE's"
    whose = (f"{first} prior gives the requested class", "its class posteriors", "those of a plain VAE")
    each = [f"{whose[i]} in {part} %" for i, part in enumerate(parts) if part]
    each[0] += f" ({place})"
    prior, plain = (_way(table, *ASKED[i]).set_index("beta")[ACCURACY] for i in (0, 2))
    if who == CONDITIONAL_WINS and (prior < plain.reindex(prior.index)).any():
        who += " by its class posteriors"
    return f"{who}: averaged over classes, {listed(each)}."


def _way(table: pd.DataFrame, family: str, strategy: str) -> pd.DataFrame:
    return table[(table["family"] == family) & (table["strategy"] == strategy)].sort_values("beta")


def _at_each(own: pd.DataFrame, *, with_interval: bool) -> str:
    """Accuracy in % at each β, or at `MANY` values or more from the least to the most."""
    rows = own.to_dict("records")
    say = (
        (lambda row: with_ends(row, ACCURACY, scale=100, places=1))
        if with_interval
        else lambda row: number(100 * row[ACCURACY], 1)
    )
    if len(rows) < MANY:
        return listed(map(say, rows))
    ends = sorted(rows, key=lambda row: row[ACCURACY])
    return f"{say(ends[0])} to {say(ends[-1])}"


def _least_recall(table: pd.DataFrame) -> str:
    """Recall of all three ways at the β where that of the conditional model's prior is least."""
    own = _way(table, *ASKED[0])
    if "recall" not in own or own["recall"].isna().all():
        return ""
    row = own.loc[own["recall"].idxmin()]
    there = table[table["beta"] == row["beta"]]
    values = [number(value, 3) for way in ASKED for value in _way(there, *way)["recall"].dropna()]
    return f"At {kit.at(row.to_dict())} their recall is {listed(values)}."


def _enough(table: pd.DataFrame) -> str:
    """Where the interval of each way lies above `ENOUGH`, where below, and where that is not decided."""
    said = [
        f"`{strategy}` of the {family} {where}"
        for family, strategy in ASKED
        if (where := _where_enough(_way(table, family, strategy)))
    ]
    share = f"Whether at least {100 * ENOUGH:.0f} % of samples have the requested class"
    return f"{share}: {'; '.join(said) or 'not measured'}"


def _where_enough(own: pd.DataFrame) -> str:
    low, high = own[f"{ACCURACY}_low"], own[f"{ACCURACY}_high"]
    kinds = {
        "yes": low >= ENOUGH, "no": high < ENOUGH, "not decided": (low < ENOUGH) & (high >= ENOUGH),
        "without an interval": low.isna(),
    }  # fmt: skip
    return listed(
        f"{kind} at {kit.where(own[kept].to_dict('records'), len(own))}"
        for kind, kept in kinds.items()
        if kept.any()
    )


def _shares(table: pd.DataFrame) -> str:
    """The accuracy of both ways of the conditional model, and of the plain one, at each β; then that of real data."""
    parts = []
    for family, strategy in ASKED:
        own = table[(table["family"] == family) & (table["strategy"] == strategy)].sort_values("beta")
        each = [
            f"{with_ends(row, ACCURACY, scale=100, places=1)} % at {kit.at(row)}"
            for row in own.to_dict("records")
        ]
        if each:
            parts.append(f"`{strategy}` of the {family} gives the requested class in {listed(each)}")
    held = table[table["strategy"] == "held-out"][ACCURACY].mean()
    return f" {'; '.join(parts)}. Real held-out data score {number(100 * held, 1)} %."


def figure(table: pd.DataFrame) -> Figure:
    """Label accuracy of every way to request a class, by β."""
    shown = table.assign(
        way=[
            LABELS.get(way, ", ".join(way[::-1]))
            for way in zip(table["family"], table["strategy"], strict=True)
        ]
    )
    names = (ACCURACY, f"{ACCURACY}_low", f"{ACCURACY}_high")
    shown[list(names)] *= 100
    below = f"label accuracy in %, with 95 % intervals; dashed: {100 * ENOUGH:.0f} %   better →"
    return kit.dots(
        [kit.Panel("", shown, below, line=100 * ENOUGH)],
        rows=list(dict.fromkeys(shown["way"])),
        by="way",
        names=names,
        title="How often samples have the requested class, by a classifier",
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
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
