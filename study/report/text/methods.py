"""The methods section of the report: definitions, strategies, metrics and provenance."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from study.report import frames
from study.report.page.blocks import Plain
from study.report.text.about import common, is_table, said, span, spanned
from study.report.text.conventions import PICTURES
from study.report.text.limits import covered, features
from study.report.text.numbers import number
from study.report.text.words import MODEL, REFERENCES, STRATEGIES, in_order, word
from study.statistics import MATTERS
from study.statistics.simulations import EVALUATIONS, FAMILY, FOUND, SPREAD
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
            spanned(runs["latent_dim"], "latent"),
            f"{spanned(runs['epochs'], 'epoch')} of batches of {span(runs['batch_size'])}",
            f"learning rate {span(runs['learning_rate'])}",
        ]
        terms.append(("Models", ", ".join(part for part in trained if part) + "."))
    if len(summary) and (summary["strategy"] != MODEL).any():
        terms += _scoring(results, summary)
    told = features(results.provenance)
    if told:
        terms.append(("Features", f"{told} They are fixed before any sample is scored."))
    return terms


def _scoring(results: Results, summary: pd.DataFrame) -> list[tuple[str, str]]:
    """Definitions of how samples were scored and compared."""
    scored = summary[summary["strategy"] != MODEL]
    compared = scored[scored["metric"] == (frames.primary(summary) or "")]
    clipped = (
        "pictures are clipped to the range of the training data unless marked as unclipped. "
        if not is_table(results.provenance)
        else ""
    )
    return [
        (
            "Scoring",
            f"n = {span(compared['n'])} samples on each side{f'; {clipped}' if clipped else '. '}Samples are compared "
            "with one half of the test data; the other half is scored as the `held-out` row, the null value of every "
            "distance at the same n.",
        ),
        (
            "Pairing",
            "Strategies share the trained model, the indices of training examples and the noise, so differences "
            "from the prior are paired.",
        ),
        (
            "Effect",
            "The share of the gap closed, (M_prior − M_strategy) / (M_prior − M_held-out), with M the metric as a cost "
            "(|v − 1| where 1 is best, taken per setting and seed). At one setting it is a ratio of means over "
            f"{frames.over(summary)}, not a mean of ratios, and its interval is that of the jackknife: each of them "
            "contributes what the ratio loses without it. Settings where the metric can show no effect enter no "
            "average: the prior is not told from held-out data (nothing to gain), reconstructions score no better than "
            "noise (no decoder to speak of), copies of the training data do not beat the prior or a strategy "
            "beats held-out data (the metric cannot tell).",
        ),
        (
            "Intervals",
            f"95 % each, Student's, over {frames.over(summary)}{_design(summary)}. "
            "Fits and draws are averaged first. So are the settings: a seed "
            "has one contribution to an average, the mean of its contributions at all settings, since settings share "
            "the luck of a seed; averages hold for these settings. Interquartile means and probabilities of "
            "improvement have bootstrap intervals, in which a resampled seed brings its trainings at all settings. "
            f"{covered(summary)} Where all seeds agree to the last digit there is no "
            f"interval. Training runs per setting: {span(_seeds(scored))}.",
        ),
        (
            "Verdicts",
            "Better or worse if the effect is told from zero at 5 % after Holm's correction; equivalent if the "
            f"corrected interval lies within ± {number(100 * MATTERS)} % of the gap, declared beforehand; else not "
            "decided, which does not say that there is no difference. Corrected together are, for each metric, all "
            "strategies averaged over the grid, and all strategies × settings. Intervals of what is decided have the "
            "level of their step; those of all others the level of all tests together, 1 − 5 % / tests, because they "
            "were chosen for being near zero. Those marked † hold the best with 95 %: a strategy is left out if "
            "another is better in a one-sided test corrected for the number of rivals.",
        ),
        (
            "Detectable effects",
            f"The smallest true effect that as many {frames.over(summary)} tell from zero in 80 % of studies, at the "
            "corrected level of the verdict, from the spread over them and the noncentral t distribution.",
        ),
        ("Simulations", _simulated()),
    ]


def _design(summary: pd.DataFrame) -> str:
    """How the errors of two crossed factors are joined; empty if there is one."""
    if frames.evaluations(summary) < 2:
        return ""
    return (
        ": all models are scored by the same extractors on the same halves, so trainings and evaluations are two "
        "crossed factors, and the squares of their reaches are added, each with its own degrees of freedom; metrics "
        "measured "
        "under the first evaluation only have intervals over training seeds"
    )


def _simulated() -> str:
    """How often intervals and verdicts hold where the truth is known, from `results/simulations.csv`."""
    return (
        "With five seeds, in simulations with a known truth, a 95 % interval covers a mean in "
        f"{_found('coverage', 'normal')} of cases if contributions are normal, {_found('coverage', 't3')} if they "
        f"follow a t distribution with 3 degrees of freedom, {_found('coverage', 'exponential')} if they are as skewed "
        f"as an exponential and {_found('coverage', 'lognormal')} as a lognormal; it covers the share of the gap in "
        f"{_found('share', 'lognormal')} if lognormal luck scales all scores of a model alike. Some verdict of a "
        f"family of {FAMILY} is false in {_found('family', 'normal')} of simulations if contributions are normal, "
        f"{_found('share family', 'lognormal')} for shares under lognormal luck that a model's scores have in common, "
        f"but {_found('family', 'exponential')} if the contributions themselves are as skewed as an exponential. With "
        f"{EVALUATIONS} evaluations whose luck spreads {number(SPREAD)} times as much as that of trainings, an "
        "interval over both covers the mean over other trainings and evaluations in "
        f"{_found('evaluations', 'normal')}, one over trainings alone in "
        f"{_found('evaluations, seeds alone', 'normal')}. For a share of the gap it is "
        f"{_found('share, evaluations', 'lognormal')} under lognormal luck."
    )


def _found(what: str, distribution: str) -> str:
    return f"{100 * FOUND[what, distribution]:.0f} %"


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


def metrics_table(summary: pd.DataFrame, *, table: bool = False) -> Plain:
    """Meaning, direction, reference and source of each metric; without a word of pictures for a `table`."""
    rows = []
    for metric in frames.metrics(summary):
        first = summary[summary["metric"] == metric].iloc[0]
        better = {"one": "nearer to 1", "none": "no direction"}.get(
            str(first["better"]), str(first["better"])
        )
        meaning = word(metric).meaning.replace(PICTURES, "") if table else word(metric).meaning
        rows.append([word(metric).axis, meaning, better, str(first["reference"]), word(metric).source])
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
