"""Changing the grids of an experiment by flags, and checking that the changed grids are consistent.

Messages name the flags of `study run`; the arguments of `study.run` have the same names with underscores.
"""

import dataclasses
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from study.config import FAMILIES, MOST_SEEDS, StudyConfig
from study.config.paths import at, paths, replaced
from study.config.serialise import to_dict
from study.errors import StudyError

GRID = ("alphas", "betas", "seeds")
OWN_DATA = ("label", "kind", "scale", "layout", "size")
SHORT = {
    "latent_dim": "model.latent_dim",
    "steps": "training.steps",
    **{name: f"data.{name}" for name in OWN_DATA},
}  # changes not named by the path of their field
CHANGES = (
    "seeds",
    "alphas",
    "betas",
    "latent_dim",
    "steps",
    "strategies",
    "features",
    *OWN_DATA,
)  # in the order they are typed


def configured(grids: Sequence[StudyConfig], changes: Mapping[str, Any]) -> list[StudyConfig]:
    """The grids of an experiment with these changes, which are described in `changed`.

    Raises:
        StudyError: as `changed`; or a change has no effect on one grid, or makes two grids equal.
    """
    made = [changed(grid, changes) for grid in grids]
    given = [name for name, value in changes.items() if value is not None]
    check_effects(made, given)
    for path in [name for name in given if name not in CHANGES]:
        _check_setting(grids, changes, path)
    check_grids(made, before=grids, changes=given)
    return made


def _check_setting(grids: Sequence[StudyConfig], changes: Mapping[str, Any], path: str) -> None:
    """Check that setting a field has an effect on at least one of the grids whose value it changes.

    Raises:
        StudyError: it has none.
    """
    without = {name: value for name, value in changes.items() if name != path}
    others, made = ([changed(grid, given) for grid in grids] for given in (without, changes))
    differ = [(a, b) for a, b in zip(others, made, strict=True) if a != b]
    if differ and all(_deciding(a) == _deciding(b) for a, b in differ):
        model = made[0].model
        raise StudyError(
            f"{flag(path)}: has no effect here, where family is {model.family!r} and network {model.network!r}; leave "
            "it out"
        )


def _deciding(grid: StudyConfig) -> str:
    """The settings of a configuration that have an effect, as one text."""
    values = to_dict(grid) | {"model": grid.model.deciding, "training": grid.training.deciding}
    if not grid.likelihood.examples:
        values.pop("likelihood")
    return json.dumps(values, sort_keys=True)


def flag(name: str) -> str:
    """The flag of `study run` for a change."""
    return f"--{name.replace('_', '-')}"


def changed(config: StudyConfig, changes: Mapping[str, Any]) -> StudyConfig:
    """A configuration with these changes; a value of None changes nothing.

    Args:
        config: one grid of an experiment.
        changes: values by a name in `CHANGES`, or by the path of a field, such as "model.hidden".

    Raises:
        StudyError: there is no such setting, or a value is invalid.
    """
    unknown = next((name for name in changes if name not in (*CHANGES, *paths(StudyConfig))), None)
    if unknown is not None:
        raise StudyError(
            f"no setting {unknown!r} of a run; settings are {', '.join(CHANGES)}, and fields such as model.hidden"
        )
    given = {name: _in_full(value) for name, value in changes.items() if value is not None}
    for short, path in SHORT.items():
        if path in given and short in given:
            raise StudyError(f"{flag(short)}: is the same as {flag(path)}; give one of them")
    for name in [name for name in given if name in SHORT or name not in CHANGES]:
        config = replaced(config, SHORT.get(name, name), given.pop(name))
    if "strategies" in given and "prior" not in given["strategies"]:
        raise StudyError("--strategies: must include 'prior', since every strategy is compared with it")
    return dataclasses.replace(config, **given)


def _in_full(value: Any) -> Any:
    """A range of seeds as the tuple that a configuration holds; one that is too long for it as it is."""
    short = isinstance(value, range) and len(value[: MOST_SEEDS + 1]) <= MOST_SEEDS
    return tuple(value) if short else value


def check_effects(grids: Sequence[StudyConfig], changes: Sequence[str]) -> None:
    """Check that each of these changes has an effect on each grid.

    Raises:
        StudyError: one has none.
    """
    for place, grid in enumerate(grids, start=1):
        family = grid.model.family
        for name in changes:
            if name in FAMILIES[family].unused:
                raise StudyError(
                    f"{flag(name)}: has no effect on grid {place} of {len(grids)}, whose family {family!r} has no such "
                    "weight in its loss; leave it out, or write an experiment without that grid"
                )
            if name == "features" and not grid.strategies:
                raise StudyError(
                    f"{flag(name)}: has no effect on grid {place} of {len(grids)}, which compares no strategies; leave "
                    "it out, or give --strategies"
                )


def check_grids(
    grids: Sequence[StudyConfig],
    *,
    before: Sequence[StudyConfig] | None = None,
    changes: Sequence[str] = (),
) -> None:
    """Check that the grids of one run share no cell, so that no row appears twice in a table.

    Args:
        grids: the grids to be run.
        before: the grids as the experiment declares them; grids with different α and β there must stay different.
        changes: the names of what changed them, for messages.

    Raises:
        StudyError: two grids share a cell.
    """
    for (i, one), (j, other) in itertools.combinations(enumerate(grids), 2):
        which = f"grids {i + 1} and {j + 1} of this experiment"
        if one.dataset != other.dataset:
            raise StudyError(
                f"{which} use two data sets, {one.dataset!r} and {other.dataset!r}; give --dataset, or mend its file"
            )
        alphas, betas, seeds = (_shared(one, other, name) for name in GRID)
        if not (alphas and betas):
            continue
        point = f"α={min(alphas):g}, β={min(betas):g}"
        joined = _that_join(before[i], before[j], one, other, changes) if before else ""
        if seeds and _models(one) == _models(other):
            cause = f"{joined}: {which} would hold" if joined else f"{which} hold"
            mend = "leave it out, or write an experiment with one grid" if joined else "mend its file"
            raise StudyError(f"{cause} the same cell ({point}, seed {min(seeds)}); {mend}")
        if before and joined and not all(_shared(before[i], before[j], name) for name in GRID[:2]):
            raise StudyError(
                f"{joined}: {which} would both be at {point}, but the experiment keeps them apart; leave it out, or "
                "write an experiment with one grid"
            )


def _shared(one: StudyConfig, other: StudyConfig, name: str) -> set[float]:
    return set(getattr(one, name)) & set(getattr(other, name))


def _models(grid: StudyConfig) -> str:
    """The settings of a grid's models and of their scoring, without α, β and seed; together they identify a run."""
    return json.dumps(
        [grid.model.deciding, grid.training.deciding, grid.decode, grid.n_train], sort_keys=True
    )


def _that_join(
    a: StudyConfig, b: StudyConfig, one: StudyConfig, other: StudyConfig, changes: Sequence[str]
) -> str:
    """The flags of those changes whose fields differ between a and b but are equal in one and other."""
    field = {name: SHORT.get(name, name) for name in changes}
    joined = [
        flag(name)
        for name, path in field.items()
        if at(a, path) != at(b, path) and at(one, path) == at(other, path)
    ]
    return " and ".join(joined)


def flags(given: Mapping[str, Any]) -> list[str]:
    """The settings that decide the numbers of a run, as words of a command; those absent or None were not given."""
    first = ("profile", "dataset", *CHANGES)
    names = [*first, *(path for path in paths(StudyConfig) if path not in first)]
    return [
        word for name in names if given.get(name) is not None for word in (flag(name), *_words(given[name]))
    ]


def _words(value: Any) -> list[str]:
    if isinstance(value, range):
        return [str(len(value))]
    if isinstance(value, tuple):
        words = [str(one).removesuffix(".0") for one in value]
        return [f"{words[0]},"] if len(words) == 1 and isinstance(value[0], int) else words
    return [str(value)]
