"""Real data and samples as the inputs of metrics; quantities that several metrics need are computed once."""

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, Int, Integer

from study.data.base import Dataset
from study.metrics.neighbours import Neighbours

HALF = "reference half of test"
Made = TypeVar("Made")


@runtime_checkable
class FeatureExtractor(Protocol):
    """The methods of an extractor that metrics use."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def digest(self) -> str: ...  # noqa: D102
    @property
    def accuracy(self) -> float: ...  # noqa: D102
    @property
    def dimensions(self) -> int: ...  # noqa: D102
    def forward(
        self, x: Float[np.ndarray, "n D"]
    ) -> tuple[Float[np.ndarray, "n f"], Float[np.ndarray, "n C"] | None]:
        """Features, and class probabilities or None."""
        ...

    def features(self, x: Float[np.ndarray, "n D"]) -> Float[np.ndarray, "n f"]: ...  # noqa: D102


class _Shared:
    """Results that several metrics share, each computed when it is first needed."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def once(self, make: Callable[..., Made], *arguments: Any) -> Made:
        """`make(*arguments)`, computed at the first call for this module-level function and then reused."""
        if make not in self._made:
            self._made[make] = make(*arguments)
        return self._made[make]


class Reference(_Shared):
    """The first n examples of the reference half of test, and the data with which novelty is measured.

    Attributes:
        data: the data set.
        extractor: makes the features.
        pixels: makes the second view, principal components of the pixels.
        n: how many samples are scored at a time.
        view: the name of the features in texts.
    """

    def __init__(
        self, data: Dataset, extractor: FeatureExtractor, *, pixels: FeatureExtractor, n: int
    ) -> None:
        super().__init__()
        self.data, self.extractor, self.pixels, self.n = data, extractor, pixels, n
        reason = getattr(extractor, "reason", "")
        self.view = f"{extractor.name} features" + (f" ({reason})" if reason else "")

    @property
    def real(self) -> Float[np.ndarray, "n D"]:
        """The examples."""
        return self.data.reference[: self.n]

    @functools.cached_property
    def _forward(self) -> tuple[Float[np.ndarray, "n f"], Float[np.ndarray, "n C"] | None]:
        return self.extractor.forward(self.real)

    @property
    def features(self) -> Float[np.ndarray, "n f"]:
        """Those of `real`."""
        return self._forward[0]

    @property
    def probabilities(self) -> Float[np.ndarray, "n C"] | None:
        """Class probabilities of `real`; None if there is no classifier."""
        return self._forward[1]

    @functools.cached_property
    def components(self) -> Float[np.ndarray, "n k"]:
        """The second view of `real`."""
        return self.pixels.features(self.real)

    @functools.cached_property
    def near(self) -> tuple[Neighbours, Neighbours]:
        """Nearest neighbours in pixels: among all of train, and among all of the reference half."""
        return Neighbours(self.data.train), Neighbours(self.data.reference)

    @functools.cached_property
    def near_features(self) -> tuple[Neighbours, Neighbours]:
        """Likewise in features."""
        train, held_out = (
            Neighbours(np.ascontiguousarray(self.extractor.features(x), np.float32))
            for x in (self.data.train, self.data.reference)
        )
        return train, held_out

    @property
    def values(self) -> str:
        """What an example consists of, in texts."""
        return "columns" if self.data.is_table else "pixels"

    @property
    def sizes(self) -> tuple[int, int]:
        """The numbers of examples in train and in the reference half."""
        return len(self.data.train), len(self.data.reference)

    @property
    def span(self) -> int:
        """The number of rows after which two windows of the reference share no time step; 0 if rows are independent."""
        return self.data.windows.fold_span if self.data.windows else 0


class Samples(_Shared):
    """Samples x, possibly with the classes that were requested."""

    def __init__(
        self,
        x: Float32[np.ndarray, "n D"],
        reference: Reference,
        asked: Integer[np.ndarray, " n"] | None = None,
    ) -> None:
        super().__init__()
        self.x, self.asked, self._reference = x, asked, reference

    @functools.cached_property
    def _forward(self) -> tuple[Float[np.ndarray, "n f"], Float[np.ndarray, "n C"] | None]:
        return self._reference.extractor.forward(self.x)

    @property
    def features(self) -> Float[np.ndarray, "n f"]:
        """Those of x."""
        return self._forward[0]

    @property
    def probabilities(self) -> Float[np.ndarray, "n C"] | None:
        """Class probabilities; None if there is no classifier."""
        return self._forward[1]

    @functools.cached_property
    def components(self) -> Float[np.ndarray, "n k"]:
        """The second view."""
        return self._reference.pixels.features(self.x)

    @functools.cached_property
    def nearest_train(self) -> tuple[Float[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        """Squared distance to the nearest training example in pixels, and its index."""
        return self._reference.near[0].nearest(self.x)

    @functools.cached_property
    def distances(self) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Squared distances in pixels to the nearest example of train and of the reference half."""
        return self.nearest_train[0], self._reference.near[1].nearest(self.x)[0]

    @functools.cached_property
    def distances_features(self) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Likewise in features."""
        x = self.features.astype(np.float32, copy=False)
        train, held_out = (pool.nearest(x)[0] for pool in self._reference.near_features)
        return train, held_out
