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
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main, summarise
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.plots import style
from study.report.plots.samples import pictures, sheet
from study.report.text.numbers import count, interval, listed, number, with_ends
from study.report.text.words import word
from study.tables.results import Results

MEAN, DRAW = "mean", "sample"
PLAIN, LEARNED, PRIOR = "vae", "sigma-vae", frames.PRIOR
LATENT = (PRIOR, "global-gaussian", "gmm", "posterior")  # strategies that are ranked
DECODED = (*LATENT, "reconstruction")
STRATEGIES = (*DECODED, "copycat", "held-out", "noise")
METRICS = ("kid", "precision", "recall", "coverage", "sharpness", "c2st")
PRIMARY = "kid"
PLACE = ["family", "alpha", "beta"]
TOLD = {
    "same": "by both, same order", "reversed": "by both, reversed", "means only": "by means only",
    "draws only": "by draws only", "not decided": "by neither", "none": "no interval",
}  # fmt: skip
NOISE = {"claimed": "s", "residual": "residual variance", "ratio": "s / residual", "rate": "rate, nats"}
SHOWN = 6  # pictures of each kind side by side
BESIDE = 1.4  # how far to the right of its place the σ-VAE is drawn, as a factor, not to lie under others
TEXTS = {
    "changes": "Each model is scored by the decoder's means and by draws x ~ p(x|z) with the same z. The table shows "
    "the change from means to draws, paired on the same model: means{over} with 95 % intervals. Lower is better "
    "for KID, higher for precision, recall and coverage; sharpness is best at 1 (real data) and C2ST AUC at ½. "
    "s / residual is the claimed noise over the measured residual. Pictures are clipped to the range of the data "
    "before scoring, which removes about half of the noise on black or white pixels. `reconstruction` is held-out "
    "data through encoder and decoder, drawn like the rest; real held-out data get no such noise. Verdicts are on the "
    "draws, after Holm's correction over all rows of a metric; what is not decided is no sign that both are alike.",
    "order": "KID of the first strategy minus that of the second on the same model (below 0: the first is better), by "
    "means and by draws, with 95 % intervals{over}; and by which of the two they are told apart, after Holm's "
    "correction over all pairs and settings. Only pairs that are told apart have an order.",
    "noise": "s is the variance that p(x|z) claims around the decoder's mean: β/(2α), or the value learned by the "
    "σ-VAE. After short training the learned value is still above its optimum, since Adam changes it by at most about "
    "one step size per step. The residual variance is the squared error per pixel of held-out data through encoder "
    "(one draw of z) and decoder. At a ratio of 1 the claimed noise has the size of the residual. The two may still "
    "look different: the residual is structured, while the noise of p(x|z) is independent between pixels.",
    "pictures": "The same z of one model decoded twice: the mean, and a draw of x. Rows are settings from little to "
    "much noise; `prior` on the left, `posterior` on the right.",
    "figure": "KID of the decoder's means (filled) and of draws of x (hollow) from the same models, sampled from the "
    "prior and from the posteriors, against the variance s that the decoder claims; bars are 95 % intervals{over}. "
    "Stars are the σ-VAE, moved to the right. The other figures and the table below are about the decoder's means.",
}


def changes(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(draws of x) − value(means), paired on the same model, for every strategy that is decoded."""
    pairs = [({"strategy": name}, (DRAW, name), (MEAN, name)) for name in DECODED]
    found = kit.compared(
        metrics, METRICS, pairs, columns=("decode", "strategy"), places=PLACE, own=DRAW, other=MEAN
    )
    return kit.silenced(found, metrics[metrics["decode"] == MEAN], places=PLACE)


def order(metrics: pd.DataFrame) -> pd.DataFrame:
    """KID(first) − KID(second) of every pair of latent strategies on one model, by means and by draws of x.

    Returns:
        Columns family, alpha, beta, first, second; those of `kit.compared` with endings _mean and _sample (Holm's
        correction is over pairs × settings of one of the two); and `kept`, one of `TOLD`: whether a pair is told apart
        by both means and draws, and then in which order, by one of them, or by neither.
    """
    means, draws = (
        kit.compared(
            metrics, [PRIMARY],
            [({"first": one, "second": two}, (way, one), (way, two)) for one, two in itertools.combinations(LATENT, 2)],
            columns=("decode", "strategy"), places=PLACE,
        )
        for way in (MEAN, DRAW)
    )  # fmt: skip
    if means.empty or draws.empty:
        return pd.DataFrame()
    both = means.merge(draws, on=[*PLACE, "first", "second"], suffixes=(f"_{MEAN}", f"_{DRAW}"))
    return both.assign(
        kept=[_kept(*(row[f"verdict_{way}"] for way in (MEAN, DRAW))) for row in both.to_dict("records")]
    )


def _kept(means: str, draws: str) -> str:
    if "none" in (means, draws):
        return "none"
    by_means, by_draws = (verdict in ("better", "worse") for verdict in (means, draws))
    if by_means and by_draws:
        return "same" if means == draws else "reversed"
    return "means only" if by_means else "draws only" if by_draws else "not decided"


def shares(metrics: pd.DataFrame) -> pd.DataFrame:
    """The share of the gap in KID that each latent strategy closes, by means and by draws of x.

    Returns:
        The rows of `study.statistics.summarise` at single settings where KID can show an effect.
    """
    own = metrics[(metrics["metric"] == PRIMARY) & metrics["strategy"].isin(STRATEGIES)]
    found = frames.per_setting(summarise(own))
    return found[found["strategy"].isin(LATENT) & (found["state"] == "ok")]


def values(metrics: pd.DataFrame) -> pd.DataFrame:
    """KID of each latent strategy, by means and by draws of x, as `value` with _low and _high."""
    by = [*PLACE, "decode", "strategy"]
    own = kit.values(metrics, [PRIMARY], by=[*by, "seed", *frames.evaluated(metrics)])
    return kit.estimates(own.reset_index(), by=by, of=["value"])


def noise(results: Results) -> pd.DataFrame:
    """Per family and β: `claimed` variance, `residual` (squared error per pixel of held-out data), their `ratio` per
    model, and rate (nats), each with _low and _high over training runs.
    """
    models = kit.by_run(results, "family", "decode")
    models = models[models["decode"] == MEAN]  # both ways of scoring have the same models and measurements
    learned = models.get("decoder_variance", pd.Series(np.nan, models.index))
    models = models.assign(
        claimed=learned.fillna(models["noise_variance"]),
        residual=models["distortion"] / np.prod(results.provenance["dataset"]["shape"]),
    )
    models = models.assign(ratio=models["claimed"] / models["residual"])
    return kit.estimates(models, by=PLACE, of=("claimed", "residual", "ratio", "rate"))


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer; the effect of drawing x; the order of strategies; claimed and measured noise; pictures."""
    results, without = kit.with_decoder(results, PRIMARY)
    found, pairs, models = changes(results.metrics), order(results.metrics), noise(results)
    models = models.iloc[np.argsort(models["claimed"], kind="stable")]
    by_noise = kit.plain("family", "beta", "trainings") | {NOISE[name]: kit.cell(name) for name in NOISE}
    claimed = Section("Claimed and measured noise", TEXTS["noise"], kit.readable(models, by_noise))
    rows = found[(found["metric"] == PRIMARY) & found["strategy"].isin(LATENT)] if len(found) else found
    if rows.empty:
        return Findings("Nothing was compared: no model was scored by means and by draws of x.", (claimed,))
    changed = TEXTS["changes"].format(over=kit.covered(results, METRICS, alone=" over seeds"))
    ordered = TEXTS["order"].format(over=kit.covered(results, [PRIMARY], alone=""))
    closed = shares(results.metrics).merge(models[[*PLACE, "claimed"]], on=PLACE).sort_values("claimed")
    ordered += _closed(pairs, closed) + _order_by_setting(pairs)
    sections = [
        Section("The effect of drawing x", changed + without, _readable_changes(found, models)),
        Section("The order of strategies", ordered, _readable_order(pairs)),
        claimed,
    ]  # fmt: skip
    drawn = pictures_figure(results, models)
    if drawn is not None:
        sections.append(Section("Pictures of means and draws", TEXTS["pictures"], figure=drawn))
    said = TEXTS["figure"].format(over=kit.covered(results, [PRIMARY]))
    ways, kinds = (len(rows[names].drop_duplicates()) for names in (["strategy"], PLACE))
    counted = (
        f"The {count(len(rows), 'comparison')} of means and draws are {ways} ways to draw z × {kinds} models."
    )
    caption = f"{said}{without} {_at_both_ends(rows, models)} {counted} {_same_order(pairs)}"
    drawn = figure(values(results.metrics), models)
    own = kit.Exhibit("Means and draws, by the noise that the decoder claims", caption, drawn)
    return Findings(answer(rows, pairs, closed), tuple(sections), (own, "effects", "samples"))


def answer(rows: pd.DataFrame, pairs: pd.DataFrame, closed: pd.DataFrame) -> str:
    """Whether means or draws have the lower KID; then which strategy is best, and how its lead depends on draws."""
    if kit.undecided(rows):
        return kit.UNDECIDED
    told = (_winner(pairs, closed, ends=ends) for ends in (True, False))
    return kit.brief(_lead(rows), *told, _same_order(pairs))


def _lead(rows: pd.DataFrame) -> str:
    of = {verdict: len(own) for verdict, own in kit.by_verdict(rows).items()}
    better, worse = of.get("better", 0), of.get("worse", 0)
    total = count(len(rows), "comparison")
    if not better and not worse:
        return f"Not decided: by KID, draws of x are told from the decoder's means in none of {total}."
    lead = "It depends" if better and worse else "A draw" if better else "The decoder's mean"
    said = [f"worse in {worse}"] * bool(worse) + [f"better in {better}"] * bool(better)
    open_ = len(rows) - better - worse
    said += [f"not decided in {open_}"] * bool(open_)
    return f"{lead}: by KID, draws of x are {listed(said)} of {total}."


def best(pairs: pd.DataFrame, way: str) -> pd.Series:
    """How many settings each latent strategy is told at to be better than every other, by means or by draws of x."""
    verdict = pairs[f"verdict_{way}"]
    won = pairs["first"].where(verdict == "better", pairs["second"].where(verdict == "worse"))
    times = pairs[PLACE].assign(won=won).value_counts().reset_index()
    return times[times["count"] == len(LATENT) - 1]["won"].value_counts()


def _winner(pairs: pd.DataFrame, closed: pd.DataFrame, *, ends: bool) -> str:
    """The strategy that is best at most settings, and its share of the gap at the least and the most claimed noise."""
    counts = {way: best(pairs, way) for way in (MEAN, DRAW)} if len(pairs) else {}
    if not counts or counts[MEAN].empty:
        return ""
    name, of = str(counts[MEAN].index[0]), len(pairs[PLACE].drop_duplicates())
    n = {way: counts[way].get(name, 0) for way in counts}
    own = closed[closed["strategy"] == name]
    own = own[own.groupby(PLACE)["decode"].transform("nunique") == len(counts)]  # known by means and by draws
    said = [_from_least(own, way, ends=ends) for way in (MEAN, DRAW)]
    share = f"; from least to most claimed noise it closes {said[0]} of the gap, by draws {said[1]}"
    lead = f"`{name}` is best at {n[MEAN]} of {count(of, 'setting')} by means and {n[DRAW]} by draws"
    return f"{lead}{share * all(said)}."


def _from_least(closed: pd.DataFrame, way: str, *, ends: bool) -> str:
    """A share of the gap at the least and at the most claimed noise of the plain VAE; empty if it is known at one."""
    own = closed[(closed["decode"] == way) & (closed["family"] == PLAIN)].to_dict("records")
    if len(own) < 2:
        return ""
    first, last = (
        with_ends(row, "effect", scale=100, places=0) if ends else number(100 * row["effect"], 0)
        for row in (own[0], own[-1])
    )
    return f"{first} to {last} %"


def _closed(pairs: pd.DataFrame, closed: pd.DataFrame) -> str:
    """The share of the gap that the best strategy closes, by means and by draws, at every setting."""
    if pairs.empty or (counts := best(pairs, MEAN)).empty:
        return ""
    name = counts.index[0]
    said = []
    for place, own in closed[closed["strategy"] == name].groupby(PLACE, sort=False):
        by = own.set_index("decode")
        if {MEAN, DRAW} <= set(by.index):
            means, draws = (with_ends(by.loc[way], "effect", scale=100, places=0) for way in (MEAN, DRAW))
            where = _of(dict(zip(PLACE, place, strict=True)))
            said.append(f"{means} % by means and {draws} % by draws {where}")
    return f" Of the gap between the prior and real data `{name}` closes {'; '.join(said)}." if said else ""


def _same_order(pairs: pd.DataFrame) -> str:
    """Whether draws change the order of strategies; only pairs that are told apart both ways have one."""
    turned = int((pairs["kept"] == "reversed").sum()) if len(pairs) else 0
    told = int(pairs["kept"].isin(["same", "reversed"]).sum()) if len(pairs) else 0
    if not told:
        return "Whether draws of x change the order of strategies is not decided."
    rest = pairs["kept"].value_counts().drop(["same", "reversed"], errors="ignore")
    more = "".join(f", {n} {TOLD[str(kind)]}{_all_of(pairs, str(kind))}" for kind, n in rest.items())
    which = f"{turned} of them reversed" if turned else "none of them reversed"
    return f"Of {count(len(pairs), 'pair')} of strategies {told} are told apart by both, {which}{more}."


def _all_of(pairs: pd.DataFrame, kind: str) -> str:
    """In brackets the settings at which all pairs are of one kind, and the pairs elsewhere; empty if there is none."""
    kept = [own for _, own in pairs.groupby(PLACE, sort=False) if (own["kept"] == kind).all()]
    rest = int((pairs["kept"] == kind).sum()) - sum(map(len, kept))
    more = f", {rest} elsewhere" if rest else ""
    return f" (every pair {listed(_of(own.iloc[0]) for own in kept)}{more})" if kept else ""


def _order_by_setting(pairs: pd.DataFrame) -> str:
    """How many pairs of each setting are told apart by means and by draws, and which are reversed."""
    if pairs.empty:
        return ""
    said = []
    for _, own in pairs.groupby(PLACE, sort=False):
        n = own["kept"].value_counts()
        parts = listed(f"{n[kind]} {words}" for kind, words in TOLD.items() if kind in n)
        turned = own[own["kept"] == "reversed"].to_dict("records")
        which = listed(f"`{row['first']}` and `{row['second']}`" for row in turned)
        said.append(f"{_of(own.iloc[0])} {parts}" + f" ({which})" * bool(turned))
    return f" Pairs of strategies that are told apart: {'; '.join(said)}."


def _of(row: Mapping[Any, Any]) -> str:
    return "for the σ-VAE" if row["family"] == LEARNED else f"at β = {number(row['beta'])}"


def _at_both_ends(rows: pd.DataFrame, models: pd.DataFrame) -> str:
    """The prior by means and by draws, at the least and at the most of the claimed noise."""
    own = rows[rows["strategy"] == PRIOR].merge(models[[*PLACE, "claimed", "ratio"]], on=PLACE)
    said = kit.ranged(own, "claimed", _from_to)
    return f"KID of means → of draws, for `{PRIOR}`: {said}." if said else ""


def _from_to(row: Mapping[Any, Any]) -> str:
    verdict = "no interval" if row["verdict"] == "none" else row["verdict"]
    return (
        f"{number(row[MEAN])} → {number(row[DRAW])} ({verdict}) where s = {number(row['claimed'])} is "
        f"{number(row['ratio'], 2)} times the residual"
    )


def _readable_changes(found: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """One row per setting and strategy: KID of means and draws, and the change of every metric with its verdict."""
    rows = found.merge(models[[*PLACE, "claimed", "ratio"]], on=PLACE, how="left")
    change = kit.change()
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
    columns |= {"strategy": "strategy", "KID, means": kit.value(MEAN), "KID, draws": kit.value(DRAW)}
    columns |= {f"Δ {word(name).label}": name for name in METRICS if name in wide}
    return kit.readable(wide.reset_index(), columns)


def _readable_order(pairs: pd.DataFrame) -> pd.DataFrame:
    """One row per setting and pair: the difference by means and by draws, and by which it is told."""
    columns = kit.plain("family") | {"beta": kit.value("beta")} | kit.plain("first", "second")
    columns |= {f"by {way}s": _difference(of) for way, of in (("mean", MEAN), ("draw", DRAW))}
    columns |= {"told apart": lambda row: TOLD[row["kept"]]}
    return kit.readable(pairs, columns) if len(pairs) else pairs


def _difference(way: str) -> kit.Column:
    return lambda row: interval(*(row[f"{name}_{way}"] for name in ("difference", "low", "high")))


def figure(kid: pd.DataFrame, models: pd.DataFrame) -> Figure:
    """KID of means and of draws against the claimed noise, for the prior and the posteriors; stars are the σ-VAE.

    Args:
        kid: the table of `values`.
        models: the table of `noise`.
    """
    rows = kid.merge(models[[*PLACE, "claimed"]], on=PLACE)
    ends = ("value", "value_low", "value_high")
    with style.styled():
        fig, grid = style.panels(1, 1, height=3.6, title="KID by the noise that the decoder claims")
        axes = grid[0, 0]
        for name, way in itertools.product((PRIOR, "posterior"), (MEAN, DRAW)):
            own = rows[(rows["strategy"] == name) & (rows["decode"] == way)]
            stars = own[own["family"] == LEARNED]
            stars = stars.assign(claimed=BESIDE * stars["claimed"])
            look = {"color": style.BLUE if name == PRIOR else style.ORANGE, "fillstyle": "full"}
            look |= {"markerfacecolor": look["color"] if way == MEAN else style.PAPER}
            label = f"{name}, {'mean' if way == MEAN else 'draw of x'}"
            line, mark = "-" if way == MEAN else (0, (4, 3)), "o" if name == PRIOR else "s"
            plain = own[own["family"] == PLAIN]
            kit.curve(axes, plain, "claimed", ends, linestyle=line, marker=mark, label=label, **look)
            kit.curve(axes, stars, "claimed", ends, linestyle="none", marker="*", markersize=11, **look)
        kit.setting_axis(axes, models.loc[models["family"] == PLAIN, "claimed"], "claimed variance s")
        kit.log_axis(axes)
        axes.set_ylabel("KID   ← better")
        fig.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, handlelength=6)
    return fig


def pictures_figure(results: Results, models: pd.DataFrame) -> Figure | None:
    """Means above draws of the same z, for `prior` and `posterior`, at every setting of one seed."""
    rows: dict[str, np.ndarray] = {}
    for row in frames.each(models):
        for way in (MEAN, DRAW):
            wanted = {"decode": way} | {name: getattr(row, name) for name in PLACE}
            runs = results.runs[frames.where(results.runs, wanted)].sort_values("seed")
            found = pictures(results, str(runs["run_id"].iloc[0])) if len(runs) else {}
            if {PRIOR, "posterior"} <= set(found):
                who = "σ-VAE" if row.family == LEARNED else f"β = {number(row.beta)}"
                name = f"{who}, {'mean' if way == MEAN else 'draw'}"
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
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
