"""Which of three ways should windows of a time series be drawn with?

The asker generates series in three ways: way 1 picks a training window and draws from its posterior (`posterior`), way
2 adds the log-variance to the mean (`mean-plus-logvar`), way 3 draws from N(0, I) (`prior`). Beside them stand the
posterior's mean and densities fitted to the codes. Windows are compared with real ones of a later time by their
autocorrelations, the values of each feature, a classifier, and what a forecast fitted to them is worth.

    study run sequences                      ETTh1, 15 VAEs, three minutes on two cores
    study run sequences --dataset co2        CO2 on Mauna Loa, 10 recurrent VAEs, four minutes
    study run sequences --profile quick      the same with 6 of them
    study run sequences --dataset mine.toml  windows over your own CSV
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import (
    Dataset,
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
from study.report.text.words import REFERENCES, word
from study.tables.results import Results

WAYS = {"posterior": "way 1", "mean-plus-logvar": "way 2", "prior": "way 3"}
STRATEGIES = (
    *WAYS, "posterior-mean", "global-gaussian", "gmm", "reconstruction", "copycat", "held-out", "noise",
)  # fmt: skip
DRAWN = ("held-out", "reconstruction", *WAYS, "posterior-mean", "global-gaussian", "gmm")
METRICS = ("autocorrelation", "marginal_w1", "discriminative", "tstr")
LIMIT = 3.0  # a panel's axis ends at so many times the largest value of a strategy but way 2
COLUMNS = 5


def measurements(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """The sequence measurements of every strategy at each setting and over all of them, with intervals."""
    summary = frames.with_errors(summarise(results.metrics), results.metrics)
    kept = summary[summary["metric"].isin(METRICS)]
    columns = [
        "alpha",
        "beta",
        "noise_variance",
        "strategy",
        "metric",
        "n",
        "seeds",
        "mean",
        "low_mean",
        "high_mean",
    ]
    return {"sequences": kept[[*columns, "difference", "low", "high", "verdict", "stderr"]]}


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The three ways against each other, all measurements, and windows to look at."""
    table = tables["sequences"]
    rows = frames.averaged(table)
    text = (
        "Means over trainings with 95 % intervals, averaged over settings of β. `held-out` is real windows of other "
        "stretches of the same time: what a perfect model of that time would score. `copycat` is training windows "
        "repeated: what a perfect model of the earlier time that models are trained on would score, so the way from "
        "there to `held-out` is drift that no strategy can mend. `reconstruction` is held-out windows through encoder "
        "and decoder. All draws are the decoder's mean, without the noise of p(x|z), which real windows have: a "
        "classifier sees that, and a forecast fitted to such windows trusts details that real noise drowns, so that "
        "even `reconstruction` is far from `held-out` there."
    )
    sections = [
        Section("Sequence measurements, by strategy", text, _readable(rows), measured_figure(table)),
    ]
    drawn = windows_figure(results)
    if drawn is not None:
        text = (
            "The target in the units of the data, one window per panel, the moment of prediction dashed; columns share "
            "their draw of index and noise where strategies have both, so `posterior`, `posterior-mean` and "
            "`mean-plus-logvar` start from the same training window. The first rows are real windows and what the "
            "model makes of them."
        )
        sections.append(Section("Generated windows beside real ones", text, figure=drawn))
    return Findings(_answer(rows), tuple(sections))


def _answer(rows: pd.DataFrame) -> str:
    """Each way against way 3 by verdicts, and by how much."""
    found = {(row.strategy, row.metric): row for row in frames.each(rows)}
    parts = []
    for name in ("posterior", "mean-plus-logvar"):
        order = rows[rows["strategy"] == name].set_index("metric").reindex(METRICS).dropna(subset=["mean"])
        by = kit.by_verdict(order.reset_index())
        labels = {verdict: listed(word(row["metric"]).label for row in own) for verdict, own in by.items()}
        said = [f"{verdict} in {labels[verdict]}" for verdict in ("better", "worse") if verdict in by]
        said += [f"tied in {labels['tie']}"] if "tie" in by else []
        told = [
            row for row in order.reset_index().to_dict("records") if row["verdict"] in ("better", "worse")
        ]
        effects = listed(f"{word(row['metric']).label} {kit.change()(row)}" for row in told)
        effects = f" ({effects})" if effects else ""
        parts.append(f"{WAYS[name]} (`{name}`) is {listed(said) or 'not decided'}{effects}")
    floor = listed(
        f"{word(metric).label} {number(found['held-out', metric].mean)} against "
        f"{number(found['prior', metric].mean)} of way 3"
        for metric in METRICS
        if ("held-out", metric) in found and ("prior", metric) in found
    )
    return (
        f"Against draws from the prior (way 3), on the same trained models: {'; '.join(parts)}. "
        f"Real held-out windows score {floor}.{_drift(found)}"
    )


def _drift(found: Mapping[tuple[str, str], Any]) -> str:
    """The measurements in which not even training windows are nearer to the later time than draws of way 3."""
    pairs = [(found.get(("copycat", metric)), found.get(("prior", metric))) for metric in METRICS]
    hidden = [
        f"{word(copies.metric).label} ({number(copies.mean)} against {number(prior.mean)})"
        for copies, prior in pairs
        if copies is not None and prior is not None and copies.high_mean >= prior.low_mean
    ]
    if not hidden:
        return ""
    return (
        f" But in {listed(hidden)} not even training windows, repeated as they are, score better than way 3: the "
        "series drifts between the time that models are trained on and the time that is compared with, and there such "
        "a difference does not say who draws better."
    )


def _readable(rows: pd.DataFrame) -> pd.DataFrame:
    """Strategies down, measurements across, values with their intervals as text."""
    out = pd.DataFrame({"strategy": frames.strategies(rows)})
    out["way"] = out["strategy"].map(WAYS).fillna("")
    for metric in METRICS:
        own = rows[rows["metric"] == metric].set_index("strategy")
        ends = own.reindex(out["strategy"])[["mean", "low_mean", "high_mean"]].to_numpy()
        out[word(metric).axis] = [interval(*values) if np.isfinite(values[0]) else "—" for values in ends]
    return out


def measured_figure(table: pd.DataFrame) -> Figure:
    """A panel per measurement: strategies down, a marker per β, real held-out windows as a line.

    Way 2 and noise may lie far beyond all others; an axis ends at `LIMIT` times the largest of the others, and what
    lies beyond is a number at the edge.
    """
    names, title = frames.strategies(table), "Measurements of generated windows, by strategy and β"
    labels = [f"{name} ({WAYS[name]})" if name in WAYS else name for name in names]
    first = next((i for i, name in enumerate(names) if name in REFERENCES), None)
    with style.styled():
        figure, grid = style.panels(2, 2, height=0.5 * len(names) + 1.6, title=title)
        for axes, metric in zip(grid.ravel(), METRICS, strict=True):
            position = pd.Series(style.rows_axis(axes, labels, gap_before=first), names)
            _measured(axes, table[table["metric"] == metric], position)
            axes.set_title(word(metric).axis)
            axes.set_xlabel("← better")
        handles = grid[0, 0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=len(frames.settings(table)))
    return figure


def _measured(axes: Axes, rows: pd.DataFrame, position: pd.Series) -> None:
    """One measurement: `position` says where a strategy's row is."""
    others = frames.per_setting(rows[~rows["strategy"].isin(["mean-plus-logvar", "noise"])])
    edge = LIMIT * float(others["high_mean"].fillna(others["mean"]).max())
    settings = frames.settings(rows)
    looks = zip(settings, style.shades(len(settings)), style.markers(len(settings)), strict=True)
    for i, (setting, colour, marker) in enumerate(looks):
        own = frames.at(rows, setting).set_index("strategy").reindex(position.index)
        y = position + 0.26 * (i - (len(settings) - 1) / 2)
        own, y = own[own["mean"] <= edge], y[own["mean"] <= edge]
        axes.hlines(y, own["low_mean"], own["high_mean"].clip(upper=edge), color=colour)
        axes.plot(own["mean"], y, marker, color=colour, label=setting.label)
    beyond = frames.per_setting(rows[rows["mean"] > edge]).groupby("strategy")["mean"].agg(list)
    for name, values in beyond.items():
        text = f"{', '.join(number(value) for value in values)} →"
        axes.text(edge, position[name] - 0.3, text, ha="right", va="center", fontsize=6.5)
    held_out = rows.loc[rows["strategy"] == "held-out", "mean"].mean()
    axes.axvline(held_out, color=style.SOFT, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_xlim(1.1 * min(0.0, float(rows[["mean", "low_mean"]].min(axis=None))), None)


def windows_figure(results: Results) -> Figure | None:
    """The target in real and generated windows of one model, of the middle setting."""
    windows = results.provenance["dataset"].get("windows")
    kept = {name.split("/")[0] for name in results.samples if name.endswith("/windows")}
    runs = results.runs[results.runs["run_id"].isin(kept)]
    if windows is None or runs.empty:
        return None
    grid = frames.settings(runs)
    setting = grid[len(grid) // 2]
    run = frames.at(runs, setting).sort_values("seed")["run_id"].iloc[0]
    target = windows["features"].index(windows["target"])
    rows = {name: results.samples.get(f"{run}/{name}/windows") for name in DRAWN}
    found = {name: array[:COLUMNS, :, target] for name, array in rows.items() if array is not None}
    real = np.concatenate([found[name].ravel() for name in ("held-out", "posterior") if name in found])
    pad = 0.25 * (real.max() - real.min())
    limits = real.min() - pad, real.max() + pad
    title = f"{windows['target']} in windows of one model ({setting.label})"
    with style.styled():
        figure, panels = style.panels(
            len(found), COLUMNS, height=0.78 * len(found) + 0.9, title=title, share_x=True, share_y="row"
        )
        for line, (name, array) in zip(panels, found.items(), strict=True):
            colour = style.INK if name == "held-out" else style.BLUE if name in WAYS else style.GREEN
            for axes, window in zip(line, array, strict=True):
                axes.plot(window, color=colour, linewidth=1.0)
                axes.axvline(windows["n_past"] - 0.5, color=style.SOFT, linewidth=0.7, linestyle=(0, (4, 3)))
                _within(axes, window, limits)
            label = f"{name}\n{WAYS[name]}" if name in WAYS else name
            line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=7.5)
        figure.supxlabel("step of the window; all axes have one range", fontsize=9)
    return figure


def _within(axes: Axes, window: np.ndarray, limits: tuple[float, float]) -> None:
    axes.set_ylim(*limits)
    axes.locator_params(axis="both", nbins=3)
    if window.max() > limits[1] or window.min() < limits[0]:
        place = dict(transform=axes.transAxes, ha="center", va="top", fontsize=6.5)
        axes.text(0.5, 0.9, "beyond the axis", **place)


QUICK = StudyConfig(
    dataset="co2",
    model=VAEConfig(network="gru", latent_dim=8, hidden=(64,)),
    training=TrainConfig(steps=600, batch_size=64, learning_rate=3e-3, schedule="cosine"),
    betas=(0.2, 1.0),
    seeds=(0, 1, 2),
    strategies=STRATEGIES,
    density_draws=1000,
)
# Recurrent networks take a hundred times as long for a step of so many hours and features on a CPU, and after 800 steps
# reconstruct three times worse than this one after 1500.
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
    tables=measurements,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
