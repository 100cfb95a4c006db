"""Is drawing from a VAE's prior akin to a vanilla GAN?

A GAN is trained with the decoder of a VAE as its generator: same size, same initial weights, draws of the same N(0, I),
same number of steps and same batch size. It is trained on exactly the distribution of z that it is sampled with, so
there is no other latent distribution to choose. Every way to sample the VAE is compared with it, paired by seed. Both
decoders end in a sigmoid, as for a Bernoulli likelihood, so that the discriminator sees what is scored. Pictures of an
affine decoder would be clipped to the range of the data before scoring, which harms a GAN whose pixels scatter around
black more than a VAE (KID on MNIST from 0.07 to 2.0; a VAE's prior from 1.1 to 2.1). The step size decays for both,
because with a constant one the GAN drops modes.

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
DRAWN = (PRIOR, "posterior", "gmm")  # ways to sample the VAE; a GAN has only its prior, and no codes
STRATEGIES = (*DRAWN, "reconstruction", "held-out", "copycat", "noise")
PRIMARY = "kid"
METRICS = (PRIMARY, "fd_infinity", "precision", "recall", "density", "coverage", "sharpness", "authenticity")
COSTS = ("train_seconds", "seconds_per_1000")
VERDICTS = {"better": "beats", "worse": "loses to", "tie": "ties with", "none": "has no verdict against"}


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """The GAN against every way to sample the VAE, and the cost of training."""
    return {"gan_baseline": against(results.metrics), "cost": costs(results)}


def against(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(GAN) − value(strategy of the VAE), paired by seed, at each β of the VAE.

    Returns:
        Columns against, beta, metric, better, seeds, gan, vae, difference, low, high (95 %, not corrected), p_holm
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
    """Steps, seconds of training, and seconds for 1000 samples from the prior, by family, with intervals."""
    drawn = results.metrics[results.metrics["strategy"] == PRIOR]
    seconds = kit.values(drawn, COSTS[1:], by=["run_id"]).rename(COSTS[1])
    runs = results.runs.set_index("run_id").join(seconds)
    return kit.estimates(runs, by=["family", "steps"], of=COSTS)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, the contrasts of all metrics, and the costs."""
    found = tables["gan_baseline"]
    text = (
        "Each metric for samples of the GAN (`GAN`) and for samples of a strategy from the VAE at one β (`VAE`): means "
        "over seeds, and their difference, paired by seed, with its 95 % interval. Verdicts are on the GAN, with "
        "Holm's correction over all rows of a metric. The GAN has no encoder: strategies that need codes are missing "
        "for it, with that reason, and its latents, reconstructions and likelihood cannot be measured."
    )
    cost = (
        "Seconds per model when several models of its kind train together, and seconds for 1000 samples. A step of the "
        "GAN updates two networks and needs a second derivative."
    )
    shown = (
        "Samples of one seed: from the GAN, from the prior and the posteriors of the VAE at each β, and real data. "
        "Rows of `prior` share their draws of N(0, I) with the GAN; rows of `posterior` share their training examples."
    )
    columns = kit.plain("family", "trainings", "steps") | kit.several(COSTS, tables["cost"], named=True)
    spent = kit.readable(tables["cost"], columns)
    sections = [
        Section("The GAN against the VAE", text, _readable(found), figure(found)),
        Section("Cost", cost, spent),
    ]
    drawn = sheet_of(results)
    if drawn is not None:
        sections.insert(1, Section("Samples of both", shown, figure=drawn))
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
    return sheet(rows, title="Samples of the GAN and of the VAE")


def answer(found: pd.DataFrame) -> str:
    """Whether the GAN beats each strategy in KID; then other metrics of the GAN and of the VAE's prior."""
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
        "No: at every β the samples of a GAN with the same decoder score differently from those of the VAE's prior."
        if apart.all()
        else "At some β, as far as these seeds show: a GAN with the same decoder and the VAE's prior score alike there."
        if apart.any()
        else "Yes, as far as these seeds show: a GAN with the same decoder and the VAE's prior score alike."
    )
    return f"{lead} In {word(PRIMARY).label} the GAN {'; '.join(parts)}.{_spread(found)}"


def _size(row: dict, verdict: str) -> str:
    """The setting, and the size of the difference if it is significant."""
    told = f" (by {kit.size(row)})" if verdict in ("better", "worse") else ""
    return f"β = {number(row['beta'])}{told}"


def _spread(found: pd.DataFrame) -> str:
    """Precision, recall, sharpness and authenticity of both, at the β where the VAE's prior has its best KID."""
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
    """Differences and intervals as one text per cell, the primary metric first."""
    if found.empty:
        return found
    order = found["metric"].map({name: i for i, name in enumerate(METRICS)})
    rows = found.assign(order=order).sort_values(["order", "against", "beta"], kind="stable")
    columns = {"metric": lambda row: word(row["metric"]).label, "against": "against", "β": kit.value("beta")}
    columns |= {"GAN": kit.value("gan"), "VAE": kit.value("vae"), "difference": kit.change()}
    return kit.readable(rows, {**columns, "the GAN is": "verdict"})


def figure(found: pd.DataFrame) -> Figure | None:
    """Differences between the GAN and every way to sample the VAE, a panel per metric, by β."""
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
        title="The GAN against every way to sample the VAE",
        below="GAN − VAE, with 95 % intervals",
    )


def _arrow(rows: pd.DataFrame) -> str:
    return style.better_arrow(rows["better"].iloc[0]).replace("better", "GAN better")


def grids(vae: StudyConfig, **changes: Any) -> tuple[StudyConfig, ...]:
    """The VAE's grid over β, and the GAN, which does not depend on β."""
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
