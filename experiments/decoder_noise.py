"""Should a sample be the decoder's mean or a draw x ~ p(x|z), and does it change which latent distribution wins?

p(x) of a VAE includes the noise of p(x|z), but nearly everybody shows means without it. Every trained model is scored
twice, by the decoder's means and by draws of x, with the same z and noise, so that differences are paired. A Gaussian
decoder with weights α and β claims the variance s = β/(2α). Its actual residual is measured: the squared error per
pixel of held-out data. The grid goes from a claim far below the residual to one far above it, and includes the σ-VAE,
which learns its variance :cite:`rybkin2021`. Residuals on MNIST are 0.016 to 0.03 per pixel.

    study run decoder_noise                      MNIST, 25 VAEs scored twice, a quarter of an hour on two cores
    study run decoder_noise --profile quick      digits, 25 VAEs, under two minutes
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import Dataset, Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.plots import style
from study.report.plots.samples import pictures, sheet
from study.report.text.numbers import count, listed, number
from study.report.text.words import word
from study.statistics import LEVEL
from study.tables.results import Results

MEAN, DRAW, CHANGE = "mean", "sample", "interaction"
PLAIN, LEARNED, PRIOR = "vae", "sigma-vae", frames.PRIOR
LATENT = (PRIOR, "global-gaussian", "gmm", "posterior")  # strategies that are ranked
DECODED = (*LATENT, "reconstruction")
STRATEGIES = (*DECODED, "copycat", "held-out", "noise")
METRICS = ("kid", "precision", "recall", "coverage", "sharpness", "c2st")
PRIMARY = "kid"
KID = word(PRIMARY).label
PLACE = ["family", "alpha", "beta"]
MODEL = [*PLACE, "seed"]  # identifies a trained model, however it is scored
SCORED = ["decode", "strategy"]
TOLD = {
    "same": "by both, same order", "reversed": "by both, reversed", "means only": "by means only",
    "draws only": "by draws only", "not decided": "by neither", "none": "no interval",
}  # fmt: skip
NOISE = {"claimed": "s", "residual": "residual variance", "ratio": "s / residual", "rate": "rate, nats"}
SHOWN = 6  # pictures of each kind side by side


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """The effect of drawing x, the order of strategies, and the claimed noise of every model beside its residuals."""
    metrics, size = results.metrics, data.train.shape[1]
    return {"decoder_noise": changes(metrics), "order": order(metrics), "noise": noise(results, size)}


def changes(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(draws of x) − value(means), paired on the same model, for every strategy that is decoded.

    Returns:
        Columns family, alpha, beta, strategy, metric, better, seeds, mean, sample (means over seeds), change, low, high
        (95 %, not corrected), p_holm (over strategies × settings of one metric), verdict on the draws, and detectable.
    """
    pairs = (
        kit.Pair({**place, "strategy": name, "metric": metric, "better": better}, part[DRAW, name], part[MEAN, name],
                 family=metric)
        for metric, better, table in kit.each_metric(metrics, METRICS, rows=MODEL, columns=SCORED)
        for place, part in kit.each_place(table, PLACE)
        for name in DECODED
        if {(DRAW, name), (MEAN, name)} <= set(part)
    )  # fmt: skip
    return kit.paired(pairs, own=DRAW, other=MEAN).rename(columns={"difference": "change"})


def order(metrics: pd.DataFrame) -> pd.DataFrame:
    """KID(first) − KID(second) of every pair of latent strategies on one model, by means and by draws of x.

    Returns:
        Columns family, alpha, beta, first, second, seeds; for means and for draws the difference (negative if the first
        is better), _low, _high (95 %, not corrected) and _p_holm (over pairs × settings); `interaction`, the change of
        the difference, with the same columns; and `kept`: "same" or "reversed" if the difference is significant by both
        means and draws, "means only" or "draws only" if by one, "not decided" if by neither, "none" without interval.
    """
    pairs = list(_ordered(metrics))
    if not pairs:
        return pd.DataFrame()
    facts, parts = [*PLACE, "first", "second", "seeds"], []
    for way in (MEAN, DRAW, CHANGE):
        made = kit.paired(pair for kind, pair in pairs if kind == way)
        names = {"difference": way, "low": f"{way}_low", "high": f"{way}_high", "p_holm": f"{way}_p_holm"}
        parts.append(made.rename(columns=names)[(facts if way == MEAN else []) + list(names.values())])
    found = pd.concat(parts, axis=1)
    return found.assign(kept=[_kept(row) for row in found.to_dict("records")])


def _ordered(metrics: pd.DataFrame) -> Iterator[tuple[str, kit.Pair]]:
    """Every pair of strategies at a setting: by means, by draws, and the change of their difference."""
    for _, better, table in kit.each_metric(metrics, (PRIMARY,), rows=MODEL, columns=SCORED):
        for (place, part), (first, second) in itertools.product(
            kit.each_place(table, PLACE), itertools.combinations(LATENT, 2)
        ):
            needed = [(way, name) for way in (MEAN, DRAW) for name in (first, second)]
            if set(needed) <= set(part):
                facts = {**place, "first": first, "second": second, "better": better}
                values = part[needed].dropna()
                by = {way: values[way, first] - values[way, second] for way in (MEAN, DRAW)}
                for way in by:
                    yield way, kit.Pair(facts, values[way, first], values[way, second], family=way)
                yield CHANGE, kit.Pair(facts, by[DRAW], by[MEAN], family=CHANGE)


def _kept(row: Mapping[Any, Any]) -> str:
    if not np.isfinite([row[f"{MEAN}_p_holm"], row[f"{DRAW}_p_holm"]]).all():
        return "none"
    means, draws = (row[f"{way}_p_holm"] < 1 - LEVEL for way in (MEAN, DRAW))
    if means and draws:
        return "same" if row[MEAN] * row[DRAW] > 0 else "reversed"
    return "means only" if means else "draws only" if draws else "not decided"


def noise(results: Results, size: int) -> pd.DataFrame:
    """Per family and β: `claimed` variance, `residual` (squared error per pixel of held-out data), their `ratio` per
    model, rate (nats) and `held_out` (KID of real data), each with _low and _high over training runs.
    """
    models = kit.by_run(results, "family", "decode")
    models = models[models["decode"] == MEAN]  # both ways of scoring have the same models and measurements
    learned = models.get("decoder_variance", pd.Series(np.nan, models.index))
    real = frames.measured(results, PRIMARY).get("held-out", pd.Series(dtype=float))
    models = models.assign(
        claimed=learned.fillna(models["noise_variance"]), residual=models["distortion"] / size
    )
    models = models.assign(ratio=models["claimed"] / models["residual"], held_out=real.reindex(models.index))
    return kit.estimates(models, by=PLACE, of=("claimed", "residual", "ratio", "rate", "held_out"))


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer; the effect of drawing x; the order of strategies; claimed and measured noise; pictures."""
    found, pairs, models = (tables[name] for name in ("decoder_noise", "order", "noise"))
    by_noise = kit.plain("family", "beta", "trainings") | {NOISE[name]: kit.cell(name) for name in NOISE}
    claimed = kit.readable(models.iloc[np.argsort(models["claimed"], kind="stable")], by_noise)
    drawn = pictures_figure(results, models)
    sections = [
        Section("The effect of drawing x", TEXTS["changes"], _readable_changes(found, models), figure(found, models)),
        Section("The order of strategies", TEXTS["order"], _readable_order(pairs, found, models)),
        Section("Claimed and measured noise", TEXTS["noise"], claimed),
    ]  # fmt: skip
    if drawn is not None:
        sections.append(Section("Pictures of means and draws", TEXTS["pictures"], figure=drawn))
    return Findings(answer(found, pairs, models), tuple(sections))


TEXTS = {
    "changes": "Each model is scored by the decoder's means and by draws x ~ p(x|z) with the same z. The table shows "
    "the change from means to draws, paired on the same model: means over seeds with 95 % intervals. Lower is better "
    f"for {KID}, higher for precision, recall and coverage; sharpness is best at 1 (real data) and C2ST AUC at ½. "
    "s / residual is the claimed noise over the measured residual. Pictures are clipped to the range of the data "
    "before scoring, which removes about half of the noise on black or white pixels. `reconstruction` is held-out "
    "data through encoder and decoder, drawn like the rest; real held-out data get no such noise. Verdicts are on the "
    "draws, after Holm's correction over all rows of a metric; what is not decided is no sign that both are alike.",
    "order": f"How much each strategy improves {KID} over `{PRIOR}` on the same model (above 0 is better than the "
    "prior), by means and by draws; how the improvement changes; and by which of the two it is told from the prior, "
    "after Holm's correction over all pairs of strategies and settings. Rank 1 has the lowest mean. Ranks alone say "
    "nothing about the order of two strategies: only pairs that are told apart have one.",
    "noise": "s is the variance that p(x|z) claims around the decoder's mean: β/(2α), or the value learned by the "
    "σ-VAE. After short training the learned value is still above its optimum, since Adam changes it by at most about "
    "one step size per step. The residual variance is the squared error per pixel of held-out data through encoder "
    "(one draw of z) and decoder. At a ratio of 1 the claimed noise has the size of the residual. The two may still "
    "look different: the residual is structured, while the noise of p(x|z) is independent between pixels.",
    "pictures": "The same z of one model decoded twice: the mean, and a draw of x. Rows are settings from little to "
    "much noise; `prior` on the left, `posterior` on the right.",
}


def answer(found: pd.DataFrame, pairs: pd.DataFrame, models: pd.DataFrame) -> str:
    """Whether means or draws have the lower KID, by setting; then whether the order of strategies depends on it."""
    rows = found[(found["metric"] == PRIMARY) & found["strategy"].isin(LATENT)] if len(found) else found
    if rows.empty:
        return "Nothing was compared: no model was scored by means and by draws of x."
    if kit.undecided(rows):
        return kit.UNDECIDED
    return " ".join(
        [_lead(rows), *_where_draws_win(found, rows), *_by_setting(rows, models), _same_order(pairs)]
    )


def _lead(rows: pd.DataFrame) -> str:
    of = {v: int((rows["verdict"] == v).sum()) for v in ("better", "worse")}
    total = f"{count(len(rows), 'comparison')} (strategy × setting)"
    way, ways = (MEAN, "means") if rows[MEAN].min() <= rows[DRAW].min() else (DRAW, "draws")
    best = rows.loc[rows[way].idxmin()]
    lowest = (
        f"the lowest mean {KID}, {number(best[way])}, is that of {ways} of `{best['strategy']}` {_of(best)}"
    )
    open_ = kit.by_verdict(rows).get("not decided", [])
    rest = f", not decided in {len(open_)}{kit.unseen(open_)}" if open_ else ""
    if of["worse"] and of["better"]:
        return (
            f"It depends on how much noise the decoder claims: by {KID}, draws of x are worse than the decoder's "
            f"mean in {of['worse']} of {total} and better in {of['better']}{rest}; {lowest}."
        )
    if of["worse"] or of["better"]:
        who, what = ("the decoder's mean", "worse") if of["worse"] else ("a draw of x", "better")
        return (
            f"A sample should be {who}, by {KID}: draws of x are {what} than means in {of[what]} of {total} and "
            f"{'better' if of['worse'] else 'worse'} in none{rest}; {lowest}."
        )
    return f"Not decided: by {KID}, draws of x are told from means in none of {total}{kit.unseen(open_)}; {lowest}."


def _of(row: Mapping[Any, Any]) -> str:
    return "of the σ-VAE" if row["family"] == LEARNED else f"at β = {number(row['beta'])}"


def _where_draws_win(found: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """The scores of draws where they are better: noise can substitute for the variety that a blurred decoder lacks."""
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
    return [f"Where draws are better ({places}), they have {listed(said)}."]


def _by_setting(rows: pd.DataFrame, models: pd.DataFrame) -> list[str]:
    """`prior` and `posterior` by means and by draws, in order of the claimed noise."""
    parts = [part for row in frames.each(models.sort_values("claimed")) if (part := _at(rows, row))]
    return [f"{KID} of means → of draws: {'; '.join(parts)}."] if parts else []


def _at(rows: pd.DataFrame, model: Any) -> str:
    own = rows[frames.where(rows, {name: getattr(model, name) for name in PLACE})].set_index("strategy")
    parts = [
        f"`{name}` {number(own[MEAN][name])} → {number(own[DRAW][name])} ({_told(own['verdict'][name])})"
        for name in (PRIOR, "posterior")
        if name in own.index
    ]
    claimed = f"{'learned ' * (model.family == LEARNED)}s = {number(model.claimed)}"
    place = (
        f"{_who(model.family, model.beta)}, {claimed}, {number(model.ratio, 2)} times the residual variance"
    )
    return f"{place}: {listed(parts)}" if parts else ""


def _told(verdict: str) -> str:
    return "no interval" if verdict == "none" else verdict


def _who(family: str, beta: float) -> str:
    return "σ-VAE" if family == LEARNED else f"β = {number(beta)}"


def _same_order(pairs: pd.DataFrame) -> str:
    """Whether draws change the order of strategies, setting by setting; only pairs that are told apart have one."""
    if pairs.empty:
        return "The order of strategies was not compared."
    turned = pairs[pairs["kept"] == "reversed"].to_dict("records")
    told = int(pairs["kept"].isin(["same", "reversed"]).sum())
    flipped = listed(f"`{row['first']}` and `{row['second']}` {_of(row)}" for row in turned)
    lead = (
        f"It changes the order of strategies: of {count(told, 'pair')} told apart both by means and by draws, "
        f"{len(turned)} {'is' if len(turned) == 1 else 'are'} reversed: {flipped}."
        if turned
        else f"It changes the order of none of the {count(told, 'pair')} of strategies told apart both by means and by "
        f"draws; for the other {len(pairs) - told} that is not decided."
        if told
        else "Whether it changes the order of strategies is not decided: no pair is told apart both by means and by "
        "draws."
    )
    each = "; ".join(_kept_at(own) for _, own in pairs.groupby(PLACE, sort=False))
    sure = pairs[pairs[f"{CHANGE}_p_holm"] < 1 - LEVEL]
    larger = int((sure[DRAW].abs() > sure[MEAN].abs()).sum())
    return (
        f"{lead} Pairs told apart by both: {each}. Of all {count(len(pairs), 'pair')}, draws increase the difference "
        f"of {larger} and decrease that of {len(sure) - larger}; for the others that is not decided."
    )


def _kept_at(pairs: pd.DataFrame) -> str:
    """How many pairs of one setting are told apart by means and by draws, by one of them, and by neither."""
    n = {kind: int((pairs["kept"] == kind).sum()) for kind in TOLD}
    row = pairs.to_dict("records")[0]
    parts = [
        f"{n[kind]} {words}"
        for kind, words in (("means only", "by means only"), ("draws only", "by draws only"),
                            ("not decided", "by neither"), ("none", "without an interval"))
        if n[kind]
    ]  # fmt: skip
    rest = f" ({listed(parts)})" if parts else ""
    return f"{n['same'] + n['reversed']} of {len(pairs)} {_of(row)}{rest}"


def _readable_changes(found: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """One row per setting and strategy: KID of means and draws, and the change of every metric with its verdict."""
    if found.empty:
        return found
    rows = found.merge(models[[*PLACE, "claimed", "ratio"]], on=PLACE, how="left")
    change = kit.change("change")
    rows["text"] = [
        f"{change(row)} {row['verdict']}".removesuffix(" none") for row in rows.to_dict("records")
    ]
    rows["rank"] = rows["strategy"].map(DECODED.index)
    key = ["claimed", *PLACE, "rank", "strategy", "ratio"]
    kid = rows[rows["metric"] == PRIMARY].set_index(key)[[MEAN, DRAW]]
    wide = kid.join(
        rows.pivot_table(index=key, columns="metric", values="text", aggfunc="first"), how="outer"
    )
    columns = {"family": "family", "beta": kit.value("beta"), "s / residual": kit.value("ratio", 2)}
    columns |= {"strategy": "strategy", f"{KID}, means": kit.value(MEAN), f"{KID}, draws": kit.value(DRAW)}
    columns |= {f"Δ {word(name).label}": name for name in METRICS if name in wide}
    return kit.readable(wide.reset_index(), columns)


def _readable_order(pairs: pd.DataFrame, found: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame | None:
    """One row per setting and strategy: rank and improvement over the prior, each by means and by draws."""
    if pairs.empty:
        return None
    rows = found[(found["metric"] == PRIMARY) & found["strategy"].isin(LATENT)]
    ranks = rows.groupby(PLACE)[[MEAN, DRAW]].rank().astype(int)
    rows = rows[[*PLACE, "strategy"]].join(ranks.set_axis(["rank, means", "rank, draws"], axis=1))
    gains = pairs[pairs["first"] == PRIOR].rename(columns={"second": "strategy"})
    rows = rows.merge(gains, on=[*PLACE, "strategy"], how="left").merge(models[[*PLACE, "claimed"]], on=PLACE)
    columns = {"family": "family", "beta": kit.value("beta")}
    columns |= kit.plain("strategy", "rank, means", "rank, draws")
    columns |= {f"over the prior, {way}s": kit.cell(of) for way, of in (("mean", MEAN), ("draw", DRAW))}
    columns |= {"change": kit.cell(CHANGE), "differs from the prior": lambda row: TOLD.get(row["kept"], "—")}
    return kit.readable(rows.sort_values(["claimed", "rank, means"]), columns)


def figure(found: pd.DataFrame, models: pd.DataFrame) -> Figure | None:
    """KID of means and of draws against the claimed noise, a panel per strategy; the last panel has the residual."""
    rows = found[found["metric"] == PRIMARY] if len(found) else found
    names = [name for name in DECODED if len(rows) and name in set(rows["strategy"])]
    if not names:
        return None
    rows = rows.merge(models[[*PLACE, "claimed"]], on=PLACE).sort_values("claimed")
    plain = models[models["family"] == PLAIN].sort_values("claimed")["claimed"]
    low, high = rows[[MEAN, DRAW]].where(lambda v: v > 0).min(axis=None), rows[[MEAN, DRAW]].max(axis=None)
    title = f"{KID} of means and of draws, by the noise that the decoder claims"
    with style.styled():
        fig, grid = style.panels(2, 3, height=4.8, title=title, share_y=False)
        panels = grid.ravel()[: len(names) + 1]
        for axes, name in zip(panels, names, strict=False):
            own = rows[rows["strategy"] == name]
            _line(axes, own, MEAN, "o", style.BLUE, "decoder's mean")
            _line(axes, own, DRAW, "s", style.ORANGE, "draw of x")
            axes.set_title(name)
            axes.set_ylim(low / 1.3, 1.3 * high)
            axes.set_ylabel(f"{KID}   ← better")
        _residual(panels[-1], models)
        for i, axes in enumerate(panels):
            kit.setting_axis(axes, plain, "claimed variance s" if i >= len(names) - 2 else "")
            kit.log_axis(axes)
        style.hide_unused(grid, len(panels))
        fig.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def _line(axes: Axes, rows: pd.DataFrame, column: str, marker: str, colour: str, label: str) -> None:
    """Plot a column against the claimed noise; the σ-VAE is a star."""
    line, alone = rows[rows["family"] == PLAIN].sort_values("claimed"), rows[rows["family"] == LEARNED]
    axes.plot(line["claimed"], line[column], marker=marker, color=colour, label=label)
    axes.plot(
        alone["claimed"], alone[column], "*", color=colour, markersize=11, markeredgecolor=style.INK,
        markeredgewidth=0.6, label=f"{label}, σ-VAE",
    )  # fmt: skip


def _residual(axes: Axes, models: pd.DataFrame) -> None:
    """Plot the measured residual against the claimed noise."""
    _line(axes, models, "residual", "^", style.GREY, "residual")
    ends = np.quantile(models[["claimed", "residual"]].to_numpy(), [0, 1])
    axes.plot(ends, ends, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)), label="as claimed")
    axes.set_title("measured noise")
    axes.set_ylabel("residual variance per pixel")
    axes.legend()


def pictures_figure(results: Results, models: pd.DataFrame) -> Figure | None:
    """Means above draws of the same z, for `prior` and `posterior`, at every setting of one seed."""
    rows: dict[str, np.ndarray] = {}
    for row in frames.each(models.sort_values("claimed")):
        for way in (MEAN, DRAW):
            wanted = {"decode": way} | {name: getattr(row, name) for name in PLACE}
            runs = results.runs[frames.where(results.runs, wanted)].sort_values("seed")
            found = pictures(results, str(runs["run_id"].iloc[0])) if len(runs) else {}
            if {PRIOR, "posterior"} <= set(found):
                name = f"{_who(row.family, row.beta)}, {'mean' if way == MEAN else 'draw'}"
                rows[name] = np.concatenate([found[PRIOR][:SHOWN], found["posterior"][:SHOWN]])
    title = f"Means and draws of x: {SHOWN} from the prior, then {SHOWN} from posteriors"
    return sheet(rows, title=title, together=SHOWN) if rows else None


def both(plain: StudyConfig, **changes: Any) -> tuple[StudyConfig, ...]:
    """The grid of the plain VAE and one setting of the σ-VAE, each scored by means and by draws of x."""
    plain = vary(plain, strategies=STRATEGIES, **changes)
    learned = vary(plain, model={"family": LEARNED}, betas=(1.0,))
    return tuple(vary(grid, decode=way) for grid in (plain, learned) for way in (MEAN, DRAW))


EXPERIMENT = Experiment(
    name="decoder_noise",
    question="Should a sample be the decoder's mean or a draw x ~ p(x|z), and does it change which latent "
    "distribution wins?",
    profiles={
        "smoke": both(SMOKE, betas=(0.05, 1.0)),
        "quick": both(DIGITS, betas=(0.005, 0.05, 0.2, 1.0), density_draws=300),
        "default": both(
            MNIST, training={"steps": 4000}, betas=(0.002, 0.03, 0.2, 1.0), n_samples=1000, density_draws=300
        ),
    },
    findings=findings,
    tables=tables,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
