"""Save a fitted strategy as one file and load it again, with the same draws and the same log-density.

The file is an .npz archive that is read without pickle. It holds the arrays and a header in canonical JSON: the
version, the strategy's name and hyper-parameters if they were given, the fitted class, its fields including `info`,
and a SHA-256 of everything. Classes are looked up in `classes`, never imported by a name in the file.
"""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from study.config import ObjectiveConfig, PriorConfig, VAEConfig
from study.errors import StudyError
from study.latents import AggregatePosterior, Latents
from study.runtime.checks import brief, shown
from study.strategies.base import Fitted, Strategy, hyperparameters
from study.strategies.parts.layout import check_layout
from study.strategies.registry import REGISTRY
from study.training.architecture import Architecture
from study.training.archive import Archive
from study.training.prior import LearnedMixture, LearnedPrior

ARCHIVE = Archive(
    what="fitted strategy",
    header="header",
    format="study-fitted-strategy",
    version=1,
    writer="study.save_strategy",
    again="fit it again",
)


# Fields that files of earlier versions lack, by class; each has a default.
ADDED = {
    "Latents": {"class_names"},
    "FittedClasses": {"class_names"},
    "Architecture": {"examples"},
    "PriorConfig": {"exemplars"},
}


def classes() -> dict[str, type[Any]]:
    """Every class that a file may hold, by name: `fits` of every strategy, and classes of codes and of models.

    Each is a frozen dataclass whose fields are arrays, plain values, tuples, lists or mappings of these, or another
    of these classes.
    """
    codes = (AggregatePosterior, Latents)
    models = (LearnedPrior, LearnedMixture, Architecture, VAEConfig, PriorConfig, ObjectiveConfig)
    kinds = (*codes, *models, *(kind for strategy in REGISTRY.values() for kind in strategy.fits))
    return {kind.__name__: kind for kind in kinds}


def save(path: str | Path, fitted: Fitted, *, strategy: Strategy | None = None) -> None:
    """Write a fitted strategy to `path`, whole or not at all.

    Args:
        path: the file; an existing one is replaced.
        fitted: what `fit` returned.
        strategy: the strategy that was fitted; `header` then returns its name and hyper-parameters.

    Raises:
        StudyError: `fitted` is not of a class that can be saved or holds values that `load` would refuse, there is no
            such folder, or the operating system refuses.
    """
    if not hasattr(fitted, "sample"):
        raise StudyError(f"save: give what `fit` returned, got {shown(fitted)}")
    if strategy is not None and not hasattr(strategy, "fit"):
        raise StudyError(f"save: strategy must be one of study.strategy(...), got {shown(strategy)}")
    arrays: list[np.ndarray] = []
    content = {
        "strategy": strategy.name if strategy else None,
        "hyperparameters": _encode(hyperparameters(strategy), [], {}, "strategy") if strategy else None,
        "fitted": _encode(fitted, arrays, {}, "fitted"),
    }
    ARCHIVE.write(path, content, {f"array/{i:03d}": array for i, array in enumerate(arrays)})


def load(path: str | Path) -> Fitted:
    """Read a fitted strategy that `save` wrote: same draws, same log-density, same `info`.

    Raises:
        StudyError: there is no such file, it is damaged or altered, a newer version wrote it, its class is unknown, or
            its fields are inconsistent.
    """
    content, arrays = ARCHIVE.read(path)
    with ARCHIVE.told(path):
        found = _decode(content["fitted"], arrays)
        if not hasattr(found, "sample"):
            raise ValueError(f"it holds a {type(found).__name__}")
        return found


def header(path: str | Path) -> dict[str, Any]:
    """The header of a file: "strategy", "hyperparameters" (both None if not given), "class", "info".

    Raises:
        StudyError: as `load`.
    """
    content, arrays = ARCHIVE.read(path)
    with ARCHIVE.told(path):
        fitted = content["fitted"]
        return {
            "strategy": content["strategy"],
            "hyperparameters": _decode(content["hyperparameters"], {}),
            "class": fitted["class"],
            "info": _decode(fitted["fields"]["info"], arrays),
        }


def _encode(value: Any, arrays: list[np.ndarray], seen: dict[int, int], where: str) -> Any:
    """A value as JSON. Its arrays are appended to `arrays`, each once; `seen` maps the id of one to its index there."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        if id(value) not in seen:
            array = np.asarray(value)
            if array.dtype.hasobject:
                raise StudyError(
                    f"save: {where} is an array of objects, which cannot be saved without pickle"
                )
            seen[id(value)] = len(arrays)
            arrays.append(array)
        form = (
            "array" if isinstance(value, np.ndarray) else "jax" if isinstance(value, jax.Array) else "scalar"
        )
        return {form: f"array/{seen[id(value)]:03d}"}
    if type(value) in (tuple, list):
        items = [_encode(item, arrays, seen, f"{where}[{i}]") for i, item in enumerate(value)]
        return {type(value).__name__: items}
    if isinstance(value, Mapping):
        if not all(type(name) is str for name in value):
            raise StudyError(f"save: {where} has keys that are not text")
        return {
            "map": [[name, _encode(item, arrays, seen, f"{where}.{name}")] for name, item in value.items()]
        }
    name = type(value).__name__
    if classes().get(name) is not type(value):
        raise StudyError(f"save: {where} is a {name}, which no strategy in the registry names in its `fits`")
    try:
        check_layout(value)  # a file that `load` would refuse must not be written
    except ValueError as error:
        raise StudyError(f"save: {where}: {error}; fit the strategy again") from error
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {
        "class": name,
        "fields": {k: _encode(item, arrays, seen, f"{where}.{k}") for k, item in fields.items()},
    }


def _decode(coded: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if not isinstance(coded, dict):
        return coded
    if "class" in coded:
        name, kind = coded["class"], classes().get(coded["class"])
        if kind is None or not _is_complete(kind, coded["fields"]):
            told = brief(name) if isinstance(name, str) and name.isidentifier() else shown(name)
            raise StudyError(f"holds a {told} that this version does not know; fit the strategy again")
        made = object.__new__(kind)  # without __post_init__, which would normalise again and so round
        later = {field.name: field.default for field in dataclasses.fields(kind)}
        for field, default in later.items():
            item = coded["fields"]
            object.__setattr__(made, field, _decode(item[field], arrays) if field in item else default)
        check_layout(made)
        return made
    ((form, content),) = coded.items()
    match form:
        case "float":
            return float(content)
        case "array":
            return arrays[content]
        case "jax":
            return jax.numpy.asarray(arrays[content])
        case "scalar":
            return arrays[content][()]
        case "map":
            return {name: _decode(item, arrays) for name, item in content}
        case "tuple" | "list":
            items = [_decode(item, arrays) for item in content]
            return tuple(items) if form == "tuple" else items
    raise ValueError(f"it holds a {shown(form)}")


def _is_complete(kind: type[Any], fields: Mapping[str, Any]) -> bool:
    """Whether these are the fields of a class; those that a later version added have defaults and may be missing."""
    known = {field.name: field for field in dataclasses.fields(kind)}
    absent = set(known) - set(fields)
    return set(fields) <= set(known) and absent <= ADDED.get(kind.__name__, set())
