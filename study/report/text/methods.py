"""The methods section of the report: definitions, strategies, metrics and provenance."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from study.report import frames
from study.report.page.blocks import Plain
from study.report.text.about import common, said, span
from study.report.text.numbers import number
from study.report.text.words import MODEL, REFERENCES, STRATEGIES, in_order, word
from study.statistics.coverage import FOUND
from study.tables.results import Results

TERMS = [
    (
        "Loss",
        "α·D + β·R, mean over examples. D is the reconstruction term summed over data dimensions: the "
        "sum of squared errors (no ½) for a Gaussian decoder, binary cross-entropy in nats for a "
        "Bernoulli one. R is KL(q(z|x)‖p(z)) summed over latents, in nats; its mean over examples is the "
        "rate.",
    ),
    (
        "Noise variance",
        "α·SSE + β·KL is the loss of a Gaussian decoder of variance s = β/(2α). Only this ratio determines the "
        "optimum; Adam is unaffected by the common scale of α and β.",
    ),
    (
        "Aggregate posterior",
        "q(z), the mean of q(z|x) over the training examples: a mixture of N Gaussians. Strategies "
        "differ in how closely they approximate it. The rate is I(n; z) + KL(q(z)‖p(z)); each part is bracketed by "
        "two estimates, one that leaves out an example's own component and one that includes it.",
    ),
]


def definitions(results: Results, summary: pd.DataFrame) -> list[tuple[str, str]]:
    """Definitions of the terms in the tables and figures."""
    runs = results.runs
    terms = list(TERMS)
    if len(runs):
        words = [common(runs, c) for c in ("family", "network", "hidden", "likelihood")]
        trained = [
            f"{words[0] or 'several families'}, {words[1] or 'several networks'}",
            f"hidden {words[2]}" if words[2] else "",
            f"{words[3]} decoder" if words[3] else "",
            f"{span(runs['latent_dim'])} latents",
            f"{span(runs['epochs'])} epochs of batches of {span(runs['batch_size'])}",
            f"learning rate {span(runs['learning_rate'])}",
        ]
        terms.append(("Models", ", ".join(part for part in trained if part) + "."))
    if len(summary) and (summary["strategy"] != MODEL).any():
        terms += _scoring(summary)
    extractor = results.provenance.get("extractor")
    if isinstance(extractor, Mapping):
        accuracy = extractor.get("accuracy")
        known = f", accuracy {number(100 * accuracy)} %" if isinstance(accuracy, int | float) else ""
        size = f", {extractor['dimensions']} dimensions" if extractor.get("dimensions") else ""
        terms.append(
            (
                "Features",
                f"{extractor.get('name', 'extractor')}{size}{known}; fixed before any sample is scored.",
            )
        )
    return terms


def _scoring(summary: pd.DataFrame) -> list[tuple[str, str]]:
    """Definitions of how samples were scored and compared."""
    scored = summary[summary["strategy"] != MODEL]
    compared = scored[scored["metric"] == (frames.primary(summary) or "")]
    return [
        (
            "Scoring",
            f"n = {span(compared['n'])} samples on each side; pictures are clipped to the range of the "
            "training data unless marked as unclipped. Samples are compared with one half of the "
            "test data; the other half is scored as the `held-out` row, the null value of every distance at the "
            "same n.",
        ),
        (
            "Pairing",
            "Strategies share the trained model, the indices of training examples and the noise, so differences "
            "from the prior are paired.",
        ),
        (
            "Intervals",
            "95 % each, by a smoothed studentised bootstrap over training seeds, then over fits and draws within "
            "them; the settings of one seed share its noise and are averaged first. In simulations with five seeds "
            f"the interval covers the true value in {_covers('normal')} of cases if differences are normal, "
            f"{_covers('t5')} if they follow a t distribution with 5 degrees of freedom, {_covers('bimodal')} if they "
            f"fall into two clusters, and {_covers('skewed')} if they are as skewed as an exponential; a plain "
            "percentile bootstrap covers 84 %. "
            f"Seeds per setting: {span(_seeds(scored))}; with fewer than three there is no interval.",
        ),
        (
            "Better, worse, tie",
            "Better or worse if the paired difference is significant at 5 % after Holm's correction, "
            "else a tie, which is no proof of equality. Tests are corrected together in families: for each metric, "
            "all strategies averaged over the grid are one family and all strategies × settings another; reference "
            "rows form their own. The chance of any false verdict in a family is at most 5 %. Intervals are not "
            "corrected, so a tie may have an interval that excludes zero. The p-value is 5 % when the interval "
            "touches zero and is extrapolated from there by Student's tail. The best is bold only if its "
            "paired interval against every other strategy excludes zero.",
        ),
        (
            "Detectable differences",
            "Each tie comes with the smallest true difference that this many training runs would detect in 80 % of "
            "studies, simulated for this interval from the spread of the paired differences. The correction for "
            "multiple tests is not included; it needs larger differences.",
        ),
    ]


def _covers(distribution: str) -> str:
    return f"{FOUND[distribution][0]:.0f} %"


def _seeds(scored: pd.DataFrame) -> pd.Series:
    """Numbers of seeds behind the rows of single settings, or behind all rows if there are none."""
    single = frames.per_setting(scored)
    return (single if len(single) else scored)["seeds"]


def strategies_table(names: Sequence[str]) -> Plain:
    """Definition and source of each strategy that was scored."""
    rows = []
    for name in names:
        entry = STRATEGIES.get(name, {})
        kind = "reference row" if name in REFERENCES else str(entry.get("kind", ""))
        rows.append([name, str(entry.get("summary", "")), kind, str(entry.get("source", ""))])
    return Plain("The strategies: how each samples z.", ["strategy", "definition", "kind", "source"], rows)


def metrics_table(summary: pd.DataFrame) -> Plain:
    """Meaning, direction, reference and source of each metric."""
    rows = []
    for metric in frames.metrics(summary):
        first = summary[summary["metric"] == metric].iloc[0]
        better = {"one": "nearer to 1", "none": "no direction"}.get(
            str(first["better"]), str(first["better"])
        )
        rows.append(
            [word(metric).axis, word(metric).meaning, better, str(first["reference"]), word(metric).source]
        )
    return Plain("The metrics.", ["metric", "meaning", "better", "compared with", "source"], rows)


def provenance(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """All of the provenance as text; the configuration as JSON."""
    units = {"seconds": "s", "seconds_of_this_run": "s", "peak_memory_bytes": "MiB"}
    items = []
    for name in in_order(facts, ["question", "experiment", "profile", "command", "created", "seconds"]):
        if name in ("format", "files"):  # for checking the folder, not for a reader
            continue
        value = facts[name]
        if name == "peak_memory_bytes" and isinstance(value, int | float):
            value = value / 2**20
        if isinstance(value, Mapping) and name != "config":
            text = "; ".join(f"{k} {said(v)}" for k, v in value.items() if v not in (None, ""))
        elif isinstance(value, Mapping | list):
            text = json.dumps(value, sort_keys=True, ensure_ascii=False)
        else:
            text = f"{said(value)} {units.get(name, '')}".strip()
        items.append((name.removesuffix("_bytes").replace("_", " "), text))
    return items
