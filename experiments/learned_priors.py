"""Learn the prior with the model, or fit a density to its codes afterwards?

Two cures for a prior that q(z) does not meet. A plain VAE, prior N(0, I), leaves q(z) as it comes, and a density is
fitted to it afterwards; the other families learn p(z) with the model, and `prior` draws from it. Encoder and decoder
are of one size and begin alike, and a seed has the same batches and noise in every family, so differences are paired
by seed. The rate changes too: under a learned prior the same information costs less, so that at one β two families lie
at different points of rate and distortion; both stand side by side.

    study run learned_priors                      MNIST, 50 VAEs, half an hour on two cores
    study run learned_priors --profile quick      digits, 50 VAEs, about two minutes
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Dataset, Experiment, Findings, Section, StudyConfig, TrainConfig, VAEConfig, experiment_main
from study.config import FAMILIES, PriorConfig
from study.config.serialise import from_dict
from study.report import frames
from study.report.plots import style
from study.report.text.numbers import interval, listed, number, with_ends
from study.report.text.words import word
from study.statistics import bootstrap_interval
from study.statistics import contrasts as paired_contrasts
from study.tables.results import Results
from study.training import Architecture

PLAIN, PRIOR = "vae", "prior"
AFTERWARDS = ("gmm", "flow")  # densities fitted to the codes of the plain VAE
DRAWN = (PRIOR, "posterior", *AFTERWARDS)
COMPARED = ("vae", *(name for name, family in FAMILIES.items() if family.prior))
STRATEGIES = (*DRAWN, "reconstruction", "copycat", "held-out", "noise")
METRICS = ("kid", "fd", "precision", "recall", "nearer_to_train", "authenticity")
PRIMARY = "kid"
MODEL = ("rate", "distortion", "kl_aggregate_lower", "kl_aggregate_upper", "hole_mass", "overlap")


def families(plain: StudyConfig) -> tuple[StudyConfig, ...]:
    """The same grid for every family; what is fitted afterwards for the plain one alone."""
    learned = tuple(name for name in plain.strategies if name not in AFTERWARDS)
    return tuple(
        dataclasses.replace(
            plain,
            model=dataclasses.replace(plain.model, family=name),
            strategies=plain.strategies if name == PLAIN else learned,
        )
        for name in COMPARED
    )


def tables(results: Results, data: Dataset) -> Mapping[str, pd.DataFrame]:
    """Each learned prior against every way to draw from the plain VAE, and rate and distortion of all families."""
    return {"learned_priors": contrasts(results.metrics), "rate_distortion": models(results, data)}


def contrasts(metrics: pd.DataFrame) -> pd.DataFrame:
    """value(`prior` of a family) − value(strategy of the plain VAE), paired by seed, at each β and averaged over them.

    Returns:
        Columns family, against, metric, better, beta (NaN for the average), seeds, learned, plain, difference, low,
        high (95 %, each on its own), p_holm (over families × strategies × β of one metric, averages on their own) and
        verdict.
    """
    scored = metrics[(metrics["status"] == "ok") & metrics["metric"].isin(METRICS)]
    draws = scored.groupby(["family", "strategy", "metric", "better", "beta", "seed"])["value"].mean()
    facts, pairs, families = [], [], []
    for (metric, better), own in draws.groupby(["metric", "better"]):
        table = own.reset_index().pivot_table(
            index=["beta", "seed"], columns=["family", "strategy"], values="value"
        )
        plain = table.get(PLAIN, pd.DataFrame(index=table.index))
        for family in [f for f in COMPARED if f != PLAIN and (f, PRIOR) in table]:
            for name in [s for s in DRAWN if s in plain]:
                pair = pd.DataFrame({"learned": table[(family, PRIOR)], "plain": plain[name]}).dropna()
                parts = [(beta, rows_at.droplevel("beta")) for beta, rows_at in pair.groupby("beta")]
                if len(parts) > 1:
                    everywhere = pair.groupby("seed")["plain"].transform("size") == len(parts)
                    parts.append((np.nan, pair[everywhere].groupby("seed").mean()))
                for beta, one in parts:
                    row = {
                        "family": family,
                        "against": name,
                        "metric": metric,
                        "better": better,
                        "beta": beta,
                    }
                    facts.append(row)
                    pairs.append(one.to_numpy())
                    families.append((metric, np.isnan(beta)))
    found = paired_contrasts(facts, pairs, families=families)
    return found.rename(columns={"own": "learned", "other": "plain"})


def models(results: Results, data: Dataset) -> pd.DataFrame:
    """Per family and β: validation loss and its parts, what is known of q(z), and the parameters of the prior."""
    measured = frames.models(results).join(results.runs.set_index("run_id")["family"])
    last = (
        results.losses[results.losses["split"] == "validation"].sort_values("epoch").groupby("run_id").last()
    )
    measured = measured.join(last["loss"].rename("validation_loss"))
    sizes = parameters(results, data)
    rows = []
    for family in [f for f in COMPARED if f in set(measured["family"])]:
        for beta, own in measured[measured["family"] == family].groupby("beta"):
            row = {"family": family, "beta": beta, "trainings": len(own), "prior_parameters": sizes[family]}
            for name in [c for c in ("validation_loss", *MODEL) if c in own]:
                mean, low, high = bootstrap_interval(own[name].to_numpy())
                row |= {name: mean, f"{name}_low": low, f"{name}_high": high}
            rows.append(row)
    return pd.DataFrame(rows)


def parameters(results: Results, data: Dataset) -> dict[str, int]:
    """How many numbers each family's prior adds to encoder and decoder."""
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
    found = tables["learned_priors"]
    rows = found[found["metric"] == PRIMARY]
    ends = zip(rows["difference"], rows["low"], rows["high"], strict=True)
    rows = rows.assign(
        beta=rows["beta"].map(lambda b: "all" if np.isnan(b) else number(b)),
        difference=[interval(*values) for values in ends],
    )[["family", "against", "beta", "seeds", "learned", "plain", "difference", "verdict"]]
    text = (
        f"{word(PRIMARY).label} of what is drawn from each learned prior (`learned`), and of what the strategy that it "
        "is set against draws from the plain VAE (`plain`): means over seeds, and the difference paired by seed with "
        "its 95 % interval; lower is better. Verdicts are corrected after Holm over all rows of one kind."
    )
    costs = (
        "Loss on validation data, rate, distortion on held-out data, the bracket on KL(q(z)‖p(z)), holes and overlap, "
        "with 95 % intervals over seeds. The scale of z is free under a learned prior."
    )
    return Findings(
        answer(found),
        (
            Section("Learned with the model against fitted afterwards", text, rows, figure(found)),
            Section("Rate and distortion", costs, _said(tables["rate_distortion"])),
        ),
    )


def answer(found: pd.DataFrame) -> str:
    """Which learned priors beat what is fitted afterwards, on average over β."""
    rows = found[(found["metric"] == PRIMARY)] if len(found) else found
    if rows.empty:
        return "Nothing was compared: no family beside the plain VAE was trained and scored."
    whole = rows[rows["beta"].isna()] if rows["beta"].isna().any() else rows
    if (whole["verdict"] == "none").all():
        return "Not decided: too few seeds for an interval."
    named = [name for name in (*AFTERWARDS, PRIOR) if name in set(whole["against"])]
    won = whole[whole["against"].isin(AFTERWARDS) & (whole["verdict"] == "better")]
    lead = (
        f"{listed(f'`{row.family}` beats `{row.against}`' for row in won.itertuples())}."
        if len(won)
        else "No learned prior is told to beat what is fitted to the plain VAE's codes afterwards."
    )
    return " ".join([lead, *(_against(whole, name) for name in named)])


def _against(whole: pd.DataFrame, name: str) -> str:
    own = whole[whole["against"] == name]
    what = "N(0, I), the plain VAE's own prior" if name == PRIOR else f"`{name}`"
    said = [
        listed(
            f"`{row.family}` is {verdict} by {interval(*_size(row))}"
            for row in own[own["verdict"] == verdict].itertuples()
        )
        for verdict in ("better", "worse")
    ]
    ties = [f"`{family}`" for family in own[own["verdict"] == "tie"]["family"]]
    if ties:
        said.append(f"{listed(ties)} {'is' if len(ties) == 1 else 'are'} not told apart from it")
    return f"Against {what}, in {word(PRIMARY).label}, {'; '.join(filter(None, said))}."


def _size(row: Any) -> tuple[float, float, float]:
    """The size of a difference that is told from zero, and its ends, the smaller first."""
    low, high = sorted((abs(row.low), abs(row.high)))
    return abs(row.difference), low, high


def _said(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and ends as one text per cell."""
    out = table[["family", "beta", "trainings", "prior_parameters"]].copy()
    for name in [c for c in ("validation_loss", *MODEL) if c in table]:
        out[name] = [with_ends(row, name) for row in table.to_dict("records")]
    return out


def figure(found: pd.DataFrame) -> Figure | None:
    """The primary metric's differences by family, one panel for each strategy of the plain VAE."""
    rows = found[found["metric"] == PRIMARY]
    against = [name for name in DRAWN if name in set(rows["against"])]
    labels = [f for f in COMPARED if f in set(rows["family"])]
    betas = sorted(rows["beta"].dropna().unique())
    with style.styled():
        fig, grid = style.panels(
            1,
            len(against),
            height=0.5 * len(labels) + 1.4,
            title="A learned prior against the plain VAE",
        )
        for axes, name in zip(grid[0], against, strict=True):
            middle = style.rows_axis(axes, labels)
            for i, beta in enumerate(betas):
                own = rows[(rows["against"] == name) & (rows["beta"] == beta)].set_index("family")
                own = own.reindex(labels)
                place = middle + 0.2 * (i - (len(betas) - 1) / 2)
                reach = np.clip([own["difference"] - own["low"], own["high"] - own["difference"]], 0, None)
                axes.errorbar(
                    own["difference"], place, xerr=np.nan_to_num(reach), fmt=style.markers(len(betas))[i],
                    color=style.shades(len(betas))[i], markersize=4, capsize=2, label=f"β = {number(beta)}",
                )  # fmt: skip
            axes.axvline(0, color=style.INK, linewidth=0.8)
            axes.set_title(f"against {name}")
            axes.locator_params(axis="x", nbins=4)
        fig.supxlabel(
            f"difference in {word(PRIMARY).label}, learned prior − plain VAE, with 95 % intervals   "
            "← learned prior better",
            fontsize=9,
        )
        fig.legend(
            *grid[0][0].get_legend_handles_labels(),
            loc="outside upper right",
            ncols=len(betas),
            frameon=False,
        )
    return fig


QUICK = StudyConfig(
    dataset="digits",
    model=VAEConfig(latent_dim=8, hidden=(128,), prior=PriorConfig(components=50, normaliser_draws=512)),
    training=TrainConfig(steps=2000, kl_warmup=0.2),
    betas=(0.1, 1.0),
    strategies=tuple(name for name in STRATEGIES if name != "flow"),  # a minute for each model
    density_draws=500,
)
DEFAULT = dataclasses.replace(
    QUICK,
    dataset="mnist",
    model=VAEConfig(latent_dim=16, hidden=(256,), prior=PriorConfig(components=100)),
    training=TrainConfig(steps=3000, kl_warmup=0.2),
    betas=(0.2, 2.0),
    strategies=STRATEGIES,
    n_samples=1000,
    density_draws=300,
)
SMOKE = dataclasses.replace(
    QUICK,
    model=VAEConfig(latent_dim=2, hidden=(32,), prior=PriorConfig(components=8, layers=2, hidden=(16,))),
    training=TrainConfig(steps=150),
    betas=(1.0,),
    seeds=(0, 1, 2),
    density_draws=200,
)

EXPERIMENT = Experiment(
    name="learned_priors",
    question="Does a prior that is learned with the model beat a density that is fitted to its codes afterwards?",
    profiles={"smoke": families(SMOKE), "quick": families(QUICK), "default": families(DEFAULT)},
    findings=findings,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
