"""Checkpoints: a trained model as named arrays and plain facts, and back to the same arrays."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from study.config import VAEConfig
from study.errors import StudyError
from study.serialise import from_dict, to_dict
from study.training.model import Architecture, TrainedModel


def pack(model: TrainedModel) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays by name and JSON facts that together hold everything of a model."""
    leaves = jax.tree.leaves(model.parameters)
    arrays = {f"parameter/{i:03d}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
    facts = {
        "architecture": {
            "config": to_dict(model.architecture.config),
            "size": model.architecture.size,
            "likelihood": model.architecture.likelihood,
            "shape": list(model.architecture.shape),
            "classes": model.architecture.classes,
        },
        "cell": {"alpha": model.alpha, "beta": model.beta, "seed": model.seed},
    }
    return {**arrays, "losses": model.losses}, facts


def unpack(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> TrainedModel:
    """The model that `pack` took apart.

    Raises:
        StudyError: the arrays are not those of the architecture.
    """
    built = facts["architecture"]
    config = from_dict(VAEConfig, built["config"], where="checkpoint")
    shape, classes = tuple(built.get("shape", ())), built.get("classes", 0)
    architecture = Architecture(config, built["size"], built["likelihood"], shape, classes)
    shapes, structure = jax.tree.flatten(architecture.abstract)
    leaves = [arrays.get(f"parameter/{i:03d}") for i in range(len(shapes))]
    for i, (leaf, shape) in enumerate(zip(leaves, shapes, strict=True)):
        if leaf is None or leaf.shape != shape.shape or leaf.dtype != shape.dtype:
            raise StudyError(
                f"checkpoint: parameter {i} is not {shape.dtype}{list(shape.shape)}; train the model again"
            )
    return TrainedModel(
        architecture, jax.tree.unflatten(structure, leaves), **facts["cell"], losses=arrays["losses"]
    )


def save(model: TrainedModel, path: str | Path) -> None:
    """Write a model to one .npz file."""
    arrays, facts = pack(model)
    with Path(path).open("wb") as file:
        np.savez(file, allow_pickle=False, facts=np.array(json.dumps(facts)), **arrays)


def load(path: str | Path) -> TrainedModel:
    """Read a model that `save` wrote.

    Raises:
        StudyError: there is no such file, or it is not a checkpoint.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        facts = json.loads(str(arrays.pop("facts")))
    except FileNotFoundError:
        raise StudyError(f"{path}: no such checkpoint; `study.save_model` writes one") from None
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise StudyError(f"{path}: not a checkpoint ({error}); `study.save_model` writes one") from error
    return unpack(arrays, facts)
