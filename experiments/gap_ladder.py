"""What is lost between the prior and real data, rung by rung, on one frozen decoder?

Only the source of z changes from rung to rung; the decoder is that of one trained model. Each rung adds one kind of
knowledge about q(z) to the rung above, and the fall in KID is that knowledge's share of the whole gap between samples
from the prior and real data. Two rungs are parallel branches: correlation and marginal shape both start from the
diagonal Gaussian, and neither includes the other, so they do not add up; the fall of the mixture is measured from the
full Gaussian. The posteriors of validation data, which no parameter was trained on, tell the density's misfit from what
only the training data hold. KID does not see copies, so no rung measures memorisation. Shares depend on the decoder and
on how long it was trained, so they are said setting by setting and are not averaged.

Pictures are clipped to the range of the data before scoring, as they are before display. The outputs of an affine
decoder scatter around black, and clipping turns this scatter into grey. So every model is scored a second time
unclipped, which shows how much of the gap, and of the decoder's share in it, is due to clipping.

    study run gap_ladder                      MNIST, 15 VAEs scored twice, half an hour on two cores
    study run gap_ladder --profile quick      digits, 15 VAEs scored twice
"""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.report import frames, kit
from study.report.text.numbers import listed, number, with_ends
from study.tables.results import Results

METRIC, DENSITY = "kid", "log_density"
RUNGS = (  # each with the rung from which its fall is measured, and what it adds
    ("global-gaussian", "prior", "scale and shift"),
    ("gaussian-full", "global-gaussian", "correlation"),
    ("shuffled-marginals", "global-gaussian", "marginal shape"),
    ("gmm", "gaussian-full", "joint structure, coarse"),
    ("flow", "gmm", "joint structure, fine"),
    ("held-out-posterior", "flow", "misfit of the density"),
    ("posterior", "held-out-posterior", "codes of the training data instead of unseen ones"),
    ("reconstruction", "posterior", "codes of the test data instead"),
    ("held-out", "reconstruction", "decoder"),
)
ABOVE = {"prior": ("prior", ""), **{name: (parent, adds) for name, parent, adds in RUNGS}}
MEASURED = ("kid", "fall", "share", "closed", "log_density", "fit")
OF_Z = [name for name, _, _ in RUNGS if name not in ("shuffled-marginals", "reconstruction", "held-out")]
BESIDE = "shuffled-marginals"  # a branch, not part of the sum
STRATEGIES = ("prior", *(name for name, _, _ in RUNGS), "copycat", "noise")
CLIPPED, UNCLIPPED = "mean", "unclipped"  # values of the column `decode`
ENDS = ["prior", "held-out"]  # of the gap
SHARE = "the decoder's share"
FEW = 3  # settings that are named one by one
TOLD = {"better": "yes", "worse": "yes, worse", "not decided": "not decided", "none": "no interval"}
PLACE = ["alpha", "beta", "seed"]
TEXT = (
    "KID of each rung, its fall from the rung above on its path, and that fall as a share of the gap between prior and "
    "held-out data, a ratio of means{over}, with 95 % intervals. Shares along the path add up to one; "
    f"`{BESIDE}` is a branch parallel to `gaussian-full` and not part of the sum. A negative share means that a rung "
    "is worse than the one above. Whether a share is told from zero is decided after Holm's correction over all rungs "
    "and settings. The decoder's share depends on the decoder and on how it was trained, so no share here is an "
    "average over settings. The posteriors of validation data, which no parameter was trained on, "
    "need no density to be fitted: `flow` to `held-out-posterior` is what the flow fails to fit, and from there to "
    "`posterior` what only the codes of the training data hold. That step can be below zero, since validation and test "
    "data may have a source of their own (in MNIST, other writers). The last column is the mean log-density of "
    "validation codes in nats, for rungs that have a density: a better fit to q(z) need not give better samples."
)
CLIPPING = (
    "Clipping sets every pixel outside the range of the training data to its nearer end, as a display does, before "
    "features are taken; what is scored unclipped is the decoder's output as it is. Outputs of a decoder that "
    "ends in an affine map scatter around black, and clipping turns this scatter into grey. The same models, z and "
    "noise, scored clipped and unclipped: means{over}, and the paired difference with its 95 % interval. The figure "
    "shows the shares of the gap "
    "without clipping."
)
CAPTION = (
    "Share of the gap in KID between the prior and real data that each step closes, on one frozen decoder, with 95 % "
    "intervals{over}, not corrected."
)
CLIPS = " Pixels beyond the range of the training data were clipped to it, as for display."
WRITERS = (
    " `held-out-posterior` draws from validation data, which in MNIST are cut from the official test set and share the "
    "writers of the test data: this may explain its lead over `posterior`."
)


def contributions(results: Results) -> pd.DataFrame:
    """A row per way of scoring, training, evaluation and rung, with KID and what `shares` makes means of.

    The mean of share and closed over trainings and evaluations is a ratio of means (`kit.share_closed`). Log-densities
    have one evaluation.
    """
    kid, density = (frames.measured(results, name, each=True) for name in (METRIC, DENSITY))
    if not set(ENDS) <= set(kid):
        return pd.DataFrame()
    kid = kid[[name for name in ABOVE if name in kid]]
    runs = results.runs.set_index("run_id")[["decode", *PLACE]].join(kid, how="inner").dropna(subset=ENDS)
    groups = runs.groupby(["decode", "alpha", "beta"])
    parts = [part for _, own in groups for part in _rungs(own, density.reindex(own.index))]
    return pd.concat(parts).reset_index()


def _rungs(cells: pd.DataFrame, density: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows of each rung that all training runs have; what a missing rung adds is attributed to the next."""
    present = [name for name in ABOVE if name in cells and cells[name].notna().all()]
    closed = {name: kit.share_closed(cells[name], *(cells[end] for end in ENDS)) for name in present}
    for name in present:
        parent, adds = ABOVE[name]
        while parent not in present:
            parent, more = ABOVE[parent]
            adds = f"{more}; {adds}"
        yield cells[["decode", *PLACE]].assign(
            rung=name, adds=adds, kid=cells[name], fall=cells[parent] - cells[name], closed=closed[name],
            share=closed[name] - closed[parent] if adds else np.nan, log_density=density.get(name, np.nan),
            fit=density.get(name, np.nan) - density.get(parent, np.nan), **{"from": parent},
        )  # fmt: skip


def shares(parts: pd.DataFrame) -> pd.DataFrame:
    """KID at each rung, its fall and the fall's share of the gap, per way of scoring and setting.

    Returns:
        Columns decode, alpha, beta, trainings, rung, from (the rung above), adds; kid, fall, share, closed (the share
        of the gap that is closed so far), log_density (nats), fit (nats by which it exceeds that of the rung above),
        each with _low and _high (95 %, not corrected); verdict of the share, over all rungs and settings of a way of
        scoring ("better": above zero), and detectable. The decoder's share is cut to between 0 and 1, with its
        interval: a reconstruction is at best real data, while other rungs may be worse than the one above.
    """
    key = ["decode", "alpha", "beta", "rung"]
    found = kit.estimates(parts, by=[*key, "from", "adds"], of=MEASURED)
    decoder, ends = found["rung"] == "held-out", [f"share{end}" for end in ("", "_low", "_high")]
    found.loc[decoder, ends] = found.loc[decoder, ends].clip(0.0, 1.0)
    pairs = [
        kit.Pair({**dict(zip(key, place, strict=True)), "better": "higher"}, share, 0 * share, place[0])
        for place, share in ((place, kit.by_training(own)["share"]) for place, own in parts.groupby(key))
    ]
    told = found.merge(kit.paired(pairs)[[*key, "verdict", "detectable"]], on=key, how="left")
    return told.iloc[told["rung"].map([*ABOVE].index).argsort(kind="stable")].sort_values(
        key[:3], kind="stable"
    )


def clipping(parts: pd.DataFrame) -> pd.DataFrame:
    """The effect of clipping on the KID of every rung and on the decoder's share, for the same trained models.

    Returns:
        Columns alpha, beta, of (a rung, or the decoder's share), and those of `kit.paired`: lower is better, and Holm's
        correction is over all rows of KID, or all shares. Empty if models were scored in one way only.
    """
    if set(parts["decode"]) != {CLIPPED, UNCLIPPED}:
        return pd.DataFrame()
    pairs = []
    for (alpha, beta, rung), own in parts.groupby(["alpha", "beta", "rung"]):
        of, name = (SHARE, "share") if rung == "held-out" else (rung, "kid")
        sides = [kit.by_training(own[own["decode"] == way])[name] for way in (CLIPPED, UNCLIPPED)]
        if rung != "held-out" or (own["from"] == "reconstruction").all():
            pairs.append(kit.Pair({"alpha": alpha, "beta": beta, "of": of, "better": "lower"}, *sides, name))
    return kit.paired(pairs, own="clipped", other="unclipped")


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The rungs at which the gap arises, all rungs by setting, and the same unclipped."""
    parts = contributions(results)
    if parts.empty:
        return Findings("Nothing was compared: no model has scores of the prior and of real data.")
    table, clipped = shares(parts), clipping(parts)
    ways = dict(list(table.groupby("decode")))
    table = ways.get(CLIPPED, table)
    text = TEXT.format(over=kit.covered(results, (METRIC, DENSITY))) + _each(table) + _against_density(table)
    sections = [Section("Shares of the gap", text, _readable(table))]
    over = kit.covered(results, [METRIC])
    if len(clipped):
        said = CLIPPING.format(over=over) + _said_of_clipping(clipped)
        pictured = figure(ways[UNCLIPPED], aside=", unclipped")
        sections.append(Section("The effect of clipping", said, _readable_clipping(clipped), pictured))
    first = kit.Exhibit("Where the gap arises, by setting", _caption(results, table, over), figure(table))
    return Findings(_answer(table, clipped), tuple(sections), (first, "ladder", "samples"))


SETTING = {name: kit.value(name) for name in ("alpha", "beta")}
PERCENT: dict[str, Any] = {"scale": 100, "places": 0}


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    columns = SETTING | kit.plain("rung", "adds")
    columns |= {"KID": kit.value("kid"), "fall": kit.cell("fall", places=3)}
    columns |= {
        "share of the gap, %": kit.cell("share", **PERCENT),
        "told from zero": lambda row: TOLD.get(row["verdict"], "") if row["adds"] else "",
    }
    columns |= {"closed so far, %": kit.cell("closed", **PERCENT), "log-density, nats": kit.value(DENSITY, 2)}
    return kit.readable(table, columns)


def _readable_clipping(table: pd.DataFrame) -> pd.DataFrame:
    """The table for readers: shares in %, KID unscaled."""
    parts = []
    for share, own in table.groupby(table["of"] == SHARE):
        how = PERCENT if share else {"places": 3}
        name = f"{SHARE}, %" if share else "KID of "
        columns = SETTING | {"of": lambda row, name=name, share=share: name if share else name + row["of"]}
        parts.append(kit.readable(own, columns | kit.contrast("clipped", "unclipped", **how)))
    return pd.concat(parts, ignore_index=True)


def _answer(table: pd.DataFrame, clipped: pd.DataFrame) -> str:
    """The decoder's share, clipped and not, and what z can gain, setting by setting."""
    rows = table[table["adds"] != ""]
    if kit.undecided(rows):
        return kit.UNDECIDED
    last, drawn = (rows[rows["rung"] == rung] for rung in ("held-out", "posterior"))
    whose = "the decoder's share"
    if not (last["from"] == "reconstruction").all():
        whose = "the share of decoder and codes of the test data"
    lead = f"Of the gap in KID between prior and real data, {whose} is"
    if len(last) > FEW:
        return kit.brief(f"{lead} {kit.ranged(last, 'share', _share)}.")
    every = last.to_dict("records")
    open_ = [row for row in every if row["verdict"] != "better"]
    beside = [f"not told from zero at {kit.where(open_, len(every))}"] * bool(open_)
    if len(clipped) and (clipped["of"] == SHARE).any():
        without = _percents(clipped[clipped["of"] == SHARE], "unclipped")
        beside.insert(0, f"{without} % without clipping samples to the data's range")
    said = f"{_percents(last, 'share')} % at {kit.where(every, len(every))}"
    said += f" ({'; '.join(beside)})" * bool(beside)
    rest = f"Drawing from q(z) closes {_percents(drawn, 'closed')} %." * bool(len(drawn))
    return kit.brief(f"{lead} {said}.", rest)


def _percents(rows: pd.DataFrame, name: str) -> str:
    """One number per setting, with its interval if it has one."""
    ends = f"{name}_low" in rows
    shown = (
        with_ends(row, name, **PERCENT) if ends else number(100 * row[name], 0)
        for row in rows.to_dict("records")
    )
    return listed(shown)


def _share(row: kit.Row) -> str:
    unsure = "" if row["verdict"] == "better" else " (not told from zero)"
    return f"{with_ends(row, 'share', **PERCENT)} % at {kit.at(row)}{unsure}"


def _caption(results: Results, table: pd.DataFrame, over: str) -> str:
    """What Figure 1 shows, and what follows for the choice of z."""
    text = CAPTION.format(over=over) + CLIPS * bool((results.runs["decode"] == CLIPPED).any())
    text += _largest(table) + _rest(table) + _joint(table)
    known = (
        "held-out-posterior" in set(table["rung"])
        and results.provenance.get("dataset", {}).get("name") == "mnist"
    )
    return text + WRITERS * known + _copying(results)


def _rest(table: pd.DataFrame) -> str:
    """What draws from q(z) and the decoder leave of the gap."""
    rows = table[(table["rung"] == "reconstruction") & (table["from"] == "posterior")]
    if rows.empty or len(rows) > FEW:
        return ""
    below = " (below 0: together they are more than the gap)" * bool((rows["share"] < 0).any())
    text = f" Draws from q(z) and the decoder leave {_percents(rows, 'share')} %{below}"
    return f"{text}: the step to codes of the test data."


def _joint(table: pd.DataFrame) -> str:
    """Where a full Gaussian surely closes less than half of what a mixture does."""
    if not {"gaussian-full", "gmm"} <= set(table["rung"]) or not table["closed_low"].notna().any():
        return ""
    wide = table.pivot_table(index=["alpha", "beta"], columns="rung", values=["closed_low", "closed_high"])
    short = wide[2 * wide["closed_high", "gaussian-full"] < wide["closed_low", "gmm"]].index
    if short.empty:
        return ""
    place = kit.where([{"alpha": alpha, "beta": beta} for alpha, beta in short], len(wide))
    return f" At {place} `gaussian-full` closes less than half of what `gmm` does."


def _copying(results: Results) -> str:
    """That KID does not see copies, with the authenticity of draws from posteriors of training and unseen data."""
    copied, kinds = frames.measured(results, "authenticity"), ["posterior", "held-out-posterior"]
    if not {*kinds} <= set(copied):
        return ""
    runs = results.runs[results.runs["decode"] == CLIPPED].set_index("run_id")[["alpha", "beta"]]
    means = runs.join(copied[kinds], how="inner").groupby(["alpha", "beta"]).mean().reset_index()
    row = means.sort_values(kinds[0]).to_dict("records")[0]
    sizes = " against ".join(number(row[kind]) for kind in kinds)
    said = f"authenticity at {kit.at(row)} is {sizes} with posteriors of unseen data"
    return f" KID sees no copies: {said} (see `memorisation`)."


def _each(table: pd.DataFrame) -> str:
    """What is told of every rung but the decoder's, setting by setting."""
    rows = table[(table["adds"] != "") & ~table["rung"].isin([BESIDE, "held-out"])]
    said = []
    for _, own in rows.sort_values("share", ascending=False).groupby(["alpha", "beta"]):
        parts = kit.clauses(own, _sized, _named, between=": ", what="a share", scale=100, unit=" %", places=0)
        said.append(f" At {kit.at(own.iloc[0].to_dict())}, {'; '.join(parts)}.")
    return "".join(said)


def _largest(table: pd.DataFrame) -> str:
    """The rung of z with the largest share that is told from zero, at each setting."""
    path = table[table["rung"].isin(OF_Z) & (table["verdict"] == "better")]
    most = (
        path.sort_values("share")
        .drop_duplicates(["alpha", "beta"], keep="last")
        .sort_values(["alpha", "beta"])
    )
    said = kit.ranged(most, "share", lambda row: f"{_sized(row)} at {kit.at(row)}")
    return f" The largest step that changes only z and is told from zero: {said}." if said else ""


def _named(row: kit.Row) -> str:
    return f"{row['adds']} (`{row['rung']}`)"


def _sized(row: kit.Row) -> str:
    return f"{row['adds']} (`{row['rung']}`, {with_ends(row, 'share', **PERCENT)} %)"


def _said_of_clipping(table: pd.DataFrame) -> str:
    """How much of the decoder's share is due to clipping, setting by setting."""
    rows = table[table["of"] == SHARE]
    if rows.empty:
        return ""
    words = {"better": "smaller with clipping", "worse": "larger with clipping"}
    sizes = kit.ranged(rows, "beta", _instead)
    seen = kit.unseen(kit.by_verdict(rows).get("not decided", []), scale=100, unit=" points", places=0)
    return f" Without clipping the decoder's share is {sizes}: {kit.placed(rows, words)}{seen}."


def _instead(row: kit.Row) -> str:
    without, within = (number(100 * row[name], 0) for name in ("unclipped", "clipped"))
    return f"{without} instead of {within} % at {kit.at(row)}"


def _against_density(table: pd.DataFrame) -> str:
    """Rungs that fit the codes better than the rung above but give worse samples, setting by setting."""
    if "fit_low" not in table:
        return ""
    rows = table[(table["fit_low"] > 0) & (table["verdict"] == "worse")].to_dict("records")
    return "".join(
        f" `{row['rung']}` fits validation codes better than `{row['from']}`, by {with_ends(row, 'fit', places=2)} "
        f"nats at {kit.at(row)}, yet its samples are worse there."
        for row in rows
    )


def figure(table: pd.DataFrame, *, aside: str = "") -> Figure:
    """Shares of the gap step by step: a panel per α, a marker per β."""
    steps = table[table["adds"] != ""].drop_duplicates("rung").set_index("rung")
    names = [name for name in ABOVE if name in steps.index]
    beside = {BESIDE: " (not in the sum)"}
    scaled = table.assign(**{name: 100 * table[name] for name in ("share", "share_low", "share_high")})
    alphas = [*scaled.groupby("alpha")]
    below = "share of the gap in %, 95 % intervals (below 0: worse samples)"
    alone = len(alphas) == 1  # then the label is the panel's own
    return kit.dots(
        [kit.Panel("" if alone else f"α = {number(a)}", rows, below if alone else "") for a, rows in alphas],
        rows=names,
        by="rung",
        names=("share", "share_low", "share_high"),
        title=f"Where the gap in KID between samples from the prior and real data arises{aside}",
        below="" if alone else below,
        labels=[
            f"{textwrap.fill(steps['adds'][n] + beside.get(n, ''), 34)}\n{steps['from'][n]} → {n}"
            for n in names
        ],
    )


def both(plain: StudyConfig, **changes: Any) -> tuple[StudyConfig, ...]:
    """The same grid scored clipped and unclipped, with shared trained models and codes."""
    clipped = vary(plain, strategies=STRATEGIES, **changes)
    return clipped, vary(clipped, decode=UNCLIPPED)


EXPERIMENT = Experiment(
    name="gap_ladder",
    question="What is lost between draws from the prior and real data, rung by rung, on one frozen decoder?",
    profiles={
        "smoke": both(SMOKE),
        "quick": both(DIGITS, betas=(0.02, 0.1, 0.5), density_draws=1000),
        "default": both(MNIST, betas=(0.05, 0.5, 2.0), n_samples=2000, density_draws=1000),
    },
    findings=findings,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
