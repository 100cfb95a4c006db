"""Is drawing from a VAE's prior akin to a vanilla GAN?

A GAN is trained with the decoder of a VAE as its generator: of one size, beginning at the same weights, on draws of the
same N(0, I), for as many steps on batches of one size. It never meets a code that it will not be asked for, so that no
latent distribution is left to choose. Every way to draw from the VAE is set against it, paired by seed. The decoder
ends in a sigmoid, as that of a Bernoulli likelihood does, so that what the discriminator sees is what is scored:
pictures of an affine decoder are clipped to the range of the data first, which a GAN that has learned to scatter around
black pays for more than a VAE does (KID on MNIST from 0.07 to 2.0; a VAE's prior from 1.1 to 2.1). The step size decays
for both: with one that stays a GAN drops modes.

    study run gan_baseline                      MNIST, 15 VAEs and 5 GANs, half an hour on two cores
    study run gan_baseline --profile quick      digits, 15 VAEs and 5 GANs, about two minutes
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Dataset, Experiment, Findings, Section, StudyConfig, TrainConfig, VAEConfig, experiment_main
from study.report import frames
from study.report.plots import style
from study.report.plots.samples import pictures, sheet
from study.report.text.numbers import interval, listed, number, with_ends
from study.report.text.words import word
from study.statistics import bootstrap_interval, contrasts
from study.tables.results import Results

VAE, GAN, PRIOR = "vae", "gan", "prior"
DRAWN = (PRIOR, "posterior", "gmm")  # from the VAE; a GAN has its prior and no codes
STRATEGIES = (*DRAWN, "reconstruction", "held-out", "copycat", "noise")
PRIMARY = "kid"
METRICS = (PRIMARY, "fd_infinity", "precision", "recall", "density", "coverage", "sharpness", "authenticity")
COSTS = ("train_seconds", "seconds_per_1000")


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """The GAN against every way to draw from the VAE, and what the trainings cost."""
    return {"gan_baseline": against(results.metrics), "cost": costs(results)}


def against(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(GAN) − value(strategy of the VAE), paired by seed, at each β of the VAE.

    Returns:
        Columns against, beta, metric, better, seeds, gan, vae, difference, low, high (95 %, each on its own), p_holm
        (over strategies × β of one metric) and verdict on the GAN.
    """
    scored = metrics[(metrics["status"] == "ok") & metrics["metric"].isin(METRICS)]
    values = scored.groupby(["family", "strategy", "metric", "better", "beta", "seed"])["value"].mean()
    own = values.reset_index()
    made = own[(own["family"] == GAN) & (own["strategy"] == PRIOR)].set_index(["metric", "seed"])["value"]
    facts, pairs = [], []
    drawn = own[(own["family"] == VAE) & own["strategy"].isin(DRAWN)]
    for (metric, better, name, beta), rows in drawn.groupby(["metric", "better", "strategy", "beta"]):
        pair = pd.DataFrame(
            {"gan": made.get(metric, pd.Series()), "vae": rows.set_index("seed")["value"]}
        ).dropna()
        if len(pair):
            facts.append({"against": name, "beta": beta, "metric": metric, "better": better})
            pairs.append(pair.to_numpy())
    found = contrasts(facts, pairs, families=[row["metric"] for row in facts])
    return found.rename(columns={"own": "gan", "other": "vae"})


def costs(results: Results) -> pd.DataFrame:
    """Steps, seconds of training, and seconds of 1000 draws from the prior, by family, with intervals."""
    drawn = results.metrics[(results.metrics["strategy"] == PRIOR) & (results.metrics["metric"] == COSTS[1])]
    seconds = drawn.groupby("run_id")["value"].mean().rename(COSTS[1])
    rows = []
    for family, own in results.runs.set_index("run_id").join(seconds).groupby("family"):
        row: dict = {"family": family, "trainings": len(own), "steps": int(own["steps"].max())}
        for name in COSTS:
            ends = bootstrap_interval(own[name].dropna().to_numpy())
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
        rows.append(row)
    return pd.DataFrame(rows)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, the contrasts of all metrics, and the costs."""
    found = tables["gan_baseline"]
    text = (
        "Each metric of what the GAN draws (`GAN`) and of what a strategy draws from the VAE at one β (`VAE`): means "
        "over seeds, and their difference, paired by seed, with its 95 % interval. Verdicts are on the GAN, corrected "
        "after Holm over all rows of a metric. The GAN has no encoder: strategies that need codes are rows of the "
        "tables with that reason, and nothing is known of its latents, reconstructions or likelihood."
    )
    cost = (
        "Seconds of one training beside others of its kind, and of 1000 draws. A step of the GAN moves two networks "
        "and takes a second derivative."
    )
    shown = (
        "Of one seed: the GAN's draws; draws from the prior and the posteriors of the VAE at each β; real data. Rows "
        "of `prior` share their draws of N(0, I) with the GAN, and rows of `posterior` the training examples."
    )
    sections = [
        Section("The GAN against the VAE", text, _readable(found), figure(found)),
        Section("Cost", cost, _costs(tables["cost"])),
    ]
    drawn = sheet_of(results)
    if drawn is not None:
        sections.insert(1, Section("What they draw", shown, figure=drawn))
    return Findings(answer(found), tuple(sections))


def sheet_of(results: Results) -> Figure | None:
    """Pictures of one seed: the GAN, the VAE's prior and posteriors at each β, real data."""
    runs = results.runs[results.runs["seed"] == results.runs["seed"].min()].sort_values("beta")
    made = [(run, found) for run in frames.each(runs) if (found := pictures(results, run.run_id))]
    if GAN not in {run.family for run, _ in made}:
        return None
    rows = {}
    for family, name in ((GAN, PRIOR), *((VAE, name) for name in (PRIOR, "posterior")), (VAE, "held-out")):
        for run, found in made:
            if run.family == family and name in found:
                label = (
                    "GAN"
                    if family == GAN
                    else name
                    if name == "held-out"
                    else f"{name}, β = {number(run.beta)}"
                )
                rows[label] = found[name]
    return sheet(rows, title="What the GAN and the VAE draw")


def answer(found: pd.DataFrame) -> str:
    """Whether the GAN draws better than each strategy, in KID; and precision and recall beside the VAE's prior."""
    rows = found[found["metric"] == PRIMARY] if len(found) else found
    if rows.empty:
        return "Nothing was compared: no GAN beside a VAE was trained and scored."
    if (rows["verdict"] == "none").all():
        return "Not decided: too few seeds for an interval."
    parts = [
        f"{_VERDICTS[verdict]} `{name}` at {listed(_size(row, verdict) for row in own)}"
        for name in [s for s in DRAWN if s in set(rows["against"])]
        for verdict, own in _by_verdict(rows[rows["against"] == name]).items()
    ]
    apart = rows[rows["against"] == PRIOR]["verdict"].isin(["better", "worse"])
    lead = (
        "No: at every β a GAN of the same decoder draws otherwise than the prior of the VAE."
        if apart.all()
        else "At some β yes, as far as seeds can tell: a GAN of the same decoder and the VAE's prior score alike there."
        if apart.any()
        else "Yes, as far as seeds can tell: a GAN of the same decoder and the prior of the VAE score alike."
    )
    return f"{lead} In {word(PRIMARY).label} the GAN {'; '.join(parts)}.{_spread(found)}"


_VERDICTS = {"better": "beats", "worse": "loses to", "tie": "is not told from", "none": "is not set against"}


def _by_verdict(rows: pd.DataFrame) -> dict[str, list[dict]]:
    ordered = rows.sort_values("beta").to_dict("records")
    found = {name: [dict(row) for row in ordered if row["verdict"] == name] for name in _VERDICTS}
    return {name: own for name, own in found.items() if own}


def _size(row: dict, verdict: str) -> str:
    """The setting, and by how much where that is told from nothing."""
    setting = f"β = {number(row['beta'])}"
    if verdict not in ("better", "worse"):
        return setting
    low, high = sorted((abs(row["low"]), abs(row["high"])))
    return f"{setting} (by {interval(abs(row['difference']), low, high)})"


def _spread(found: pd.DataFrame) -> str:
    """Precision and recall of both, where the VAE's prior does best."""
    rows = found[found["against"] == PRIOR]
    kid = rows[rows["metric"] == PRIMARY]
    best = kid.loc[kid["vae"].idxmin(), "beta"]
    own = rows[rows["beta"] == best].set_index("metric")
    names = [name for name in ("precision", "recall", "sharpness", "authenticity") if name in own.index]
    if not names:
        return ""
    each = [
        f"{word(name).label} {number(own.loc[name, 'gan'])} against {number(own.loc[name, 'vae'])}"
        for name in names
    ]
    return f" Beside the VAE's prior at β = {number(best)}, its best, the GAN has {listed(each)}."


def _readable(found: pd.DataFrame) -> pd.DataFrame:
    """Differences with their ends as one text per cell, the primary metric first."""
    if found.empty:
        return found
    order = found["metric"].map({name: i for i, name in enumerate(METRICS)})
    rows = found.assign(order=order).sort_values(["order", "against", "beta"], kind="stable")
    out = pd.DataFrame(
        {"metric": [word(name).label for name in rows["metric"]], "against": rows["against"].to_numpy()}
    )
    for name, column in (("β", "beta"), ("GAN", "gan"), ("VAE", "vae")):
        out[name] = rows[column].map(number).to_numpy()
    ends = zip(rows["difference"], rows["low"], rows["high"], strict=True)
    out["difference"] = [interval(*values) for values in ends]
    out["the GAN is"] = rows["verdict"].to_numpy()
    return out


def _costs(table: pd.DataFrame) -> pd.DataFrame:
    out = table[["family", "trainings", "steps"]].copy()
    for name in COSTS:
        out[word(name).label] = [with_ends(row, name) for row in table.to_dict("records")]
    return out


def figure(found: pd.DataFrame) -> Figure | None:
    """Differences of the GAN from every way to draw from the VAE, a panel for each metric, by β."""
    rows = found if len(found) else pd.DataFrame(columns=["metric", "against", "beta"])
    names = [name for name in (PRIMARY, "precision", "recall", "coverage") if name in set(rows["metric"])]
    if not names:
        return None
    betas = sorted(rows["beta"].unique())
    ways = [name for name in DRAWN if name in set(rows["against"])]
    with style.styled():
        fig, grid = style.panels(
            1,
            len(names),
            height=0.5 * len(ways) + 1.5,
            title="The GAN against every way to draw from the VAE",
        )
        for axes, name in zip(grid[0], names, strict=True):
            middle = style.rows_axis(axes, ways)
            own = rows[rows["metric"] == name]
            for i, beta in enumerate(betas):
                at = own[own["beta"] == beta].set_index("against").reindex(ways)
                reach = np.clip([at["difference"] - at["low"], at["high"] - at["difference"]], 0, None)
                axes.errorbar(
                    at["difference"], middle + 0.2 * (i - (len(betas) - 1) / 2), xerr=np.nan_to_num(reach),
                    fmt=style.markers(len(betas))[i], color=style.shades(len(betas))[i], markersize=4, capsize=2,
                    label=f"β = {number(beta)}",
                )  # fmt: skip
            axes.axvline(0, color=style.INK, linewidth=0.8)
            axes.locator_params(axis="x", nbins=4)
            axes.set_title(word(name).label)
            axes.set_xlabel(style.better_arrow(own["better"].iloc[0]).replace("better", "GAN better"))
        fig.supxlabel("GAN − VAE, with 95 % intervals", fontsize=9)
        fig.legend(
            *grid[0][0].get_legend_handles_labels(),
            loc="outside upper right",
            ncols=len(betas),
            frameon=False,
        )
    return fig


def families(vae: StudyConfig) -> tuple[StudyConfig, ...]:
    """The VAE's grid over β, and the GAN, to which β is nothing."""
    gan = dataclasses.replace(vae, model=dataclasses.replace(vae.model, family=GAN), betas=(1.0,))
    return vae, gan


QUICK = StudyConfig(
    dataset="digits",
    model=VAEConfig(latent_dim=8, hidden=(128,), likelihood="bernoulli"),
    training=TrainConfig(steps=12_000, schedule="cosine"),
    betas=(0.25, 1.0, 4.0),
    strategies=STRATEGIES,
    density_draws=500,
)
DEFAULT = dataclasses.replace(
    QUICK,
    dataset="mnist",
    model=dataclasses.replace(QUICK.model, latent_dim=16, hidden=(256,)),
    n_samples=2000,
    density_draws=300,
)
SMOKE = dataclasses.replace(
    QUICK,
    model=dataclasses.replace(QUICK.model, latent_dim=2, hidden=(32,)),
    training=TrainConfig(steps=300, schedule="cosine"),
    betas=(1.0,),
    seeds=(0, 1, 2),
    density_draws=200,
)

EXPERIMENT = Experiment(
    name="gan_baseline",
    question="Is drawing from a VAE's prior akin to a vanilla GAN?",
    profiles={"smoke": families(SMOKE), "quick": families(QUICK), "default": families(DEFAULT)},
    findings=findings,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
