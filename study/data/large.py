"""Data that stay on disk: rows are read and scaled when they are asked for, to the values that they have in memory."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from study.data.base import Dataset, Likelihood, told
from study.data.scaling import Affine
from study.runtime.brief import Brief
from study.runtime.checks import whole_number


@runtime_checkable
class Source(Protocol):
    """Examples that can be read in any order, by several threads at once."""

    @property
    def shape(self) -> tuple[int, ...]:
        """`(N, ...)` of all examples."""
        ...

    @property
    def dtype(self) -> np.dtype:
        """Type of a value."""
        ...

    def read(self, rows: np.ndarray) -> np.ndarray:
        """These examples, `[n, ...]`.

        Raises:
            StudyError: they cannot be read, or have changed.
        """
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """The rows of one split. `split[rows]` reads them, `[n, D]` float32 in the model's range.

    Attributes:
        source: where they are read.
        rows: their numbers there, `[N]`.
        width: data dimensions D.
        columns: the order of the columns in the model, `[D]`; None if it is that of the source.
        affine: the map between the user's units and the model's range; None keeps values.
        low, high: the smallest and largest value in the model's range.
    """

    source: Source
    rows: np.ndarray
    width: int
    columns: np.ndarray | None
    affine: Affine | None
    low: float
    high: float

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int]:
        """`(N, D)`."""
        return len(self), self.width

    def min(self) -> float:
        """The smallest value."""
        return self.low

    def max(self) -> float:
        """The largest value."""
        return self.high

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        x = self.source.read(self.rows[rows])
        x = x.reshape(len(x), -1)
        if self.columns is not None:
            x = x[:, self.columns]
        return x.astype(np.float32) if self.affine is None else self.affine.to_model(x)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LargeDataset(Brief):
    """A data set whose training and test rows stay on disk; made by `study.open_dataset`.

    In memory are the numbers of the rows (8 bytes each), labels, and a bounded part of the validation rows. What is not
    described here is as in `Dataset`.

    Attributes:
        train, test: the rows on disk.
        validation: `[N, D]` float32, at most `study.data.own.on_disk.VALIDATION` rows of that split, in random order.
        fingerprint: SHA-256 of the content of the files, of the labels and of what decides the splits.
    """

    name: str
    train: Split
    validation: np.ndarray
    test: Split
    shape: tuple[int, ...]
    likelihood: Likelihood
    fingerprint: str
    train_labels: np.ndarray | None = None
    validation_labels: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    inverse: Affine | None = None
    source: str = ""
    read_as: str = ""
    class_names: tuple[str, ...] = ()

    def _facts(self) -> Mapping[str, Any]:
        return {"name": self.name, **told(self)}

    @property
    def n_classes(self) -> int:
        """Number of classes, 0 if there are no labels."""
        return 0 if self.train_labels is None else int(self.train_labels.max()) + 1

    def sample(self, rows: int) -> Dataset:
        """The first rows of each split in memory, for `study.evaluate` and the like; splits are in random order.

        Args:
            rows: the most of each split.

        Raises:
            StudyError: not a whole number of at least 2, or a row cannot be read.
        """
        rows = whole_number(rows, name="sample: rows", least=2)
        labels = {
            f"{split}_labels": getattr(self, f"{split}_labels") for split in ("train", "validation", "test")
        }
        return Dataset(
            self.name,
            self.train[:rows],
            self.validation[:rows],
            self.test[:rows],
            self.shape,
            self.likelihood,
            **{key: None if y is None else y[:rows] for key, y in labels.items()},
            inverse=self.inverse,
            source=self.source,
            read_as=f"{self.read_as}; at most {rows} rows of each split",
            class_names=self.class_names,
        )
