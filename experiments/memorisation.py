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

from study import Experiment, Findings, Section, experiment_main, summarise
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.plots import style
from study.report.text.novelty import differences
from study.report.text.numbers import interval, number
from study.report.text.words import word
from study.tables.results import Results

DRAWN = ("posterior", "prior", "gmm", "reconstruction", "copycat", "held-out")
STRATEGIES = (*DRAWN, "noise")  # a control, far from every curve
COLOURS = (style.ORANGE, style.BLUE, style.PURPLE, style.GREEN, style.GREY, style.INK)
PANELS = {
    "authenticity": "authenticity\n(0: copies)",
    "nearer_to_train": "nearer to train\n(1: copies)",
    "kid": "KID\n(0: as real data)",
}
NOVELTY = "authenticity"  # the measure that the answer is about
SAME_DECODER = "reconstruction"
ONE = 1.1  # an overlap below this counts as 1
EMPTY = 0.1  # nats: at a lower rate the codes say nothing of x
NEARLY = 0.9  # the share of what `posterior` closes of the gap that counts as nearly as much
TEXT = (
    "Overlap: the number of training examples that could have produced a z. Authenticity and nearer_to_train are those "
    "of posterior samples minus those of held-out data reconstructed by the same decoder, with 95 % intervals over "
    "training runs and held-out data, not corrected. The verdict is on authenticity, with Holm's correction over the "
    "settings: better means more authentic. Column copying lists every novelty measure whose whole interval, not "
    "corrected for the number of settings and measures, is on the side of copying. If training and test data come from "
    "different writers, as in MNIST, leaning towards the training data includes leaning towards their writers."
)
CAPTION = (
    "Overlap of posteriors, and novelty and fidelity of samples, by β, with 95 % intervals over training runs{over}. "
    "The thick line, held-out data through the same decoder, is what `posterior` is compared with. Shaded: an overlap "
    f"below {ONE}, where only one training example could have given a draw."
)


def overlaps(results: Results) -> pd.DataFrame:
    """Per β: the rate, and the overlap with its interval over training runs."""
    models, n, rows = frames.models(results), int(results.runs["n_train"].iloc[0]), []
    for setting in frames.settings(models):
        own = frames.at(models, setting)
        facts = {"beta": setting.beta, "noise_variance": setting.noise_variance, "trainings": len(own)}
        rows.append({**facts, "rate": own["rate"].mean(), "n_train": n, **_overlap(own["mi_lower"], n)})
    return pd.DataFrame(rows)


def _overlap(information: pd.Series, n: int) -> dict[str, float]:
    """exp(log N − I) at the mean of I; a mean of exponentials would be dominated by the largest. I is at most log N."""
    found = kit.estimate("i", information, within=(0.0, float(np.log(n))))
    names = {"overlap": "i", "overlap_low": "i_high", "overlap_high": "i_low"}
    return {name: float(np.clip(np.exp(np.log(n) - found[of]), 1, n)) for name, of in names.items()}


def novelty(results: Results) -> pd.DataFrame:
    """Per β and strategy the novelty and fidelity, and novelty minus that of reconstructions."""
    summary = frames.with_errors(summarise(results.metrics), results.metrics)
    parts = []
    for setting in frames.settings(summary):
        rows = frames.at(summary, setting)
        rows = rows[rows["metric"].isin([*PANELS, *frames.NOVELTY])]
        rows = rows[["strategy", "metric", "mean", "low_mean", "high_mean"]]
        against = differences(summary, baseline=SAME_DECODER, setting=setting)
        parts.append(rows.merge(against, on=["strategy", "metric"], how="left").assign(beta=setting.beta))
    return pd.concat(parts, ignore_index=True)


def by_beta(overlap: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Per β: overlap, novelty of posterior samples minus that of reconstructions, verdict, copying, and KID."""
    table = overlap.set_index("beta")
    posterior = scores[scores["strategy"] == "posterior"]
    for metric in (NOVELTY, "nearer_to_train"):
        rows = posterior[posterior["metric"] == metric].set_index("beta")
        for name, end in ((metric, "difference"), (f"{metric}_low", "low"), (f"{metric}_high", "high")):
            table[name] = rows[end]
    copies = posterior[posterior["copies"].eq(True)]
    table["copying"] = (
        copies["metric"].map(lambda name: word(name).label).groupby(copies["beta"]).agg(", ".join)
    )
    fidelity = scores[scores["metric"] == "kid"].pivot_table(index="beta", columns="strategy", values="mean")
    table = table.assign(kid_posterior=fidelity["posterior"], kid_prior=fidelity["prior"])
    ends = (table[f"{NOVELTY}{end}"] for end in ("", "_low", "_high"))
    return (
        table.assign(verdict=kit.decided(*ends, table["trainings"]))
        .fillna({"copying": "none"})
        .reset_index()
        .sort_values("beta")
    )


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, a table of overlap and novelty of posterior samples by β, and all curves."""
    over = kit.covered(results, ["kid"], alone="")
    return reported(overlaps(results), novelty(results), over=f", those of KID{over}" if over else "")


def reported(overlap: pd.DataFrame, scores: pd.DataFrame, *, over: str = "") -> Findings:
    """The findings of the two tables; `over` is what intervals of KID cover, if it is more than training runs."""
    table = by_beta(overlap, scores)
    columns = {name: kit.value(name) for name in ("beta", "noise_variance", "rate")} | {
        "overlap": kit.cell("overlap")
    }
    columns |= {name: kit.cell(name) for name in (NOVELTY, "nearer_to_train")} | kit.plain(
        "verdict", "copying"
    )
    columns |= {name: kit.value(name) for name in ("kid_posterior", "kid_prior")}
    shown = Section("Overlap and novelty of posterior samples, by β", TEXT, kit.readable(table, columns))
    against = "Against held-out data through the same decoder, samples from posteriors are"
    caption = (
        f"{CAPTION.replace('{over}', over)} {against} {_placed(table)}.{_empty(table)}{_mixture(scores)}"
    )
    first = kit.Exhibit("Overlap, novelty and fidelity by β", caption, figure(overlap, scores))
    return Findings(_answer(table), (shown,), (first, "effects", "samples"))


def _placed(table: pd.DataFrame) -> str:
    return kit.placed(table, {"worse": "less authentic", "better": "more authentic"})


def _empty(table: pd.DataFrame) -> str:
    """Why curves end alike where the codes say nothing of x."""
    row = table.sort_values("beta").to_dict("records")[-1]
    if row["rate"] > EMPTY:
        return ""
    rate = number(row["rate"])
    return (
        f" At {kit.at(row)} the posteriors have collapsed (rate {rate} nats): all samples are one mean image."
    )


def _mixture(scores: pd.DataFrame) -> str:
    """Where a mixture closes nearly as much of the gap as posteriors do with fewer copies, at the smallest such β."""
    means = scores.pivot_table(index=["beta", "metric"], columns="strategy", values="mean")
    if not {"gmm", "posterior", "prior", "held-out"} <= set(means) or "kid" not in means.index.levels[1]:
        return ""
    kid, authentic = (means.xs(name, level="metric") for name in ("kid", NOVELTY))
    gap = kid["prior"] - kid["held-out"]
    closed = {name: (kid["prior"] - kid[name]) / gap for name in ("gmm", "posterior")}
    ends = scores[scores["metric"] == NOVELTY].set_index(["strategy", "beta"])
    newer = ends.loc["gmm", "low_mean"] > ends.loc["posterior", "high_mean"]
    kept = (closed["gmm"] >= NEARLY * closed["posterior"]) & (closed["posterior"] > 0) & newer
    if not kept.any():
        return ""
    beta = kept[kept].index.min()
    shares, copied = (
        " against ".join(number(scale * found[name][beta], places) for name in ("gmm", "posterior"))
        for found, scale, places in ((closed, 100, 0), (authentic, 1, 2))
    )
    return (
        f" So rather draw from a mixture: at β = {number(beta)} `gmm` closes nearly as much of the gap in KID as "
        f"`posterior`, {shares} %, with authenticity {copied}."
    )


def _answer(table: pd.DataFrame) -> str:
    """The verdict on authenticity, setting by setting, then where a draw has one source."""
    leans = table[table["verdict"] == "worse"].to_dict("records")
    single = table[table["overlap"] < ONE].to_dict("records")
    than = "less authentic than held-out data through the same decoder"
    lead = f"Not decided: at no β is it shown that samples from posteriors are {than}, which is no proof of novelty."
    if leans:
        ends = sorted(leans, key=lambda row: row[NOVELTY])
        sizes = " to ".join(
            f"{_less(row)} at {kit.at(row)}" for row in (ends if len(ends) == 1 else (ends[0], ends[-1]))
        )
        place = kit.where(leans, len(table))
        rest = set(table["verdict"]) - {"worse"}
        elsewhere = (
            ", not decided elsewhere" if rest == {"not decided"} else ", not told elsewhere" * bool(rest)
        )
        lead = f"No at {place}{elsewhere}: samples from posteriors are {than} by {sizes}."
    rest = ""
    if single:
        row = single[-1]
        rest = (
            f"Up to {kit.at(row)} only one of {row['n_train']:,.0f} training examples could have given a draw (overlap "
            f"{number(row['overlap'])})."
        )
    return kit.brief(
        lead, rest, rest.replace(f" (overlap {number(single[-1]['overlap'])})", "") if single else ""
    )


def _less(row: kit.Row) -> str:
    """How much less authentic, smaller end first."""
    return interval(-row[NOVELTY], -row[f"{NOVELTY}_high"], -row[f"{NOVELTY}_low"])


def figure(overlap: pd.DataFrame, scores: pd.DataFrame) -> Figure:
    """Overlap, novelty and fidelity against β; the range where a draw has one source is shaded."""
    rows, title = overlap.sort_values("beta"), "Overlap of posteriors, and novelty and fidelity of samples"
    with style.styled():
        fig, grid = style.panels(1 + len(PANELS), 1, height=8.4, title=title, share_x=True, share_y=False)
        first, *others = grid[:, 0]
        names = ("overlap", "overlap_low", "overlap_high")
        kit.curve(first, rows, "beta", names, color=COLOURS[0], marker="o")
        first.set_ylabel("overlap\nexp(log N − I), examples")
        first.set_yscale("log")
        first.axhline(rows["n_train"].iloc[0], color=style.SOFT, linewidth=1, linestyle=":")
        at = (rows["beta"].iloc[0], rows["n_train"].iloc[0])
        first.annotate(f"N = {at[1]:,.0f}", at, textcoords="offset points", xytext=(0, -12))
        for panel, (metric, label) in zip(others, PANELS.items(), strict=True):
            _curves(panel, scores[scores["metric"] == metric], label)
        others[-1].set_yscale("symlog", linthresh=0.1)
        single = rows.loc[rows["overlap"] < ONE, "beta"]
        for panel in grid[:, 0] if len(single) else ():
            panel.axvspan(single.min() / 1.3, single.max() * 1.3, color=style.SOFT, alpha=0.15, linewidth=0)
        kit.setting_axis(others[-1], rows["beta"], "β (α = 1)")
        fig.legend(*others[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def _curves(axes: Axes, rows: pd.DataFrame, label: str) -> None:
    # Lines that meet must be told apart in grey too: by their marks, and the two straight ones by their dashes.
    for name, color, mark in zip(DRAWN, COLOURS, style.markers(len(DRAWN)), strict=True):
        own = rows[rows["strategy"] == name].sort_values("beta")
        if name in ("copycat", "held-out"):
            dashes = "--" if name == "copycat" else ":"
            axes.plot(own["beta"], own["mean"], dashes, color=color, label=name)
        else:
            names = ("mean", "low_mean", "high_mean")
            width = 2.8 if name == SAME_DECODER else 1.2
            kit.curve(
                axes, own, "beta", names, band=True, color=color, marker=mark, label=name, linewidth=width
            )
    axes.set_ylabel(label)


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
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
