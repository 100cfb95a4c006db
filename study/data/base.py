"""Dataset: three disjoint splits, a fingerprint, and the facts about the data that a model needs."""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from study.config.windows import WindowsConfig
from study.data.labels import class_numbers
from study.data.own.names import plain_name
from study.errors import StudyError
from study.runtime.brief import Brief, Text

Likelihood = Literal["gaussian", "bernoulli"]


def told(data: Any) -> dict[str, Any]:
    """What a repr tells of a data set, in memory or on disk, beside its name."""
    splits = {split: Text(f"{len(getattr(data, split)):,}") for split in ("train", "validation", "test")}
    facts = {"shape": list(data.shape), **splits, "classes": data.n_classes}
    return facts | {"likelihood": data.likelihood, "read_as": data.read_as}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Dataset(Brief):
    """Real or synthetic data, split once and for all.

    Models train on `train`; anything tuned uses `validation`; `test` is only scored. For scoring, `test` is cut into
    two halves: generated samples are compared with `reference`, and `held_out` is scored like the samples of a perfect
    strategy, so every fidelity table shows the metric's null value at the same n. So the rows of `test` must be in
    random order, as all loaders put them (windows of a time series excepted), not sorted by class or time.

    Attributes:
        name: its name in tables; made plain by `names.plain_name`.
        train, validation, test: `[N, D]` float32, examples flattened, in the model's range.
        shape: the shape of one example, `prod(shape) == D`; `(8, 8)` for an image.
        likelihood: the suggested likelihood of the decoder, "gaussian" or "bernoulli".
        train_labels, validation_labels, test_labels: `[N]` int64 in `0..n_classes-1`, or None.
        inverse: converts from the model's range to the user's own units; None if there is no such map.
        source: where the data come from, for the report.
        read_as: how they were laid out and scaled, a phrase for the report.
        class_names: names of the classes 0..C-1, as the user wrote them; empty if there are no labels.
        windows: how the examples were cut, if they are windows `[T, F]` of a time series; otherwise None.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    shape: tuple[int, ...]
    likelihood: Likelihood = "gaussian"
    train_labels: np.ndarray | None = None
    validation_labels: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    inverse: Callable[[np.ndarray], np.ndarray] | None = None
    source: str = ""
    windows: WindowsConfig | None = None
    read_as: str = ""
    class_names: tuple[str, ...] = ()
    fingerprint: str = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", plain_name(self.name))
        size = math.prod(self.shape)
        for split in ("train", "validation", "test"):
            x = getattr(self, split)
            if x.ndim != 2 or x.shape[1] != size or x.dtype != np.float32:
                got = f"{x.dtype} {list(x.shape)}"
                raise StudyError(f"dataset {self.name!r}: {split} must be float32 [N, {size}], got {got}")
            if not np.isfinite(x).all():
                raise StudyError(
                    f"dataset {self.name!r}: {split} holds NaN or infinite values; remove or fill them first"
                )
            labels = getattr(self, f"{split}_labels")
            if labels is not None and labels.shape != (len(x),):
                raise StudyError(
                    f"dataset {self.name!r}: {split}_labels must be [{len(x)}], got {list(labels.shape)}"
                )
        if self.class_names and len(self.class_names) < self.n_classes:
            raise StudyError(
                f"dataset {self.name!r}: {self.n_classes} classes have {len(self.class_names)} names; name each"
            )
        object.__setattr__(self, "fingerprint", self._digest())

    def _digest(self) -> str:
        digest = hashlib.sha256(repr((self.shape, self.likelihood)).encode())
        if self.windows is not None:
            digest.update(repr(self.windows).encode())
        for split in ("train", "validation", "test"):
            for array in (getattr(self, split), getattr(self, f"{split}_labels")):
                if array is None:
                    digest.update(b"none")
                else:
                    digest.update(repr((array.shape, str(array.dtype))).encode())
                    digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def _facts(self) -> Mapping[str, Any]:
        kind = next((kind for kind in ("image", "table", "sequence") if getattr(self, f"is_{kind}")), "other")
        return {"name": self.name, "kind": Text(kind), **told(self)}

    @property
    def n_classes(self) -> int:
        """Number of classes, 0 if there are no labels."""
        return 0 if self.train_labels is None else int(self.train_labels.max()) + 1

    def class_numbers(self, names: Sequence[str]) -> np.ndarray:
        """The numbers of the classes with these names, as in `train_labels`.

        Raises:
            StudyError: there is no class of such a name.
        """
        return class_numbers(names, self.class_names, what=f"dataset {self.name!r}: classes")

    @property
    def is_image(self) -> bool:
        """Whether one example is a `[height, width]` or `[height, width, channels]` image."""
        return not self.is_sequence and len(self.shape) in (2, 3) and min(self.shape[:2]) >= 3

    @property
    def is_table(self) -> bool:
        """Whether one example is a row of a table: columns with meanings and units of their own."""
        return not self.is_sequence and len(self.shape) == 1

    @property
    def is_sequence(self) -> bool:
        """Whether one example is a window `[T, F]` of a time series."""
        return self.windows is not None

    @property
    def reference(self) -> np.ndarray:
        """First half of `test`, `[N_test // 2, D]`, with which samples are compared."""
        return self.test[: len(self.test) // 2]

    @property
    def held_out(self) -> np.ndarray:
        """Second half of `test`, as many as `reference`: real data that are scored like samples of a strategy."""
        half = len(self.test) // 2
        return self.test[half : 2 * half]

    @property
    def reference_labels(self) -> np.ndarray | None:
        """Labels of `reference`."""
        return None if self.test_labels is None else self.test_labels[: len(self.test) // 2]

    @property
    def held_out_labels(self) -> np.ndarray | None:
        """Labels of `held_out`."""
        half = len(self.test) // 2
        return None if self.test_labels is None else self.test_labels[half : 2 * half]
