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

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from study import Dataset, Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.plots import style
from study.report.plots.samples import pictures, sheet
from study.report.text.numbers import listed, number
from study.report.text.words import word
from study.tables.results import Results

VAE, GAN, PRIOR = "vae", "gan", "prior"
DRAWN = (PRIOR, "posterior", "gmm")  # from the VAE; a GAN has its prior and no codes
STRATEGIES = (*DRAWN, "reconstruction", "held-out", "copycat", "noise")
PRIMARY = "kid"
METRICS = (PRIMARY, "fd_infinity", "precision", "recall", "density", "coverage", "sharpness", "authenticity")
COSTS = ("train_seconds", "seconds_per_1000")
VERDICTS = {"better": "beats", "worse": "loses to", "tie": "is not told from", "none": "is not set against"}


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """The GAN against every way to draw from the VAE, and what the trainings cost."""
    return {"gan_baseline": against(results.metrics), "cost": costs(results)}


def against(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(GAN) − value(strategy of the VAE), paired by seed, at each β of the VAE.

    Returns:
        Columns against, beta, metric, better, seeds, gan, vae, difference, low, high (95 %, each on its own), p_holm
        (over strategies × β of one metric) and verdict on the GAN.
    """
    return kit.paired(_pairs(metrics), own="gan", other="vae")


def _pairs(metrics: pd.DataFrame) -> Iterator[kit.Pair]:
    by = ["family", "strategy", "metric", "better", "beta", "seed"]
    rows = kit.values(metrics, METRICS, by=by).reset_index()
    made = rows[(rows["family"] == GAN) & (rows["strategy"] == PRIOR)].set_index(["metric", "seed"])["value"]
    drawn = rows[(rows["family"] == VAE) & rows["strategy"].isin(DRAWN)]
    for (metric, better, name, beta), own in drawn.groupby(["metric", "better", "strategy", "beta"]):
        facts = {"against": name, "beta": beta, "metric": metric, "better": better}
        gan = made.get(metric, pd.Series(dtype=float))
        yield kit.Pair(facts, gan, own.set_index("seed")["value"], family=metric)


def costs(results: Results) -> pd.DataFrame:
    """Steps, seconds of training, and seconds of 1000 draws from the prior, by family, with intervals."""
    drawn = results.metrics[results.metrics["strategy"] == PRIOR]
    seconds = kit.values(drawn, COSTS[1:], by=["run_id"]).rename(COSTS[1])
    runs = results.runs.set_index("run_id").join(seconds)
    return kit.estimates(runs, by=["family", "steps"], of=COSTS)


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
    columns = kit.plain("family", "trainings", "steps") | kit.several(COSTS, tables["cost"], named=True)
    spent = kit.readable(tables["cost"], columns)
    sections = [
        Section("The GAN against the VAE", text, _readable(found), figure(found)),
        Section("Cost", cost, spent),
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
    for family, name in ((GAN, PRIOR), (VAE, PRIOR), (VAE, "posterior"), (VAE, "held-out")):
        for run, found in made:
            if run.family == family and name in found:
                at = f"{name}, β = {number(run.beta)}"
                rows["GAN" if family == GAN else name if name == "held-out" else at] = found[name]
    return sheet(rows, title="What the GAN and the VAE draw")


def answer(found: pd.DataFrame) -> str:
    """Whether the GAN draws better than each strategy, in KID; and precision and recall beside the VAE's prior."""
    rows = found[found["metric"] == PRIMARY] if len(found) else found
    if rows.empty:
        return "Nothing was compared: no GAN beside a VAE was trained and scored."
    if kit.undecided(rows):
        return kit.UNDECIDED
    parts = [
        f"{VERDICTS[verdict]} `{name}` at {listed(_size(row, verdict) for row in own)}"
        for name in [s for s in DRAWN if s in set(rows["against"])]
        for verdict, own in kit.by_verdict(rows[rows["against"] == name].sort_values("beta")).items()
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


def _size(row: dict, verdict: str) -> str:
    """The setting, and by how much where that is told from nothing."""
    told = f" (by {kit.size(row)})" if verdict in ("better", "worse") else ""
    return f"β = {number(row['beta'])}{told}"


def _spread(found: pd.DataFrame) -> str:
    """Precision and recall of both, where the VAE's prior does best."""
    rows = found[found["against"] == PRIOR]
    kid = rows[rows["metric"] == PRIMARY]
    best = kid.loc[kid["vae"].idxmin(), "beta"]
    own = rows[rows["beta"] == best].set_index("metric")
    names = [name for name in ("precision", "recall", "sharpness", "authenticity") if name in own.index]
    each = [
        f"{word(name).label} {number(own.loc[name, 'gan'])} against {number(own.loc[name, 'vae'])}"
        for name in names
    ]
    return f" Beside the VAE's prior at β = {number(best)}, its best, the GAN has {listed(each)}." * bool(
        each
    )


def _readable(found: pd.DataFrame) -> pd.DataFrame:
    """Differences with their ends as one text per cell, the primary metric first."""
    if found.empty:
        return found
    order = found["metric"].map({name: i for i, name in enumerate(METRICS)})
    rows = found.assign(order=order).sort_values(["order", "against", "beta"], kind="stable")
    columns = {"metric": lambda row: word(row["metric"]).label, "against": "against", "β": kit.value("beta")}
    columns |= {"GAN": kit.value("gan"), "VAE": kit.value("vae"), "difference": kit.change()}
    return kit.readable(rows, {**columns, "the GAN is": "verdict"})


def figure(found: pd.DataFrame) -> Figure | None:
    """Differences of the GAN from every way to draw from the VAE, a panel for each metric, by β."""
    parts = dict(list(found.groupby("metric"))) if len(found) else {}
    panels = [
        kit.Panel(word(name).label, parts[name], _arrow(parts[name]))
        for name in (PRIMARY, "precision", "recall", "coverage")
        if name in parts
    ]
    if not panels:
        return None
    return kit.dots(
        panels,
        rows=[name for name in DRAWN if name in set(found["against"])],
        by="against",
        title="The GAN against every way to draw from the VAE",
        below="GAN − VAE, with 95 % intervals",
    )


def _arrow(rows: pd.DataFrame) -> str:
    return style.better_arrow(rows["better"].iloc[0]).replace("better", "GAN better")


def grids(vae: StudyConfig, **changes: Any) -> tuple[StudyConfig, ...]:
    """The VAE's grid over β, and the GAN, to which β is nothing."""
    vae = vary(vae, model={"likelihood": "bernoulli"}, strategies=STRATEGIES, **changes)
    return vae, vary(vae, model={"family": GAN}, betas=(1.0,))


BETAS, LONG = (0.25, 1.0, 4.0), {"steps": 12_000, "schedule": "cosine"}

EXPERIMENT = Experiment(
    name="gan_baseline",
    question="Is drawing from a VAE's prior akin to a vanilla GAN?",
    profiles={
        "smoke": grids(SMOKE, training={"steps": 300, "schedule": "cosine"}),
        "quick": grids(DIGITS, training=LONG, betas=BETAS, density_draws=500),
        "default": grids(MNIST, training=LONG, betas=BETAS, n_samples=2000, density_draws=300),
    },
    findings=findings,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
