"""The answer in a sentence, and a few more, in plain English, whatever came out."""

import dataclasses

import numpy as np
import pandas as pd

from study.report import frames
from study.report.frames import PRIOR
from study.report.words import MODEL, REFERENCES, count, decimals, interval, listed, number, word

KEEPS_DATA = {
    "posterior", "posterior-mean", "class-posterior", "literal-logvar", "mean-plus-logvar", "shuffled-marginals",
}  # fmt: skip
ENOUGH_SEEDS = 5


@dataclasses.dataclass(frozen=True)
class Answer:
    """`headline`: the answer with its effect and interval; `details`: what a careful reader asks next."""

    headline: str
    details: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Scores:
    """The primary metric's rows, averaged over the grid and per setting, contestants by name."""

    metric: str
    sign: int
    contestants: pd.DataFrame
    references: pd.DataFrame
    single: pd.DataFrame
    leader: str
    seeds: int
    grid: list[frames.Setting]

    @property
    def label(self) -> str:
        return word(self.metric).label

    def mean(self, name: str) -> str:
        row = self.contestants.loc[name] if name in self.contestants.index else self.references.loc[name]
        return interval(row["mean"], row["low_mean"], row["high_mean"])

    def change(self, name: str) -> str:
        """"lowers KID by 0.01 [0.009, 0.011]", from the paired difference whatever its sign."""
        row = self.contestants.loc[name]
        sign = -1 if row["difference"] < 0 else 1
        ends = sorted((sign * row["low"], sign * row["high"]))
        return f"{'lowers' if sign < 0 else 'raises'} {self.label} by {interval(abs(row['difference']), *ends)}"

    def verdict(self, name: str) -> str:
        return str(self.contestants.loc[name, "verdict"])

    @property
    def scope(self) -> str:
        trainings = f"{count(self.seeds, 'training')}{' each' if len(self.grid) > 1 else ''}"
        if len(self.grid) > 1:
            return f"averaged over {len(self.grid)} settings of (α, β) with {trainings}"
        where = f"at {self.grid[0].label}, " if self.grid else ""
        return f"{where}over {trainings}" if self.seeds > 1 else f"{where}in one training"


def answer(summary: pd.DataFrame, model: pd.DataFrame | None = None) -> Answer:
    """What the summary says of the question.

    Args:
        summary: what `study.statistics` makes.
        model: model-level measurements (`frames.models`), the answer where no strategy was scored.
    """
    scores = _scores(summary)
    if scores is None:
        return _models_only(model)
    headline = _headline(scores)
    if headline.startswith("Draw from") and _leans(scores.leader, summary):
        headline += f" But `{scores.leader}` leans towards the training data."
    return Answer(headline, tuple(_details(scores, summary)))


def _scores(summary: pd.DataFrame) -> _Scores | None:
    metric = frames.primary(summary)
    leader = frames.best(summary, metric) if metric else None
    if metric is None or leader is None:
        return None
    rows = frames.averaged(summary)
    rows = rows[(rows["metric"] == metric) & rows["mean"].notna() & (rows["strategy"] != MODEL)].set_index("strategy")
    single = frames.per_setting(summary)
    single = single[(single["metric"] == metric) & ~single["strategy"].isin([*REFERENCES, MODEL])]
    reference = rows.index.isin(REFERENCES)
    return _Scores(
        metric=metric,
        sign=frames.gain_sign(frames.direction(summary, metric)),
        contestants=rows[~reference],
        references=rows[reference],
        single=single[single["difference"].notna() | (single["strategy"] == PRIOR)],
        leader=leader,
        seeds=int(rows.loc[leader, "seeds"]),
        grid=frames.settings(single),
    )


def _headline(s: _Scores) -> str:
    lead = s.contestants.loc[s.leader]
    if PRIOR not in s.contestants.index:
        return (
            f"Of the strategies tried, `{s.leader}` has the best {s.label}, {s.mean(s.leader)}, {s.scope}; "
            "the prior was not among them, so what is gained over it is not known."
        )
    if len(s.contestants) == 1:
        return f"Only the prior was tried: its {s.label} is {s.mean(PRIOR)}, {s.scope}; there is nothing to compare."
    if s.seeds < 2 or not np.isfinite(s.contestants["low"].drop(PRIOR)).any():
        return (
            f"Not decided: {s.scope}, `{s.leader}` has the best {s.label} ({number(lead['mean'])}; the prior "
            f"{number(s.contestants.loc[PRIOR, 'mean'])}), but without repeated trainings there is no interval, "
            "so this is a hint and not an answer."
        )
    tied = [name for name in s.contestants.index if s.contestants.loc[name, "standing"] == "tied"]
    tied = [s.leader, *(name for name in tied if name != s.leader)]
    if s.leader == PRIOR:
        return _prior_leads(s, [name for name in tied if name != PRIOR])
    if s.verdict(s.leader) != "better":
        verdicts = s.contestants["verdict"].drop(PRIOR)
        if (verdicts == "tie").all():
            return (
                f"It makes no measurable difference: {s.scope}, no strategy's {s.label} differs from the prior's; "
                f"the largest gain, with `{s.leader}`, {_gain(s, s.leader)}, has an interval that includes zero."
            )
        return (
            f"The prior is enough: {s.scope}, no strategy is shown to beat it in {s.label}; the best of them, "
            f"`{s.leader}`, gains {_gain(s, s.leader)}, an interval that includes zero."
        )
    winners = [name for name in tied if name != PRIOR and s.verdict(name) == "better"]
    start = s.scope[0].upper() + s.scope[1:]
    if len(winners) == 1:
        rest = "no other strategy matches it" if lead["standing"] == "best" else "no other is shown to be better"
        return (
            f"Draw from `{s.leader}`, not from the prior. {start}, it {s.change(s.leader)} against the prior "
            f"on the same trained models, and {rest}."
        )
    names = listed((f"`{name}`" for name in winners), last="or")
    return (
        f"Draw from {names}, not from the prior. {start}, they tie for the best {s.label}; `{s.leader}` "
        f"{s.change(s.leader)} against the prior on the same trained models."
    )


def _gain(s: _Scores, name: str) -> str:
    row = s.contestants.loc[name]
    ends = sorted((s.sign * row["low"], s.sign * row["high"]))
    return interval(s.sign * row["difference"], *ends)


def _prior_leads(s: _Scores, tied: list[str]) -> str:
    start = f"Draw from the prior. {s.scope[0].upper()}{s.scope[1:]}, it has the best {s.label}, {s.mean(PRIOR)}"
    if tied:
        return f"{start}; {listed(f'`{name}`' for name in tied)} {'ties' if len(tied) == 1 else 'tie'} with it."
    others = s.contestants.drop(PRIOR)
    second = str((s.sign * others["mean"]).idxmax())
    return f"{start}, and every other strategy is worse: the nearest, `{second}`, {s.change(second)}."


def _details(s: _Scores, summary: pd.DataFrame) -> list[str]:
    if PRIOR not in s.contestants.index or len(s.contestants) == 1:
        return [text for text in (_copying(s.leader, summary),) if text]
    rivals = s.contestants.drop(PRIOR)
    rival = str((s.sign * rivals["mean"]).idxmax())
    decided = s.seeds > 1 and np.isfinite(rivals["low"]).any()
    found = [
        _setting_counts(s, rival) if decided else "",
        _where_prior_is_enough(s, rival) if decided else "",
        _without_data(s) if decided else "",
        _gap(s, rival),
        _worse(s) if decided else "",
        _copying(s.leader, summary),
    ]
    if 1 < s.seeds < ENOUGH_SEEDS:
        found.append(f"Only {s.seeds} trainings per setting: the intervals are rough, and small effects go unseen.")
    return [text for text in found if text]


def _setting_counts(s: _Scores, name: str) -> str:
    if len(s.grid) < 2:
        return ""
    verdicts = s.single.loc[s.single["strategy"] == name, "verdict"].value_counts()
    better, tie, worse = (int(verdicts.get(v, 0)) for v in ("better", "tie", "worse"))
    if better == len(s.grid):
        return f"`{name}` beats the prior in every one of the {better} settings."
    return (
        f"Setting by setting, `{name}` beats the prior in {better} of {better + tie + worse}, ties with it in {tie} "
        f"and loses to it in {worse}."
    )


def _where_prior_is_enough(s: _Scores, name: str) -> str:
    won = s.single[s.single["verdict"] == "better"]
    if len(s.grid) < 2 or (won["strategy"] == name).sum() == len(s.grid):
        return ""
    enough = [setting for setting in s.grid if frames.at(won, setting).empty]
    if not enough:
        return "In every setting some strategy beats the prior."
    if len(enough) == len(s.grid):
        return "In no single setting does any strategy beat the prior for sure."
    return f"The prior is enough, in that nothing is shown to beat it, at {listed((e.label for e in enough))}."


def _without_data(s: _Scores) -> str:
    """The best that can be drawn once the training data are gone, where the winner needs them."""
    free = s.contestants[~s.contestants.index.isin(KEEPS_DATA)]
    if s.leader not in KEEPS_DATA or free.empty:
        return ""
    name = str((s.sign * free["mean"]).idxmax())
    if name == PRIOR or s.verdict(name) != "better":
        return f"`{s.leader}` needs the training data at hand; nothing that does without them beats the prior."
    return f"`{s.leader}` needs the training data at hand; the best that does without them, `{name}`, {s.change(name)}."


def _gap(s: _Scores, name: str) -> str:
    if "reconstruction" not in s.references.index:
        return ""
    prior = s.contestants.loc[PRIOR, "mean"]
    places = decimals(prior) + 1
    floor = number(s.references.loc["reconstruction", "mean"], places)
    text = (
        f"{s.label} is {number(prior, places)} for the prior, {number(s.contestants.loc[name, 'mean'], places)} for "
        f"`{name}` and {floor} for reconstructions of test data"
    )
    if "held-out" in s.references.index:
        low, mean, high = (
            number(s.references.loc["held-out", column], places) for column in ("low_mean", "mean", "high_mean")
        )
        text += f"; real held-out data score {mean} [{low}, {high}] at the same n"
    return f"{text}."


def _worse(s: _Scores) -> str:
    names = [f"`{name}`" for name in s.contestants.index if s.verdict(name) == "worse"]
    return f"Worse than the prior: {listed(names)}." if names else ""


def _nearer(summary: pd.DataFrame) -> pd.DataFrame:
    rows = frames.averaged(summary)
    return rows[(rows["metric"] == "nearer_to_train") & rows["mean"].notna()].set_index("strategy")


def _leans(name: str, summary: pd.DataFrame) -> bool:
    """Whether a strategy's whole interval of `nearer_to_train` lies above that of real held-out data."""
    rows = _nearer(summary)
    if not {name, "held-out"} <= set(rows.index):
        return False
    return bool(rows.loc[name, "low_mean"] > rows.loc["held-out", "high_mean"])


def _copying(name: str, summary: pd.DataFrame) -> str:
    rows = _nearer(summary)
    if name not in rows.index:
        return f"Whether `{name}` copies training data was not measured."
    own = rows.loc[name]
    share = f"{interval(own['mean'], own['low_mean'], own['high_mean'], scale=100)} % of its samples"
    if "held-out" not in rows.index:
        return f"{share} are nearer to training data than to held-out data (50 % where nothing is copied)."
    real = rows.loc["held-out"]
    against = f"{interval(real['mean'], real['low_mean'], real['high_mean'], scale=100)} % of real held-out data"
    known = np.isfinite([own["low_mean"], real["high_mean"]]).all()
    if _leans(name, summary):
        said = f"`{name}` leans towards the training data"
    elif known:
        said = f"`{name}` shows no sign of copying by this one measure, which cannot rule it out"
    else:
        said = f"Whether `{name}` copies is open"
    return f"{said}: {share} are nearer to training data than to held-out data, against {against}."


def _models_only(model: pd.DataFrame | None) -> Answer:
    """Where only the models were measured: how far the prior is from q(z)."""
    ends = ["kl_aggregate_lower", "kl_aggregate_upper"]
    if model is None or model.empty or not set(ends) <= set(model.columns):
        return Answer("No strategy could be scored here; the section on what is missing says why.")
    middle = model[ends].replace([np.inf, -np.inf], np.nan).mean(axis=1).groupby([model["alpha"], model["beta"]])
    by_setting = middle.mean().dropna()
    if by_setting.empty:
        return Answer("No strategy could be scored here; the section on what is missing says why.")
    headline = (
        "This experiment measures the models and scores no samples: "
        f"the prior's mismatch with the codes, KL(q(z)‖p(z)), is {number(by_setting.iloc[0])} nats."
    )
    if len(by_setting) > 1:
        (a0, b0), (a1, b1) = by_setting.idxmin(), by_setting.idxmax()
        headline = (
            "This experiment measures the models and scores no samples: the prior's mismatch with the codes, "
            f"KL(q(z)‖p(z)), runs from {number(by_setting.min())} nats at α={number(a0)}, β={number(b0)} to "
            f"{number(by_setting.max())} nats at α={number(a1)}, β={number(b1)} "
            f"(middles of the brackets, {count(len(model), 'training')})."
        )
    details = []
    if "active_units" in model:
        units = _range(model["active_units"])
        details.append(f"Active latent dimensions per model: {units}.")
    if "hole_mass" in model:
        share = _range(100 * model["hole_mass"])
        details.append(f"Share of prior draws where q(z) is lower than at 99 % of held-out codes: {share} %.")
    return Answer(headline, tuple(details))


def _range(values: pd.Series) -> str:
    low, high = number(values.min()), number(values.max())
    return low if low == high else f"{low} to {high}"
