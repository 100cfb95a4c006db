"""Should a sample be the decoder's mean, or a draw x ~ p(x|z), and does it change which latent distribution wins?

p(x) of a VAE has the noise of p(x|z) in it, and nearly everybody shows means without it. Every trained model is scored
twice, by the decoder's means and by draws of x, so that differences are paired on one model, one z and one noise. A
Gaussian decoder of weights α and β claims the variance s = β/(2α); what it leaves over is measured: the squared error
per pixel of held-out data. The grid goes from a claim far below that to one far above it, and beside it stands the
σ-VAE, which learns its variance :cite:`rybkin2021`.

    study run decoder_noise                      MNIST, 25 VAEs scored twice, a quarter of an hour on two cores
    study run decoder_noise --profile quick      digits, 25 VAEs, under two minutes
"""

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from study import Dataset, Experiment, Findings, Section, StudyConfig, TrainConfig, VAEConfig, experiment_main
from study.report import frames
from study.report.plots import style
from study.report.plots.samples import pictures, sheet
from study.report.text.numbers import count, interval, listed, number, with_ends
from study.report.text.words import word
from study.statistics import LEVEL, bootstrap_interval, contrasts, holm
from study.statistics.intervals import intervals
from study.tables.results import Results

MEAN, DRAW = "mean", "sample"
PLAIN, LEARNED = "vae", "sigma-vae"
PRIOR = frames.PRIOR
LATENT = (PRIOR, "global-gaussian", "gmm", "posterior")  # strategies that are ranked
DECODED = (*LATENT, "reconstruction")
STRATEGIES = (*DECODED, "copycat", "held-out", "noise")
METRICS = ("kid", "precision", "recall", "coverage", "sharpness", "c2st")
PRIMARY = "kid"
PLACE = ["family", "alpha", "beta"]
TOLD = {
    "same": "both ways, same order", "reversed": "both ways, reversed", "means only": "by means alone",
    "draws only": "by draws alone", "tie": "neither way", "none": "no interval",
}  # fmt: skip
SHOWN = 6  # pictures of each kind side by side


def both(plain: StudyConfig) -> tuple[StudyConfig, ...]:
    """The grid of the plain VAE and one setting of the σ-VAE, each scored by means and by draws."""
    learned = dataclasses.replace(plain, model=dataclasses.replace(plain.model, family=LEARNED), betas=(1.0,))
    return tuple(dataclasses.replace(grid, decode=way) for grid in (plain, learned) for way in (MEAN, DRAW))


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """What draws change, whether strategies keep their order, and the noise of every model beside its residuals."""
    return {
        "decoder_noise": changes(results.metrics),
        "order": order(results.metrics),
        "noise": noise(results, data.train.shape[1]),
    }


def changes(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(draws of x) − value(means), paired on the same model, of what is decoded.

    Returns:
        Columns family, alpha, beta, strategy, metric, better, seeds, mean, sample (means over seeds), change, low, high
        (95 %, each on its own), p_holm (over strategies × settings of one metric) and verdict of the draws.
    """
    facts, pairs = [], []
    for (metric, better), own in _scored(metrics, METRICS).groupby(["metric", "better"]):
        table = _wide(own, ["decode", "strategy"])
        for place, part in table.groupby(PLACE):
            for name in [s for s in DECODED if (MEAN, s) in part and (DRAW, s) in part]:
                facts.append({**_named(place), "strategy": name, "metric": metric, "better": better})
                pairs.append(part[[(DRAW, name), (MEAN, name)]].dropna().to_numpy())
    found = contrasts(facts, pairs, families=[row["metric"] for row in facts])
    return found.rename(columns={"own": DRAW, "other": MEAN, "difference": "change"})


def order(metrics: pd.DataFrame) -> pd.DataFrame:
    """KID(first) − KID(second) of every two latent strategies on one model, by means and by draws of x.

    Returns:
        Columns family, alpha, beta, first, second, seeds, and by each way the difference, _low, _high (95 %, each on
        its own) and _p_holm (over all pairs × settings of that way), negative where the first is better; `interaction`,
        how much the difference changes, with its ends; and `kept`: "same" or "reversed" where both ways tell the two
        apart, "means only" or "draws only" where one does, "tie" where none does, "none" without an interval.
    """
    table = _wide(_scored(metrics, (PRIMARY,)), ["decode", "strategy"])
    rows = []
    for place, part in table.groupby(PLACE):
        for first, second in itertools.combinations(LATENT, 2):
            needed = [(way, name) for way in (MEAN, DRAW) for name in (second, first)]
            if not set(needed) <= set(part.columns):
                continue
            values = part[needed].dropna().to_numpy()
            by_mean, by_draw = values[:, 1] - values[:, 0], values[:, 3] - values[:, 2]
            row = {**_named(place), "first": first, "second": second, "seeds": len(values)}
            for way, difference in ((MEAN, by_mean), (DRAW, by_draw), ("interaction", by_draw - by_mean)):
                made = _difference(difference, way)
                row |= {way: made[way]}
                row |= {f"{way}_{end}": made[end] for end in ("low", "high", "p")}
            rows.append(row)
    found = pd.DataFrame(rows)
    if found.empty:
        return found
    for way in (MEAN, DRAW, "interaction"):
        found[f"{way}_p_holm"] = holm(found.pop(f"{way}_p").to_numpy())
    found["kept"] = [_kept(row) for row in found.to_dict("records")]
    return found


def _kept(row: Mapping[Any, Any]) -> str:
    if not np.isfinite([row[f"{MEAN}_p_holm"], row[f"{DRAW}_p_holm"]]).all():
        return "none"
    means, draws = (row[f"{way}_p_holm"] < 1 - LEVEL for way in (MEAN, DRAW))
    if means and draws:
        return "same" if row[MEAN] * row[DRAW] > 0 else "reversed"
    return "means only" if means else "draws only" if draws else "tie"


def noise(results: Results, size: int) -> pd.DataFrame:
    """Per family and β: the variance that the decoder claims, and the squared error per pixel of held-out data.

    Returns:
        Columns family, alpha, beta, trainings, and claimed, residual, ratio (claimed over residual, within each model),
        rate and `held_out` (KID of real data), each with _low and _high over trainings.
    """
    of = results.runs.set_index("run_id")[["family", "decode"]]
    models = frames.models(results).join(of)
    models = models[models["decode"] == MEAN]  # the same models, and the same measurements, either way
    learned = models.get("decoder_variance", pd.Series(np.nan, models.index))
    real = frames.measured(results, PRIMARY).get("held-out", pd.Series(dtype=float))
    models = models.assign(
        claimed=learned.fillna(models["noise_variance"]),
        residual=models["distortion"] / size,
        held_out=real.reindex(models.index),
    )
    models["ratio"] = models["claimed"] / models["residual"]
    rows = []
    for place, own in models.groupby(PLACE):
        row: dict = {**_named(place), "trainings": len(own)}
        for name in ("claimed", "residual", "ratio", "rate", "held_out"):
            ends = bootstrap_interval(own[name].to_numpy())
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
        rows.append(row)
    return pd.DataFrame(rows)


def _scored(metrics: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    return metrics[
        (metrics["status"] == "ok") & metrics["metric"].isin(names) & metrics["strategy"].isin(DECODED)
    ]


def _wide(scored: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """A row for every model: (family, α, β, seed) has the same parameters whichever way it is scored."""
    return scored.pivot_table(index=[*PLACE, "seed"], columns=columns, values="value")


def _named(place: Any) -> dict[str, Any]:
    return dict(zip(PLACE, place, strict=True))


def _difference(values: np.ndarray, name: str) -> dict[str, float]:
    made = intervals([values[:, None, None]])
    return {name: made.mean[0], "low": made.low[0], "high": made.high[0], "p": made.p[0]}


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer; what draws change; the order of strategies; claimed and measured noise; pictures."""
    found, pairs, models = (tables[name] for name in ("decoder_noise", "order", "noise"))
    change = (
        "Each model is scored by the decoder's means and by draws x ~ p(x|z), same z, and this is what draws change, "
        f"means over seeds with 95 % intervals, paired on the same model. A negative change of {word(PRIMARY).label} "
        "is an improvement, so is a positive one of precision, recall and coverage; sharpness is best at 1 (real "
        "data), and C2ST AUC at ½. s / residual is the noise that the decoder claims over what it leaves unexplained. "
        "Pictures are clipped to the range of the data before they are scored, which cuts off about half of the noise "
        "on pixels that are black or white. `reconstruction` is held-out data through encoder and decoder, drawn like "
        "the rest; real held-out data have no such noise added. Verdicts, of the draws, are corrected after Holm over "
        "all rows of a metric."
    )
    kept = (
        f"How much each strategy improves {word(PRIMARY).label} over `{PRIOR}` on the same model (above 0 is better "
        "than the prior), by means and by draws, what draws change in that, and by which way it is told from the prior "
        "after Holm over all pairs of strategies and settings. Rank 1 has the lowest mean; neighbours may be tied."
    )
    claimed = (
        "s is the variance that p(x|z) claims around the decoder's mean: β/(2α), or what the σ-VAE has learned, which "
        "short trainings leave above its optimum, since it moves by no more than the step size at each step. The "
        "residual variance is the squared error per pixel of held-out data through encoder (one draw of z) and "
        "decoder. Where their ratio is 1 the decoder claims the noise that it has. The residual need not look like "
        "that noise: it is structured, and p(x|z) is independent from pixel to pixel."
    )
    sections = [
        Section("What drawing x changes", change, _readable_changes(found, models), figure(found, models)),
        Section("The order of strategies", kept, _readable_order(pairs, found, models)),
        Section("Noise that is claimed and noise that is there", claimed, _readable_noise(models)),
    ]
    drawn = pictures_figure(results, models)
    if drawn is not None:
        text = (
            "The same z of one model decoded twice: its mean, and a draw of x. Rows are settings from little to much "
            "noise; `prior` on the left, `posterior` on the right."
        )
        sections.append(Section("Means and draws to look at", text, figure=drawn))
    return Findings(answer(found, pairs, models), tuple(sections))


def answer(found: pd.DataFrame, pairs: pd.DataFrame, models: pd.DataFrame) -> str:
    """Mean or draw by KID, setting by setting; then whether the order of strategies depends on it."""
    rows = found[(found["metric"] == PRIMARY) & found["strategy"].isin(LATENT)] if len(found) else found
    if rows.empty:
        return "Nothing was compared: no model was scored by means and by draws of x."
    if (rows["verdict"] == "none").all():
        return "Not decided: too few seeds for an interval."
    return " ".join(
        [_lead(rows), *_where_draws_win(found, rows), *_by_setting(rows, models), _same_order(pairs)]
    )


def _lead(rows: pd.DataFrame) -> str:
    label, of = word(PRIMARY).label, {v: int((rows["verdict"] == v).sum()) for v in ("better", "worse")}
    total = f"{count(len(rows), 'comparison')} (strategy × setting)"
    way = MEAN if rows[MEAN].min() <= rows[DRAW].min() else DRAW
    best = rows.loc[rows[way].idxmin()]
    lowest = (
        f"the lowest {label} of all, {number(best[way])}, is that of {'means' if way == MEAN else 'draws'} of "
        f"`{best['strategy']}` {_of(best)}"
    )
    if of["worse"] and of["better"]:
        return (
            f"It depends on how much noise the decoder claims: by {label}, draws of x are worse than the decoder's "
            f"mean in {of['worse']} and better in {of['better']} of {total}; {lowest}."
        )
    if of["worse"] or of["better"]:
        who, what = ("the decoder's mean", "worse") if of["worse"] else ("a draw of x", "better")
        return (
            f"A sample should be {who}, by {label}: draws of x are {what} than means in {of[what]} of {total} and "
            f"{'better' if of['worse'] else 'worse'} in none; {lowest}."
        )
    return f"By {label}, draws of x and means tie in all of {total}; {lowest}."


def _of(row: Mapping[Any, Any]) -> str:
    return "of the σ-VAE" if row["family"] == LEARNED else f"at β = {number(row['beta'])}"


def _where_draws_win(found: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """How good draws are where they are better: noise can stand in for the variety that a blurred decoder lacks."""
    won = rows[rows["verdict"] == "better"]
    if won.empty:
        return []
    values = found.merge(won[[*PLACE, "strategy"]], on=[*PLACE, "strategy"])
    said = []
    for metric in [m for m in (PRIMARY, "precision", "sharpness") if m in set(values["metric"])]:
        own = values.loc[values["metric"] == metric, DRAW]
        ends = listed(dict.fromkeys((number(own.min()), number(own.max()))), last="to")
        said.append(f"{word(metric).label} {ends}{' (real data: 1)' * (metric == 'sharpness')}")
    places = listed(dict.fromkeys(_of(row) for row in won.to_dict("records")))
    return [f"Where draws are better, {places}, they have {listed(said)}."]


def _by_setting(rows: pd.DataFrame, models: pd.DataFrame) -> list[str]:
    """`prior` and `posterior` by means and by draws, in order of the claimed noise."""
    parts = [part for row in frames.each(models.sort_values("claimed")) if (part := _at(rows, row))]
    return [f"{word(PRIMARY).label} of means → of draws: {'; '.join(parts)}."] if parts else []


def _at(rows: pd.DataFrame, model: Any) -> str:
    own = rows[frames.where(rows, {name: getattr(model, name) for name in PLACE})].set_index("strategy")
    parts = [
        f"`{name}` {number(own[MEAN][name])} → {number(own[DRAW][name])} ({_word_of(own['verdict'][name])})"
        for name in (PRIOR, "posterior")
        if name in own.index
    ]
    who = "σ-VAE" if model.family == LEARNED else f"β = {number(model.beta)}"
    learned = "learned " if model.family == LEARNED else ""
    place = (
        f"{who}, {learned}s = {number(model.claimed)}, {number(model.ratio, 2)} times the residual variance"
    )
    return f"{place}: {listed(parts)}" if parts else ""


def _word_of(verdict: str) -> str:
    return {"better": "better", "worse": "worse", "tie": "not told apart"}.get(verdict, "no interval")


def _same_order(pairs: pd.DataFrame) -> str:
    if pairs.empty:
        return "The order of strategies was not compared."
    n = {
        kind: int((pairs["kept"] == kind).sum())
        for kind in ("same", "reversed", "means only", "draws only", "tie")
    }
    told = n["same"] + n["reversed"]
    settings = len(pairs.drop_duplicates(PLACE))
    flipped = [
        f"`{row['first']}` and `{row['second']}` {_of(row)}"
        for row in pairs[pairs["kept"] == "reversed"].to_dict("records")
    ]
    lead = (
        f"It changes the order of strategies: of {count(told, 'pair')} that both ways tell apart, {n['reversed']} "
        f"{'is' if n['reversed'] == 1 else 'are'} reversed, {listed(flipped)}."
        if n["reversed"]
        else f"It is not seen to change which latent distribution wins: the {count(told, 'pair')} of strategies that "
        "both ways tell apart have the same order."
        if told
        else "Whether it changes the order of strategies is not decided: no pair is told apart both ways."
    )
    bigger, smaller = _interactions(pairs)
    return (
        f"{lead} Of all {count(len(pairs), 'pair')} ({len(LATENT)} strategies, {count(settings, 'setting')}), means "
        f"alone tell apart {n['means only']}, draws alone {n['draws only']}, and neither {n['tie']}; draws make the "
        f"distance between the two larger in {bigger} and smaller in {smaller}."
    )


def _interactions(pairs: pd.DataFrame) -> tuple[int, int]:
    """Pairs whose difference is told to grow, and to shrink, in size from means to draws."""
    sure = pairs[pairs["interaction_p_holm"] < 1 - LEVEL]
    grows = sure[DRAW].abs() > sure[MEAN].abs()
    return int(grows.sum()), int((~grows).sum())


def _ratio(models: pd.DataFrame) -> pd.Series:
    return models.set_index(PLACE)["ratio"]


def _readable_changes(found: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """A row for each setting and strategy: KID both ways, and the change of every metric with its verdict."""
    ratio, rows = _ratio(models), []
    for place, own in _in_order(found, models):
        for name in [s for s in DECODED if s in set(own["strategy"])]:
            cells = {row["metric"]: row for row in own[own["strategy"] == name].to_dict("records")}
            row = {
                "family": place[0],
                "beta": number(place[2]),
                "s / residual": number(ratio.get(place, np.nan), 2),
            }
            row |= {"strategy": name}
            if PRIMARY in cells:
                label, both_ways = word(PRIMARY).label, cells[PRIMARY]
                row |= {
                    f"{label}, means": number(both_ways[MEAN]),
                    f"{label}, draws": number(both_ways[DRAW]),
                }
            for metric in [m for m in METRICS if m in cells]:
                c = cells[metric]
                verdict = "" if c["verdict"] == "none" else f" {c['verdict']}"
                row[f"Δ {word(metric).label}"] = f"{interval(c['change'], c['low'], c['high'])}{verdict}"
            rows.append(row)
    return pd.DataFrame(rows)


def _readable_order(pairs: pd.DataFrame, found: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """A row for each setting and strategy: its rank both ways, and its improvement over the prior both ways."""
    rows = []
    values = found[(found["metric"] == PRIMARY) & found["strategy"].isin(LATENT)] if len(found) else found
    for place, own in _in_order(values, models):
        ranks = own.set_index("strategy")[[MEAN, DRAW]].rank().astype(int)
        at = pairs[frames.where(pairs, _named(place))] if len(pairs) else pairs
        gains = {row["second"]: row for row in at.to_dict("records") if row["first"] == PRIOR}
        for name in ranks[MEAN].sort_values().index:
            gain = gains.get(name)
            ends = [with_ends(gain, way) if gain else "—" for way in (MEAN, DRAW, "interaction")]
            rows.append(
                {"family": place[0], "beta": number(place[2]), "strategy": name,
                 "rank, means": ranks[MEAN][name], "rank, draws": ranks[DRAW][name],
                 "over the prior, means": ends[0], "over the prior, draws": ends[1], "change": ends[2],
                 "told from the prior": TOLD[gain["kept"]] if gain else "—"}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _readable_noise(models: pd.DataFrame) -> pd.DataFrame:
    out = models[["family", "beta", "trainings"]].copy()
    names = {"claimed": "s", "residual": "residual variance", "ratio": "s / residual", "rate": "rate, nats"}
    for name, shown in names.items():
        out[shown] = [with_ends(row, name) for row in models.to_dict("records")]
    return out.iloc[np.argsort(models["claimed"], kind="stable")]


def _in_order(found: pd.DataFrame, models: pd.DataFrame) -> list[tuple[tuple, pd.DataFrame]]:
    """The rows of each setting, from little to much claimed noise."""
    claimed = models.set_index(PLACE)["claimed"]
    parts = list(found.groupby(PLACE)) if len(found) else []
    return sorted(parts, key=lambda part: claimed.get(part[0], np.inf))


def figure(found: pd.DataFrame, models: pd.DataFrame) -> Figure | None:
    """KID of means and of draws against the claimed noise, a panel for each strategy; the residual in the last."""
    rows = found[found["metric"] == PRIMARY] if len(found) else found
    names = [name for name in DECODED if len(rows) and name in set(rows["strategy"])]
    if not names:
        return None
    rows = rows.merge(models[[*PLACE, "claimed"]], on=PLACE)
    plain = models[models["family"] == PLAIN].sort_values("claimed")
    kinds = ((MEAN, style.BLUE, "o", "decoder's mean"), (DRAW, style.ORANGE, "s", "draw of x"))
    title = f"{word(PRIMARY).label} of means and of draws, by the noise that the decoder claims"
    with style.styled():
        fig, grid = style.panels(2, 3, height=4.8, title=title, share_y=False)
        panels = grid.ravel()
        low, high = (
            rows[[MEAN, DRAW]].where(lambda v: v > 0).min(axis=None),
            rows[[MEAN, DRAW]].max(axis=None),
        )
        for axes, name in zip(panels, names, strict=False):
            for column, colour, marker, label in kinds:
                own = rows[rows["strategy"] == name].sort_values("claimed")
                line, alone = own[own["family"] == PLAIN], own[own["family"] == LEARNED]
                axes.plot(line["claimed"], line[column], marker=marker, color=colour, label=label)
                axes.plot(
                    alone["claimed"], alone[column], "*", color=colour, markersize=11, markeredgecolor=style.INK,
                    markeredgewidth=0.6, label=f"{label}, σ-VAE",
                )  # fmt: skip
            axes.set_title(name)
            axes.set_yscale("log")
            axes.set_ylim(low / 1.3, 1.3 * high)
            axes.set_ylabel(f"{word(PRIMARY).label}   ← better")
        handles, labels = panels[0].get_legend_handles_labels()
        last = panels[len(names)]
        last.plot(plain["claimed"], plain["residual"], marker="^", color=style.GREY, label="residual")
        alone = models[models["family"] == LEARNED]
        last.plot(
            alone["claimed"], alone["residual"], "*", color=style.GREY, markersize=11, label="residual, σ-VAE"
        )
        ends = [
            models[["claimed", "residual"]].min(axis=None),
            models[["claimed", "residual"]].max(axis=None),
        ]
        last.plot(ends, ends, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)), label="as claimed")
        last.set_yscale("log")
        last.set_title("noise that is there")
        last.set_ylabel("residual variance per pixel")
        last.legend()
        for axes in panels[: len(names) + 1]:
            axes.set_xscale("log")
            axes.set_xticks(plain["claimed"], [number(s) for s in plain["claimed"]])
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(lambda value, _: number(value))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_minor_locator(NullLocator())
        for axes in panels[len(names) - 2 : len(names) + 1]:
            axes.set_xlabel("claimed variance s")
        style.hide_unused(grid, len(names) + 1)
        fig.legend(handles, labels, loc="outside lower center", ncols=4)
    return fig


def pictures_figure(results: Results, models: pd.DataFrame) -> Figure | None:
    """Means above draws of the same z, of `prior` and `posterior`, at every setting of one seed."""
    rows: dict[str, np.ndarray] = {}
    for row in frames.each(models.sort_values("claimed")):
        for way in (MEAN, DRAW):
            wanted = {"decode": way} | {name: getattr(row, name) for name in PLACE}
            runs = results.runs[frames.where(results.runs, wanted)].sort_values("seed")
            found = pictures(results, str(runs["run_id"].iloc[0])) if len(runs) else {}
            if {PRIOR, "posterior"} <= set(found):
                own = "σ-VAE" if row.family == LEARNED else f"β = {number(row.beta)}"
                name = f"{own}, {'mean' if way == MEAN else 'draw'}"
                rows[name] = np.concatenate([found[PRIOR][:SHOWN], found["posterior"][:SHOWN]])
    if not rows:
        return None
    return sheet(
        rows, title=f"Means and draws of x: {SHOWN} of prior, then {SHOWN} of posterior", together=SHOWN
    )


QUICK = StudyConfig(
    dataset="digits",
    model=VAEConfig(latent_dim=8, hidden=(128,)),
    training=TrainConfig(steps=2000),
    betas=(0.005, 0.05, 0.2, 1.0),
    strategies=STRATEGIES,
    density_draws=300,
)
DEFAULT = dataclasses.replace(
    QUICK,
    dataset="mnist",
    model=VAEConfig(latent_dim=16, hidden=(256,)),
    training=TrainConfig(steps=4000),
    betas=(0.002, 0.03, 0.2, 1.0),  # residuals are 0.016 to 0.03 per pixel
    n_samples=1000,
)
SMOKE = dataclasses.replace(
    QUICK, model=VAEConfig(latent_dim=2, hidden=(32,)), training=TrainConfig(steps=150), betas=(0.05, 1.0),
    seeds=(0, 1, 2), density_draws=200,
)  # fmt: skip

EXPERIMENT = Experiment(
    name="decoder_noise",
    question="Should a sample be the decoder's mean or a draw x ~ p(x|z), and does it change which latent "
    "distribution wins?",
    profiles={"smoke": both(SMOKE), "quick": both(QUICK), "default": both(DEFAULT)},
    findings=findings,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
