"""The state of a training between two steps, in a file: what was killed goes on from there to the same model.

The file says what decides the model: data, seed, batch size and all other settings. It is refused for any other
training, since the state alone would be taken by one in silence.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from study.errors import StudyError
from study.runtime.checks import shown
from study.training.archive import Archive

ARCHIVE = Archive(
    what="state of a training",
    header="facts",
    format="study-training",
    version=1,
    writer="study.train(..., resume=...)",
    again="delete it to train from the beginning",
)


class State(NamedTuple):
    """A training between two steps.

    Attributes:
        carry: parameters and moments.
        best: of early stopping.
        epoch: completed epochs.
        losses: of these, `[epoch, 2, 2]`.
        recent: of the steps of the current epoch that are done, `[steps, 2]`.
    """

    carry: Any
    best: Any
    epoch: int
    losses: np.ndarray
    recent: np.ndarray


@dataclasses.dataclass(frozen=True)
class Kept:
    """Where the state of one training is kept.

    Attributes:
        path: of the file.
        decides: plain values by name: everything that decides the model.
    """

    path: Path
    decides: Mapping[str, Any]

    def save(self, state: State) -> None:
        """Replace the file, whole or not at all.

        Raises:
            StudyError: it cannot be written.
        """
        leaves = jax.tree.leaves((state.carry, state.best))
        arrays = {f"leaf/{i:03d}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
        arrays |= {"losses": state.losses, "recent": state.recent}
        ARCHIVE.write(self.path, {"decides": dict(self.decides), "epoch": state.epoch}, arrays)

    def load(self, begun: State) -> State:
        """The state in the file; `begun`, that before the first step, if there is no such file.

        Raises:
            StudyError: the file is damaged, or of another training.
        """
        if not self.path.exists():
            return begun
        facts, arrays = ARCHIVE.read(self.path)
        self._check(facts.get("decides"))
        with ARCHIVE.told(self.path):
            expected, structure = jax.tree.flatten((begun.carry, begun.best))
            leaves = [arrays[f"leaf/{i:03d}"] for i in range(len(expected))]
            if any((a.shape, a.dtype) != (b.shape, b.dtype) for a, b in zip(leaves, expected, strict=True)):
                raise ValueError("its parameters are of another shape")
            carry, best = jax.tree.unflatten(structure, leaves)
            return State(carry, best, int(facts["epoch"]), arrays["losses"], arrays["recent"])

    def _check(self, found: Any) -> None:
        if not isinstance(found, Mapping):
            raise StudyError(f"{self.path}: does not say what it was trained on; {ARCHIVE.again}")
        for name, value in self.decides.items():
            if found.get(name) != value:
                raise StudyError(
                    f"{self.path}: was begun with {name} {shown(found.get(name))}, not {shown(value)}; give that "
                    "again, or another file"
                )
