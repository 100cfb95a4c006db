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

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.plots import style
from study.report.plots.samples import pictures, sheet
from study.report.text.numbers import count, interval, listed, number
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
    "figure": "KID of the decoder's means and of draws of x from the same models, sampled from the prior and from the "
    "posteriors, against the variance that the decoder claims. Stars are the σ-VAE, hollow for draws.",
}


def changes(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(draws of x) − value(means), paired on the same model, for every strategy that is decoded."""
    pairs = [({"strategy": name}, (DRAW, name), (MEAN, name)) for name in DECODED]
    return kit.compared(
        metrics, METRICS, pairs, columns=("decode", "strategy"), places=PLACE, own=DRAW, other=MEAN
    )


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
    found, pairs, models = changes(results.metrics), order(results.metrics), noise(results)
    models = models.iloc[np.argsort(models["claimed"], kind="stable")]
    by_noise = kit.plain("family", "beta", "trainings") | {NOISE[name]: kit.cell(name) for name in NOISE}
    claimed = Section("Claimed and measured noise", TEXTS["noise"], kit.readable(models, by_noise))
    rows = found[(found["metric"] == PRIMARY) & found["strategy"].isin(LATENT)] if len(found) else found
    if rows.empty:
        return Findings("Nothing was compared: no model was scored by means and by draws of x.", (claimed,))
    changed = TEXTS["changes"].format(over=kit.covered(results, METRICS, alone=" over seeds"))
    ordered = TEXTS["order"].format(over=kit.covered(results, [PRIMARY], alone=""))
    sections = [
        Section("The effect of drawing x", changed, _readable_changes(found, models)),
        Section("The order of strategies", ordered + _order_by_setting(pairs), _readable_order(pairs)),
        claimed,
    ]  # fmt: skip
    drawn = pictures_figure(results, models)
    if drawn is not None:
        sections.append(Section("Pictures of means and draws", TEXTS["pictures"], figure=drawn))
    caption = f"{TEXTS['figure']} {_at_both_ends(rows, models)}"
    own = kit.Exhibit("Means and draws, by the noise that the decoder claims", caption, figure(found, models))
    return Findings(answer(rows, pairs), tuple(sections), (own, "effects", "samples"))


def answer(rows: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """Whether means or draws have the lower KID; then whether the order of strategies depends on it."""
    return kit.UNDECIDED if kit.undecided(rows) else kit.brief(_lead(rows), _same_order(pairs))


def _lead(rows: pd.DataFrame) -> str:
    of = {verdict: len(own) for verdict, own in kit.by_verdict(rows).items()}
    better, worse = of.get("better", 0), of.get("worse", 0)
    total = f"{count(len(rows), 'comparison')} (strategy × setting)"
    if not better and not worse:
        return f"Not decided: by KID, draws of x are told from the decoder's means in none of {total}."
    lead = "It depends" if better and worse else "A draw" if better else "The decoder's mean"
    said = [f"worse in {worse}"] * bool(worse) + [f"better in {better}"] * bool(better)
    open_ = len(rows) - better - worse
    said += [f"not decided in {open_}"] * bool(open_)
    return f"{lead}: by KID, draws of x are {listed(said)} of {total}{_sizes(rows)}."


def _sizes(rows: pd.DataFrame) -> str:
    """The change of the prior's KID where it is told, from the smallest to the largest."""
    told = rows[(rows["strategy"] == PRIOR) & rows["verdict"].isin(["better", "worse"])]
    sizes = kit.ranged(told, "difference", kit.change(), most=1)
    return f"; the difference for `{PRIOR}` is {sizes}" if sizes else ""


def _same_order(pairs: pd.DataFrame) -> str:
    """Whether draws change the order of strategies; only pairs that are told apart both ways have one."""
    turned = int((pairs["kept"] == "reversed").sum()) if len(pairs) else 0
    told = int(pairs["kept"].isin(["same", "reversed"]).sum()) if len(pairs) else 0
    if not told:
        return "Whether they change the order of strategies is not decided."
    open_ = f"; for the other {len(pairs) - told} that is not decided" if len(pairs) > told else ""
    which = f"{turned} of" if turned else "none of"
    return f"They reverse {which} the {count(told, 'pair')} of strategies told apart by both{open_}."


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
    return f" Of the pairs of strategies, told apart {'; '.join(said)}."


def _of(row: Mapping[Any, Any]) -> str:
    return "of the σ-VAE" if row["family"] == LEARNED else f"at β = {number(row['beta'])}"


def _at_both_ends(rows: pd.DataFrame, models: pd.DataFrame) -> str:
    """The prior by means and by draws, at the least and at the most of the claimed noise."""
    own = rows[rows["strategy"] == PRIOR].merge(models[[*PLACE, "claimed", "ratio"]], on=PLACE)
    said = kit.ranged(own, "claimed", _from_to)
    return f"KID of means → of draws, for `{PRIOR}`: {said}." if said else ""


def _from_to(row: Mapping[Any, Any]) -> str:
    verdict = "no interval" if row["verdict"] == "none" else row["verdict"]
    return (
        f"{number(row[MEAN])} → {number(row[DRAW])} ({verdict}) {_of(row)}, where the claim is "
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


def figure(found: pd.DataFrame, models: pd.DataFrame) -> Figure:
    """KID of means and of draws against the claimed noise, for the prior and the posteriors; stars are the σ-VAE."""
    rows = found[found["metric"] == PRIMARY].merge(models[[*PLACE, "claimed"]], on=PLACE)
    looks = {(PRIOR, MEAN): "-", (PRIOR, DRAW): "--", ("posterior", MEAN): "-", ("posterior", DRAW): "--"}
    with style.styled():
        fig, grid = style.panels(1, 1, height=3.6, title="KID by the noise that the decoder claims")
        axes = grid[0, 0]
        for (name, way), line in looks.items():
            own = rows[rows["strategy"] == name].sort_values("claimed")
            learned, colour = own["family"] == LEARNED, style.BLUE if name == PRIOR else style.ORANGE
            label = f"{name}, {'mean' if way == MEAN else 'draw of x'}"
            mark = "o" if name == PRIOR else "s"
            axes.plot(
                own["claimed"][~learned], own[way][~learned], line, marker=mark, color=colour, label=label
            )
            fill = "full" if way == MEAN else "none"
            axes.plot(
                own["claimed"][learned], own[way][learned], "*", color=colour, markersize=11, fillstyle=fill
            )
        kit.setting_axis(axes, models.loc[models["family"] == PLAIN, "claimed"], "claimed variance s")
        kit.log_axis(axes)
        axes.set_ylabel("KID   ← better")
        fig.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
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
