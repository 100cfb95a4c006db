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
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Dataset, Experiment, Findings, Section, StudyConfig, experiment_main
from study.config import FAMILIES
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.config.serialise import from_dict
from study.report import kit
from study.report.text.numbers import listed, number
from study.report.text.words import word
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


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """Each learned prior against every way to sample the plain VAE, and rate and distortion of all families."""
    return {"learned_priors": contrasts(results.metrics), "rate_distortion": models(results, data)}


def contrasts(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(`prior` of a family) − value(strategy of the plain VAE), paired by seed, at each β and averaged over β.

    Returns:
        Columns family, against, metric, better, beta (NaN for the average), seeds, learned, plain, difference, low,
        high (95 %, not corrected), p_holm (over families × strategies × β of one metric, separately for averages),
        verdict, and detectable.
    """
    return kit.paired(_pairs(metrics), own="learned", other="plain")


def _pairs(metrics: pd.DataFrame) -> Iterator[kit.Pair]:
    wide = kit.each_metric(metrics, METRICS, rows=["beta", "seed"], columns=["family", "strategy"])
    for metric, better, table in wide:
        for family in [f for f in COMPARED if f != PLAIN and (f, PRIOR) in table]:
            for name in [s for s in DRAWN if (PLAIN, s) in table]:
                both = table[[(family, PRIOR), (PLAIN, name)]].dropna()
                for beta, part in kit.at_each(both, "beta"):
                    facts = {
                        "family": family,
                        "against": name,
                        "metric": metric,
                        "better": better,
                        "beta": beta,
                    }
                    yield kit.Pair(facts, part.iloc[:, 0], part.iloc[:, 1], family=(metric, np.isnan(beta)))


def models(results: Results, data: Dataset) -> pd.DataFrame:
    """Per family and β: validation loss and its parts, measurements of q(z), parameters and truncation of the prior."""
    losses = results.losses[results.losses["split"] == "validation"].sort_values("epoch")
    last = losses.groupby("run_id").last()["loss"].rename("validation_loss")
    measured = kit.by_run(results, "family").join(last)
    found = kit.estimates(measured, by=["family", "beta"], of=["validation_loss", *MODEL])
    found.insert(3, "prior_parameters", found["family"].map(parameters(results, data)))
    found.insert(4, "truncation", found["family"].map(truncations(results)))
    return found.sort_values("family", key=lambda names: names.map(COMPARED.index), kind="stable")


def truncations(results: Results) -> dict[str, int]:
    """T of each family with a learned accept/reject prior: log T nats are the most that it can gain on N(0, I)."""
    models = [from_dict(StudyConfig, config).model for config in results.provenance["config"]]
    return {model.family: model.prior.proposals for model in models if model.family == LARS}


def parameters(results: Results, data: Dataset) -> dict[str, int]:
    """The number of parameters that each family's prior adds to encoder and decoder."""
    found = {}
    for config in results.provenance["config"]:
        model = from_dict(StudyConfig, config).model
        for family in (PLAIN, model.family):
            built = Architecture(dataclasses.replace(model, family=family), data.train.shape[1], "gaussian")
            shapes = jax.eval_shape(built.initialise, jax.random.key(0))
            found[family] = sum(leaf.size for leaf in jax.tree.leaves(shapes))
    return {family: size - found[PLAIN] for family, size in found.items()}


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, the contrasts of the primary metric, and rate and distortion."""
    found, costs = tables["learned_priors"], tables["rate_distortion"]
    columns = {
        **kit.plain("family", "against"), "beta": kit.value("beta", missing="all"),
        **kit.plain("seeds", "learned", "plain"), "difference": kit.change(), "verdict": "verdict",
        "would be seen": kit.value("detectable"),
    }  # fmt: skip
    shown = kit.readable(found[found["metric"] == PRIMARY], columns)
    text = (
        f"{word(PRIMARY).label} of samples from each learned prior (`learned`) and of samples from the plain VAE by "
        "the strategy in column `against` (`plain`): means over seeds, and the difference, paired by seed, with its "
        "95 % interval; lower is better. Verdicts use Holm's correction, over averages and over single β separately; "
        "what is not decided is no sign that both are alike. The last column has the difference that this many seeds "
        "would probably have shown."
    )
    spent = (
        "Loss on validation data, rate, distortion on held-out data, the bracket on KL(q(z)‖p(z)), hole mass and "
        "overlap, with 95 % intervals over seeds. A learned prior leaves the scale of z free. `truncation` is T of "
        "`lars-prior`, whose density is at most T times that of N(0, I)."
    )
    plain = kit.plain("family", "beta", "trainings", "prior_parameters", "truncation")
    said = kit.readable(costs, plain | kit.several(("validation_loss", *MODEL), costs))
    return Findings(
        answer(found),
        (
            Section("Learned with the model against fitted afterwards", text, shown, figure(found)),
            Section("Rate and distortion", spent, said),
        ),
    )


def answer(found: pd.DataFrame) -> str:
    """Which learned priors beat the densities fitted afterwards, on average over β, and where single β differ."""
    rows = found[(found["metric"] == PRIMARY)] if len(found) else found
    if rows.empty:
        return "Nothing was compared: no family beside the plain VAE was trained and scored."
    single = rows[rows["beta"].notna()]
    whole = rows[rows["beta"].isna()] if rows["beta"].isna().any() else rows
    if kit.undecided(whole):
        return kit.UNDECIDED
    named = [name for name in (*AFTERWARDS, PRIOR) if name in set(whole["against"])]
    said = (_against(whole[whole["against"] == name], single, name) for name in named)
    return " ".join([_lead(whole[whole["against"].isin(AFTERWARDS)], single), *said])


def _lead(rows: pd.DataFrame, single: pd.DataFrame) -> str:
    """What is told of learned priors against densities fitted afterwards."""
    betas = sorted(set(single["beta"]))
    over = f"{'averaged over' if len(betas) > 1 else 'at'} β = {listed(number(beta) for beta in betas)}"
    of = {verdict: len(own) for verdict, own in kit.by_verdict(rows).items()}
    won = rows[rows["verdict"] == "better"]
    if len(won):
        return f"{listed(f'`{row.family}` beats `{row.against}`' for row in won.itertuples())}, {over}."
    if not len(rows):
        return f"No density was fitted afterwards; {over}:"
    if of.get("worse") == len(rows):
        return f"No: every learned prior is worse than every density fitted to the plain VAE's codes, {over}."
    open_ = len(rows) - of.get("worse", 0)
    return (
        "No learned prior is shown to beat a density fitted to the plain VAE's codes afterwards; in "
        f"{open_} of {len(rows)} comparisons, {over}, that is not decided."
    )


def _against(rows: pd.DataFrame, single: pd.DataFrame, name: str) -> str:
    what = "N(0, I), the plain VAE's own prior" if name == PRIOR else f"`{name}`"
    found = kit.by_verdict(rows)
    said = [
        listed(
            f"`{row['family']}` is {verdict} by {kit.size(row)}{_but(row, single)}" for row in found[verdict]
        )
        for verdict in ("better", "worse")
        if verdict in found
    ]
    if "not decided" in found:
        open_ = found["not decided"]
        names = listed(f"`{row['family']}`{_but(row, single)}" for row in open_)
        said.append(f"not decided for {names}{kit.unseen(open_)}")
    if "none" in found:
        names = listed(f"`{row['family']}`" for row in found["none"])
        said.append(f"without an interval for {names}")
    return f"Against {what}, in {word(PRIMARY).label}, {'; '.join(said)}."


def _but(average: Mapping[str, Any], single: pd.DataFrame) -> str:
    """The single β whose verdict is another than that of the average."""
    if not np.isnan(average["beta"]):
        return f" at β = {number(average['beta'])}"
    same = (single["family"] == average["family"]) & (single["against"] == average["against"])
    others = kit.by_verdict(single[same & (single["verdict"] != average["verdict"])].sort_values("beta"))
    parts = [
        f"{'no interval' if verdict == 'none' else verdict} at β = {listed(number(row['beta']) for row in own)}"
        for verdict, own in others.items()
    ]
    return f" ({'; '.join(parts)})" if parts else ""


def figure(found: pd.DataFrame) -> Figure:
    """The differences in the primary metric by family, one panel per strategy of the plain VAE."""
    rows = found[found["metric"] == PRIMARY]
    names = [name for name in DRAWN if name in set(rows["against"])]
    return kit.dots(
        [kit.Panel(f"against {name}", rows[rows["against"] == name]) for name in names],
        rows=[name for name in COMPARED if name in set(rows["family"])],
        by="family",
        title="A learned prior against the plain VAE",
        below=f"difference in {word(PRIMARY).label}, learned prior − plain VAE, with 95 % intervals   "
        "← learned prior better",
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
    tables=tables,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
