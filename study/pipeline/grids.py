"""The grids of an experiment as a reader changes them, and whether they go together then.

Messages name the flags of `study run`; arguments of `study.run` have the same names with underscores.
"""

import dataclasses
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
CHANGES = (
    "seeds",
    "alphas",
    "betas",
    "latent_dim",
    "steps",
    "strategies",
    "features",
)  # in the order they are typed


def configured(grids: Sequence[StudyConfig], changes: Mapping[str, Any]) -> list[StudyConfig]:
    """The grids of an experiment with these changes, which have names of `CHANGES`; None changes nothing.

    Raises:
        StudyError: as `changed`; or a change has no effect on one grid, or makes two of them the same.
    """
    made = [changed(grid, changes) for grid in grids]
    given = [f"--{name}" for name in ("alphas", "betas", "features") if changes.get(name) is not None]
    check_effects(made, given)
    check_grids(made, before=grids)
    return made


def changed(config: StudyConfig, changes: Mapping[str, Any]) -> StudyConfig:
    """A configuration with these changes, which have names of `CHANGES`; None changes nothing.

    Raises:
        StudyError: there is no such change, or a value makes no configuration.
    """
    unknown = next((name for name in changes if name not in CHANGES), None)
    if unknown is not None:
        raise StudyError(f"no setting {unknown!r} of a run; settings are {', '.join(CHANGES)}")
    given = {name: value for name, value in changes.items() if value is not None}
    if "strategies" in given and "prior" not in given["strategies"]:
        raise StudyError("--strategies: 'prior' must be among them, since every difference is taken from it")
    if "latent_dim" in given:
        given["model"] = dataclasses.replace(config.model, latent_dim=given.pop("latent_dim"))
    if "steps" in given:
        given["training"] = dataclasses.replace(config.training, steps=given.pop("steps"))
    return dataclasses.replace(config, **given)


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


def flags(given: Mapping[str, Any]) -> list[str]:
    """What decides the numbers of a run, as flags that could be typed; what is absent or None was not given."""
    names = [name for name in ("profile", "dataset", *CHANGES) if given.get(name) is not None]
    return [word for name in names for word in (f"--{name.replace('_', '-')}", *_words(given[name]))]


def _words(value: Any) -> list[str]:
    if isinstance(value, range):
        return [str(len(value))]
    if isinstance(value, tuple):
        words = [str(one).removesuffix(".0") for one in value]
        return [f"{words[0]},"] if len(words) == 1 and isinstance(value[0], int) else words
    return [str(value)]
