"""Learn the prior with the model, or fit a density to its codes afterwards?

Two remedies for a prior that does not match q(z). For a plain VAE with prior N(0, I), a density is fitted to q(z)
after training; the other families learn p(z) with the model, and `prior` samples from it. Encoder and decoder have the
same size and initial weights, and a seed has the same batches and noise in every family, so differences are paired by
seed. The rate changes too: under a learned prior the same information costs less, so at the same β two families reach
different rates and distortions. The report therefore shows rate and distortion of every family.

    study run learned_priors                      MNIST, 60 VAEs, half an hour on two cores
    study run learned_priors --profile quick      digits, 60 VAEs, a few minutes
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config import FAMILIES
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.config.serialise import from_dict
from study.models import listing
from study.report import kit
from study.report.text.numbers import listed
from study.tables.results import Results
from study.training import Architecture

PLAIN, PRIOR, LARS, EXEMPLAR = "vae", "prior", "lars-prior", "exemplar"
AFTERWARDS = ("gmm", "flow")  # densities fitted to the codes of the plain VAE
DRAWN = (PRIOR, "posterior", *AFTERWARDS)
COMPARED = (PLAIN, *(name for name, family in FAMILIES.items() if family.prior))
STRATEGIES = (*DRAWN, "reconstruction", "copycat", "held-out", "noise")
METRICS = ("kid", "fd", "precision", "recall", "nearer_to_train", "authenticity")
PRIMARY = "kid"
MODEL = ("rate", "distortion", "kl_aggregate_lower", "kl_aggregate_upper", "hole_mass", "overlap")
TEXT = (
    "KID of samples from each learned prior (`learned`) and of samples from the plain VAE by the strategy in column "
    "`against` (`plain`): means{over}, and the difference, paired by seed, with its 95 % interval; lower is better. "
    "Verdicts use Holm's correction over all rows; what is not decided is no sign that both are alike. The last column "
    "has the difference that this many seeds would probably have shown."
)
SPENT = (
    "Loss on validation data, rate, distortion on held-out data, the bracket on KL(q(z)‖p(z)), hole mass and overlap, "
    "with 95 % intervals over seeds. A learned prior leaves the scale of z free. T is the number of proposals of "
    "`lars-prior`, whose density is at most T times that of N(0, I)."
)
MEANING = (
    "What each family learns and where it is from. Encoder and decoder are the same in all of them. `posterior` draws "
    "from q(z) of the family's own model, `prior` from its own p(z)."
)
KEPT = (
    " The prior of `exemplar` is a kernel at the code of every training example: it keeps these codes, as `posterior` "
    "does, beside the one parameter that it adds; the other families keep none. In training an example's own kernel is "
    "left out. In rate and KL(q(z)‖p(z)), which are of training data, it is not, so both are lower than for new data; "
    "the loss on validation data shows by how much."
)
CAPTION = (
    "KID of each family, sampled from its learned prior, minus that of the plain VAE by four strategies, at each β; "
    "bars are 95 % intervals{over}, paired by seed. Bars are not corrected, verdicts are, for all comparisons."
)


def contrasts(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(`prior` of a family) − value(strategy of the plain VAE), paired by seed, at each β."""
    pairs = [
        ({"family": family, "against": name}, (family, PRIOR), (PLAIN, name))
        for family in COMPARED[1:]
        for name in DRAWN
    ]
    return kit.compared(metrics, METRICS, pairs, own="learned", other="plain")


def from_posteriors(metrics: pd.DataFrame) -> pd.DataFrame:
    """KID of `posterior` − that of `prior` of the same model, for every family at each β."""
    pairs = [({"family": family}, (family, "posterior"), (family, PRIOR)) for family in COMPARED]
    return kit.compared(metrics, [PRIMARY], pairs)


def models(results: Results) -> pd.DataFrame:
    """Per family and β: validation loss and its parts, measurements of q(z), parameters and truncation of the prior."""
    losses = results.losses[results.losses["split"] == "validation"].sort_values("epoch")
    last = losses.groupby("run_id").last()["loss"].rename("validation_loss")
    measured = kit.by_run(results, "family").join(last)
    found = kit.estimates(measured, by=["family", "beta"], of=["validation_loss", *MODEL])
    found.insert(3, "prior_parameters", found["family"].map(parameters(results.provenance)))
    found.insert(4, "truncation", found["family"].map(truncations(results.provenance)))
    return found.sort_values("family", key=lambda names: names.map(COMPARED.index), kind="stable")


def truncations(provenance: Mapping[str, Any]) -> dict[str, int]:
    """T of each family with a learned accept/reject prior: log T nats are the most that it can gain on N(0, I)."""
    models = [from_dict(StudyConfig, config).model for config in provenance["config"]]
    return {model.family: model.prior.proposals for model in models if model.family == LARS}


def parameters(provenance: Mapping[str, Any]) -> dict[str, int]:
    """The number of parameters that each family's prior adds to encoder and decoder."""
    found, size = {}, int(np.prod(provenance["dataset"]["shape"]))
    for config in provenance["config"]:
        model = from_dict(StudyConfig, config).model
        for family in (PLAIN, model.family):
            built = Architecture(dataclasses.replace(model, family=family), size, "gaussian")
            shapes = jax.eval_shape(built.initialise, jax.random.key(0))
            found[family] = sum(leaf.size for leaf in jax.tree.leaves(shapes))
    return {family: n - found[PLAIN] for family, n in found.items()}


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, the contrasts of the primary metric, and rate and distortion."""
    results, without = kit.with_decoder(results, PRIMARY)
    found, spent = contrasts(results.metrics), models(results)
    plain: dict[str, kit.Column] = {"family": "family", "β": kit.value("beta"), "trainings": "trainings"}
    plain |= {"parameters of the prior": "prior_parameters", "T": kit.value("truncation")}
    said = kit.readable(spent, plain | kit.several(("validation_loss", *MODEL), spent, named=True))
    costs = Section("Rate and distortion", SPENT, said)
    rows = found[found["metric"] == PRIMARY] if len(found) else found
    if rows.empty:
        return Findings(
            "Nothing was compared: no family beside the plain VAE was trained and scored.", (costs,)
        )
    columns = kit.plain("family", "against") | {"β": kit.value("beta")} | kit.plain("seeds")
    shown = kit.readable(rows, columns | kit.contrast("learned", "plain"))
    text = TEXT.format(over=kit.covered(results, [PRIMARY], alone=" over seeds"))
    caption = CAPTION.format(over=kit.covered(results, [PRIMARY]))
    own = Section(
        "Learned with the model against fitted afterwards", text + without + _told(rows, DRAWN), shown
    )
    first = kit.Exhibit(
        "A learned prior against the plain VAE",
        f"{caption}{without}{_told(rows, AFTERWARDS[:1])}",
        figure(rows),
    )
    posterior = from_posteriors(results.metrics)
    told = f" KID of `posterior` against that of `prior`: {_by_family(posterior)}." if len(posterior) else ""
    kept = KEPT * (EXEMPLAR in set(rows["family"]))
    meant = Section("The families", MEANING + kept + told, families(rows["family"]))
    sources = tuple(families(rows["family"])["source"])
    return Findings(
        answer(rows, posterior), (own, meant, costs), (first, "effects", "samples"), sources=sources
    )


def families(names: Iterable[str]) -> pd.DataFrame:
    """The plain VAE and these families, what each is, and its source."""
    known = {row["name"]: row for row in listing()}
    return pd.DataFrame([known[name] for name in (PLAIN, *dict.fromkeys(names))])[
        ["name", "summary", "source"]
    ]


def _by_family(rows: pd.DataFrame) -> str:
    """What is told of each family, β by β, and what would have been seen where nothing is."""
    return "; ".join(
        f"`{family}` is {kit.placed(own, sizes=_sizes)}{kit.unseen(kit.by_verdict(own).get('not decided', []))}"
        for family, own in rows.groupby("family", sort=False)
    )


def answer(rows: pd.DataFrame, own: pd.DataFrame) -> str:
    """Which learned priors beat the densities fitted afterwards, at which β; then N(0, I), and `posterior` of each.

    Args:
        rows: `contrasts` of KID.
        own: `from_posteriors`.
    """
    if kit.undecided(rows):
        return kit.UNDECIDED
    fitted = rows[rows["against"].isin(AFTERWARDS)]
    return kit.brief(_lead(fitted), _against_prior(rows[rows["against"] == PRIOR], own))


def _lead(rows: pd.DataFrame) -> str:
    """The families that beat every density fitted afterwards, β by β, and those that lose to every one everywhere."""
    if rows.empty:
        return "No density was fitted afterwards."
    betas, densities = sorted(rows["beta"].unique()), list(dict.fromkeys(rows["against"]))
    every = "both " * (len(densities) == 2) + listed(f"`{name}`" for name in densities)
    won = {beta: _all(rows[rows["beta"] == beta], "better") for beta in betas}
    lost = _all(rows, "worse")
    if not any(won.values()):
        lead = f"Not shown: in KID no learned prior is told to beat {every} at {_at(betas, len(betas))}"
        if set(lost) == set(rows["family"]):
            return f"No: in KID every learned prior is worse than {every} at {_at(betas, len(betas))}."
    else:
        lead = _winners(rows, won, every)
    worse = f"{listed(f'`{name}`' for name in lost)} {'is' if len(lost) == 1 else 'are'} worse everywhere"
    return f"{lead}{f'; {worse}' * bool(lost)}."


def _winners(rows: pd.DataFrame, won: Mapping[float, Sequence[str]], every: str) -> str:
    """Where some families beat every density, with the least and the largest difference, and where none does."""
    groups: dict[tuple[str, ...], list[float]] = {}
    for beta, names in won.items():
        groups.setdefault(tuple(names), []).append(beta)
    said = []
    for names, betas in sorted(groups.items(), key=lambda group: not group[0]):
        if not names:
            said.append(f"at {_at(betas, len(won)).removeprefix('β = ')} none does")
            continue
        own = rows[rows["family"].isin(names) & rows["beta"].isin(betas)]
        beat = f"{listed(f'`{name}`' for name in names)} {'beats' if len(names) == 1 else 'beat'}"
        what = f"{every} (in KID by {kit.extremes(own.to_dict('records'))})" if not said else "both"
        said.append(f"at {_at(betas, len(won))} {beat} {what}")
    text = ", ".join(said)
    return text[0].upper() + text[1:]


def _at(betas: Sequence[float], of: int) -> str:
    return kit.where([{"beta": beta} for beta in betas], of)


def _all(rows: pd.DataFrame, verdict: str) -> list[str]:
    """The families that have one verdict in all rows."""
    same = (rows["verdict"] == verdict).groupby(rows["family"], sort=False).all()
    return [str(name) for name in same.index[same]]


def _against_prior(rows: pd.DataFrame, own: pd.DataFrame) -> str:
    """How many learned priors beat N(0, I), and in how many families `posterior` beats the model's own prior."""
    said = []
    if won := _all(rows, "better"):
        said.append(f"{len(won)} of {rows['family'].nunique()} beat N(0, I)")
    if len(own):
        first = f"in {len(_all(own, 'better'))} of {own['family'].nunique()} families (with `{PLAIN}`)"
        said.append(f"{first} `posterior` beats the model's own prior")
    betas = sorted(rows["beta"].unique())
    text = f"At {_at(betas, len(betas)) if len(betas) == 1 else 'every β'}, {', and '.join(said)}."
    return text if said else ""


def _told(rows: pd.DataFrame, names: Sequence[str]) -> str:
    """What is told of each family against some strategies."""
    there = [name for name in names if name in set(rows["against"])]
    return "".join(f" Against `{name}`: {_by_family(rows[rows['against'] == name])}." for name in there)


def _sizes(rows: Sequence[Mapping[Any, Any]]) -> str:
    return f"by {listed(map(kit.size, rows))}"


def figure(rows: pd.DataFrame) -> Figure:
    """The differences in the primary metric by family, one panel per strategy of the plain VAE."""
    names = [name for name in DRAWN if name in set(rows["against"])]
    return kit.dots(
        [kit.Panel(f"against {name}", rows[rows["against"] == name]) for name in names],
        rows=[name for name in COMPARED if name in set(rows["family"])],
        by="family",
        title="A learned prior against the plain VAE",
        below="← learned prior better     difference in KID, learned prior − plain VAE, with 95 % intervals",
    )


def grids(
    plain: StudyConfig, *, families: Sequence[str] = COMPARED, **changes: Any
) -> tuple[StudyConfig, ...]:
    """The same grid for every family; densities are fitted afterwards only for the plain one."""
    plain = vary(plain, **changes)
    learned = tuple(name for name in plain.strategies if name not in AFTERWARDS)
    others = (vary(plain, model={"family": name}, strategies=learned) for name in families if name != PLAIN)
    return plain, *others


WITHOUT_FLOW = tuple(name for name in STRATEGIES if name != "flow")  # a flow takes a minute per model
SMALL = {"prior": {"components": 8, "layers": 2, "hidden": (16,), "exemplars": 64}}
MIDDLE = {"prior": {"components": 50, "normaliser_draws": 512, "exemplars": 128}}

EXPERIMENT = Experiment(
    name="learned_priors",
    question="Does a prior that is learned with the model beat a density that is fitted to its codes afterwards?",
    profiles={
        "smoke": grids(SMOKE, model=SMALL, strategies=WITHOUT_FLOW),
        "quick": grids(
            DIGITS, model=MIDDLE, training={"kl_warmup": 0.2}, betas=(0.1, 1.0), strategies=WITHOUT_FLOW,
            density_draws=500,
        ),
        "default": grids(
            MNIST, model={"prior": {"components": 100}}, training={"steps": 3000, "kl_warmup": 0.2}, betas=(0.2, 2.0),
            strategies=STRATEGIES, n_samples=1000, density_draws=300,
        ),
    },
    findings=findings,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
