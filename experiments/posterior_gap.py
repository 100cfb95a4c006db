"""Is q(z|x) anything close to the real posterior p(z|x)?

The thread doubts it: "unlikely that q(z|x) is anything close to the real p(z|x)". The distance can be measured:
log p(x) − ELBO(x) = KL(q(z|x)‖p(z|x)) in nats, for each held-out x. log p(x) is bounded from below by 5000 importance
samples and by annealed importance sampling, whose chains can leave the region of q(z|x); both gaps are lower bounds, on
the same few examples in all runs. The gap is compared with the rate, KL(q(z|x)‖p(z)): the information that the encoder
gives about x.

    study run posterior_gap                      MNIST, 15 VAEs, a quarter of an hour on two cores
    study run posterior_gap --profile quick      digits, 15 VAEs, two minutes
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, experiment_main
from study.config import AnnealingConfig, LikelihoodConfig
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.plots import style
from study.report.text.numbers import listed, number, with_ends
from study.tables.results import Results

SAMPLES = (50, 500, 5000)
BOUNDS = ("elbo", *(f"iwae_{k}" for k in SAMPLES), "ais")
GAPS = {"posterior_gap": f"{SAMPLES[-1]} samples", "posterior_gap_ais": "annealing"}
HEADINGS = {
    "elbo": "ELBO", **{f"iwae_{k}": f"by {k} samples" for k in SAMPLES}, "ais": "by annealing",
    "posterior_gap": "gap by samples", "posterior_gap_ais": "gap by annealing",
}  # fmt: skip
FAR = 0.1  # share of the rate above which a gap is called far: a choice of this study
PLACE = ["alpha", "beta", "noise_variance"]
COUNTS = ("effective_samples", "ais_acceptance")
CANNOT = "A lower bound cannot show that they are close."
FEW = 2  # settings whose bounds fit into the answer
MEAN_ERROR = 1.96  # standard errors over examples that a 95 % interval reaches
TEXT = (
    "Bounds on log p(x) in nats, means over {examples} held-out examples, with 95 % intervals over training runs and "
    "examples, not corrected for the number of settings. All runs share these examples, whose differences therefore do "
    "not average out over runs: an interval over runs is widened by 1.96 standard errors over examples, as the root of "
    f"the sum of squares. That a gap of {100 * FAR:.0f} % of the rate counts as far is a choice of this study. Bounds "
    "are log-densities of the model whose Gaussian decoder has variance s = β/(2α), so the KL term has weight 1 in "
    "every bound, whatever α and β. The gap is a lower bound on KL(q(z|x)‖p(z|x)), from the tighter of two bounds on "
    f"log p(x): {SAMPLES[-1]} importance samples, with their effective number in effective_samples, and annealing. If "
    "annealing finds a smaller gap, its chains were too short; if larger, there were too few importance samples."
)
CAPTION = (
    "The two lower bounds on KL(q(z|x)‖p(z|x)), means over {examples} held-out examples that all runs share, with 95 % "
    "intervals over training runs and these examples; beside them the rate, the mean of KL(q(z|x)‖p(z)) over the "
    f"training data, of which {100 * FAR:.0f} % counts as far here."
)
MEASURED = (*BOUNDS, *GAPS, "rate", *COUNTS)


def by_setting(results: Results) -> pd.DataFrame:
    """Per α and β: each bound, both gaps, the rate, and `gap`, the larger of the two, with its share of the rate.

    Both gaps are lower bounds, so the larger one is tighter; intervals are over training runs and held-out examples.
    """
    models = frames.models(results).reindex(columns=[*PLACE, *MEASURED])
    means = models.groupby(PLACE, dropna=False)[list(GAPS)].transform("mean").fillna(-np.inf)
    nearer = means.idxmax(axis=1)
    gap = models["posterior_gap"].where(nearer == "posterior_gap", models["posterior_gap_ais"])
    models = models.assign(by=nearer.map(GAPS), gap=gap, share=gap / models["rate"].clip(lower=1e-6))
    table = kit.estimates(models, by=[*PLACE, "by"], of=[*BOUNDS, *GAPS, "gap", "rate", "share", *COUNTS])
    errors = _errors(results).groupby(PLACE, dropna=False).mean(numeric_only=True)
    known = errors.reindex(pd.MultiIndex.from_frame(table[PLACE])).reset_index(drop=True)
    gap = known["posterior_gap"].where(table["by"] == GAPS["posterior_gap"], known["posterior_gap_ais"])
    return _widened(table, known.assign(gap=gap, share=gap / table["rate"].clip(lower=1e-6)))


def _errors(results: Results) -> pd.DataFrame:
    """Per run its place and the standard errors of its measurements over held-out examples."""
    rows = results.metrics[(results.metrics["strategy"] == "model") & (results.metrics["status"] == "ok")]
    errors = rows.pivot_table(index="run_id", columns="metric", values="stderr").reindex(columns=[*MEASURED])
    return results.runs.set_index("run_id")[PLACE].join(errors, how="inner")


def _widened(table: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Each interval widened by that of the examples, which all runs share; without an error it stays."""
    for name in (name for name in errors if f"{name}_low" in table):
        reach = MEAN_ERROR * errors[name].fillna(0.0)
        below, above = (np.hypot(table[name] - table[f"{name}_{end}"], reach) for end in ("low", "high"))
        table = table.assign(**{f"{name}_low": table[name] - below, f"{name}_high": table[name] + above})
    return table


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, and how far q(z|x) is from p(z|x) at each setting."""
    table = by_setting(results)
    examples = results.metrics.loc[results.metrics["metric"] == "elbo", "n"].max()
    columns: dict[str, kit.Column] = {name: kit.value(name) for name in PLACE}
    columns |= {
        HEADINGS.get(name, name): cell for name, cell in kit.several((*BOUNDS, *GAPS, "rate"), table).items()
    }
    columns |= {"by": "by", "gap / rate, %": kit.cell("share", scale=100)}
    columns |= {"effective samples": kit.value("effective_samples", 0)}
    sections = (Section("The gap by α and β", TEXT.format(examples=examples), kit.readable(table, columns)),)
    caption = f"{CAPTION.format(examples=examples)}{_annealed(table)}"
    first = kit.Exhibit("How far q(z|x) is from p(z|x)", caption, figure(table))
    return Findings(_answer(table, examples), sections, (first, "dimensions", "mismatch"))


def _answer(table: pd.DataFrame, examples: float) -> str:
    """Where q(z|x) is far from p(z|x), over the settings with a rate above `frames.COLLAPSED`.

    A lower bound can show that the two are far apart, and cannot show that they are close.
    """
    rows = table[table["rate"] > frames.COLLAPSED].sort_values(["alpha", "beta"])
    if rows.empty:
        return "Not decided: at every setting the posteriors have collapsed to the prior."
    shown, n = rows["share_low"] >= FAR, len(rows)
    far, open_ = (rows[kept].to_dict("records") for kept in (shown, ~shown))
    lead = (
        f"KL(q(z|x)‖p(z|x)), over {examples:.0f} held-out examples, is at least {100 * FAR:.0f} % of the rate"
    )
    most = rows.loc[[rows["gap"].idxmax()]].to_dict("records")[0]
    size = f"the largest lower bound is {with_ends(most, 'gap')} nats, {_percent(most)} %"
    size += f", at {kit.at(most)}" * (n > 1 and len(far) != 1)
    if not far:
        return kit.brief(f"Not decided: at no setting is it shown that {lead}; {size}.", CANNOT)
    if not open_:
        return kit.brief(f"No: {lead} at {kit.where(far, n)}; {size}.")
    bounds = f" ({listed(map(_percent, open_))} %)" * (len(open_) <= FEW)
    rest = f"At {kit.where(open_, n)} that is not decided{bounds}: a lower bound cannot show closeness."
    return kit.brief(f"No at {kit.where(far, n)}: there {lead}; {size}.", rest, rest.replace(bounds, ""))


def _percent(row: kit.Row) -> str:
    return with_ends(row, "share", scale=100, places=1)


def _annealed(table: pd.DataFrame) -> str:
    """Where importance samples find less than nine tenths of the gap that annealing finds; and what has collapsed."""
    active = table["rate"] > frames.COLLAPSED
    gone = table[~active].to_dict("records")
    without = f" Posteriors have collapsed to the prior at {kit.where(gone, len(table))}." if gone else ""
    said = kit.ranged(
        table[active & (table["posterior_gap"] < 0.9 * table["gap"])],
        "gap",
        lambda row: f"{number(row['posterior_gap'])} of {number(row['gap'])} nats at {kit.at(row)}",
    )
    text = f" Of what annealing finds, importance samples find {said}; both may fall short." if said else ""
    return text + without


def figure(table: pd.DataFrame) -> Figure:
    """The gaps beside the rate, against β/α."""
    rows = table.assign(weight=table["beta"] / table["alpha"]).sort_values("weight")
    kinds = (
        ("posterior_gap", style.BLUE, "o", f"gap, {SAMPLES[-1]} importance samples"),
        ("posterior_gap_ais", style.ORANGE, "s", "gap, annealing"),
        ("rate", style.GREY, "^", "rate"),
    )
    with style.styled():
        fig, grid = style.panels(1, 1, height=3.2, title="How far q(z|x) is from p(z|x) on held-out data")
        axes = grid[0, 0]
        for name, color, marker, label in kinds:
            if name in rows:
                kept = rows[rows[name].gt(0)].assign(low=rows[f"{name}_low"].clip(lower=1e-3))
                names = (name, "low", f"{name}_high")
                kit.curve(axes, kept, "weight", names, color=color, marker=marker, label=label)
        kit.log_axis(axes)
        axes.set_ylabel("nats")
        kit.setting_axis(axes, rows["weight"], "β / α")
        axes.legend()
    return fig


def likelihood(examples: int, **annealing: int) -> LikelihoodConfig:
    """Importance samples and annealing on this many held-out examples."""
    return LikelihoodConfig(
        examples=examples, samples=SAMPLES, annealed=examples, annealing=AnnealingConfig(**annealing)
    )


EXPERIMENT = Experiment(
    name="posterior_gap",
    question="Is q(z|x) anything close to the real posterior p(z|x)?",
    profiles={
        "smoke": vary(SMOKE, likelihood=likelihood(8, temperatures=20)),
        "quick": vary(
            DIGITS, betas=(0.02, 0.1, 0.5), density_draws=500, likelihood=likelihood(64, temperatures=300)
        ),
        "default": vary(
            MNIST, training={"steps": 3000}, betas=(0.05, 0.5, 2.0), density_draws=500,
            likelihood=likelihood(48, chains=8),
        ),
    },
    findings=findings,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
