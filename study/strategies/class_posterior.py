"""n uniform on the training examples of class c, z ~ q(z|x_n): a draw from q(z|c) = 1/N_c Σ_{n∈c} q(z|x_n).

If no class is requested, all classes come in equal shares, and the density is that of 1/C Σ_c q(z|c). At a
temperature τ, z = mean + τ σ ε, and every q(z|x_n) is N(mean, τ² σ²).

Source: discussion thread, "if you only want digits of 1".

The thread: "sample what the encoder learned", where it is most useful, since N(0, I) of a model without
labels cannot be asked for a class. "Sample the prior" has no counterpart here short of a conditional model.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Float, Float32, Float64, Int, Integer, Shaped

from study.data.labels import class_numbers
from study.errors import CannotFit, StudyError
from study.latents import AggregatePosterior
from study.runtime.arrays import numbers
from study.runtime.brief import Brief
from study.runtime.drawing import permutation, split
from study.runtime.keys import Key, as_key
from study.strategies.base import Given
from study.strategies.parts.draws import own_key, shared_draws
from study.strategies.parts.temperature import Tempered


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedClasses(Brief):
    """Codes sorted by class: those of `classes[c]` are rows `starts[c] : starts[c] + counts[c]`.

    If the codes have `class_names`, classes are asked for and told by name.
    """

    location: Float[np.ndarray, "N d"]
    scale: Float[np.ndarray, "N d"]
    classes: Integer[np.ndarray, " C"]
    starts: Integer[np.ndarray, " C"]
    counts: Integer[np.ndarray, " C"]
    density: AggregatePosterior
    info: Mapping[str, Any]
    class_names: tuple[str, ...] = ()

    shapes: ClassVar[Mapping[str, str]] = {
        "location": "Nd",
        "scale": "Nd",
        "classes": "C",
        "starts": "C",
        "counts": "C",
        "density.latents.mean": "Nd",
    }

    def check(self) -> None:
        """Raise ValueError if `starts` and `counts` do not divide the codes into consecutive, sorted classes."""
        if (self.counts < 1).any() or not np.array_equal(self.starts, np.cumsum(self.counts) - self.counts):
            raise ValueError("classes and codes do not match")
        if self.counts.sum() != len(self.location) or (np.diff(self.classes) <= 0).any():
            raise ValueError("classes and codes do not match")

    def sample(
        self, key: Key, *, n: int, labels: Shaped[np.ndarray, " n"] | Sequence[str] | None = None
    ) -> Float32[np.ndarray, " {n} d"]:
        """Draw z of the classes `labels`; by default of all, in equal shares and random order.

        Raises:
            CannotFit: labels name a class that has no codes.
            StudyError: labels are not `[n]`, or name a class that does not exist.
        """
        key = as_key(key)
        _, epsilon = shared_draws(key, n=n, d=self.location.shape[1], components=1)
        balance_key, within_key = split(own_key(key))
        asked = self._balanced(balance_key, n) if labels is None else self._find(labels, n)
        within = np.asarray(jax.random.randint(within_key, (n,), 0, self.counts[asked].astype(np.int32)))
        row = self.starts[asked] + within
        return self.location[row] + self.scale[row] * epsilon

    def asked(self, key: Key, *, n: int) -> Shaped[np.ndarray, " {n}"]:
        """The classes that `sample` draws from this key without labels: their names, if they have any."""
        key = as_key(key)
        found = self.classes[self._balanced(split(own_key(key))[0], n)]
        return np.array(self.class_names, str)[found] if self.class_names else found

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log-density in nats of draws without labels, at z."""
        return self.density.log_prob(z)

    def _balanced(self, key: jax.Array, n: int) -> Int[np.ndarray, " {n}"]:
        """The index of a class for each draw; if C does not divide n, the classes with one draw more are random."""
        class_key, order_key = split(key)
        turn = permutation(class_key, len(self.classes))
        return turn[np.arange(n) % len(self.classes)][permutation(order_key, n)]

    def _find(self, labels: Any, n: int) -> Int[np.ndarray, " {n}"]:
        if self.class_names:
            labels = class_numbers(labels, self.class_names, what="strategy 'class-posterior': labels")
        labels = numbers(labels, name="strategy 'class-posterior': labels", dtype=None)
        if labels.shape != (n,):
            raise StudyError(f"strategy 'class-posterior': labels must be [{n}], got {list(labels.shape)}")
        absent = np.setdiff1d(labels, self.classes)
        if absent.size:
            names = self.class_names or dict(zip(self.classes.tolist(), self.classes.tolist(), strict=True))
            told = [names[c] for c in self.classes.tolist()]
            one = repr(self.class_names[absent[0]]) if self.class_names else absent[0]
            raise CannotFit(f"strategy 'class-posterior': class {one} has no codes; ask for one of {told}")
        return np.searchsorted(self.classes, labels)


@dataclasses.dataclass(frozen=True)
class ClassPosterior(Tempered):
    """Sampling from the aggregate posterior of a requested class."""

    name = "class-posterior"
    kind = "thread"
    source = "discussion thread"
    summary = "pick a training example n of the requested class, z ~ q(z|x_n)"
    aims_at_q = True
    keeps_data = True
    fits = (FittedClasses,)
    conditional = True
    needs = ("labels",)
    fitted_on = "posteriors and labels"

    def estimate(self, given: Given) -> FittedClasses:
        """Sort the codes by class; nothing is estimated."""
        latents = self.tempered(given.latents)
        assert latents.labels is not None  # `require` checked it, by `needs`
        classes, position, counts = np.unique(latents.labels, return_inverse=True, return_counts=True)
        order = np.argsort(position, kind="stable")
        return FittedClasses(
            location=latents.mean[order],
            scale=np.exp(0.5 * latents.log_var[order]),
            classes=classes,
            starts=np.cumsum(counts) - counts,
            counts=counts,
            density=AggregatePosterior(latents, log_weights=-np.log(counts[position])),
            info={
                "codes": latents.n,
                "components": latents.n,
                "classes": len(classes),
                "smallest_class": int(counts.min()),
            },
            class_names=latents.class_names,
        )
