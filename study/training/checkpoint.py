"""Checkpoints: a trained model as named arrays and plain facts, and back to the same arrays.

The file has a checksum over its whole content, and its arrays are checked against the configuration that it names.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from study.config import VAEConfig
from study.config.serialise import from_dict, to_dict
from study.errors import StudyError
from study.runtime.checks import finite_number, shown, whole_number
from study.training.architecture import Architecture
from study.training.archive import Archive
from study.training.model import TrainedModel

ARCHIVE = Archive(
    what="checkpoint",
    header="facts",
    format="study-checkpoint",
    version=1,
    writer="study.save_model",
    again="train the model again",
)
BUILT = ("config", "size", "likelihood", "shape", "classes", "examples")


def pack(model: TrainedModel) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays by name and JSON facts that together describe a model completely."""
    leaves = jax.tree.leaves(model.parameters)
    arrays = {f"parameter/{i:03d}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
    facts: dict[str, Any] = {
        "architecture": {
            "config": to_dict(model.architecture.config),
            "size": model.architecture.size,
            "likelihood": model.architecture.likelihood,
            "shape": list(model.architecture.shape),
            "classes": model.architecture.classes,
        },
        "cell": {
            "alpha": float(model.alpha),
            "beta": float(model.beta),
            "seed": int(model.seed),
            "decay": int(model.decay),
        },
    }
    if model.architecture.examples:
        facts["architecture"]["examples"] = model.architecture.examples
    if model.class_names:
        facts["class_names"] = list(model.class_names)
    return {**arrays, "losses": model.losses}, facts


def unpack(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> TrainedModel:
    """The model from the result of `pack`; additional facts and arrays are ignored.

    Raises:
        StudyError: facts are missing or wrong, or the arrays do not fit the architecture.
    """
    architecture = _architecture(_names(facts, "architecture"))
    cell = _names(facts, "cell")
    unknown = set(cell) - {"alpha", "beta", "seed", "decay"}
    if unknown:
        raise StudyError(f"checkpoint: unknown key {shown(min(unknown))} of the cell; train the model again")
    count = len(jax.tree.leaves(architecture.abstract))
    leaves = [arrays.get(f"parameter/{i:03d}") for i in range(count)]
    architecture.check_parameters(leaves)
    names = facts.get("class_names", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StudyError("checkpoint: class_names are not a list of texts; train the model again")
    losses = arrays.get("losses")
    if losses is None or losses.ndim != 3 or losses.shape[1:] != (2, 2) or losses.dtype.kind != "f":
        raise StudyError("checkpoint: losses are not [epochs, 2, 2]; train the model again")
    return TrainedModel(
        architecture,
        jax.tree.unflatten(jax.tree.structure(architecture.abstract), leaves),
        alpha=finite_number(cell.get("alpha"), name="checkpoint: alpha", least=0),
        beta=finite_number(cell.get("beta"), name="checkpoint: beta", least=0),
        seed=whole_number(cell.get("seed"), name="checkpoint: seed"),
        losses=losses,
        decay=whole_number(cell.get("decay", 0), name="checkpoint: decay"),
        class_names=tuple(names),
    )


def _names(facts: Any, name: str) -> Mapping[str, Any]:
    found = facts.get(name) if isinstance(facts, Mapping) else None
    if not isinstance(found, Mapping):
        raise StudyError(f"checkpoint: {name} is missing; train the model again")
    return found


def _architecture(built: Mapping[str, Any]) -> Architecture:
    unknown = set(built) - set(BUILT)
    if unknown:
        raise StudyError(f"checkpoint: unknown key {shown(min(unknown))} of the architecture; train it again")
    config = from_dict(VAEConfig, built.get("config"), where="checkpoint")  # type: ignore[arg-type]
    shape = built.get("shape", ())
    if not isinstance(shape, list | tuple):
        raise StudyError(
            f"checkpoint: shape must be a list of sizes, got {shown(shape)}; train the model again"
        )
    told: Any = (built.get("size"), built.get("likelihood"), tuple(shape))
    told += (built.get("classes", 0), built.get("examples", 0))
    made = Architecture(config, *told)
    made.check()
    return made


def save(model: TrainedModel, path: str | Path) -> None:
    """Write a model to one .npz file, whole or not at all.

    Raises:
        StudyError: not a trained model, parameters that are not finite, no such folder, or the operating system
            refuses.
    """
    if not isinstance(model, TrainedModel):
        raise StudyError(f"save_model: give a model returned by study.train, got {shown(model)}")
    _check_finite(model)
    arrays, facts = pack(model)
    ARCHIVE.write(path, facts, arrays)


def load(path: str | Path) -> TrainedModel:
    """Read a model that `save` wrote.

    Raises:
        StudyError: there is no such file, it is not a checkpoint, or it is damaged or altered.
    """
    facts, arrays = ARCHIVE.read(path)
    with ARCHIVE.told(path):
        known = {f"parameter/{i:03d}" for i in range(len(arrays))} | {"losses"}
        unknown = (set(arrays) - known) | (
            set(facts) - {"architecture", "cell", "class_names", "format", "version"}
        )
        if unknown:
            raise ValueError(f"it holds {shown(min(unknown))}")
        model = unpack(arrays, facts)
        _check_finite(model)
    return model


def _check_finite(model: TrainedModel) -> None:
    if not all(np.isfinite(np.asarray(leaf)).all() for leaf in jax.tree.leaves(model.parameters)):
        raise StudyError("its parameters hold values that are not finite; train the model again")
