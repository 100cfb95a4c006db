"""Does the answer depend on the network and on the likelihood?

The other experiments train an mlp with a Gaussian decoder, unless they say otherwise. The same images are trained here
with an mlp and with convolutions, each with a Gaussian and with a Bernoulli decoder. At the same β two of these encode
different amounts, and what leaving the prior gains grows with the amount, so they are compared at the same rate: the
share of the gap in KID that a strategy closes with an mlp and a Gaussian decoder, at each of its settings, against the
share that it closes with another architecture at that rate, between the two settings next to it (on a line in the
logarithm of the rate). The values of β are chosen so that these are near. A metric of one decoder's pictures says
nothing of another's, but a share is a ratio within one decoder.

Declared beforehand: the direction of the answer depends on the architecture where a strategy is shown to close part of
the gap with one and to widen it with another; its size depends on it where the shares at the same rate are told apart
after Holm's correction over the rows of a strategy, and not where they are shown to agree within 5 points. Added when
the results on MNIST were known, to see why sizes differ: the share that held-out data close through encoder and decoder
is compared in the same way, since posteriors cannot repair a decoder.

    study run architectures                      MNIST, 60 VAEs, an hour on two cores
    study run architectures --profile quick      digits, 24 VAEs, a few minutes
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.plots import style
from study.report.text.numbers import listed
from study.statistics.verdicts import MATTERS
from study.tables.results import Results

METRIC, NOVELTY, SAME_DECODER = "kid", "authenticity", "reconstruction"
HEADLINE = "posterior"  # the strategy that the answer is about
CLOSING = (HEADLINE, "gmm", "gaussian-full", "global-gaussian")
SHOWN = (*CLOSING, SAME_DECODER)
STRATEGIES = ("prior", *SHOWN, "held-out", "copycat", "noise")
COLUMNS, NAME, PLACE = ["network", "likelihood"], "architecture", ["architecture", "alpha", "beta"]
NEAR = 0.1  # how far beyond the other's range of rates a rate may lie, as a share of it
MODEL = ("rate", "lower", "upper", "active_units", "hole_mass", "distortion")
PERCENT: dict[str, Any] = {"scale": 100, "places": 0}
TEXTS = {
    "each": "For every architecture and β: rate and the two ends of the bracket on KL(q(z)‖p(z)), in nats; active "
    "dimensions; hole mass; distortion of held-out data, in the units of its own likelihood; and the share of the gap "
    "in KID between the prior and held-out data that each strategy closes, in %. All with 95 % intervals{over}.",
    "matched": "The share of the gap closed with another architecture minus that with {base}, in points, at the rate "
    "of the latter in nats, paired by training seed, with 95 % intervals{over}. `better` closes more; equivalent is "
    "within ± 5 points. Holm's correction is over the rows of a strategy. Rates that the other does not reach are left "
    "out.",
    "novel": "Authenticity of `posterior` minus that of held-out data through the same decoder, paired on the same "
    "model, with 95 % intervals{over}. `worse` is less authentic: copying. Holm's correction is over all rows.",
    "pictures": "Samples of one model of every architecture, at its smallest β; those of a row share noise and "
    "examples. Of Bernoulli decoders too the means are shown.",
    "figure": "Share of the gap in KID that each strategy closes against the rate, a curve per architecture; bars are "
    "95 % intervals{over}, not corrected; verdicts are. `reconstruction` is held-out data through encoder and "
    "decoder: what it leaves open is the decoder's own error. Dashed: nothing gained on N(0, I).",
}  # fmt: skip


def named(results: Results) -> Results:
    """The results, with the architecture of each run and of each score."""
    shown = results.runs.assign(architecture=results.runs[COLUMNS].agg(", ".join, axis=1))
    known = shown[["run_id", NAME]]
    metrics = results.metrics.drop(columns=NAME, errors="ignore").merge(known, on="run_id")
    return dataclasses.replace(results, runs=shown, metrics=metrics)


def base(results: Results) -> str:
    """The architecture that the others are compared with: that of the first configuration."""
    return str(results.runs[NAME].iloc[0])


def models(results: Results) -> pd.DataFrame:
    """The measurements of each trained model, and the bracket on KL(q(z)‖p(z))."""
    found = kit.by_run(results, NAME)
    return found.join(frames.mismatch(found)[["lower", "upper"]])


def settings(told: pd.DataFrame, each: pd.DataFrame) -> pd.DataFrame:
    """Architecture, α, β, state and mean rate of every setting, by rate."""
    rates = each.groupby(PLACE)["rate"].mean()
    found = told[[*PLACE, "state"]].drop_duplicates().join(rates, on=PLACE)
    return found.sort_values(["architecture", "rate"], ignore_index=True)


def weights(rate: float, rates: np.ndarray) -> dict[int, float]:
    """Of which settings, in what proportion, a value at this rate is made: a line in log(rate) through the two nearest.

    Args:
        rate: in nats.
        rates: `[k]`, of the settings, ascending.

    Returns:
        Weights by position, which add up to 1; none if the rate lies further outside than `NEAR`.
    """
    if len(rates) < 2 or not rates[0] / (1 + NEAR) <= rate <= rates[-1] * (1 + NEAR):
        return {}
    high = int(np.clip(np.searchsorted(rates, rate), 1, len(rates) - 1))
    first, last = np.log(rates[[high - 1, high]])
    share = float((np.log(rate) - first) / (last - first))
    return {high - 1: 1 - share, high: share}


def matched(told: pd.DataFrame, each: pd.DataFrame, against: str) -> pd.DataFrame:
    """Share closed with each other architecture − share closed with `against`, at the rates of the latter.

    Returns:
        Columns architecture, strategy, rate, beta (of `against`), and those of `kit.paired`.
    """
    found = settings(told, each)
    found = found[found["state"] == "ok"]
    return kit.paired(_matched(told, found, against), own="other", other="base", matters=MATTERS)


def _matched(told: pd.DataFrame, found: pd.DataFrame, against: str) -> Iterator[kit.Pair]:
    shares = {place: kit.by_training(own) for place, own in told.groupby(PLACE)}
    mine = found[found[NAME] == against]
    for name, own in found[found[NAME] != against].groupby(NAME):
        places = [tuple(row) for row in own[PLACE].itertuples(index=False)]
        for place, rate in zip(mine[PLACE].itertuples(index=False), mine["rate"], strict=True):
            made = weights(rate, own["rate"].to_numpy())
            for strategy in (one for one in SHOWN if made and one in told):
                other = sum(weight * shares[places[i]][strategy] for i, weight in made.items())
                facts = {
                    NAME: name,
                    "strategy": strategy,
                    "rate": rate,
                    "beta": place.beta,
                    "better": "higher",
                }
                yield kit.Pair(facts, other, shares[tuple(place)][strategy], strategy)


def copying(metrics: pd.DataFrame) -> pd.DataFrame:
    """Authenticity of `posterior` minus that of reconstructions, for every architecture and β: a family of tests."""
    pairs = [({"strategy": HEADLINE}, HEADLINE, SAME_DECODER)]
    return kit.compared(metrics, [NOVELTY], pairs, columns=["strategy"], places=PLACE)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """Whether direction and size of the effect are the same with every architecture, at the same rate."""
    results = named(results)
    told = kit.shares(results, METRIC)
    if told.empty:
        return Findings("Nothing was compared: no model has scores of the prior and of real data.")
    each, first = models(results), base(results)
    table, closed = kit.closing(told, SHOWN, by=PLACE)
    own = kit.estimates(each, by=PLACE, of=MODEL, within={"hole_mass": (0.0, 1.0)})
    table = table.merge(own.drop(columns="trainings"), on=PLACE, how="left")
    kinds = list(results.runs[NAME].unique())  # that of the first configuration comes first
    table = table.sort_values(["rate"]).sort_values(
        NAME, key=lambda names: names.map(kinds.index), kind="stable"
    )
    pairs, copies, over = matched(told, each, first), copying(results.metrics), kit.covered(results, [METRIC])
    novel = TEXTS["novel"].format(over=kit.covered(results, [NOVELTY], alone=""))
    drawn = kit.pictured(
        results, COLUMNS, lambda run: f"{run['network']}, {run['likelihood']}", ("prior", HEADLINE),
        title="Samples by architecture",
    )  # fmt: skip
    caption = f"{TEXTS['figure'].format(over=over)}{_others(pairs)}"
    drawing = [kit.Exhibit("What architectures change", caption, figure(table))] if HEADLINE in table else []
    return Findings(
        answer(pairs, closed, first),
        (
            Section("At the same rate", TEXTS["matched"].format(base=first, over=over), _compared(pairs)),
            Section("Every architecture", TEXTS["each"].format(over=over), _readable(table)),
            Section("Copying", novel, _copied(copies)),
            *([Section("Pictures", TEXTS["pictures"], figure=drawn)] if drawn else []),
        ),
        (*drawing, "effects", "samples"),
    )


def answer(pairs: pd.DataFrame, closed: pd.DataFrame, first: str) -> str:
    """Whether direction and size of what posteriors gain depend on the architecture."""
    own, through = (
        pairs[pairs["strategy"] == name] if len(pairs) else pairs for name in (HEADLINE, SAME_DECODER)
    )
    if own.empty or kit.undecided(own):
        return kit.UNDECIDED
    rest = f"; `{SAME_DECODER}` closes {_counted(through)}" if len(through) else ""
    size = _size(own, first)
    return kit.brief(_direction(closed), f"{size}{rest}.", f"{size}.", f"{_size(own, first, sizes=False)}.")


def _direction(closed: pd.DataFrame) -> str:
    """In how many settings posteriors close part of the gap, or widen it."""
    rows = closed[closed["strategy"] == HEADLINE]
    better, worse = ({*rows.loc[rows["verdict"] == verdict, NAME]} for verdict in ("better", "worse"))
    n = int((rows["verdict"] == "better").sum())
    word = "yes" if better and worse and better != worse else "no" if n == len(rows) else "not shown"
    wider = int((rows["verdict"] == "worse").sum())
    said = f" and widens it in {wider}" if wider else ""
    return (
        f"In direction {word}: `{HEADLINE}` closes part of the gap in KID in {n} of {len(rows)} settings of "
        f"{rows[NAME].nunique()} architectures{said}."
    )


def _size(own: pd.DataFrame, first: str, *, sizes: bool = True) -> str:
    """How often its share at the same rate differs from that of the first architecture."""
    told = own["verdict"].isin(["better", "worse"])
    word = "yes" if told.any() else "no" if (own["verdict"] == "equivalent").all() else "not decided"
    counted = _counted(own, sizes=sizes)
    return f"In size {word}: of {len(own)} comparisons at the rates of {first} the others close {counted}"


def _counted(rows: pd.DataFrame, *, sizes: bool = True) -> str:
    """How often a share is larger, smaller or neither, with the least and the largest of what is told, in points."""
    words = {"better": "more", "worse": "less", "equivalent": "as much within 5 points"}
    words |= {"not decided": "a share that is not told apart", "none": "a share without interval"}
    said = []
    for verdict, found in kit.by_verdict(rows).items():
        size = f" ({kit.extremes(found, **PERCENT)} points)" * (sizes and verdict in ("better", "worse"))
        said.append(f"{words[verdict]} in {len(found)}{size}")
    return listed(said)


def _others(pairs: pd.DataFrame) -> str:
    """What is told of the other strategies, for the caption."""
    if pairs.empty:
        return ""
    rows = pairs[pairs["strategy"] != HEADLINE]
    said = [f"`{name}`, of {len(own)}, {_counted(own)}" for name, own in rows.groupby("strategy", sort=False)]
    return f" At the same rate as the first architecture the others close: {'; '.join(said)}." if said else ""


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, kit.Column] = {NAME: NAME, "α": kit.value("alpha"), "β": kit.value("beta")}
    columns |= {"trainings": "trainings"} | kit.several(MODEL, table)
    columns |= {f"{name}, %": kit.cell(name, **PERCENT) for name in SHOWN if name in table}
    columns |= {"no share because": lambda row: "" if row["state"] == "ok" else row["state"]}
    return kit.readable(table, columns).rename(columns={"lower": "KL(q‖p) ≥", "upper": "KL(q‖p) ≤"})


def _compared(pairs: pd.DataFrame) -> pd.DataFrame:
    columns = {
        **kit.plain(NAME, "strategy"),
        "rate": kit.value("rate", 1),
        **kit.contrast("other", "base", **PERCENT),
    }
    return kit.readable(pairs, columns) if len(pairs) else pairs


def _copied(copies: pd.DataFrame) -> pd.DataFrame:
    columns = {NAME: NAME, "β": kit.value("beta"), **kit.contrast("own", "other", places=3)}
    return (
        kit.readable(copies, columns).rename(columns={"own": HEADLINE, "other": SAME_DECODER})
        if len(copies)
        else copies
    )


def figure(table: pd.DataFrame) -> Figure:
    """A panel per strategy: the share of the gap against the rate, a curve per architecture."""
    names = [name for name in SHOWN if name in table]
    kinds = list(dict.fromkeys(table[NAME]))
    looks = dict(
        zip(kinds, zip(style.shades(len(kinds)), style.markers(len(kinds)), strict=True), strict=True)
    )
    with style.styled():
        fig, grid = style.panels(1, len(names), height=3.4, title="Share of the gap closed, by architecture")
        for axes, name in zip(grid.ravel(), names, strict=True):
            ends = (name, f"{name}_low", f"{name}_high")
            for kind, (color, marker) in looks.items():
                own = table[table[NAME] == kind].dropna(subset=[name])
                scaled = own.assign(**{end: 100 * own[end] for end in ends})
                kit.curve(axes, scaled, "rate", ends, color=color, marker=marker, label=kind)
            axes.axhline(0, color=style.SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
            axes.set_title(name)
            axes.set_xlabel("rate, nats")
        grid.ravel()[0].set_ylabel("share of the gap in KID, %")
        handles, labels = grid.ravel()[0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return fig


def architectures(
    plain: StudyConfig, gaussian: tuple[float, ...], bernoulli: tuple[float, ...], **changes: Any
) -> tuple[StudyConfig, ...]:
    """The same grid for both networks and both likelihoods, each likelihood with values of β of its own."""
    plain = vary(plain, strategies=STRATEGIES, **changes)
    return tuple(
        vary(plain, model={"likelihood": likelihood, **network}, betas=betas)
        for likelihood, betas in (("gaussian", gaussian), ("bernoulli", bernoulli))
        for network in ({"network": "mlp"}, CONV)
    )


CONV = {"network": "conv", "channels": (16, 32)}
EXPERIMENT = Experiment(
    name="architectures",
    question="Does the answer depend on the network and on the likelihood?",
    profiles={
        "smoke": architectures(SMOKE, (0.1, 1.0), (0.3, 3.0)),
        "quick": architectures(DIGITS, (0.05, 0.5), (0.15, 1.5), seeds=(0, 1, 2), density_draws=500),
        "default": architectures(
            MNIST, (0.01, 0.1, 1.0), (0.03, 0.3, 3.0), training={"steps": 4000}, n_samples=1000, density_draws=500,
        ),
    },
    findings=findings,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
