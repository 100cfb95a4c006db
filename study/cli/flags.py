"""The flags of `study run`, and how they change the configurations of an experiment."""

import argparse
from pathlib import Path
from typing import Any

from study.cli.exits import DONE
from study.cli.parsing import Once, Parser, number, positive, seeds, several, text, whole
from study.cli.settings import HELP, show_all
from study.errors import StudyError
from study.runtime.limits import MAX_BYTES

GIGABYTE = 2**30  # bytes
MOST_GIGABYTES = MAX_BYTES / GIGABYTE  # unless --max-gigabytes says otherwise


class _HelpAll(argparse.Action):
    """Print the flag of every field of the configuration, and stop."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print and exit with code 0."""
        print(show_all())
        parser.exit(DONE)


def add_flags(parser: Parser) -> None:
    """Add the flags of `study run`."""
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
        help="an ONNX network that computes the features (needs onnxruntime)",
    )
    _add_own_data(parser)
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
        help="write into --out although it holds files that this program did not write",
    )
    add_store(parser)
    add_limit(parser)
    _add_executor(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first cell that fails")


def _add_own_data(parser: Parser) -> None:
    """Add the flags that say how the user's own data are to be read."""
    texts = (
        ("--label", "COLUMN", "own table: the column that holds classes; none: there is no such column"),
        ("--kind", "KIND", "own data: image, table or sequence (windows [N, T, F])"),
        (
            "--scale",
            "HOW",
            "own data: none, 255 (divide by 255), range (to [0, 1]) or standard (each column)",
        ),
        ("--layout", "AXES", "own images: channels-first or channels-last"),
    )
    for name, metavar, meaning in texts:
        parser.add_argument(name, action=Once, kind=text, metavar=metavar, help=meaning)
    parser.add_argument(
        "--size",
        action=Once,
        kind=several(whole),
        nargs="+",
        metavar="PIXELS",
        help="own folder of pictures: height and width to resize to; one number for both",
    )


def _add_executor(parser: Parser) -> None:
    """Add the flags that say who computes."""
    parser.add_argument(
        "--executor",
        action=Once,
        kind=text,
        default="local",
        metavar="local|ray",
        help="who computes: this machine, or a Ray cluster over a store that all its machines see (default: local)",
    )
    parser.add_argument(
        "--address",
        action=Once,
        kind=text,
        default="",
        metavar="HOST:PORT",
        help="of the Ray cluster (or auto)",
    )


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add the flag that says where the store is."""
    parser.add_argument(
        "--store",
        action=Once,
        kind=folder,
        metavar="DIR",
        help="where trained models and scores are stored (default: $STUDY_STORE or .study)",
    )


def add_limit(parser: argparse.ArgumentParser) -> None:
    """Add the flag that raises the limit on the unpacked size of one file."""
    parser.add_argument(
        "--max-gigabytes",
        action=Once,
        kind=positive,
        default=MOST_GIGABYTES,
        metavar="G",
        help=f"the most data, unpacked, to read from one file, in GiB (default: {MOST_GIGABYTES:g})",
    )


def max_bytes(arguments: argparse.Namespace) -> int:
    """The value of `--max-gigabytes` in bytes, as `study.load_dataset` takes it."""
    return max(1, int(arguments.max_gigabytes * GIGABYTE))


def folder(value: str) -> Path:
    """A path that is not empty.

    Raises:
        ValueError: it is empty.
    """
    return Path(text(value))


def changes(arguments: argparse.Namespace) -> dict[str, Any]:
    """The values of the flags that change an experiment's grids, by name; None if a flag was not given."""
    from study.pipeline.grids import CHANGES

    return {name: getattr(arguments, name) for name in CHANGES} | arguments.settings


def written(arguments: argparse.Namespace) -> list[str]:
    """The flags that decide what is computed, as they would be typed; without those that say where to write it."""
    from study.pipeline.grids import flags

    given = getattr(arguments, "given", ())
    return flags(
        {name: value for name, value in vars(arguments).items() if name in given} | arguments.settings
    )


def add_results(parser: argparse.ArgumentParser, *, written: str) -> None:
    """Add `--results`, the folder with the results of all experiments.

    Args:
        parser: of the verb.
        written: what the verb writes there, in words.
    """
    parser.add_argument(
        "--results",
        action=Once,
        kind=folder,
        default=Path("results"),
        metavar="DIR",
        help=f"the folder with the results of all experiments, in which {written} written (default: results)",
    )


def results_of(arguments: argparse.Namespace) -> Path:
    """The folder that `--results` names.

    Raises:
        StudyError: there is none.
    """
    if not arguments.results.is_dir():
        raise StudyError(
            f"{arguments.results}: no such folder; run this where results/ is, or give --results"
        )
    return Path(arguments.results)
