"""Are samples from the encoder's posteriors new data, or training data again?

Drawing z ~ q(z|xₙ) for a random training example, method 1 of the thread, is said to give theoretically infinite
amounts of data. With I the information of z about n, the overlap exp(log N − I) is the number of examples that could
have produced a z: from 1 (every sample repeats one example, up to decoder noise) to N (z does not depend on the
example). The overlap depends on β, and novelty and fidelity change with it. Reconstructions of held-out data come from
codes outside the training set: novelty that they lack is lost to the decoder's blur, not to memorisation.

    study run memorisation                      MNIST, 35 VAEs, forty minutes on two cores
    study run memorisation --profile quick      digits, 35 VAEs, two minutes
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import Dataset, Experiment, Findings, Section, experiment_main, summarise
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.plots import style
from study.report.text.novelty import differences
from study.report.text.numbers import count, listed, number, with_ends
from study.tables.results import Results

STRATEGIES = ("posterior", "prior", "gmm", "reconstruction", "copycat", "held-out")
COLOURS = (style.ORANGE, style.BLUE, style.PURPLE, style.GREEN, style.GREY, style.INK)
PANELS = {
    "authenticity": "authenticity\n(0: copies)",
    "nearer_to_train": "nearer to train\n(1: copies)",
    "kid": "KID\n(0: as real data)",
}
NOVELTY = "authenticity"  # the measure that the answer is about
SAME_DECODER = "reconstruction"
ONE = 1.1  # an overlap below this counts as 1


def by_beta(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """Per β the overlap; per β and strategy the novelty and fidelity, with novelty minus that of reconstructions."""
    models = frames.models(results)
    summary = frames.with_errors(summarise(results.metrics), results.metrics)
    n, overlap, scores = len(data.train), [], []
    for setting in frames.settings(models):
        own = frames.at(models, setting)
        facts = {"beta": setting.beta, "noise_variance": setting.noise_variance, "trainings": len(own)}
        overlap.append({**facts, "rate": own["rate"].mean(), "n_train": n, **_overlap(own["mi_lower"], n)})
        rows = frames.at(summary, setting)
        rows = rows[rows["metric"].isin([*PANELS, *frames.NOVELTY])]
        rows = rows[["strategy", "metric", "mean", "low_mean", "high_mean"]]
        against = differences(summary, baseline=SAME_DECODER, setting=setting)
        scores.append(rows.merge(against, on=["strategy", "metric"], how="left").assign(beta=setting.beta))
    return {"overlap": pd.DataFrame(overlap), "memorisation": pd.concat(scores, ignore_index=True)}


def _overlap(information: pd.Series, n: int) -> dict[str, float]:
    """exp(log N − I) at the mean of I; a mean of exponentials would be dominated by the largest. I is at most log N."""
    found = kit.estimate("i", information, within=(0.0, float(np.log(n))))
    names = {"overlap": "i", "overlap_low": "i_high", "overlap_high": "i_low"}
    return {name: float(np.clip(np.exp(np.log(n) - found[of]), 1, n)) for name, of in names.items()}


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, a table of overlap and novelty of posterior samples by β, and all curves."""
    overlap, scores = tables["overlap"], tables["memorisation"]
    table = overlap.set_index("beta")
    posterior = scores[scores["strategy"] == "posterior"]
    for metric in (NOVELTY, "nearer_to_train"):
        rows = posterior[posterior["metric"] == metric].set_index("beta")
        for name, end in ((metric, "difference"), (f"{metric}_low", "low"), (f"{metric}_high", "high")):
            table[name] = rows[end]
    copies = posterior[posterior["copies"].eq(True)]
    table["copying"] = copies.groupby("beta")["metric"].agg(", ".join)
    fidelity = scores[scores["metric"] == "kid"].pivot_table(index="beta", columns="strategy", values="mean")
    table = table.assign(kid_posterior=fidelity["posterior"], kid_prior=fidelity["prior"])
    table = table.fillna({"copying": "none"}).reset_index().sort_values("beta")
    text = (
        "Overlap: the number of training examples that could have produced a z. Authenticity and nearer_to_train are "
        "those of posterior samples minus those of held-out data reconstructed by the same decoder, with 95 % "
        "intervals over training runs and held-out data, not corrected for the number of settings; column copying "
        "lists every novelty measure whose whole interval is on the side of copying. If training and test data come "
        "from different writers, as in MNIST, leaning towards the training data includes leaning towards their writers."
    )
    shown = Section("Overlap and novelty of posterior samples, by β", text, table, figure(overlap, scores))
    return Findings(_answer(table), (shown,))


def _answer(table: pd.DataFrame) -> str:
    """The verdict, then the evidence for settings where a draw has one source and where it has several."""
    single, shared = table[table["overlap"] < ONE], table[table["overlap"] >= ONE]
    n = int(table["n_train"].iloc[0])
    said = [_verdict(single, shared)]
    if len(single):
        row = single.iloc[-1]
        said.append(
            f"Up to β = {row['beta']:g} each draw comes from a single training example (overlap "
            f"{with_ends(row, 'overlap')} of {n}): any number of draws gives the same {n} examples, passed through the "
            f"decoder. {_novelty(single)}"
        )
    if len(shared):
        first, last = shared.iloc[0], shared.iloc[-1]
        where = f"At β = {first['beta']:g} the overlap is {number(first['overlap'])}."
        if len(shared) > 1:
            where = (
                f"From β = {first['beta']:g} to {last['beta']:g} the overlap goes from {number(first['overlap'])} to "
                f"{number(last['overlap'])}, and KID changes from {number(first['kid_posterior'])} to "
                f"{number(last['kid_posterior'])}."
            )
        said.append(f"{where} {_novelty(shared)}")
    return " ".join(said)


def _verdict(single: pd.DataFrame, shared: pd.DataFrame) -> str:
    """Where samples lean towards the training data; where they are not seen to, nothing follows."""
    alone, together = (_betas(part[_leans(part)]) for part in (single, shared))
    if alone and together:
        return (
            "No: samples from posteriors lean towards the training data, both where posteriors do not overlap "
            f"(β = {alone}) and where they do (β = {together})."
        )
    if alone or together:
        where = "do not overlap" if alone else "overlap"
        return f"Not where posteriors {where}: samples lean towards the training data at β = {alone or together}."
    if len(single):
        return (
            "In number only: where posteriors do not overlap, a draw comes from one example. At no β is it shown that "
            "samples lean towards the training data, which is no proof of novelty."
        )
    return (
        "Not decided: at no β is it shown that samples from posteriors lean towards the training data, which is no "
        "proof of novelty."
    )


def _betas(table: pd.DataFrame) -> str:
    return listed(number(beta) for beta in table["beta"])


def _leans(table: pd.DataFrame) -> pd.Series:
    return table[f"{NOVELTY}_high"] < 0


def _novelty(table: pd.DataFrame) -> str:
    """Authenticity minus that of held-out reconstructions, at the last setting that leans, or else at the last one."""
    leans, away = _leans(table), table[f"{NOVELTY}_low"] > 0
    row = (table[leans] if leans.any() else table).iloc[-1]
    more = f", more authentic at β = {_betas(table[away])}" if away.any() else ""
    open_ = table[~leans & ~away]
    unsure = f", not decided at β = {_betas(open_)}" if len(open_) else ""
    return (
        f"They are less authentic than held-out data through the same decoder in {leans.sum()} of "
        f"{count(len(table), 'setting')}{more}{unsure} (difference at β = {row['beta']:g}: {with_ends(row, NOVELTY)})."
    )


def figure(overlap: pd.DataFrame, scores: pd.DataFrame) -> Figure:
    """Overlap, novelty and fidelity against β; the band marks where a draw has one source."""
    rows, title = (
        overlap.sort_values("beta"),
        "Overlap of posteriors, and novelty and fidelity of samples",
    )
    with style.styled():
        fig, grid = style.panels(1 + len(PANELS), 1, height=8.4, title=title, share_x=True, share_y=False)
        first, *others = grid[:, 0]
        names = ("overlap", "overlap_low", "overlap_high")
        kit.curve(first, rows, "beta", names, color=COLOURS[0], marker="o")
        first.set_ylabel("overlap\nexp(log N − I), examples")
        first.set_yscale("log")
        first.axhline(rows["n_train"].iloc[0], color=style.SOFT, linewidth=1, linestyle=":")
        at = (rows["beta"].iloc[0], rows["n_train"].iloc[0])
        first.annotate("N", at, textcoords="offset points", xytext=(0, -12))
        for panel, (metric, label) in zip(others, PANELS.items(), strict=True):
            _curves(panel, scores[scores["metric"] == metric], label)
        others[-1].set_yscale("symlog", linthresh=0.1)
        _one_source(grid[:, 0], rows)
        kit.setting_axis(others[-1], rows["beta"], "β (α = 1)")
        fig.legend(*others[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def _one_source(panels: np.ndarray, rows: pd.DataFrame) -> None:
    """Mark the range of β in which a draw has one source."""
    edge = _crossing(rows)
    if edge is None:
        return
    for panel in panels:
        panel.axvspan(rows["beta"].iloc[0] / 1.3, edge, color=style.SOFT, alpha=0.15, linewidth=0)
    place = dict(xycoords=("data", "axes fraction"), textcoords="offset points", ha="right", va="center")
    panels[0].annotate(f"overlap nears 1\nbelow β ≈ {edge:.2g}", (edge, 0.5), xytext=(-6, 0), **place)


def _curves(axes: Axes, rows: pd.DataFrame, label: str) -> None:
    for name, color in zip(STRATEGIES, COLOURS, strict=True):
        own = rows[rows["strategy"] == name].sort_values("beta")
        if name in ("copycat", "held-out"):
            axes.plot(own["beta"], own["mean"], "--", color=color, label=name)
        else:
            names = ("mean", "low_mean", "high_mean")
            kit.curve(axes, own, "beta", names, band=True, color=color, marker="o", label=name)
    axes.set_ylabel(label)


def _crossing(rows: pd.DataFrame) -> float | None:
    """The β at which the overlap passes `ONE`, interpolated in log β and log(overlap − 1); None if never below."""
    beta, excess = np.log(rows["beta"].to_numpy()), np.log(np.maximum(rows["overlap"].to_numpy() - 1, 1e-6))
    below = np.flatnonzero(excess < np.log(ONE - 1))
    if not len(below):
        return None
    i = int(below[-1])
    if i + 1 == len(beta):
        return float(np.exp(beta[i]))
    share = (np.log(ONE - 1) - excess[i]) / (excess[i + 1] - excess[i])
    return float(np.exp(beta[i] + share * (beta[i + 1] - beta[i])))


MANY = (0.01, 0.025, 0.06, 0.15, 0.4, 1.0, 2.5)

EXPERIMENT = Experiment(
    name="memorisation",
    question="Are theoretically infinite amounts of data, drawn from the encoder's posteriors, new data?",
    profiles={
        name: vary(grid, strategies=STRATEGIES)
        for name, grid in {
            "smoke": vary(SMOKE, betas=(0.01, 1.0)),
            "quick": vary(DIGITS, training={"steps": 4000, "kl_warmup": 0.2}, betas=MANY, density_draws=1000),
            "default": vary(
                MNIST, training={"kl_warmup": 0.2}, betas=(0.02, 0.06, 0.2, 0.6, 2.0, 6.0, 20.0), n_samples=1000,
                density_draws=1000,
            ),
        }.items()
    },
    findings=findings,
    tables=by_beta,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
