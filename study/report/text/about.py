"""The report's small tables and notes: how much was measured, and which values are missing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.report import frames
from study.report.page.blocks import Plain
from study.report.text.numbers import count, decimals, listed, number
from study.report.text.words import STRATEGIES, in_order, word
from study.tables.results import Results

MEASURES = [
    *("rate", "distortion", "mi_lower", "mi_upper", "kl_aggregate_lower", "kl_aggregate_upper", "overlap"),
    *("total_correlation_lower", "total_correlation_upper"),
    *("dimension_wise_kl_lower", "dimension_wise_kl_upper"),
    *("latent_mmd", "latent_mmd_null_high", "latent_sliced_w2", "latent_sliced_w2_null_high"),
    *("latent_c2st", "latent_c2st_null_high"),
    *("hole_mass", "hole_mass_converse", "active_units", "active_units_kl"),
]
FEW = ["rate", "distortion", "kl_aggregate_lower", "kl_aggregate_upper", "hole_mass", "active_units"]
SPELT = {  # parts of names as they are written in a title
    "gan": "GAN", "kl": "KL", "mnist": "MNIST", "fashion": "Fashion", "co2": "CO₂", "etth1": "ETTh1",
}  # fmt: skip
HEADINGS = {"alpha": "α", "beta": "β", "latent_dim": "latents"}  # of columns whose names are not words
MOST_PLACES = 4  # of a rate in nats: more would only widen the table


def is_table(facts: Mapping[str, Any]) -> bool:
    """Whether the examples are rows of a table, so that nothing is said of pictures."""
    data = facts.get("dataset")
    shape = data.get("shape") if isinstance(data, Mapping) else None
    return isinstance(shape, list) and len(shape) == 1


def title(results: Results) -> str:
    """The title: experiment and data set."""
    name = str(results.provenance.get("experiment") or common(results.runs, "experiment") or "Results")
    data = (results.provenance.get("dataset") or {}).get("name") or common(results.runs, "dataset")
    name = " ".join(SPELT.get(word, word) for word in name.split("_"))
    name = name[:1].upper() + name[1:]
    return f"{name} on {'-'.join(SPELT.get(part, part) for part in str(data).split('-'))}" if data else name


def table_note(summary: pd.DataFrame) -> str:
    """How to read the strategy × metric table."""
    metric = frames.primary(summary)
    text = "Arrows in the headings say which values are better: ↓ lower, ↑ higher, →1 closer to one."
    if metric:
        text += f" Shares of the gap are of that in {word(metric).label}."
    if (summary["metric"] == "fd").any():
        text += (
            " FD stays above zero at finite n, even for real data: its null value is the `held-out` row. "
            "KID has no such bias and may be slightly negative."
        )
    return text


# Models that differ in these are not averaged.
NETWORK = ("network", "hidden", "activation", "output_bias", "latent_dim")


def models_table(results: Results, measures: Sequence[str] = MEASURES) -> Plain | None:
    """Model-level measurements, mean ± standard deviation over training runs, one row per (α, β) and network."""
    table = frames.models(results)
    chosen = [m for m in measures if m in table]
    if table.empty or not chosen:
        return None
    runs = results.runs.set_index("run_id")
    known = [name for name in NETWORK if name in runs]
    table = table.join(runs[known])
    apart = table.groupby(["alpha", "beta"])[known].nunique().max() > 1
    networks = [name for name in known if apart[name]]
    groups = [cells for _, cells in table.groupby(["alpha", "beta", *networks])]
    same = len(set(map(len, groups))) == 1  # then the caption says how many, which leaves a narrower table
    rows = []
    for cells in groups:
        first = cells.iloc[0]
        head = [number(first[name]) for name in ("alpha", "beta", "noise_variance")]
        head += [said(first[name]) for name in networks]
        head += [] if same else [str(len(cells))]
        head += [_identified(cells)] if "identified" in cells else []
        rows.append(head + [_mean_and_spread(cells[m]) for m in chosen])
    told = [name.replace("_", " ") for name in networks] + ([] if same else ["models"])
    told += ["identified"] if "identified" in table else []
    header = ["α", "β", "s = β/(2α)", *told, *(word(m).axis for m in chosen)]
    caption = (
        f"The trained models{f', {len(groups[0])} in each row' if same else ''}: mean ± standard deviation over "
        "training runs. Lower and upper are the two ends of a "
        "bracket; where those of I(n; z) are more than 0.1 nats apart, neither I(n; z) nor the KLs are identified. A "
        "negative lower end of a KL is uninformative."
    )
    if any(m.endswith("_null_high") for m in chosen):
        caption += (
            " Beside each distance of z stands the value that two sets of prior draws exceed in 5 % of cases: below "
            "it, q(z) is indistinguishable from the prior."
        )
    if "hole_mass" in chosen:
        caption += (
            f" {word('hole_mass').axis.capitalize()}: the share of prior draws at which q(z) is lower than at 99 % of "
            "held-out codes."
        )
    return Plain(caption, header, rows)


def _identified(cells: pd.DataFrame) -> str:
    """How many of the models are identified: the ends of their brackets agree."""
    count = int(cells["identified"].sum())
    return "yes" if count == len(cells) else f"{count} of {len(cells)}" if count else "no"


def failed_note(results: Results) -> str:
    """How many runs failed and how many measurements are missing, in a sentence."""
    runs, metrics = results.runs, results.metrics
    bad, gone = int((runs["status"] != "done").sum()), int((metrics["status"] != "ok").sum())
    if not bad and not gone and "decode" in runs and len(set(runs["decode"])) > 1:
        return (
            f"All {count(len(runs), 'evaluation')} of trained models, each scored in several ways, and all "
            f"{count(len(metrics), 'measurement')} succeeded."
        )
    if not bad and not gone:
        return (
            f"All {count(len(runs), 'training run')} and all {count(len(metrics), 'measurement')} succeeded."
        )
    return (
        f"{bad} of {count(len(runs), 'training run')} failed; {gone} of {count(len(metrics), 'measurement')} are "
        "missing. A seed that is missing in one setting is left out of the averages over the grid."
    )


def failed(results: Results) -> Plain | None:
    """The runs that failed, with their reasons."""
    rows = results.runs[results.runs["status"] != "done"]
    texts = [
        [r.run_id, number(r.alpha), number(r.beta), str(r.seed), r.reason or r.status]
        for r in frames.each(rows)
    ]
    return Plain("Training runs that failed.", ["run", "α", "β", "seed", "reason"], texts) if texts else None


def gaps(results: Results) -> Plain | None:
    """Measurements that are missing: for each reason the metrics that lack the same strategies together."""
    rows = results.metrics[results.metrics["status"] != "ok"]
    texts = []
    for reason, found in rows.groupby("reason", dropna=False):
        alike: dict[str, list[str]] = {}
        for metric, own in found.groupby("metric"):
            alike.setdefault(listed(in_order(own["strategy"], STRATEGIES)), []).append(str(metric))
        for names, metrics in alike.items():
            labels = listed(word(metric).label for metric in metrics)
            texts.append([str(reason), labels, names, str(int(found["metric"].isin(metrics).sum()))])
    header = ["reason", "metrics", "strategies", "rows"]
    return Plain("Measurements that are missing.", header, texts) if texts else None


def frame(table: pd.DataFrame, caption: str) -> Plain:
    """A small frame as a table of texts."""
    rows = [[said(value) for value in row] for row in table.itertuples(index=False)]
    return Plain(caption, [HEADINGS.get(str(c), str(c).replace("_", " ")) for c in table.columns], rows)


def said(value: Any) -> str:
    """A value of any type as text for a reader."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, float | np.floating):
        return number(float(value))
    if isinstance(value, list | tuple):
        numbers = all(isinstance(one, int | np.integer) for one in value)
        return ("×" if numbers else ", ").join(
            dict.fromkeys(map(str, value)) if not numbers else map(str, value)
        )
    return "" if value is None else str(value)


def common(runs: pd.DataFrame, column: str) -> str:
    """The value of a column if it is the same in all runs, else an empty text."""
    values = runs[column].dropna().unique()
    return str(values[0]) if len(values) == 1 else ""


def span(values: pd.Series) -> str:
    """The range of the values, "smallest to largest"; a single value alone; an empty text if there is none."""
    values = values.dropna()
    if values.empty:
        return ""
    low, high = (said(v) for v in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"


def spanned(values: pd.Series, unit: str) -> str:
    """The range of the values with their unit: "1 latent", "1 to 64 latents"."""
    told = span(values)
    return f"{told} {unit}" if told == "1" else f"{told} {unit}s"


def _mean_and_spread(values: pd.Series) -> str:
    values = values[np.isfinite(values)]
    if values.empty:
        return "—"
    places = min(decimals(values.mean()), MOST_PLACES)
    spread = f" ± {number(values.std(), places)}" if len(values) > 1 else ""
    return f"{number(values.mean(), places)}{spread}"
