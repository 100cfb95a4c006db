"""How many latent dimensions does the prior fill, and how many of its draws cover them?

One side of the thread says that few dimensions can be filled, while in many the draws needed grow exponentially and
images blur. The same data are trained with 1 to 64 latent dimensions. Hole mass is the share of prior draws where q(z)
is lower than at 99 % of held-out codes; it would be 1 % if q(z) were the prior. About exp(KL(q‖p)) draws of p are
needed for one that could be from q, and fewer are of no use :cite:`chatterjee2018`: with q(z|x) for q that is exp(rate)
draws for one that lies where a given example is encoded, with q(z) exp(KL(q(z)‖p(z))) for one like a draw from q(z).

Declared beforehand: the prior fills the space where its hole mass is shown to be below 5 %, and leaves holes where it
is shown to be above, after Holm's correction over dimensions; the draws needed grow with d where the rate does.

    study run latent_dimension                      MNIST, 70 VAEs, an hour on two cores
    study run latent_dimension --profile quick      digits, 30 VAEs, two minutes
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.text.numbers import SUPERSCRIPT, listed, number
from study.tables.results import Results

METRIC, COVERED = "kid", ("coverage", "recall")
CLOSING = ("posterior", "gmm", "global-gaussian")
STRATEGIES = ("prior", *CLOSING, "reconstruction", "held-out", "copycat", "noise")
PLACE, AXIS = ["alpha", "beta"], "latent_dim"
FEW = 2  # values that are always named one by one
HOLES = 0.05  # a hole mass above this counts as holes
MODEL = ("rate", "lower", "upper", "draws_for", "active_units", "hole_mass", "distortion")
PERCENT: dict[str, Any] = {"scale": 100, "places": 0}
TEXTS = {
    "each": "For every number of latent dimensions d: rate, and the two ends of the bracket on KL(q(z)‖p(z)), in nats; "
    "how many prior draws are needed for one where a given example is encoded, as a power of 10; active dimensions; "
    "hole mass; distortion of held-out data; and the share of the gap in KID between the prior and held-out data that "
    "each strategy closes, in %. All with 95 % intervals{over}.",
    "holes": "Hole mass against 5 %: `better` is below, `worse` above, after Holm's correction over d; 95 % intervals "
    "over trainings, by Student's t and not corrected; those of the figure lie between 0 and 1 instead.",
    "steps": "Rate at each d minus that at the next smaller one, in nats, paired by training seed, with 95 % intervals "
    "and Holm's correction over the steps.",
    "covered": "Coverage and recall of real data by as many samples of the prior and of the posteriors, with 95 % "
    "intervals{over}: what n draws reach, at n = {n}.",
    "pictures": "Samples of one model for every d, at its smallest β; those of a row share noise and examples.",
    "figure": "Against the number of latent dimensions d: hole mass (dashed: {holes} %), the power of 10 of prior "
    "draws for one where a given example is encoded, and the share of the gap in KID that strategies close; bars are "
    "95 % intervals{over}, not corrected; verdicts are.",
}  # fmt: skip


def models(results: Results) -> pd.DataFrame:
    """The measurements of each trained model, the bracket on KL(q(z)‖p(z)), and the draws needed, a power of 10."""
    found = kit.by_run(results, AXIS)
    return found.join(frames.mismatch(found)[["lower", "upper"]]).assign(draws_for=found["rate"] / np.log(10))


def holes(each: pd.DataFrame) -> pd.DataFrame:
    """Hole mass of every d against `HOLES`, a family of tests per setting."""
    pairs = []
    for place, own in kit.each_place(each, [*PLACE, AXIS]):
        mass = kit.by_training(own)["hole_mass"]
        family = tuple(place[name] for name in PLACE)
        pairs.append(kit.Pair({**place, "better": "lower"}, mass, 0 * mass + HOLES, family))
    return kit.paired(pairs)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """Where the prior fills the latent space, the draws that cover it, and what other strategies gain."""
    told = kit.shares(results, METRIC)
    if told.empty:
        return Findings("Nothing was compared: no model has scores of the prior and of real data.")
    each = models(results)
    table, closed = kit.closing(told, CLOSING, by=[*PLACE, AXIS])
    own = kit.estimates(each, by=[*PLACE, AXIS], of=MODEL, within={"hole_mass": (0.0, 1.0)})
    table = table.merge(own.drop(columns="trainings"), on=[*PLACE, AXIS], how="left")
    filled, steps = holes(each), kit.along(each, ["rate"], axis=AXIS, places=PLACE, steps=True)
    over = kit.covered(results, [METRIC])
    caption = f"{TEXTS['figure'].format(holes=number(100 * HOLES), over=over)} {_gained(closed)}"
    place: dict[str, kit.Column] = {name: kit.value(name) for name in [*PLACE, AXIS]}
    changed = {"from": kit.value("from"), "difference": kit.change(), "verdict": kit.direction}
    mass = {"hole mass": kit.value("own", 3), "difference": kit.change(places=3), "verdict": "verdict"}
    covered = TEXTS["covered"].format(over=kit.covered(results, COVERED), n=_drawn(results))
    drawn = kit.pictured(
        results, [AXIS], lambda run: f"d = {run[AXIS]}", ("prior", "posterior"), title="Samples by dimension"
    )
    return Findings(
        answer(filled, table),
        (
            Section("Every number of dimensions", TEXTS["each"].format(over=over), _readable(table, place)),
            Section("Holes", TEXTS["holes"], kit.readable(filled, place | mass)),
            Section("The rate by steps of d", TEXTS["steps"] + _growing(steps), kit.readable(steps, place | changed)),
            Section("What as many samples reach", covered, figure=reach(results)),
            *([Section("Pictures", TEXTS["pictures"], figure=drawn)] if drawn else []),
        ),
        (kit.Exhibit("What the number of latent dimensions changes", caption, figure(table)),),
    )  # fmt: skip


def _drawn(results: Results) -> int:
    """How many samples coverage and recall have."""
    return int(results.metrics.loc[results.metrics["metric"].isin(COVERED), "n"].max())


def answer(filled: pd.DataFrame, table: pd.DataFrame) -> str:
    """At which d the prior leaves holes at each setting; then how many draws are needed."""
    if kit.undecided(filled):
        return kit.UNDECIDED
    at = [_filled(own) for _, own in filled.groupby(PLACE)]
    lead = f"Hole mass is, at {'; at '.join(at)}."
    return kit.brief(lead, _needed(table), _needed(table, first=False))


def _filled(own: pd.DataFrame) -> str:
    """At which d the hole mass is told to be below, or above, 5 %."""
    limit = f"{number(100 * HOLES)} %"
    words = {"better": f"below {limit} at d = {{}}", "worse": f"above {limit} at d = {{}}"}
    words |= {"not decided": "not decided at d = {}", "none": "without an interval at d = {}"}
    found = kit.by_verdict(own.sort_values(AXIS))
    every = sorted(own[AXIS])
    said = [
        words[verdict].format(_values([row[AXIS] for row in rows], every)) for verdict, rows in found.items()
    ]
    row = own.iloc[0].to_dict()
    return f"s = {number(row['beta'] / (2 * row['alpha']))}, {listed(said)}"


def _values(some: Sequence[float], every: Sequence[float]) -> str:
    """Some of all values in order, as "1 to 32" where none is left out between the first and the last of three."""
    first, last = every.index(some[0]), every.index(some[-1])
    if len(some) > FEW and last - first + 1 == len(some):
        return f"{number(some[0])} to {number(some[-1])}"
    return listed(map(number, some))


def _needed(table: pd.DataFrame, *, first: bool = True) -> str:
    """The draws for one example, at the smallest s, with the fewest and the most dimensions, or the most alone."""
    own = table.assign(s=table["beta"] / (2 * table["alpha"])).sort_values(["s", AXIS])
    own = own[own["s"] == own["s"].iloc[0]]
    few, many = (f"in {_about(row['draws_for'])} at d = {row[AXIS]:.0f}" for row in _ends(own))
    s = number(own["s"].iloc[0])
    if not first:
        return f"At s = {s} one draw {many} falls where a given example is encoded."
    return f"At s = {s}, one prior draw {few}, {many}, falls where a given example is encoded."


def _about(power: float) -> str:
    """10 to this power, from 5 on to the nearest whole power, since more is not known."""
    return number(10**power) if power < 5 else f"about 10{str(round(power)).translate(SUPERSCRIPT)}"


def _ends(rows: pd.DataFrame) -> list[Any]:
    return rows.iloc[[0, -1]].to_dict("records")


def _growing(steps: pd.DataFrame) -> str:
    """Where the rate grows from one d to the next, setting by setting."""
    said = []
    for _, own in steps.groupby(PLACE):
        row = own.iloc[0].to_dict()
        to = {verdict: listed(number(r[AXIS]) for r in rows) for verdict, rows in kit.by_verdict(own).items()}
        words = {
            "better": "grows to d = {}",
            "worse": "falls to d = {}",
            "not decided": "is not told to grow or fall to d = {}",
        }
        parts = [words[verdict].format(d) for verdict, d in to.items() if verdict in words]
        said.append(f" At s = {number(row['beta'] / (2 * row['alpha']))} it {listed(parts)}.")
    return "".join(said)


def _gained(closed: pd.DataFrame) -> str:
    """The least and the largest share that the first strategy closes, for each setting, and where it widens the gap."""
    rows, wider = closed, kit.widened(closed, CLOSING[0], _where)
    if len(rows):
        rows = rows[(rows["strategy"] == CLOSING[0]) & (rows["verdict"] == "better")]
    if rows.empty:
        return f"At no d is it shown that `{CLOSING[0]}` closes part of the gap.{wider}"
    said = [
        f"at s = {number(s)} {kit.ranged(own, 'own', _closes, most=1)}"
        for s, own in rows.assign(s=rows["beta"] / (2 * rows["alpha"])).groupby("s")
    ]
    return f"`{CLOSING[0]}` closes {listed(said)}.{wider}"


def _where(row: kit.Row) -> str:
    return f"d = {row[AXIS]:.0f}, s = {number(row['beta'] / (2 * row['alpha']))}"


def _closes(row: kit.Row) -> str:
    return f"{kit.change('own', **PERCENT)(row)} % (d = {row[AXIS]:.0f})"


def _readable(table: pd.DataFrame, place: Mapping[str, kit.Column]) -> pd.DataFrame:
    shown: dict[str, kit.Column] = {"rate": kit.cell("rate")}
    shown |= {"KL(q‖p) is at least": kit.cell("lower"), "and at most": kit.cell("upper")}
    shown |= {"draws for one example, 10^": kit.cell("draws_for", places=1)}
    shown |= {"active": kit.cell("active_units"), "hole mass, %": kit.cell("hole_mass", **PERCENT)}
    shown |= {"distortion": kit.cell("distortion")}
    shown |= {f"{name}, %": kit.cell(name, **PERCENT) for name in CLOSING if name in table}
    why = {"no share because": lambda row: "" if row["state"] == "ok" else row["state"]}
    return kit.readable(table.sort_values([*PLACE, AXIS]), {**place, **shown, **why})


def _each_s(table: pd.DataFrame, make: Any) -> list[kit.Lines]:
    settings = frames.settings(table.assign(noise_variance=table["beta"] / (2 * table["alpha"])))
    return [make(frames.at(table, s), f"s = {number(s.noise_variance)}") for s in settings]


def figure(table: pd.DataFrame) -> Figure:
    """A row of panels per setting: hole mass, draws that are needed, shares of the gap."""
    needed = {"draws_for": "draws for one example"}

    def row(own: pd.DataFrame, where: str) -> list[kit.Lines]:
        return [
            kit.Lines(
                f"Hole mass, {where}", own, {"hole_mass": "hole mass"}, "%", scale=100, mark=100 * HOLES
            ),
            kit.Lines("Prior draws needed", own, needed, "power of 10"),
            kit.Lines(
                "Share of the gap closed", own, {name: name for name in CLOSING}, "%", scale=100, mark=0.0
            ),
        ]

    panels = [panel for own in _each_s(table, row) for panel in own]
    return kit.lines(
        panels,
        x=AXIS,
        axis="latent dimensions d",
        title="What the number of latent dimensions changes",
        columns=3,
    )


def reach(results: Results) -> Figure:
    """Coverage and recall of the prior and the posteriors against d, a row of panels per setting."""
    rows = results.metrics[
        results.metrics["metric"].isin(COVERED) & results.metrics["strategy"].isin(["prior", "posterior"])
    ]
    wide = rows[rows["status"] == "ok"].pivot_table(
        index=[*PLACE, AXIS, "seed", *frames.evaluated(rows)], columns=["metric", "strategy"], values="value"
    )
    names = {f"{metric}, {strategy}": strategy for metric, strategy in wide}
    wide.columns = [*names]
    table = kit.estimates(wide.reset_index(), by=[*PLACE, AXIS], of=names)

    def row(own: pd.DataFrame, where: str) -> list[kit.Lines]:
        kinds = ({name: name for name in names if name.startswith(metric)} for metric in COVERED)
        return [kit.Lines(f"{m}, {where}", own, k, m) for m, k in zip(COVERED, kinds, strict=True)]

    panels = [panel for own in _each_s(table, row) for panel in own]
    return kit.lines(
        panels, x=AXIS, axis="latent dimensions d", title="Coverage and recall of as many samples"
    )


def dimensions(plain: StudyConfig, *d: int, **changes: Any) -> tuple[StudyConfig, ...]:
    """The same grid with each number of latent dimensions."""
    return tuple(vary(plain, model={"latent_dim": n}, strategies=STRATEGIES, **changes) for n in d)


EXPERIMENT = Experiment(
    name="latent_dimension",
    question="How many latent dimensions does the prior fill, and how many of its draws cover them?",
    profiles={
        "smoke": dimensions(SMOKE, 1, 2, alphas=(10.0,)),
        "quick": dimensions(DIGITS, 1, 2, 4, 8, 16, 64, betas=(0.05,), density_draws=1000),
        "default": dimensions(MNIST, 1, 2, 4, 8, 16, 32, 64, betas=(0.02, 0.2), n_samples=1000, density_draws=1000),
    },
    findings=findings,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
