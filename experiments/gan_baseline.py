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

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
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
SHOWN = (PRIMARY, "fd_infinity", "precision", "recall", "coverage")  # in the figure, and in the answer
NOVELTY, BEYOND = "authenticity", "both above real data"
BESIDE = (PRIMARY, "fd_infinity", "precision", "recall", "sharpness", "authenticity")
TEXT = (
    "Each metric for samples of the GAN (`gan`) and for samples of a strategy from the VAE at one β (`vae`): means"
    "{over}, and their difference, paired by seed, with its 95 % interval. Differences of sharpness and "
    "density, which are best at 1, are of |v − 1|. Verdicts are on the GAN, with Holm's correction over all rows of a "
    "metric; what is not decided is no sign that both are alike. More authenticity than real held-out data have is no "
    "better: none is given where both have it, nor where a metric cannot tell: noise is no worse than reconstructions, "
    "or the like. The last column has the difference that this many seeds would probably "
    "have shown. The GAN has no encoder: strategies that need codes are missing for it, with that reason, and its "
    "latents, reconstructions and likelihood cannot be measured."
)
TRAINED = (
    " How the GAN is trained: with the non-saturating loss, and the penalty R₁ on the discriminator's gradient at real "
    "data, without which training may not converge (Goodfellow et al. 2014; Mescheder et al. 2018); by Adam without "
    "momentum, for as many steps as the VAE, on draws of N(0, I). The step size decays for both, because with a "
    "constant one the GAN drops modes. Both decoders end in a sigmoid: pictures of an affine one would be clipped to "
    "the range of the data before scoring, which harms a GAN more than a VAE."
)
COST = (
    "Mean seconds per model when several models of its kind train together, and mean seconds for 1000 samples. They "
    "have no interval: their spread is that of scheduling. A step of the GAN updates two networks and needs a second "
    "derivative."
)
PICTURES = (
    "Samples of one seed: from the GAN, from the prior and the posteriors of the VAE at each β, and real data. Rows of "
    "`prior` share their draws of N(0, I) with the GAN; rows of `posterior` share their training examples."
)
CAPTION = (
    "Each dot is a metric of the GAN minus that of a strategy of the VAE at one β; bars are 95 % intervals"
    "{over}, paired by seed and not corrected."
)


def against(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(GAN) − value(strategy of the VAE), paired by seed, at each β of the VAE: a table of `kit.compared`.

    A verdict on authenticity is `BEYOND` where both are above that of real data, and one by a metric that cannot tell
    `kit.MUTE`.
    """
    vae, gan = (metrics[metrics["family"] == family] for family in (VAE, GAN))
    everywhere = [gan.assign(beta=beta) for beta in sorted(vae["beta"].unique())]  # it has no β
    pairs = [({"against": name}, (GAN, PRIOR), (VAE, name)) for name in DRAWN]
    found = kit.compared(pd.concat([vae, *everywhere]), METRICS, pairs, own="gan", other="vae")
    own = metrics[(metrics["metric"] == NOVELTY) & (metrics["strategy"] == "held-out")]["value"].mean()
    if found.empty:
        return found
    beyond = (found["metric"] == NOVELTY) & (found[["gan", "vae"]].min(axis=1) > own)
    found = found.assign(
        verdict=found["verdict"].mask(beyond, BEYOND), detectable=found["detectable"].mask(beyond)
    )
    return kit.silenced(found, vae, places=["beta"])


def costs(results: Results) -> pd.DataFrame:
    """Steps, seconds of training, and seconds for 1000 samples from the prior, by family."""
    drawn = results.metrics[results.metrics["strategy"] == PRIOR]
    seconds = kit.values(drawn, COSTS[1:], by=["run_id"]).rename(COSTS[1])
    runs = results.runs.set_index("run_id").join(seconds)
    return kit.estimates(runs, by=["family", "steps"], of=COSTS)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, the differences from the VAE, all metrics, pictures and costs."""
    drawn = sheet_of(results)
    results, without = kit.with_decoder(results, PRIMARY)
    found, spent = against(results.metrics), costs(results)
    columns = kit.plain("family", "trainings", "steps")
    columns |= {"seconds of training": kit.value(COSTS[0]), "seconds per 1000 samples": kit.value(COSTS[1])}
    text = TEXT.format(over=kit.covered(results, METRICS, alone=" over seeds"))
    every = (
        [Section("The GAN against the VAE", text + without + _best(found) + TRAINED, _readable(found))]
        if len(found)
        else []
    )
    if drawn is not None:
        every.append(Section("Samples of both", PICTURES, figure=drawn))
    every.append(Section("Cost", COST, kit.readable(spent, columns)))
    if found.empty:
        return Findings("Nothing was compared: no GAN beside a VAE was trained and scored.", tuple(every))
    said = "; ".join(
        f"by {word(name).label}, {told}" for name in SHOWN[:2] if (told := _strategies(found, name))
    )
    caption = f"{CAPTION.format(over=kit.covered(results, SHOWN))}{without} {said[0].upper()}{said[1:]}."
    first = kit.Exhibit("The GAN against every way to sample the VAE", caption, figure(found))
    return Findings(answer(found), tuple(every), (first, "effects", "samples"))


def answer(found: pd.DataFrame) -> str:
    """Whether the GAN is told from the VAE's prior in KID, then in which metrics from its posteriors."""
    kid = found[found["metric"] == PRIMARY]
    prior = kid[kid["against"] == PRIOR]
    if prior.empty or kit.undecided(kid):
        return kit.UNDECIDED
    told = prior["verdict"].isin(["better", "worse"])
    lead = "No" if told.all() else "Not everywhere" if told.any() else "Not decided"
    against = f"by KID samples of the GAN are, against the VAE's prior, {kit.placed(prior, sizes=_sizes)}"
    return kit.brief(f"{lead}: {against}.", _by_metric(found[found["against"] == DRAWN[1]]))


def _sizes(rows: Sequence[Mapping[Any, Any]]) -> str:
    return f"by {kit.extremes(rows)}"


def _by_metric(rows: pd.DataFrame) -> str:
    """The metrics by the verdict that they give against the posteriors at every β; the others depend on it."""
    of: dict[str, list[str]] = {"better": [], "worse": [], "not decided": [], "none": [], "": []}
    for name in SHOWN:
        verdicts = set(rows.loc[rows["metric"] == name, "verdict"]) - {kit.MUTE}
        if verdicts:
            of[verdicts.pop() if len(verdicts) == 1 else ""].append(word(name).label)
    known = {"none": "without an interval"}
    told = listed(
        f"{known.get(verdict, verdict)} in {listed(names)}"
        for verdict, names in of.items()
        if verdict and names
    )
    parts = [f"the GAN is at every β {told}"] * bool(told)
    parts += [f"in {listed(of[''])} that depends on β"] * bool(of[""])
    return f"Against `{DRAWN[1]}` {'; '.join(parts)}." if parts else ""


def _strategies(found: pd.DataFrame, metric: str) -> str:
    """What a metric tells of the GAN against every strategy, and what would have been seen where nothing is told."""
    said = []
    for name in DRAWN:
        rows = found[(found["metric"] == metric) & (found["against"] == name)]
        if len(rows):
            open_ = kit.by_verdict(rows).get("not decided", [])
            said.append(f"against `{name}` the GAN is {kit.placed(rows)}{kit.unseen(open_)}")
    return "; ".join(said)


def _best(found: pd.DataFrame) -> str:
    """The GAN beside the VAE's prior and its posteriors, each at the β where it has its best mean KID."""
    parts = []
    for name, rows in ((name, found[found["against"] == name]) for name in DRAWN[:2]):
        kid = rows[rows["metric"] == PRIMARY]
        if kid.empty:
            continue
        beta = kid.loc[kid["vae"].idxmin(), "beta"]
        own = {row["metric"]: row for row in rows[rows["beta"] == beta].to_dict("records")}
        each = "; ".join(_beside(own[metric]) for metric in BESIDE if metric in own)
        parts.append(
            f" The VAE's `{name}` has its best mean KID at β = {number(beta)}. The GAN against it: {each}."
        )
    return "".join(parts)


def _beside(row: Mapping[Any, Any]) -> str:
    verdict = "no interval" if row["verdict"] == "none" else row["verdict"]
    return f"{word(row['metric']).label} {number(row['gan'])} against {number(row['vae'])} ({verdict})"


def _readable(found: pd.DataFrame) -> pd.DataFrame:
    """One row per metric, strategy and β, the primary metric first."""
    rows = found.iloc[found["metric"].map(METRICS.index).argsort(kind="stable")]
    columns: dict[str, kit.Column] = {"metric": lambda row: word(row["metric"]).label, "against": "against"}
    return kit.readable(rows, columns | {"β": kit.value("beta")} | kit.contrast("gan", "vae"))


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
                at = name if name == "held-out" else f"{name}, β = {number(run.beta)}"
                rows["GAN" if family == GAN else at] = found[name]
    return sheet(rows, title="Samples of the GAN and of the VAE")


def figure(found: pd.DataFrame) -> Figure:
    """Differences between the GAN and every way to sample the VAE, a panel per metric, by β."""
    parts = dict(list(found.groupby("metric")))
    shown = [parts[name] for name in SHOWN if name in parts]
    return kit.dots(
        [kit.Panel(word(rows["metric"].iloc[0]).label, rows, _arrow(rows)) for rows in shown],
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
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
