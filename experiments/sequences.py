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
KID = "kid"
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
    "Way 1 draws from the posterior of a training window, way 2 adds its log-variance to its mean, way 3 draws from "
    "N(0, I). Four distances between generated and real windows, by strategy and β, with 95 % intervals{over}; the "
    "dashed line is real held-out windows, and a number at an edge is a value beyond it."
)
LIMIT = 3.0  # a panel's axis ends at this multiple of the largest value, way 2 and noise left out
COLOURS = {"held-out": style.INK} | dict.fromkeys(WAYS, style.BLUE)


def measurements(metrics: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """The rows of a `study.statistics.summarise` of the sequence metrics, at each setting and averaged over settings.

    The effect is the share of the gap between way 3 and real windows that a strategy closes.
    """
    found = frames.with_errors(summary, metrics)
    return found[found["metric"].isin(METRICS)]


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer on the three ways, all measurements, and example windows."""
    summary = summarise(results.metrics)
    table, settings = measurements(results.metrics, summary), len(frames.settings(summary))
    rows, kid = frames.averaged(table), _kid(frames.averaged(summary))
    ways = {name: rows[rows["strategy"] == name].dropna(subset=["mean"]) for name in WAYS}
    said = "".join(f" {_way(name)} is {'; '.join(_clauses(ways[name], settings))}." for name in TOLD)
    found = {(row.strategy, row.metric): row for row in frames.each(rows)}
    over = kit.covered(results, METRICS)
    text = f"{TEXT.format(over=over)} Against way 3:{said}{_floor(found)}{_cannot(found)}"
    section = Section("Sequence measurements, by strategy", text, _readable(rows, settings))
    drawn = kit.windows(results, {name: _label(name, "\n") for name in DRAWN}, COLOURS)
    beside = () if drawn is None else (Section("Generated windows beside real ones", WINDOWS, figure=drawn),)
    first = kit.Exhibit(
        "Generated windows, by strategy and β",
        CAPTION.format(over=over) + _cannot(found) + _blind(kid),
        measured_figure(table),
    )
    return Findings(_answer(ways, settings), (section, *beside), (first, "effects", "gains"))


def _way(name: str) -> str:
    return f"{WAYS[name].capitalize()} (`{name}`)"


def _answer(ways: Mapping[str, pd.DataFrame], settings: int) -> str:
    """What is told of ways 1 and 2 against way 3; the first share of the gap that is told, if there is room.

    Metrics that judge neither way are named once.
    """
    first, second = (kit.by_verdict(_ordered(ways[name])) for name in TOLD)
    if {row["metric"] for row in second.get("none", ())} <= {row["metric"] for row in first.get("none", ())}:
        second = {verdict: rows for verdict, rows in second.items() if verdict != "none"} or second
    rest = f"{_way(TOLD[1])} is {_short(second, settings, sizes=False)}."
    for sizes in (True, False):
        lead = f"Against way 3 (`prior`), way 1 (`{TOLD[0]}`) is {_short(first, settings, sizes=sizes)}."
        if len(f"{lead} {rest}".split()) < kit.WORDS:
            break
    return kit.brief(lead, rest)


def _kid(rows: pd.DataFrame) -> dict[str, Any]:
    """The averaged rows of KID by strategy."""
    return {row.strategy: row for row in frames.each(rows[rows["metric"] == KID])} if len(rows) else {}


def _blind(kid: Mapping[str, Any]) -> str:
    """That KID judges no strategy, where repeated training windows score no better than way 3; and way 2 beside."""
    copies, prior = kid.get("copycat"), kid.get("prior")
    if copies is None or prior is None or copies.mean < prior.mean:
        return ""
    far = f"; way 2 has {number(kid[TOLD[1]].mean)}" if TOLD[1] in kid else ""
    return (
        f" KID can show nothing here: even repeated training windows ({number(copies.mean)}) score no better than way "
        f"3 ({number(prior.mean)}){far}."
    )


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.set_index("metric").reindex([m for m in METRICS if m in set(rows["metric"])]).reset_index()


def _short(found: Mapping[str, list[dict[str, Any]]], settings: int, *, sizes: bool) -> str:
    """The metrics by verdict, what most of them tell first; the first one told has its share of the gap."""
    told = sorted((v for v in found if v in ("better", "worse")), key=lambda verdict: -len(found[verdict]))
    parts = []
    for verdict in (*told, *(v for v in found if v not in told)):
        names = [_name(row) + _counted(row, settings, "in") for row in found[verdict]]
        if sizes and not parts and verdict in told:
            row = found[verdict][0]
            names[0] = f"{_name(row)} ({_share(row)}{_counted(row, settings, ',')})"
        parts.append(f"{'without a verdict' if verdict == 'none' else verdict} in {listed(names)}")
    return ", ".join(parts) or "not scored"


def _name(row: Mapping[str, Any]) -> str:
    """The metric; an "autocorrelation gap" would be a second gap in sentences about the one to real windows."""
    return word(row["metric"]).label.removesuffix(" gap")


def _counted(row: Mapping[str, Any], settings: int, before: str) -> str:
    """At how many settings the metric can tell, if not at all of them."""
    if row["verdict"] == "none" or row["settings"] >= settings:
        return ""
    at = f"{row['settings']} of {settings} settings"
    return f"{before} {at}" if before == "," else f" ({at})"


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
    return f"closes {text} % of the gap" if sign > 0 else f"widens the gap by {text} %"


def _told(row: Mapping[str, Any], settings: int) -> str:
    return f"{_name(row)} ({_share(row)}{_counted(row, settings, ',')})"


def _why(row: Mapping[str, Any]) -> str:
    reason = "no interval" if row["state"] == "ok" else row["state"]
    return _name(row) + (f" ({reason})" if row["verdict"] == "none" else "")


def _floor(found: Mapping[tuple[str, str], Any]) -> str:
    """Real held-out windows beside way 3."""
    floor = listed(
        f"{word(metric).label} {number(found['held-out', metric].mean)} against {number(found['prior', metric].mean)}"
        for metric in METRICS
        if ("held-out", metric) in found and ("prior", metric) in found
    )
    return f" Real held-out windows score, against way 3, {floor}." if floor else ""


def _cannot(found: Mapping[tuple[str, str], Any]) -> str:
    """The metrics that judge no strategy by the rules of `study.statistics.gaps`, with the scores that show why."""
    blind = _against(found, "reconstruction", "noise", "no decoder to speak of")
    drift = _against(found, "copycat", "prior", "cannot tell", worse=True)
    said = ""
    if blind:
        said += (
            f" In {listed(blind)} reconstructions are not told to score better than noise, since all samples are the "
            "decoder's means, without the noise of real windows: no way is judged there."
        )
    if drift:
        said += (
            f" In {listed(drift)} not even repeated training windows score better than way 3: the series may drift "
            "between the training and the test period, so no way is judged there."
        )
    return said


def _against(
    found: Mapping[tuple[str, str], Any], own: str, other: str, state: str, *, worse: bool = False
) -> list[str]:
    """The metrics in a state with the scores of two rows; with `worse`, those where the first scores no better."""
    pairs = [(found.get((own, metric)), found.get((other, metric))) for metric in METRICS]
    return [
        f"{word(one.metric).label} ({number(one.mean)} against {number(two.mean)})"
        for one, two in pairs
        if one is not None and two is not None and one.state == state and not (worse and one.mean < two.mean)
    ]


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
