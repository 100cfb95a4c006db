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
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, TrainConfig, VAEConfig, experiment_main
from study.models import linear_optimum
from study.pipeline.experiment import Finished
from study.report import frames, kit
from study.report.plots import style
from study.report.text.numbers import count, decimals, number, with_ends
from study.tables.results import Results

REACHED = 0.03  # relative error of a KL, summed or of one axis, up to which the optimum counts as reached
AXES = {"kl_1": "the leading axis", "kl_2": "the second axis"}


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
        "seeds of the closed-form KL over training examples, with 95 % intervals. KLs are sorted within each model. "
        f"The optimum counts as reached where the whole interval lies within {100 * REACHED:.0f} % of it."
    )
    columns = {name: kit.value(name) for name in ("beta", "noise_variance")} | kit.plain(
        "seeds", "active_exact"
    )
    for name in ("rate", "kl_1", "kl_2"):
        columns[f"{name}, exact"] = lambda row, name=name: _exact(row, name)
        columns[name] = lambda row, name=name: with_ends(row, name, places=_places(row, name))
    sections = (Section("Trained against exact", text, kit.readable(table, columns)),)
    rest = f"Where the optimum has no active axis, the rate is at most {collapsed['rate'].max():.2g} nats."
    if active.empty:
        return Findings(kit.brief("Not decided: at no β does the optimum have active axes.", rest), sections)
    caption = (
        "KL of trained linear VAEs relative to the exact optimum, in sum (the rate) and of the two leading axes. "
        f"Bars are 95 % intervals over training runs, and the band is {100 * REACHED:.0f} %, within which the optimum "
        "counts as reached."
    )
    caption += f" {rest}" * bool(len(collapsed))
    first = kit.Exhibit("The rate against the exact optimum", caption, figure(table))
    answer = kit.brief(_of_rate(active), _of_axes(active))
    return Findings(answer, sections, (first, "dimensions", "mismatch"))


def _errors(active: pd.DataFrame, name: str) -> pd.DataFrame:
    """Relative errors of a KL, with the columns value, low and high."""
    ends = zip(("value", "low", "high"), (name, f"{name}_low", f"{name}_high"), strict=True)
    return pd.DataFrame({end: active[column] / active[f"{name}_exact"] - 1 for end, column in ends})


def _verdict(errors: pd.DataFrame) -> str:
    """Whether all intervals lie within `REACHED` of the optimum ("yes"), or one lies beyond ("no")."""
    low, high = errors["low"], errors["high"]
    if (low > -REACHED).all() and (high < REACHED).all():
        return f"yes, to within {100 * REACHED:.0f} %"
    if ((low > REACHED) | (high < -REACHED)).any():
        return "no"
    return f"not decided to within {100 * REACHED:.0f} %"


def _of_rate(active: pd.DataFrame) -> str:
    """The verdict on the rate, and the end of an interval that is farthest from the optimum."""
    errors = _errors(active, "rate")
    far = errors[["low", "high"]].abs().max(axis=1)
    row = active.to_dict("records")[int(far.fillna(0).argmax())]
    said = "rate has no interval"
    if far.notna().all():
        said = f"intervals of the rate lie within {100 * far.max():.1f} % of the optimum"
    settings = count(len(active), "setting")
    return (
        f"In sum {_verdict(errors)}: over {settings} with active axes, the {said} ({_against(row, 'rate')})."
    )


def _of_axes(active: pd.DataFrame) -> str:
    """The verdict on the two leading axes, and the one that is surely farthest from the optimum."""
    rows = active.to_dict("records")
    parts = [_errors(active, name).assign(axis=name, row=range(len(rows))) for name in AXES]
    errors = pd.concat(parts, ignore_index=True)
    sure = errors[(errors["low"] > 0) | (errors["high"] < 0)]
    worst = (sure if len(sure) else errors).sort_values("value", key=lambda sizes: -sizes.abs()).iloc[0]
    name = str(worst["axis"])
    return f"Axis by axis {_verdict(errors)}: {AXES[name]} has {_against(rows[int(worst['row'])], name)}."


def _places(row: kit.Row, name: str) -> int:
    """The decimals that show two digits of the width of an interval."""
    return max(decimals(row[name]), decimals(row[f"{name}_high"] - row[f"{name}_low"]) - 1)


def _exact(row: kit.Row, name: str) -> str:
    exact = row[f"{name}_exact"]
    return number(exact, _places(row, name) if exact else None)


def _against(row: kit.Row, name: str) -> str:
    own = with_ends(row, name, places=_places(row, name))
    return f"{own} against {_exact(row, name)} nats at {kit.at(row)}"


def figure(table: pd.DataFrame) -> Figure:
    """Relative errors of the rate and of the two leading axes by β, with their intervals."""
    active = table[table["rate_exact"] > 0].reset_index(drop=True)
    names = [f"{b:g}\n{a} active" for b, a in zip(active["beta"], active["active_exact"], strict=True)]
    shown, colours = {"rate": "rate", **AXES}, (style.BLUE, style.ORANGE, style.PURPLE)
    with style.styled():
        fig, grid = style.panels(
            1, 1, height=3.4, title="KL of trained linear VAEs against the exact optimum"
        )
        axes = grid[0, 0]
        within = f"within {100 * REACHED:.0f} %"
        axes.axhspan(-100 * REACHED, 100 * REACHED, color=style.RULE, alpha=0.4, zorder=0, label=within)
        axes.axhline(0, color=style.SOFT, linewidth=1)
        for i, (name, label) in enumerate(shown.items()):
            errors = (100 * _errors(active, name)).assign(at=active.index + 0.15 * (i - 1))
            look: dict[str, Any] = {"fmt": style.MARKERS[i], "color": colours[i], "label": label}
            kit.curve(axes, errors, "at", ("value", "low", "high"), **look)
        axes.set_xticks(active.index, names)
        axes.set_xlabel("β (α = 1), and number of active axes at the optimum")
        axes.set_ylabel("KL against the optimum (%)")
        axes.legend(ncols=4)
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
