"""Whether the grids of an experiment go together: no cell twice, and every flag has an effect on each."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from study.config import FAMILIES, StudyConfig
from study.errors import StudyError

GRID = ("alphas", "betas", "seeds")
FLAGS: Mapping[str, Callable[[StudyConfig], Any]] = {
    "--alphas": lambda grid: grid.alphas,
    "--betas": lambda grid: grid.betas,
    "--seeds": lambda grid: grid.seeds,
    "--latent-dim": lambda grid: grid.model.latent_dim,
    "--steps": lambda grid: grid.training.steps,
}


def check_effects(grids: Sequence[StudyConfig], flags: Sequence[str]) -> None:
    """Whether each of these flags has an effect on each grid.

    Raises:
        StudyError: one has none.
    """
    for place, grid in enumerate(grids, start=1):
        family = grid.model.family
        unused = [f"--{name}" for name in FAMILIES[family].unused]
        for flag in flags:
            if flag in unused:
                raise StudyError(
                    f"{flag}: has no effect on grid {place} of {len(grids)}, whose family {family!r} has no such "
                    "weight in its loss; leave it out, or write an experiment without that grid"
                )
            if flag == "--features" and not grid.strategies:
                raise StudyError(
                    f"{flag}: has no effect on grid {place} of {len(grids)}, which compares no strategies; leave it "
                    "out, or give --strategies"
                )


def check_grids(grids: Sequence[StudyConfig], *, before: Sequence[StudyConfig] | None = None) -> None:
    """Whether the grids of one run share no cell, so that no table has a row twice.

    Args:
        grids: as they are to be run.
        before: as the experiment declares them: those that are at different α and β there may not meet at one.

    Raises:
        StudyError: two do.
    """
    for (i, one), (j, other) in itertools.combinations(enumerate(grids), 2):
        which = f"grids {i + 1} and {j + 1} of this experiment"
        if one.dataset != other.dataset:
            raise StudyError(
                f"{which} are of two data sets, {one.dataset!r} and {other.dataset!r}; give --dataset, or mend its file"
            )
        alphas, betas, seeds = (_shared(one, other, name) for name in GRID)
        if not (alphas and betas):
            continue
        point = f"α={min(alphas):g}, β={min(betas):g}"
        flags = _that_join(before[i], before[j], one, other) if before else ""
        if seeds and _models(one) == _models(other):
            cause = f"{flags}: {which} would hold" if flags else f"{which} hold"
            mend = "leave it out, or write an experiment with one grid" if flags else "mend its file"
            raise StudyError(f"{cause} the same cell ({point}, seed {min(seeds)}); {mend}")
        if before and flags and not all(_shared(before[i], before[j], name) for name in GRID[:2]):
            raise StudyError(
                f"{flags}: {which} would meet at {point}, where only one of them is to be; leave it out, or write an "
                "experiment with one grid"
            )


def _shared(one: StudyConfig, other: StudyConfig, name: str) -> set[float]:
    return set(getattr(one, name)) & set(getattr(other, name))


def _models(grid: StudyConfig) -> str:
    """What the models of a grid are, apart from α, β and seed, and how they are scored: what names a run."""
    return json.dumps([grid.model.deciding, grid.training.deciding, grid.decode], sort_keys=True)


def _that_join(a: StudyConfig, b: StudyConfig, one: StudyConfig, other: StudyConfig) -> str:
    """The flags that made what differs between a and b the same in one and other."""
    joined = [flag for flag, value in FLAGS.items() if value(a) != value(b) and value(one) == value(other)]
    return " and ".join(joined)
