"""Compare strategies on one trained model: every score as a row, and the verdicts against the prior."""

import dataclasses
import html
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.audit.answer import judged
from study.audit.given import Examples, recorded
from study.audit.layout import Layout
from study.audit.measuring import DEFAULT, EVALUATIONS, FITS, Plan, extractors_of, measure
from study.audit.model import AuditedModel, Function
from study.audit.tabulate import tabulate
from study.data.base import Dataset
from study.errors import StudyError
from study.latents import Latents
from study.report.text.contest import share
from study.runtime.brief import Brief
from study.runtime.checks import listed, shown
from study.runtime.progress import heard, stage
from study.scoring.encode import encode_splits
from study.scoring.model import ScoredModel
from study.strategies.base import Fitted
from study.tables import schemas
from study.tables.names import REFERENCES
from study.tables.results import Results

SPLITS = ("train", "validation", "test")
LINES = 5  # strategies in a repr
COLUMNS = [
    "strategy",
    "metric",
    "mean",
    "effect",
    "effect_low",
    "effect_high",
    "state",
    "verdict",
    "standing",
]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Comparison(Brief):
    """Strategies compared on one model.

    Attributes:
        results: the tables, as `study.load_results` gives them.
        verdicts: one row for each strategy and metric, as `study.summarise` gives them: `effect` is the share of the
            prior's gap that is closed, with its interval over draws, fits, halves of test and feature extractors, and
            `verdict` better, worse, equivalent or not decided. One model has no training seeds: another training may
            give another answer. The column `seeds` counts fits.
        answer: from what to draw, in at most two sentences.
        metric: the metric that the answer is about; empty if none could be scored.
        fitted: the first fit of each strategy: `found.fitted["gmm"].sample(0, n=10)`.
    """

    results: Results
    verdicts: pd.DataFrame
    answer: str
    metric: str
    fitted: Mapping[str, Fitted]

    @property
    def rows(self) -> pd.DataFrame:
        """One row for each fit, draw, evaluation and metric; the columns of a results folder's table `metrics`."""
        return self.results.metrics[list(schemas.METRICS)]

    @property
    def ranked(self) -> pd.DataFrame:
        """The verdicts of the metric that the answer is about, the largest effect first, without rows of reference."""
        if self.verdicts.empty:
            return self.verdicts.reindex(columns=COLUMNS)
        rows = self.verdicts[
            self.verdicts["metric"].eq(self.metric) & ~self.verdicts["strategy"].isin(REFERENCES)
        ]
        return rows.sort_values("effect", ascending=False, kind="stable")[COLUMNS].reset_index(drop=True)

    def __repr__(self) -> str:
        ranked = self.ranked
        lines = [
            f"Comparison of {len(self.fitted)} strategies by {self.metric or 'no metric'}, {len(self.rows):,} rows"
        ]
        lines += [f"  {name}: {told}" for name, told in map(_told, ranked[:LINES].itertuples())]
        more = len(ranked) - LINES
        return "\n".join([*lines, f"  and {more} more in .verdicts"] if more > 0 else lines)

    def _repr_html_(self) -> str:
        body = "".join(
            f'<tr><td style="text-align: left">{html.escape(name)}</td><td>{html.escape(told)}</td></tr>'
            for name, told in map(_told, self.ranked.itertuples())
        )
        heads = f"<tr><th>strategy</th><th>share of the gap in {html.escape(self.metric)} closed</th></tr>"
        return f"<p>{html.escape(self.answer)}</p><table><thead>{heads}</thead><tbody>{body}</tbody></table>"


def _told(row: Any) -> tuple[str, str]:
    effect = share(row) if np.isfinite(row.effect) and row.verdict != "baseline" else ""
    verdict = row.verdict if row.state in ("", "ok") else row.state
    return row.strategy, ", ".join(filter(None, (effect, verdict, row.standing)))


def compare(
    model: ScoredModel | Mapping[str, Latents],
    data: Dataset,
    *,
    strategies: Sequence[str] = DEFAULT,
    decode: Function | None = None,
    features: str | os.PathLike[str] | None = None,
    fits: int = FITS,
    evaluations: int = EVALUATIONS,
    seed: int = 0,
    progress: bool | None = None,
) -> Comparison:
    """Fit strategies to one model's codes, score their samples against real data, and say which is better.

    The measurements, intervals and verdicts are those of `study.audit`, which also looks for what is wrong with a model
    and takes functions of any framework.

    Args:
        model: a trained model; or codes of the data set, {"train": Latents, "validation": Latents, "test": Latents},
            row by row, together with `decode`.
        data: the data set that the model was trained on.
        strategies: names, the prior among them.
        decode: for codes: z `[n, d]` -> x `[n, D]` or `[n, *shape]`, the decoder's mean.
        features: an ONNX network that computes the features.
        fits: of each strategy, each with its own draw; at least 3.
        evaluations: random halves of test and feature extractors.
        seed: decides every draw.
        progress: whether to say what is going on; by default at a terminal and in a notebook.

    Raises:
        CannotFit: test has too few examples to compare with.
        StudyError: an argument cannot be used; one line that says what and how to mend it.
    """
    if not isinstance(data, Dataset):
        raise StudyError(f"compare: data must be study.load_dataset(...), got {shown(data)}")
    if isinstance(strategies, str):
        raise StudyError(f"compare: strategies must be a list of names, got {strategies!r}")
    plan = Plan(tuple(strategies), fits, evaluations, None if features is None else str(features), seed)
    scored = _scored(model, data, decode)
    began = time.perf_counter()
    with heard(progress):
        with stage("compare: encoding the data"):
            encoded = encode_splits(scored, data)
        with stage("compare: feature extractors"):
            extractors = extractors_of(data, plan)
        found = measure(scored, encoded, data, plan, extractors=extractors, verb="compare")
    results = tabulate(
        found, data, plan,
        latent_dim=encoded.train.d, facts={}, seconds=time.perf_counter() - began, run_id="compared",
    )  # fmt: skip
    verdicts, answer = judged(results)
    fitted = {name: fit for name, (fit, _) in found.fitted.items()}
    return Comparison(results, verdicts, answer.headline, answer.metric, fitted)


def _scored(model: Any, data: Dataset, decode: Any) -> ScoredModel:
    """The model, or codes and a decoder as one.

    Raises:
        StudyError: it is neither, or has no encoder.
    """
    if isinstance(model, Mapping):
        return _of_codes(model, data, decode)
    if decode is not None:
        raise StudyError("compare: decode goes with codes; leave it out, the model has its own decoder")
    if isinstance(model, Latents):
        raise StudyError(
            "compare: give codes of every part of the data, {'train': Latents, 'validation': Latents, 'test': "
            "Latents}, and decode"
        )
    if not isinstance(model, ScoredModel):
        raise StudyError(
            f"compare: give a model that study.train or study.load_model made, got {shown(model)}; for functions of "
            "another framework use study.audit"
        )
    if not getattr(model, "encodes", True):
        raise StudyError("compare: the model has no encoder, so only its prior can be sampled")
    size = getattr(getattr(model, "architecture", None), "size", data.train.shape[1])
    if size != data.train.shape[1]:
        raise StudyError(
            f"compare: the model takes {size} values, an example of {data.name!r} has {data.train.shape[1]}; give the "
            "data that it was trained on"
        )
    return model


def _of_codes(codes: Mapping[str, Any], data: Dataset, decode: Any) -> AuditedModel:
    """A model whose encoder looks up the codes."""
    if set(codes) != set(SPLITS) or not all(isinstance(one, Latents) for one in codes.values()):
        raise StudyError(
            f"compare: codes must be Latents by the names {listed(SPLITS)}, got {listed(sorted(map(str, codes)))}"
        )
    if not callable(decode):
        raise StudyError("compare: codes need decode=..., a function from z [n, d] to x [n, D]")
    for split in SPLITS:
        rows, d = len(getattr(data, split)), codes["train"].d
        if (codes[split].n, codes[split].d) != (rows, d):
            raise StudyError(
                f"compare: codes of {split} are [{codes[split].n}, {codes[split].d}], but it has {rows} examples and "
                f"the codes of train are of {d} dimensions; encode the same data"
            )
    rest = {
        name: np.concatenate([getattr(codes[split], name) for split in SPLITS[1:]])
        for name in ("mean", "log_var")
    }
    arrays = {"train_mean": codes["train"].mean, "train_log_var": codes["train"].log_var}
    arrays |= {f"test_{name}": array for name, array in rest.items()}
    examples = Examples(data.train, np.concatenate([data.validation, data.test]), None, None)
    axes = Layout(data.shape, data.shape, False, "as the data set has them")
    return AuditedModel(recorded(examples, arrays), decode, axes, (codes["train"].d,))
