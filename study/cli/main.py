"""The command `study`. JAX is only imported inside a verb, so that `study --help` answers at once."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from study.cli import audit, claims, index, results
from study.cli.clean import clean as _clean
from study.cli.exits import DONE, INTERRUPTED, WRONG_INPUT
from study.cli.flags import add_flags, add_limit, add_store, max_bytes
from study.cli.listing import LISTS, show
from study.cli.parsing import Once, Parser, one_line, text
from study.cli.run import run as _run
from study.errors import StudyError
from study.runtime import files

if TYPE_CHECKING:
    from study.pipeline.experiment import Experiment


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    return _guarded(_parser(), sys.argv[1:] if argv is None else list(argv))


def experiment_main(experiment: "Experiment", argv: Sequence[str] | None = None) -> int:
    """Run `python experiments/NAME.py`: the same as `study run` on that experiment, with the same flags."""
    parser = Parser(prog=f"{experiment.name}.py", description=experiment.question)
    add_flags(parser)
    parser.set_defaults(verb=_run, experiment=experiment)
    return _guarded(parser, sys.argv[1:] if argv is None else list(argv))


def _guarded(parser: argparse.ArgumentParser, argv: list[str]) -> int:
    """Parse and run; an error in the input is printed as one line."""
    with contextlib.suppress(
        AttributeError, OSError, ValueError
    ):  # a character that the terminal cannot show must not end a run
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        arguments = parser.parse_args(argv)
        code = arguments.verb(arguments)
        sys.stdout.flush()  # here a closed pipe can still be handled without a traceback
        return code
    except BrokenPipeError:  # the reader stopped reading, as `head` does
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except StudyError as error:
        _say(one_line(str(error)))
        return WRONG_INPUT
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _say(one_line(where + files.reason(error)))
        return WRONG_INPUT
    except KeyboardInterrupt:
        _say("interrupted; finished work is kept, and the same command resumes from there")
        return INTERRUPTED


def _say(message: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # stderr may be closed
        print(f"study: {message}", file=sys.stderr, flush=True)


class _Version(argparse.Action):
    """Print name, version and commit, and stop; they are only looked up here, since that takes time."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print and exit with code 0."""
        from study.runtime.versions import version_line

        print(version_line())
        parser.exit(DONE)


class _Completion(argparse.Action):
    """Print the tab completion script for a shell, configuration fields included, and stop."""

    def __call__(self, parser: argparse.ArgumentParser, _: object, shell: Any, *__: object) -> None:
        """Print and exit with code 0."""
        import shtab

        from study.cli.settings import fields

        run = next(action.choices["run"] for action in parser._actions if isinstance(action.choices, dict))
        for name in fields():
            run.add_argument(name)
        print(shtab.complete(parser, shell))
        parser.exit(DONE)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="study",
        description="Given a trained VAE, from which latent distribution should new data be drawn? A measured answer.",
        epilog="exit codes: 0 done, 1 some cells failed, 2 wrong input",
    )
    parser.add_argument(
        "--print-completion",
        action=_Completion,
        choices=("bash", "zsh", "tcsh"),
        help='tab completion, as in: eval "$(study --print-completion bash)"',
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="name, version and commit")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    run = verbs.add_parser(
        "run", help="train what is missing, score it, write tables and report; resumes an earlier run"
    )
    run.add_argument(
        "experiment",
        action=Once,
        kind=text,
        help="NAME of experiments/NAME.py below the current folder, or a path to a .py file",
    )
    add_flags(run)
    run.set_defaults(verb=_run)

    audit.add(verbs)
    results.add(verbs)
    claims.add(verbs)
    index.add(verbs)
    _add_others(verbs)
    return parser


def _add_others(verbs: Any) -> None:
    listing = verbs.add_parser("list", help="list by name: " + ", ".join(LISTS))
    listing.add_argument("what", choices=LISTS)
    listing.add_argument("--json", action="store_true", help="a JSON list of objects")
    listing.set_defaults(verb=show)

    env = verbs.add_parser("env", help="this machine, its devices and versions")
    env.add_argument("--json", action="store_true")
    env.set_defaults(verb=_env)

    data = verbs.add_parser("data", help="download a data set before it is needed")
    data.add_argument("action", choices=("fetch",))
    data.add_argument("name", action=Once, kind=text)
    add_limit(data)
    data.set_defaults(verb=_fetch)

    clean = verbs.add_parser(
        "clean", help="delete the store of trained models and scores; keeps results folders"
    )
    add_store(clean)
    clean.add_argument("--yes", action="store_true", help="do not ask")
    clean.set_defaults(verb=_clean)


def _env(arguments: argparse.Namespace) -> int:
    from study.runtime.environment import describe, use_all_cores

    use_all_cores()
    facts = describe()
    if arguments.json:
        print(json.dumps(facts, indent=2))
        return DONE
    for name, value in facts.items():
        print(
            f"{name}: {', '.join(f'{k} {v}' for k, v in value.items()) if isinstance(value, dict) else value}"
        )
    return DONE


def _fetch(arguments: argparse.Namespace) -> int:
    from study.data import load_dataset

    data = load_dataset(arguments.name, max_bytes=max_bytes(arguments))
    print(f"{data.name}: {len(data.train)} train, {len(data.validation)} validation, {len(data.test)} test")
    return DONE
