"""The flags of `study run`, and the configurations that they make of an experiment's own."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.cli.exits import DONE
from study.cli.parsing import Once, Parser, number, positive, seeds, several, text, whole
from study.cli.settings import HELP, show_all
from study.runtime.limits import MAX_BYTES

if TYPE_CHECKING:
    from study.config import StudyConfig

GIGABYTE = 2**30  # bytes
MOST_GIGABYTES = MAX_BYTES / GIGABYTE  # unless --max-gigabytes says otherwise


class _HelpAll(argparse.Action):
    """Print what every field of the configuration is as a flag, and stop."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print and exit with code 0."""
        print(show_all())
        parser.exit(DONE)


def add_flags(parser: Parser) -> None:
    """The flags of `study run`."""
    parser.takes_settings = True
    parser.add_argument(
        HELP,
        action=_HelpAll,
        nargs=0,
        help="every field of the configuration as a flag, such as --model.hidden 64 64",
    )
    parser.add_argument(
        "--profile",
        action=Once,
        kind=text,
        default="default",
        help="smoke, quick, default or paper (default: default)",
    )
    parser.add_argument(
        "--dataset",
        action=Once,
        kind=text,
        metavar="NAME|PATH",
        help="a name (`study list datasets`) or a path",
    )
    lists: tuple[tuple[str, Any, str, str], ...] = (
        ("--seeds", seeds, "N", "one number: that many seeds; several: those seeds"),
        ("--alphas", several(number), "A", "weights of the reconstruction term"),
        ("--betas", several(number), "B", "weights of the KL term"),
        ("--strategies", several(text), "NAME", "names (`study list strategies`)"),
    )
    for name, kind, metavar, meaning in lists:
        parser.add_argument(name, action=Once, kind=kind, nargs="+", metavar=metavar, help=meaning)
    parser.add_argument(
        "--latent-dim", action=Once, kind=whole, metavar="D", help="number of latent dimensions"
    )
    parser.add_argument("--steps", action=Once, kind=whole, metavar="N", help="optimiser steps per model")
    parser.add_argument(
        "--features",
        action=Once,
        kind=text,
        metavar="NET.onnx",
        help="an ONNX network that makes the features (needs onnxruntime)",
    )
    parser.add_argument(
        "--out",
        action=Once,
        kind=folder,
        metavar="DIR",
        help="results folder (default: results/EXPERIMENT/DATASET-PROFILE)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="write into --out although it holds what this program did not write",
    )
    add_store(parser)
    add_limit(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first cell that fails")


def add_store(parser: argparse.ArgumentParser) -> None:
    """The flag that says where the store is."""
    parser.add_argument(
        "--store",
        action=Once,
        kind=folder,
        metavar="DIR",
        help="where trained cells are kept (default: $STUDY_STORE or .study)",
    )


def add_limit(parser: argparse.ArgumentParser) -> None:
    """The flag that raises the limit on what one file may unpack to."""
    parser.add_argument(
        "--max-gigabytes",
        action=Once,
        kind=positive,
        default=MOST_GIGABYTES,
        metavar="G",
        help=f"most data, unpacked, that are read from one file (default: {MOST_GIGABYTES:g})",
    )


def max_bytes(arguments: argparse.Namespace) -> int:
    """What `--max-gigabytes` says, in bytes, as `study.load_dataset` takes it."""
    return max(1, int(arguments.max_gigabytes * GIGABYTE))


def folder(value: str) -> Path:
    """A path that is not empty.

    Raises:
        ValueError: it is.
    """
    return Path(text(value))


def configure(config: "StudyConfig", arguments: argparse.Namespace) -> "StudyConfig":
    """The configuration with the flags that were given.

    Raises:
        StudyError: a value makes no configuration, or a flag has no effect on it.
    """
    from study.pipeline.grids import changed

    return changed(config, changes(arguments))


def configure_all(grids: "Sequence[StudyConfig]", arguments: argparse.Namespace) -> "list[StudyConfig]":
    """The configurations of all grids of an experiment, with the flags that were given.

    Raises:
        StudyError: as `configure`; or a flag has no effect on one of them, or makes two of them the same.
    """
    from study.pipeline.grids import configured

    return configured(grids, changes(arguments))


def changes(arguments: argparse.Namespace) -> dict[str, Any]:
    """What flags change in an experiment's grids, by name; None where a flag was not given."""
    names = ("seeds", "alphas", "betas", "latent_dim", "steps", "strategies", "features")
    return {name: getattr(arguments, name) for name in names} | arguments.settings


def written(arguments: argparse.Namespace) -> list[str]:
    """The flags that decide what is computed, as they would be typed; not those that say where it is put."""
    from study.pipeline.grids import flags

    given = getattr(arguments, "given", ())
    return flags(
        {name: value for name, value in vars(arguments).items() if name in given} | arguments.settings
    )
