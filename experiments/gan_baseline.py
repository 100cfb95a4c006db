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
BESIDE = ("fd_infinity", "precision", "recall", "sharpness", "authenticity")
VERDICTS = {"better": "beats", "worse": "loses to", "none": "has no verdict against"}


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """The GAN against every way to sample the VAE, and the cost of training."""
    return {"gan_baseline": against(results.metrics), "cost": costs(results)}


def against(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(GAN) − value(strategy of the VAE), paired by seed, at each β of the VAE.

    Returns:
        Columns against, beta, metric, better, seeds, gan, vae, difference, low, high (95 %, not corrected), p_holm
        (over strategies × β of one metric), verdict on the GAN, and detectable.
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
        "Holm's correction over all rows of a metric; what is not decided is no sign that both are alike. The last "
        "column has the difference that this many seeds would probably have shown. The GAN has no encoder: strategies "
        "that need codes are missing for it, with that reason, and its latents, reconstructions and likelihood cannot "
        "be measured." + _best(found)
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
    """Whether the GAN is told from the VAE's prior in KID, then what is told of each strategy."""
    rows = found[found["metric"] == PRIMARY] if len(found) else found
    if rows.empty:
        return "Nothing was compared: no GAN beside a VAE was trained and scored."
    if kit.undecided(rows):
        return kit.UNDECIDED
    parts = [
        _told(name, verdict, own)
        for name in [s for s in DRAWN if s in set(rows["against"])]
        for verdict, own in kit.by_verdict(rows[rows["against"] == name].sort_values("beta")).items()
    ]
    lead = (
        f"{_lead(rows[rows['against'] == PRIOR].sort_values('beta'))} "
        if PRIOR in set(rows["against"])
        else ""
    )
    return f"{lead}In {word(PRIMARY).label}, {'; '.join(parts)}."


def _lead(rows: pd.DataFrame) -> str:
    """Whether samples of the GAN and of the VAE's prior are told apart; that they are alike cannot be said."""
    told = rows["verdict"].isin(["better", "worse"])
    where, open_ = (listed(number(beta) for beta in rows.loc[own, "beta"]) for own in (told, ~told))
    apart = f"samples of a GAN with the same decoder score differently from those of the VAE's prior at β = {where}"
    if told.all():
        return f"No: {apart}."
    if told.any():
        return f"Not everywhere: {apart}; at β = {open_} that is not decided."
    return (
        "Not decided: at no β are samples of a GAN with the same decoder told from those of the VAE's prior."
    )


def _told(name: str, verdict: str, rows: list[dict[str, Any]]) -> str:
    """One verdict on the GAN against one strategy, with the settings where it holds."""
    if verdict in VERDICTS:
        return f"the GAN {VERDICTS[verdict]} `{name}` at {listed(_size(row, verdict) for row in rows)}"
    where = listed(f"β = {number(row['beta'])}" for row in rows)
    return f"the GAN against `{name}` is {verdict} at {where}{kit.unseen(rows)}"


def _size(row: dict[str, Any], verdict: str) -> str:
    """The setting, and the size of the difference if it is told from zero."""
    told = f" (by {kit.size(row)})" if verdict in ("better", "worse") else ""
    return f"β = {number(row['beta'])}{told}"


def _best(found: pd.DataFrame) -> str:
    """The GAN beside the VAE's prior and its posteriors, each at the β where it has its best mean KID."""
    parts = []
    for name in (PRIOR, "posterior") if len(found) else ():
        rows = found[found["against"] == name]
        kid = rows[rows["metric"] == PRIMARY]
        if kid.empty:
            continue
        best = kid.loc[kid["vae"].idxmin()]
        own = {row["metric"]: row for row in rows[rows["beta"] == best["beta"]].to_dict("records")}
        each = [_beside(own[metric]) for metric in (PRIMARY, *BESIDE) if metric in own]
        parts.append(
            f" The VAE's `{name}` has its best mean {word(PRIMARY).label} at β = {number(best['beta'])}. The GAN "
            f"against it: {'; '.join(each)}."
        )
    return "".join(parts)


def _beside(row: Mapping[Any, Any]) -> str:
    verdict = "no interval" if row["verdict"] == "none" else row["verdict"]
    return f"{word(row['metric']).label} {number(row['gan'])} against {number(row['vae'])} ({verdict})"


def _readable(found: pd.DataFrame) -> pd.DataFrame:
    """Differences and intervals as one text per cell, the primary metric first."""
    if found.empty:
        return found
    order = found["metric"].map({name: i for i, name in enumerate(METRICS)})
    rows = found.assign(order=order).sort_values(["order", "against", "beta"], kind="stable")
    columns: dict[str, kit.Column] = {"metric": lambda row: word(row["metric"]).label, "against": "against"}
    columns |= {"β": kit.value("beta")}
    columns |= {"GAN": kit.value("gan"), "VAE": kit.value("vae"), "difference": kit.change()}
    columns |= {"the GAN is": "verdict", "would be seen": kit.value("detectable")}
    return kit.readable(rows, columns)


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
