"""The flags of `study run`, and the configuration that they make of an experiment's own."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.errors import StudyError

if TYPE_CHECKING:
    from study.config import StudyConfig


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `study run`."""
    parser.add_argument(
        "--profile", default="default", help="smoke, quick, default or paper (default: default)"
    )
    parser.add_argument("--dataset", help="a name (`study list datasets`) or a path")
    parser.add_argument(
        "--seeds", nargs="+", metavar="N", help="one number: that many seeds; several: those seeds"
    )
    parser.add_argument("--alphas", nargs="+", metavar="A", help="weights of the reconstruction term")
    parser.add_argument("--betas", nargs="+", metavar="B", help="weights of the KL term")
    parser.add_argument("--latent-dim", type=int, metavar="D", help="number of latent dimensions")
    parser.add_argument("--steps", type=int, metavar="N", help="optimiser steps per model")
    parser.add_argument("--strategies", nargs="+", metavar="NAME", help="names (`study list strategies`)")
    parser.add_argument(
        "--features", metavar="NET.onnx", help="an ONNX network that makes the features (needs onnxruntime)"
    )
    parser.add_argument(
        "--out", type=Path, help="results folder (default: results/EXPERIMENT/DATASET-PROFILE)"
    )
    parser.add_argument(
        "--store", type=Path, help="where trained cells are kept (default: $STUDY_STORE or .study)"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first cell that fails")


def configure(config: "StudyConfig", arguments: argparse.Namespace) -> "StudyConfig":
    """The configuration with the flags that were given.

    Raises:
        StudyError: a value is not a number, or makes no configuration.
    """
    changes: dict[str, Any] = {}
    for name, kind in (("alphas", float), ("betas", float), ("seeds", int), ("strategies", str)):
        given = getattr(arguments, name)
        if given:
            changes[name] = _values(f"--{name}", given, kind)
    if arguments.seeds and len(changes["seeds"]) == 1 and "," not in arguments.seeds[0]:
        changes["seeds"] = tuple(range(changes["seeds"][0]))
    if "strategies" in changes and "prior" not in changes["strategies"]:
        raise StudyError("--strategies: 'prior' must be among them, since every difference is taken from it")
    if arguments.latent_dim is not None:
        changes["model"] = dataclasses.replace(config.model, latent_dim=arguments.latent_dim)
    if arguments.features is not None:
        changes["features"] = arguments.features
    if arguments.steps is not None:
        changes["training"] = dataclasses.replace(config.training, steps=arguments.steps)
    return dataclasses.replace(config, **changes)


def _values(flag: str, given: Sequence[str], kind: type) -> tuple[Any, ...]:
    words = [word for item in given for word in item.split(",") if word]
    try:
        return tuple(kind(word) for word in words)
    except ValueError:
        raise StudyError(f"{flag}: expected {kind.__name__} values, got {' '.join(given)!r}") from None
