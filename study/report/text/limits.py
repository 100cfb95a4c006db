"""The limits of the evidence: what was trained, for how long, on what, how often, and how it was scored."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from study.report import frames
from study.report.text.about import common, is_table, span, spanned
from study.report.text.numbers import count, listed, number
from study.report.text.words import MODEL
from study.statistics.estimates import FEWEST
from study.tables.results import Results, trainings
from study.training.convergence import MATTERS, Convergence

FEW_ROWS = 100  # examples on each side of a comparison; a rule of thumb, and said as one
FEW = 4  # values that are named
PER_FEATURE = 3  # examples for each dimension of the features, likewise


def too_few(results: Results, summary: pd.DataFrame) -> str:
    """Why there are too few examples or training runs for any verdict on samples; empty if there are not."""
    rows = summary[(summary["strategy"] != MODEL) & (summary["metric"] == (frames.primary(summary) or ""))]
    if rows.empty:
        return ""
    n, dimensions = int(rows["n"].min()), _dimensions(results.provenance)
    if n < max(FEW_ROWS, PER_FEATURE * dimensions):
        against = f" for features of {count(dimensions, 'dimension')}" if dimensions else ""
        return f"only {count(n, 'example')} on each side of a comparison{against}, which is too few for a verdict"
    if rows["seeds"].max() < FEWEST:
        return (
            f"only {count(int(rows['seeds'].max()), 'training run')} per setting; an interval needs {FEWEST}"
        )
    return ""


def without_verdicts(summary: pd.DataFrame) -> pd.DataFrame:
    """The summary of data that are too few for a verdict: none is given, and nothing may be the best."""
    verdict = summary["verdict"].where(summary["verdict"] == "baseline", "none")
    return summary.assign(verdict=verdict, standing="")


def limits(results: Results, summary: pd.DataFrame) -> list[tuple[str, str]]:
    """What the evidence is limited to, as terms with texts.

    Args:
        results: of all models, of every family.
        summary: of those that the general figures and tables are about.
    """
    results = _each_model(results)
    runs = results.runs
    found = [("Data", _data(results)), ("Network", _network(runs)), ("Training", _training(results))]
    scored = summary[summary["strategy"] != MODEL]
    seeds = runs[runs["status"] == "done"].groupby(["alpha", "beta"])["seed"].nunique()
    noun = "seed" if set(seeds) == {1} else "seeds"
    repeated = f"{span(seeds)} training {noun} at each of {count(len(seeds), 'setting')} of (α, β)."
    if len(scored):
        repeated += " Averages over settings hold for these settings."
    found.append(("Seeds", repeated if len(seeds) else ""))
    if len(scored):
        n = scored.loc[scored["metric"] == (frames.primary(summary) or ""), "n"]
        found.append(("Samples", f"n = {span(n)} on each side of a comparison."))
        found.append(("Features", features(results.provenance)))
        found.append(("Not covered", covered(summary)))
    return [(term, text) for term, text in found if text]


def covered(summary: pd.DataFrame) -> str:
    """What the intervals cover, and what they do not."""
    several = frames.evaluations(summary)
    if several > 1:
        return (
            f"Intervals cover the choice of training seed and {several} evaluations, each with another "
            "feature extractor of this kind and another random half of the test data; another kind of features, other "
            "data and other networks are not covered."
        )
    return (
        "Intervals cover the choice of training seed alone: another half of the test data or another feature extractor "
        "moves effects too, and by how much was not measured here."
    )


def features(facts: Mapping[str, Any]) -> str:
    """What the features are that samples are compared by, and what that means for KID."""
    extractor = facts.get("extractor")
    if not isinstance(extractor, Mapping):
        return ""
    name, size = str(extractor.get("name", "")), _dimensions(facts)
    accuracy = extractor.get("accuracy")
    good = (
        f", accuracy {number(100 * accuracy)} %"
        if isinstance(accuracy, float) and math.isfinite(accuracy)
        else ""
    )
    what = {
        "classifier": "a small classifier trained on these data",
        "pca": "principal components of these data",
    }
    known = what.get(name, f"`{name}`")
    why = f" ({extractor['reason']})" if extractor.get("reason") else ""
    wide = f" ({count(size, 'dimension')}{good})" if size else ""
    if is_table(facts):
        return f"Features come from {known}{wide}{why}: KID and FD here compare with those of no other data."
    return (
        f"Features come from {known}{wide}{why}, not from an Inception network: KID and FD here compare with no "
        "published KID or FID."
    )


def falling(results: Results) -> str:
    """Whether the validation loss still fell when training ended, as far as the losses tell."""
    ends = endings(results)
    if not ends:
        return ""
    still = sum(end.still_falling for end in ends)
    if still:
        sizes = sorted(end.fall for end in ends if end.still_falling)
        by = " to ".join(dict.fromkeys(number(size) for size in (sizes[0], sizes[-1])))
        return (
            f"Over the last tenth of training the validation loss of {still} of {count(len(ends), 'model')} still "
            f"fell, by {by} in units of the loss: longer training may change the results. Part of such a fall is due "
            "to step sizes that decay, and comes whether or not the optimum is near."
        )
    return (
        f"Over the last tenth of training the validation loss of none of {count(len(ends), 'model')} fell by more than "
        f"two standard errors and {number(100 * MATTERS)} % of itself; a slower fall is not ruled out."
    )


def endings(results: Results) -> list[Convergence]:
    """How the validation loss of each model ended; those with too few epochs to tell are left out."""
    table = results.losses[results.losses["split"] == "validation"].sort_values("epoch")
    last = table.groupby("run_id")["loss"].last()
    told = results.runs.dropna(subset=["still_falling"]).set_index("run_id")
    columns = [told["still_falling"], told["still_falling_error"], last.reindex(told.index), told["epochs"]]
    return [Convergence(*row) for row in zip(*columns, strict=True)]


def _dimensions(facts: Mapping[str, Any]) -> int:
    extractor = facts.get("extractor")
    size = extractor.get("dimensions") if isinstance(extractor, Mapping) else None
    return size if isinstance(size, int) else 0


def _data(results: Results) -> str:
    facts = results.provenance.get("dataset")
    name = common(results.runs, "dataset") or "several data sets"
    trained = span(results.runs["n_train"]) if len(results.runs) else ""
    text = f"one data set, {name}" if common(results.runs, "dataset") else name
    if trained:
        text += f"; {trained} training examples"
    if isinstance(facts, Mapping) and isinstance(facts.get("n_test"), int):
        text += f", {facts['n_test']} test examples"
    text = f"{text[0].upper()}{text[1:]}."
    read = facts.get("read_as") if isinstance(facts, Mapping) else ""
    return f"{text} Read as {read}." if isinstance(read, str) and read else text


def _each_model(results: Results) -> Results:
    """Every trained model once: those that are scored by means and by draws of x have two rows."""
    return results.only(trainings(results.runs)["run_id"])


def _network(runs: pd.DataFrame) -> str:
    if runs.empty:
        return ""
    hidden, likelihood = _values(runs, "hidden", "networks"), common(runs, "likelihood")
    parts = [
        _values(runs, "family", "families"),
        _values(runs, "network", "networks"),
        f"hidden {hidden}" if hidden else "",
        f"{likelihood.capitalize()} decoder" if likelihood else "",
        spanned(runs["latent_dim"], "latent"),
    ]
    text = ", ".join(part for part in parts if part)
    return f"{text}. Other networks may differ."


def _values(runs: pd.DataFrame, column: str, noun: str) -> str:
    """The values of a column, or how many there are if they are many."""
    values = runs[column].dropna().unique()
    return listed(map(str, values)) if len(values) <= FEW else f"{len(values)} {noun}"


def _training(results: Results) -> str:
    runs = results.runs
    if runs.empty:
        return ""
    text = (
        f"{spanned(runs['steps'], 'optimiser step')} ({spanned(runs['epochs'], 'epoch')}), learning rate "
        f"{span(runs['learning_rate'])}, schedule {common(runs, 'schedule') or 'by model'}."
    )
    told = falling(results) or "Whether training had converged is not known: too few epochs were recorded."
    return f"{text} {told}"
