"""The audit of a model that somebody else trained, from its functions or files to the report."""

import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from study.audit.answer import Answer, judged
from study.audit.codes import Codes, codes_of
from study.audit.diagnosis import Evidence, Finding, diagnose, table
from study.audit.export import check_export, export
from study.audit.given import Examples, checked, dataset_of
from study.audit.layout import Axes, Layout
from study.audit.measuring import DEFAULT, EVALUATIONS, FITS, Measurements, Plan, extractors_of, measure
from study.audit.model import AuditedModel, Function
from study.audit.probes import probe
from study.audit.publish import publish
from study.audit.readings import READINGS, Reading
from study.audit.tabulate import tabulate
from study.data.base import Dataset
from study.errors import StudyError
from study.runtime.checks import finite_number, shown
from study.runtime.files import check_writable
from study.runtime.folders import is_ours
from study.runtime.progress import heard, stage
from study.strategies.base import Fitted
from study.tables.results import Results


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """The result of an audit.

    Attributes:
        answer: from what to draw, in at most two sentences.
        strategy: its name.
        fitted: that strategy, fitted: `fitted.sample(key, n=...)` gives codes `[n, d]`.
        diagnosis: one row for each question: name, found, value, threshold, says, mend.
        summary: one row for each strategy and metric, with intervals and verdicts.
        results: the tables, as `study.load_results` gives them.
        page: the report, if a folder was given.
    """

    answer: str
    strategy: str
    fitted: Fitted
    diagnosis: pd.DataFrame
    summary: pd.DataFrame
    results: Results
    page: Path | None

    def __repr__(self) -> str:
        found = list(self.diagnosis.loc[self.diagnosis["found"] == "yes", "name"])
        return f"Audit(draw from {self.strategy!r}; found: {', '.join(found) or 'nothing wrong'})"


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A model and its data, ready to be measured.

    Attributes:
        model: functions and shapes.
        data: the data set.
        assumed: whether the order of the encoder's outputs is a guess.
        notes: what is known about the files.
        digests: SHA-256 of the model's files by name.
        name: of the model, for the report.
    """

    model: AuditedModel
    data: Dataset
    assumed: bool = False
    notes: tuple[str, ...] = ()
    digests: dict[str, str] = dataclasses.field(default_factory=dict)
    name: str = "a model"


def audit(
    *,
    encode: Function,
    decode: Function,
    train: Any,
    test: Any,
    labels: Any = None,
    conditional: bool = False,
    strategies: Sequence[str] = DEFAULT,
    layout: Axes | None = None,
    scaling_factor: float = 1.0,
    reading: Reading | None = None,
    features: str | os.PathLike[str] | None = None,
    export: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    fits: int = FITS,
    evaluations: int = EVALUATIONS,
    seed: int = 0,
    progress: bool | None = None,
) -> Audit:
    """Say from which latent distribution a trained VAE should be sampled, and what is wrong with it.

    Args:
        encode: x `[n, ...]` float32 -> (mean, log-variance), each `[n, ...]`, or the mean alone; of any framework, with
            NumPy arrays in and out.
        decode: z, in the shape of the encoder's mean -> x, the decoder's mean.
        train, test: data `[N, ...]` as the model takes them; nothing is scaled.
        labels: a pair of arrays, those of train and those of test, or None.
        conditional: whether both functions take labels as a second argument.
        strategies: names, the prior among them.
        layout: where channels are, if their number does not tell.
        scaling_factor: codes are multiplied by it, and divided before they are decoded.
        reading: what the encoder's second output is; found if it is not given.
        features: an ONNX network that computes the features.
        export: an .npz file for the fitted strategy; a script that draws from it is written beside.
        out: a folder for tables and report.
        fits: of each strategy.
        evaluations: random halves of test and feature extractors.
        seed: decides every draw.
        progress: whether to say what is going on; by default at a terminal and in a notebook.

    Raises:
        StudyError: something given cannot be used; one line that says what and how to mend it, nothing is written.
    """
    plan = Plan(tuple(strategies), fits, evaluations, None if features is None else str(features), seed)
    check_reading(reading)
    examples = checked(train, test, labels)
    data, axes = dataset_of(examples, axes=layout, name="data", source="arrays")
    if conditional and examples.classes is None:
        raise StudyError("audit: a conditional model needs labels; give labels=(of train, of test)")
    model = AuditedModel(
        encode, decode, axes, shape_of(encode, examples, conditional=conditional), checked_scale(scaling_factor),
        classes=examples.classes if conditional else None,
    )  # fmt: skip
    with heard(progress):
        return carry_out(Subject(model, data), plan, reading=reading, export_to=export, out=out)


def shape_of(encode: Function, examples: Examples, *, conditional: bool) -> tuple[int, ...]:
    """The shape of one code, from the encoder's output for two examples."""
    probe_model = AuditedModel(encode, encode, Layout(examples.train.shape[1:], (0,), False, ""), ())
    given = (examples.train[:2],) if not conditional else (examples.train[:2], examples.train_labels[:2])  # type: ignore[index]
    return probe_model.first_shape(*given)


def carry_out(
    subject: Subject,
    plan: Plan,
    *,
    reading: Reading | None = None,
    export_to: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> Audit:
    """Measure, diagnose, and write what was asked for; all checks come first.

    Raises:
        StudyError: as `audit`.
    """
    began = time.perf_counter()
    file, folder = check_places(export_to, out, force=force)
    data = subject.data
    with stage(f"audit: encoding {len(data.train) + len(data.validation) + len(data.test):,} examples"):
        codes = codes_of(subject.model, data, reading=reading, assumed=subject.assumed)
    with stage("audit: feature extractors"):
        extractors = extractors_of(data, plan)
    found = measure(codes.model, codes.encoded, data, plan, extractors=extractors)
    facts = {
        "model": {
            "name": subject.name,
            "latent_shape": list(codes.model.shape),
            "scale": codes.model.scale,
            "reading": codes.model.reading,
            "notes": [*subject.notes, codes.model.layout.said, *codes.notes],
            "files": subject.digests,
        }
    }
    results = tabulate(
        found, data, plan, latent_dim=codes.model.latent_dim, facts=facts, seconds=time.perf_counter() - began
    )
    return _conclude(codes, data, plan, found, results, given=reading is not None, file=file, folder=folder)


def _conclude(
    codes: Codes,
    data: Dataset,
    plan: Plan,
    found: Measurements,
    results: Results,
    *,
    given: bool,
    file: Path | None,
    folder: Path | None,
) -> Audit:
    """Answer, diagnosis, report and export."""
    summary, answer = judged(results)
    diagnosis = table(findings(codes, data, plan, results, answer, given=given))
    fitted, _ = found.fitted[answer.strategy]
    page = None
    if folder is not None:
        page = publish(results, diagnosis, folder, strategy=answer.strategy, fitted=fitted)
    if file is not None:
        export(file, answer.strategy, fitted, shape=codes.model.shape, scale=codes.model.scale)
    return Audit(answer.headline, answer.strategy, fitted, diagnosis, summary, results, page)


def findings(
    codes: Codes, data: Dataset, plan: Plan, results: Results, answer: Answer, *, given: bool
) -> list[Finding]:
    """The diagnosis of measured codes."""
    key = jax.random.fold_in(jax.random.key(plan.seed), 1)
    marginal = results.latents.sort_values("dimension")["marginal_kl"].to_numpy(np.float64)
    model = results.metrics[results.metrics["strategy"] == "model"].set_index("metric")["value"]
    with stage("audit: diagnosis"):
        probes = probe(key, codes, data, marginal)
    return diagnose(
        Evidence(probes, results.latents, codes.read, given, answer, float(model.get("hole_mass", np.nan)))
    )


def check_places(
    export_to: str | os.PathLike[str] | None, out: str | os.PathLike[str] | None, *, force: bool = False
) -> tuple[Path | None, Path | None]:
    """The file and the folder to write, before anything is measured.

    Raises:
        StudyError: one of them cannot be written.
    """
    file = None if export_to is None else check_export(os.fspath(export_to))
    return file, None if out is None else check_out(Path(out), force=force)


def check_out(folder: Path, *, force: bool) -> Path:
    """The folder of the report, before anything is measured.

    Raises:
        StudyError: it is a file, holds what this program did not write, or cannot be written.
    """
    if not folder.is_dir() and folder.exists():
        raise StudyError(f"--out {folder}: is a file; give a folder")
    if not force and not is_ours(folder):
        raise StudyError(
            f"--out {folder}: holds files that this program did not write; give another folder, or --force"
        )
    check_writable(folder)
    return folder


def check_reading(reading: object) -> None:
    """Check a reading that the user gives.

    Raises:
        StudyError: it is none of `READINGS`.
    """
    if reading is not None and reading not in READINGS:
        raise StudyError(f"reading: there is no {shown(reading)}; choose from {', '.join(READINGS)}")


def checked_scale(value: Any) -> float:
    """The scaling factor.

    Raises:
        StudyError: it is not a positive number.
    """
    return finite_number(value, name="scaling factor", above=0)
