"""Which of three ways should be used to generate windows of a time series?

The asker generates series in three ways: way 1 picks a training window and draws from its posterior (`posterior`), way
2 adds the log-variance to the mean (`mean-plus-logvar`), way 3 draws from N(0, I) (`prior`). The posterior's mean and
densities fitted to the codes are compared too. Windows are compared with real ones from a later time by their
autocorrelations, the distribution of each feature, a classifier, and the error of a forecast trained on them.

    study run sequences                      ETTh1, 15 VAEs, three minutes on two cores
    study run sequences --dataset co2        CO2 on Mauna Loa, 10 recurrent VAEs, four minutes
    study run sequences --profile quick      the same with 6 of them
    study run sequences --dataset mine.toml  windows over your own CSV
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from study import (
    Experiment,
    Findings,
    Section,
    StudyConfig,
    TrainConfig,
    VAEConfig,
    experiment_main,
    summarise,
)
from study.config.presets import vary
from study.report import frames, kit
from study.report.plots import style
from study.report.text.numbers import interval, listed, number
from study.report.text.words import word
from study.tables.results import Results

WAYS = {"posterior": "way 1", "mean-plus-logvar": "way 2", "prior": "way 3"}
STRATEGIES = (
    *WAYS, "posterior-mean", "global-gaussian", "gmm", "reconstruction", "copycat", "held-out", "noise",
)  # fmt: skip
DRAWN = ("held-out", "reconstruction", *WAYS, "posterior-mean", "global-gaussian", "gmm")
METRICS = ("autocorrelation", "marginal_w1", "discriminative", "tstr")
TOLD = ("posterior", "mean-plus-logvar")  # ways 1 and 2, which are compared with way 3
TEXT = (
    "Means{over} with 95 % intervals, averaged over the settings of β at which a metric can show an "
    "effect: there, samples of way 3 are told from real windows, and repeated training windows score better. "
    "`held-out` is real windows from other parts of the test period: the score of a perfect model of that period. "
    "`copycat` is repeated training windows: the score of a perfect model of the earlier training period, so the "
    "difference between the two is drift, which no strategy can correct. `reconstruction` is held-out windows through "
    "encoder and decoder. All samples are the decoder's mean, without the noise of p(x|z) that real windows have. A "
    "classifier notices that, and a forecast trained on such windows relies on details that noise hides in real ones, "
    "so in these two metrics even `reconstruction` is far from `held-out`."
)
WINDOWS = (
    "The target in the units of the data, one window per panel; the dashed line is the time of prediction. In a "
    "column, strategies share their draws of index and noise, so `posterior`, `posterior-mean` and `mean-plus-logvar` "
    "start from the same training window. The first rows are real windows and their reconstructions."
)
CAPTION = (
    "Four distances between generated and real windows, by strategy and β, with 95 % intervals{over}; the "
    "dashed line is real held-out windows, and a number at an edge is a value beyond it."
)
LIMIT = 3.0  # a panel's axis ends at this multiple of the largest value, way 2 and noise left out
COLOURS = {"held-out": style.INK} | dict.fromkeys(WAYS, style.BLUE)


def measurements(metrics: pd.DataFrame) -> pd.DataFrame:
    """The rows of `study.statistics.summarise` of the sequence metrics, at each setting and averaged over settings.

    The effect is the share of the gap between way 3 and real windows that a strategy closes.
    """
    summary = frames.with_errors(summarise(metrics), metrics)
    return summary[summary["metric"].isin(METRICS)]


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer on the three ways, all measurements, and example windows."""
    table = measurements(results.metrics)
    rows, settings = frames.averaged(table), len(frames.settings(table))
    ways = {name: rows[rows["strategy"] == name].dropna(subset=["mean"]) for name in WAYS}
    said = "".join(f" {_way(name)} is {'; '.join(_clauses(ways[name], settings))}." for name in TOLD)
    found = {(row.strategy, row.metric): row for row in frames.each(rows)}
    over = kit.covered(results, METRICS)
    text = f"{TEXT.format(over=over)} Against way 3:{said}{_floor(found)}{_drift(found)}"
    sections = [Section("Sequence measurements, by strategy", text, _readable(rows, settings))]
    drawn = kit.windows(results, {name: _label(name, "\n") for name in DRAWN}, COLOURS)
    if drawn is not None:
        sections.append(Section("Generated windows beside real ones", WINDOWS, figure=drawn))
    first = kit.Exhibit(
        "Generated windows, by strategy and β",
        CAPTION.format(over=over) + _drift(found),
        measured_figure(table),
    )
    return Findings(_answer(ways), tuple(sections), (first, "effects", "gains"))


def _way(name: str) -> str:
    return f"{WAYS[name].capitalize()} (`{name}`)"


def _answer(ways: Mapping[str, pd.DataFrame]) -> str:
    """What is told of ways 1 and 2 against way 3; the first share of the gap that is told, if there is room."""
    first, second = (kit.by_verdict(_ordered(ways[name])) for name in TOLD)
    rest = f"{_way(TOLD[1])} is {_short(second, sizes=False)}."
    for sizes in (True, False):
        lead = (
            f"Where a metric can tell, way 1 (`{TOLD[0]}`) is, against way 3, {_short(first, sizes=sizes)}."
        )
        if len(f"{lead} {rest}".split()) < kit.WORDS:
            break
    return kit.brief(lead, rest)


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.set_index("metric").reindex([m for m in METRICS if m in set(rows["metric"])]).reset_index()


def _short(found: Mapping[str, list[dict[str, Any]]], *, sizes: bool) -> str:
    """The metrics by verdict; the first one told has the share of the gap with its interval."""
    parts = []
    for verdict, rows in found.items():
        names = [word(row["metric"]).label for row in rows]
        if sizes and not parts and verdict in ("better", "worse"):
            names[0] = f"{names[0]} ({_share(rows[0])} of the gap)"
        parts.append(f"{'without a verdict' if verdict == 'none' else verdict} in {listed(names)}")
    return ", ".join(parts) or "not scored"


def _clauses(rows: pd.DataFrame, settings: int) -> list[str]:
    """What is told of one way: shares with intervals, what would have been seen, why there is no verdict."""
    return kit.clauses(
        _ordered(rows), lambda row: _told(row, settings), _why, what="a share", scale=100, unit=" %", places=0
    )


def _share(row: Mapping[str, Any]) -> str:
    """The share of the gap that is closed, or by how much it is widened, with its interval."""
    sign = 1 if row["effect"] >= 0 else -1
    low, high = sorted((sign * row["effect_low"], sign * row["effect_high"]))
    text = interval(sign * row["effect"], low, high, scale=100, places=0)
    return f"closes {text} %" if sign > 0 else f"widens it by {text} %"


def _told(row: Mapping[str, Any], settings: int) -> str:
    counted = f", at {row['settings']} of {settings} settings" if row["settings"] < settings else ""
    return f"{word(row['metric']).label} ({_share(row)}{counted})"


def _why(row: Mapping[str, Any]) -> str:
    reason = "no interval" if row["state"] == "ok" else row["state"]
    return word(row["metric"]).label + (f" ({reason})" if row["verdict"] == "none" else "")


def _floor(found: Mapping[tuple[str, str], Any]) -> str:
    """Real held-out windows beside way 3."""
    floor = listed(
        f"{word(metric).label} {number(found['held-out', metric].mean)} against {number(found['prior', metric].mean)}"
        for metric in METRICS
        if ("held-out", metric) in found and ("prior", metric) in found
    )
    return f" Real held-out windows score, against way 3, {floor}." if floor else ""


def _drift(found: Mapping[tuple[str, str], Any]) -> str:
    """The metrics in which even training windows are not shown to be closer to the test period than way 3."""
    pairs = [(found.get(("copycat", metric)), found.get(("prior", metric))) for metric in METRICS]
    hidden = [
        f"{word(copies.metric).label} ({number(copies.mean)} against {number(prior.mean)})"
        for copies, prior in pairs
        if copies is not None and prior is not None and not copies.effect_low > 0
    ]
    if not hidden:
        told = all(one is not None for pair in pairs for one in pair)
        return " In each metric repeated training windows are shown to score better than way 3." * told
    return (
        f" In {listed(hidden)} not even repeated training windows are shown to score better than way 3: the series "
        "may drift between the training and the test period, so differences in these metrics do not show which way "
        "gives better samples."
    )


def _readable(rows: pd.DataFrame, settings: int) -> pd.DataFrame:
    """One row per strategy, one column per metric; values and intervals as text."""
    out = pd.DataFrame({"strategy": frames.strategies(rows)})
    out["way"] = out["strategy"].map(WAYS).fillna("")
    for metric in METRICS:
        own = rows[rows["metric"] == metric].set_index("strategy")
        ends = own.reindex(out["strategy"])[["mean", "low_mean", "high_mean"]].to_numpy()
        of = f" ({own['settings'].max():.0f} of {settings} settings)" if len(own) and settings > 1 else ""
        out[f"{word(metric).axis}{of}"] = [interval(*values) for values in ends]
    return out


def measured_figure(table: pd.DataFrame) -> Figure:
    """A panel per metric: one row per strategy, one marker per β, and a line at real held-out windows.

    Way 2 and noise may lie far beyond the others, so an axis ends at `LIMIT` times the largest of the others.
    """
    names, every = frames.strategies(table), frames.per_setting(table)
    near = every[~every["strategy"].isin(["mean-plus-logvar", "noise"])].groupby("metric")["mean"].max()
    real = every[every["strategy"] == "held-out"].groupby("metric")["mean"].mean()
    panels = [
        kit.Panel(word(m).axis, every[every["metric"] == m], "← better", real.get(m, 0.0), LIMIT * near[m])
        for m in METRICS
        if m in near
    ]
    title = "Measurements of generated windows, by strategy and β"
    return kit.dots(
        panels, rows=names, by="strategy", names=("mean", "low_mean", "high_mean"), title=title, dashed=True,
        height=0.36, labels=[_label(name, " ") for name in names],
    )  # fmt: skip


def _label(name: str, between: str) -> str:
    return f"{name}{between}({WAYS[name]})" if name in WAYS else name


QUICK = StudyConfig(
    dataset="co2",
    model=VAEConfig(network="gru", latent_dim=8, hidden=(64,)),
    training=TrainConfig(steps=600, batch_size=64, learning_rate=3e-3, schedule="cosine"),
    betas=(0.2, 1.0),
    seeds=(0, 1, 2),
    strategies=STRATEGIES,
    density_draws=1000,
)
# On a CPU, with this many hours and features, a training step of a recurrent network takes a hundred times as long as
# one of this network; its reconstructions after 800 steps are three times worse than those of this one after 1500.
DEFAULT = vary(
    QUICK,
    dataset="etth1",
    model={"network": "mlp", "latent_dim": 16, "hidden": (256,)},
    betas=(0.2, 1.0, 5.0),
    training={"steps": 2000, "batch_size": 128, "learning_rate": 1e-3},
    seeds=(0, 1, 2, 3, 4),
)
PAPER = vary(
    DEFAULT, model={"network": "gru", "hidden": (128,)},
    training={"steps": 20_000, "batch_size": 64, "learning_rate": 3e-3},
)  # fmt: skip

EXPERIMENT = Experiment(
    name="sequences",
    question="Which of three ways should windows of a time series be drawn with?",
    profiles={
        "smoke": vary(QUICK, model={"hidden": (8,)}, betas=(1.0,), training={"steps": 30}, density_draws=300),
        "quick": QUICK,
        "default": DEFAULT,
        "paper": PAPER,
        "default/co2": vary(QUICK, seeds=(0, 1, 2, 3, 4)),
    },
    findings=findings,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
