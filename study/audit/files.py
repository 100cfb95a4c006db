"""A subject from files: examples as .npz, the model as ONNX, or its codes as .npz and its decoder as ONNX."""

import dataclasses
import os
from pathlib import Path

import numpy as np

from study.audit.given import Examples, checked, dataset_of, read_codes, read_examples, recorded
from study.audit.layout import Axes, Layout
from study.audit.model import AuditedModel
from study.audit.onnx_model import PROBED, Half, LabelForm, load_decoder, load_encoder
from study.audit.run import Subject, checked_scale
from study.data.own.names import plain_name
from study.errors import StudyError
from study.runtime.limits import MAX_BYTES

PathLike = str | os.PathLike[str]


@dataclasses.dataclass(frozen=True)
class Files:
    """Paths and what the user says about them, as the flags of `study audit`.

    Attributes:
        train, test: examples.
        decoder: ONNX.
        encoder: ONNX; or `latents`, the codes of all examples.
        mu, log_var: names or numbers of the encoder's outputs.
        labels: how the model takes labels.
        layout: where channels are.
        scaling_factor: codes are multiplied by it, and divided before they are decoded.
        max_bytes: the largest unpacked size of one file of data.

    Raises:
        StudyError: not exactly one of `encoder` and `latents` is given, or only one output is named.
    """

    train: PathLike
    test: PathLike
    decoder: PathLike
    encoder: PathLike | None = None
    latents: PathLike | None = None
    mu: str | None = None
    log_var: str | None = None
    labels: LabelForm | None = None
    layout: Axes | None = None
    scaling_factor: float = 1.0
    max_bytes: int = MAX_BYTES

    def __post_init__(self) -> None:
        if (self.encoder is None) == (self.latents is None):
            raise StudyError("audit: give one of --encoder E.onnx and --latents L.npz")
        if self.log_var is not None and self.mu is None:
            raise StudyError("--log-var: give --mu too, the name of the mean")
        if self.mu is not None and self.encoder is None:
            raise StudyError("--mu: has no effect on --latents, whose arrays have names")


def subject_of(files: Files) -> Subject:
    """Read and probe everything; nothing is written.

    Raises:
        StudyError: a file is missing or cannot be used.
    """
    (train, train_labels), (test, test_labels) = (
        read_examples(path, flag=flag, max_bytes=files.max_bytes)
        for path, flag in ((files.train, "--train"), (files.test, "--test"))
    )
    labels = None if train_labels is None and test_labels is None else (train_labels, test_labels)
    examples = checked(train, test, labels)
    name = plain_name(Path(files.train).stem)
    data, layout = dataset_of(
        examples, axes=files.layout, name=name, source=f"{plain_name(Path(files.train).name)} (own data)"
    )
    classes = examples.classes
    encoder = _encoder(files, examples, layout=layout)
    some = None if examples.train_labels is None else examples.train_labels[:PROBED]
    given = (examples.train[:PROBED],) if some is None else (examples.train[:PROBED], some)
    codes = np.asarray(encoder.function(*given)[0])
    decoder = load_decoder(
        os.fspath(files.decoder), z=codes, labels=some, classes=classes, form=files.labels, layout=layout
    )
    conditional = encoder.labelled or decoder.labelled
    model = AuditedModel(
        encoder.function, decoder.function, layout, tuple(codes.shape[1:]), checked_scale(files.scaling_factor),
        classes=classes if conditional else None,
    )  # fmt: skip
    digests = {**encoder.digests, **decoder.digests}
    notes = (*encoder.notes, *decoder.notes)
    return Subject(model, data, encoder.assumed, notes, digests, Path(files.decoder).name)


def _encoder(files: Files, examples: Examples, *, layout: Layout) -> Half:
    """The encoder, or the table of codes in its place."""
    if files.latents is not None:
        sizes = len(examples.train), len(examples.test)
        codes = read_codes(files.latents, sizes=sizes, max_bytes=files.max_bytes)
        return Half(recorded(examples, codes), ("codes were read from a file, there is no encoder",), {})
    assert files.encoder is not None
    return load_encoder(
        os.fspath(files.encoder),
        layout=layout,
        asked=files.layout is not None,
        x=examples.train[:PROBED],
        labels=None if examples.train_labels is None else examples.train_labels[:PROBED],
        classes=examples.classes,
        form=files.labels,
        mu=files.mu,
        log_var=files.log_var,
    )
