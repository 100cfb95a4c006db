"""Learn the prior with the model, or fit a density to its codes afterwards?

Two remedies for a prior that does not match q(z). For a plain VAE with prior N(0, I), a density is fitted to q(z)
after training; the other families learn p(z) with the model, and `prior` samples from it. Encoder and decoder have the
same size and initial weights, and a seed has the same batches and noise in every family, so differences are paired by
seed. The rate changes too: under a learned prior the same information costs less, so at the same β two families reach
different rates and distortions. The report therefore shows rate and distortion of every family.

    study run learned_priors                      MNIST, 50 VAEs, half an hour on two cores
    study run learned_priors --profile quick      digits, 50 VAEs, about two minutes
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config import FAMILIES
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.config.serialise import from_dict
from study.report import kit
from study.report.text.numbers import count, listed, number
from study.tables.results import Results
from study.training import Architecture

PLAIN, PRIOR, LARS = "vae", "prior", "lars-prior"
AFTERWARDS = ("gmm", "flow")  # densities fitted to the codes of the plain VAE
DRAWN = (PRIOR, "posterior", *AFTERWARDS)
COMPARED = (PLAIN, *(name for name, family in FAMILIES.items() if family.prior))
STRATEGIES = (*DRAWN, "reconstruction", "copycat", "held-out", "noise")
METRICS = ("kid", "fd", "precision", "recall", "nearer_to_train", "authenticity")
PRIMARY = "kid"
MODEL = ("rate", "distortion", "kl_aggregate_lower", "kl_aggregate_upper", "hole_mass", "overlap")
TEXT = (
    "KID of samples from each learned prior (`learned`) and of samples from the plain VAE by the strategy in column "
    "`against` (`plain`): means{over}, and the difference, paired by seed, with its 95 % interval; lower is "
    "better. Verdicts use Holm's correction, over averages and over single β separately; what is not decided is no "
    "sign that both are alike. The last column has the difference that this many seeds would probably have shown."
)
SPENT = (
    "Loss on validation data, rate, distortion on held-out data, the bracket on KL(q(z)‖p(z)), hole mass and overlap, "
    "with 95 % intervals over seeds. A learned prior leaves the scale of z free. `truncation` is T of `lars-prior`, "
    "whose density is at most T times that of N(0, I)."
)
CAPTION = (
    "KID of each family, sampled from its learned prior, minus that of the plain VAE by four strategies, at each β; "
    "bars are 95 % intervals{over}, paired by seed and not corrected."
)


def contrasts(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(`prior` of a family) − value(strategy of the plain VAE), paired by seed, at each β and averaged over β."""
    pairs = [
        ({"family": family, "against": name}, (family, PRIOR), (PLAIN, name))
        for family in COMPARED[1:]
        for name in DRAWN
    ]
    return kit.compared(metrics, METRICS, pairs, average=True, own="learned", other="plain")


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
    found, spent = contrasts(results.metrics), models(results)
    plain = kit.plain("family", "beta", "trainings", "prior_parameters", "truncation")
    said = kit.readable(spent, plain | kit.several(("validation_loss", *MODEL), spent))
    costs = Section("Rate and distortion", SPENT, said)
    rows = found[found["metric"] == PRIMARY] if len(found) else found
    if rows.empty:
        return Findings(
            "Nothing was compared: no family beside the plain VAE was trained and scored.", (costs,)
        )
    columns = kit.plain("family", "against") | {"beta": kit.value("beta", missing="all")} | kit.plain("seeds")
    shown = kit.readable(rows, columns | kit.contrast("learned", "plain"))
    text = TEXT.format(over=kit.covered(results, [PRIMARY], alone=" over seeds"))
    caption = CAPTION.format(over=kit.covered(results, [PRIMARY]))
    own = Section("Learned with the model against fitted afterwards", text + _told(rows, DRAWN), shown)
    first = kit.Exhibit(
        "A learned prior against the plain VAE", f"{caption}{_told(rows, AFTERWARDS[:1])}", figure(rows)
    )
    return Findings(answer(rows), (own, costs), (first, "effects", "samples"))


def answer(rows: pd.DataFrame) -> str:
    """Whether a learned prior beats the densities fitted afterwards, then whether it beats N(0, I)."""
    whole, over = _whole(rows)
    fitted = whole[whole["against"].isin(AFTERWARDS)]
    if kit.undecided(whole):
        return kit.UNDECIDED
    return kit.brief(_lead(fitted, over), _against_prior(whole[whole["against"] == PRIOR]))


def _whole(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows averaged over β, or those of the only one."""
    betas = sorted(rows["beta"].dropna().unique())
    average = rows["beta"].isna()
    over = f"averaged over {len(betas)} values of β" if average.any() else f"at β = {number(betas[0])}"
    return (rows[average] if average.any() else rows), over


def _lead(rows: pd.DataFrame, over: str) -> str:
    of = kit.by_verdict(rows)
    if rows.empty:
        return f"No density was fitted afterwards, {over}."
    won, lost, n = of.get("better", []), of.get("worse", []), len(rows)
    if won:
        pairs = [
            f"`{row['family']}` beats `{row['against']}` by {kit.size(row)}"
            for row in sorted(won, key=lambda row: row["difference"])
        ]
        which = listed(pairs) if len(pairs) < 3 else f"the most, {pairs[0]}"
        lead = f"In {len(won)} of {count(n, 'comparison')}: {which}"
    elif len(lost) == n:
        lead = "No: every learned prior is worse than every density fitted to the plain VAE's codes"
    else:
        lead = f"Not shown: in none of {count(n, 'comparison')} does a learned prior beat a density fitted afterwards"
    open_ = n - len(won) - len(lost)
    rest = [f"{len(lost)} worse"] * bool(0 < len(lost) < n) + [f"{open_} not decided"] * bool(open_)
    seen = kit.unseen(of.get("not decided", [])) if open_ else ""
    return f"{lead}, in KID {over}{f'; {listed(rest)}' * bool(rest)}{seen}."


def _against_prior(rows: pd.DataFrame) -> str:
    """How many learned priors beat N(0, I), and by how much."""
    won = rows[rows["verdict"] == "better"].sort_values("difference", ascending=False)
    if won.empty:
        return ""
    sizes = dict.fromkeys(kit.size(row) for row in won.iloc[[0, -1]].to_dict("records"))
    return f"{len(won)} of {len(rows)} beat N(0, I), by {listed(sizes, last='to')}."


def _told(rows: pd.DataFrame, names: Sequence[str]) -> str:
    """What is told of each family against some strategies, and the single β whose verdict is another."""
    whole, over = _whole(rows)
    single, said = rows[rows["beta"].notna()], []
    for name in (name for name in names if name in set(whole["against"])):
        parts = kit.clauses(
            whole[whole["against"] == name], lambda row: f"{_named(row, single)} by {kit.size(row)}",
            lambda row: _named(row, single), between=" for ",
        )  # fmt: skip
        said.append(f" Against `{name}`, {over}: {'; '.join(parts)}.")
    return "".join(said)


def _named(row: Mapping[Any, Any], single: pd.DataFrame) -> str:
    """The family, and where a single β has another verdict than the average."""
    same = single[(single["family"] == row["family"]) & (single["against"] == row["against"])]
    others = kit.by_verdict(same[same["verdict"] != row["verdict"]].sort_values("beta"))
    if pd.notna(row["beta"]) or not others:
        return f"`{row['family']}`"
    parts = [
        f"{'no interval' if verdict == 'none' else verdict} at β = {listed(number(one['beta']) for one in own)}"
        for verdict, own in others.items()
    ]
    return f"`{row['family']}` ({'; '.join(parts)})"


def figure(rows: pd.DataFrame) -> Figure:
    """The differences in the primary metric by family, one panel per strategy of the plain VAE."""
    names = [name for name in DRAWN if name in set(rows["against"])]
    return kit.dots(
        [kit.Panel(f"against {name}", rows[rows["against"] == name]) for name in names],
        rows=[name for name in COMPARED if name in set(rows["family"])],
        by="family",
        title="A learned prior against the plain VAE",
        below="difference in KID, learned prior − plain VAE, with 95 % intervals   ← learned prior better",
    )


def grids(plain: StudyConfig, **changes: Any) -> tuple[StudyConfig, ...]:
    """The same grid for every family; densities are fitted afterwards only for the plain one."""
    plain = vary(plain, **changes)
    learned = tuple(name for name in plain.strategies if name not in AFTERWARDS)
    others = (vary(plain, model={"family": name}, strategies=learned) for name in COMPARED if name != PLAIN)
    return plain, *others


WITHOUT_FLOW = tuple(name for name in STRATEGIES if name != "flow")  # a flow takes a minute per model
SMALL = {"prior": {"components": 8, "layers": 2, "hidden": (16,)}}
MIDDLE = {"prior": {"components": 50, "normaliser_draws": 512}}

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
