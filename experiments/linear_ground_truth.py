"""Does training reach the exact optimum of a linear VAE?

The optimum of a linear-Gaussian VAE under α·SSE + β·KL is known axis by axis from the eigenvalues of the data
covariance (s = β/(2α), active iff λ > s, KL = ½ log(λ/s)), for any data :cite:`tipping1999,lucas2019`. If training did
not reach it, measurements on other models could not be trusted. Posteriors align with the principal axes slowly if
there are many more latents than needed :cite:`bao2020`, so each β gets only slightly more latents than active axes.

    study run linear_ground_truth                      MNIST, 60,000 images, ten minutes on two cores
    study run linear_ground_truth --profile quick      digits, one minute
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, TrainConfig, VAEConfig, experiment_main
from study.models import linear_optimum
from study.pipeline.experiment import Finished
from study.report import frames, kit
from study.report.plots import style
from study.report.text.numbers import count, number, with_ends
from study.tables.results import Results

REACHED = 0.03  # relative error of the rate up to which the optimum counts as reached


def grid(dataset: str, betas: tuple[float, ...], latent_dim: int, steps: int, seeds: int = 5) -> StudyConfig:
    """A grid of linear VAEs, trained with a decaying step size and a warm-up of β."""
    return StudyConfig(
        dataset=dataset,
        model=VAEConfig(network="linear", latent_dim=latent_dim, hidden=()),
        training=TrainConfig(
            steps=steps, batch_size=256, learning_rate=1e-2, schedule="cosine", kl_warmup=0.5, patience=0
        ),
        betas=betas,
        seeds=tuple(range(seeds)),
        density_draws=300,
    )


def optimum(run: Finished) -> Mapping[str, pd.DataFrame]:
    """What only the data can tell: the exact rate, leading KLs and number of active axes, per α and β."""
    rows = []
    for setting in frames.settings(run.results.runs):
        exact = linear_optimum(run.data.train, alpha=setting.alpha, beta=setting.beta)
        kls = {f"kl_{i + 1}_exact": exact.kl[i] for i in range(2)}
        rows.append(
            {**dataclasses.asdict(setting), "active_exact": exact.active, "rate_exact": exact.rate, **kls}
        )
    return {"optimum": pd.DataFrame(rows)}


def against_optimum(latents: pd.DataFrame, exact: pd.DataFrame) -> pd.DataFrame:
    """The optimum at each setting beside the trained rate, with its interval over seeds, and leading KLs."""
    place = ["alpha", "beta", "run_id"]
    kl = latents.sort_values("kl", ascending=False).groupby(place)["kl"]
    trained = kl.agg(rate="sum", kl_1="first", kl_2=lambda sizes: sizes.iloc[1])
    found = kit.estimates(
        trained.reset_index(), by=["alpha", "beta"], of=["rate", "kl_1", "kl_2"], counted="seeds"
    )
    return exact.merge(found, on=["alpha", "beta"])


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The largest error, the table, and the error of the rate against β."""
    table = against_optimum(results.latents, tables["optimum"])
    active, collapsed = (table[table["rate_exact"] > 0], table[table["rate_exact"] == 0])
    text = (
        "Exact values come from the eigenvalues of the covariance of the training data; trained values are means over "
        "seeds of the closed-form KL over all training examples, with 95 % intervals. KLs are sorted within each model."
    )
    columns = {name: kit.value(name) for name in ("beta", "noise_variance")} | kit.plain(
        "seeds", "active_exact"
    )
    for name in ("rate", "kl_1", "kl_2"):
        columns |= {f"{name}, exact": kit.value(f"{name}_exact"), name: kit.cell(name)}
    sections = (Section("Trained against exact", text, kit.readable(table, columns)),)
    rest = f"Where the optimum has no active axis, the rate is at most {collapsed['rate'].max():.2g} nats."
    if active.empty:
        return Findings(kit.brief("Not decided: at no β does the optimum have active axes.", rest), sections)
    leading = max(float((active[f"kl_{i}"] / active[f"kl_{i}_exact"] - 1).abs().max()) for i in (1, 2))
    caption = (
        "Rate of trained linear VAEs relative to the exact optimum, by β; bars are 95 % intervals over training runs. "
        f"The mean KLs of the two leading axes lie within {100 * leading:.1f} % of theirs."
    )
    first = kit.Exhibit("The rate against the exact optimum", caption, figure(table))
    answer = kit.brief(_of_active(active), rest * bool(len(collapsed)))
    return Findings(answer, sections, (first, "dimensions", "mismatch"))


def _of_active(active: pd.DataFrame) -> str:
    """Whether the intervals of the rate lie within `REACHED` of the optimum, and the farthest of their ends."""
    exact = active["rate_exact"]
    low, high = active["rate_low"] / exact - 1, active["rate_high"] / exact - 1
    verdict = f"Not decided to within {100 * REACHED:.0f} %"
    if (low > -REACHED).all() and (high < REACHED).all():
        verdict = f"Yes, to within {100 * REACHED:.0f} %"
    elif ((low > REACHED) | (high < -REACHED)).any():
        verdict = "No"
    error = pd.concat([low, high], axis=1).abs().max(axis=1)
    row = active.loc[[error.fillna(0).idxmax()]].to_dict("records")[0]
    mean = (active["rate"] / exact - 1).abs().max()
    return (
        f"{verdict}: over {count(len(active), 'setting')} with active axes, the mean rate of trained linear VAEs lies "
        f"within {100 * mean:.1f} % of the exact optimum{_farthest(error.max(), row)}."
    )


def _farthest(error: float, row: kit.Row) -> str:
    """The end of an interval that is farthest from the optimum."""
    if np.isnan(error):
        return ", without an interval"
    rate = f"{with_ends(row, 'rate')} against {number(row['rate_exact'])} nats"
    return f", and its intervals within {100 * error:.1f} % ({rate} at {kit.at(row)})"


def figure(table: pd.DataFrame) -> Figure:
    """Relative error of the rate by β, with its interval."""
    active = table[table["rate_exact"] > 0].reset_index(drop=True)
    exact = active["rate_exact"]
    error = pd.DataFrame(
        {name: 100 * (active[name] / exact - 1) for name in ("rate", "rate_low", "rate_high")}
    )
    names = [f"{b:g}\n{a} active" for b, a in zip(active["beta"], active["active_exact"], strict=True)]
    with style.styled():
        fig, grid = style.panels(
            1, 1, height=3.2, title="The rate of trained linear VAEs against the exact one"
        )
        axes = grid[0, 0]
        axes.axhspan(-2, 2, color=style.RULE, alpha=0.4, zorder=0, label="within 2 %")
        axes.axhline(0, color=style.SOFT, linewidth=1)
        look = {"fmt": "o", "color": style.BLUE, "label": "trained, 95 % interval"}
        kit.curve(axes, error.reset_index(), "index", ("rate", "rate_low", "rate_high"), **look)
        axes.set_xticks(active.index, names)
        axes.set_xlabel("β (α = 1), and number of active axes at the optimum")
        axes.set_ylabel("rate against the optimum (%)")
        axes.legend()
    return fig


EXPERIMENT = Experiment(
    name="linear_ground_truth",
    question="Does training reach the exact optimum of a linear VAE, axis by axis?",
    profiles={
        "smoke": grid("digits", (0.5,), 8, 2000, seeds=3),
        "quick": (grid("digits", (0.05, 0.1), 30, 12_000), grid("digits", (0.2, 0.5, 4.0), 14, 8000)),
        "default": (
            grid("mnist", (0.1,), 112, 24_000),
            grid("mnist", (0.2, 0.5), 80, 12_000),
            grid("mnist", (1.0,), 28, 8000),
            grid("mnist", (2.0, 4.0, 12.0), 16, 8000),
        ),
    },
    findings=findings,
    tables=optimum,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
