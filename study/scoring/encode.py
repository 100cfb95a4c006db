"""The posteriors of every part of a data set under one model."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from study.data.base import Dataset
from study.data.labels import are_names, class_numbers
from study.data.large import Split
from study.errors import StudyError
from study.latents import Latents
from study.runtime.blocks import slices
from study.runtime.brief import Brief
from study.runtime.files import whole
from study.scoring.model import ScoredModel
from study.strategies.base import with_labels

BLOCK = 8192  # examples


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Encoded(Brief):
    """The posteriors of each part of a data set; `held_out` are those of `Dataset.held_out`."""

    train: Latents
    validation: Latents
    held_out: Latents


def encode_splits(model: ScoredModel, data: Dataset) -> Encoded:
    """Encode every part of a data set that strategies or measurements may use.

    Raises:
        StudyError: the encoder returns values that are not finite.
    """
    parts = ("train", "validation", "held_out")
    return Encoded(
        **{part: encode(model, getattr(data, part), labels=getattr(data, f"{part}_labels")) for part in parts}
    )


def encode(
    model: Any,
    x: Float[np.ndarray, "N D"] | Split,
    *,
    labels: Shaped[np.ndarray, " N"] | Sequence[str] | None = None,
    out: str | Path | None = None,
) -> Latents:
    """The posteriors of x under a model, with labels if given: numbers as in `Dataset.train_labels`, or names.

    If the model knows names of classes, so do the posteriors, and strategies are asked for classes by name.

    Args:
        model: with an encoder.
        x: the examples, or a split of a data set on disk, which is read in blocks.
        labels: of the examples.
        out: an .npy file to write, `[2, N, d]` float32: means, then log-variances. The posteriors are then a memory map
            of it, and no more than a block of them is held in memory.

    Raises:
        StudyError: x does not fit the model, labels that the model needs are missing, the encoder returns values that
            are not finite, or the file cannot be written.
    """
    names = getattr(model, "class_names", ()) if labels is not None else ()
    known = None if labels is None else np.asarray(labels)
    if known is not None and names and are_names(known):
        known = class_numbers(known, names, what="encode: labels")
    if known is not None and (isinstance(x, Split) or out is not None) and known.shape != x.shape[:1]:
        raise StudyError(f"encode: labels must be [{len(x)}], got {list(known.shape)}; give one per example")
    if out is not None:
        mean, log_var = _written(Path(out), model, x, known)
    elif isinstance(x, Split):
        mean, log_var = (np.concatenate(parts) for parts in zip(*_blocks(model, x, known), strict=True))
    else:
        mean, log_var = model.encode(x, *with_labels(model, known))
    return Latents(mean, log_var, known, names)


def _blocks(
    model: Any, x: np.ndarray | Split, labels: np.ndarray | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Means and log-variances, `BLOCK` examples at a time."""
    for part in slices(len(x), BLOCK):
        yield model.encode(x[part], *with_labels(model, None if labels is None else labels[part]))


def _written(
    path: Path, model: Any, x: np.ndarray | Split, labels: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Memory maps of means and log-variances that are written to a file, whole or not at all."""
    with whole(path) as file:
        done = 0
        for mean, log_var in _blocks(model, x, labels):
            n, d = len(x), mean.shape[1]
            if not done:
                header = {"descr": "<f4", "fortran_order": False, "shape": (2, n, d)}
                np.lib.format.write_array_header_1_0(file, header)
                begin = file.tell()
            for i, values in enumerate((mean, log_var)):
                file.seek(begin + 4 * d * (i * n + done))
                file.write(np.ascontiguousarray(values, "<f4").data)
            done += len(mean)
    mean, log_var = np.load(path, mmap_mode="r")
    return mean, log_var
