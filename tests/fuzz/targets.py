"""The fuzzing targets: for every parser its seed files, its mutations, and how it is called.

An input is a few files by name. It passes if the parser accepts it or raises a `StudyError` of one line. A damaged cell
of the store gives a warning and counts as absent; the command must end with a known exit code.
"""

import contextlib
import dataclasses
import functools
import gzip
import io
import json
import random
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from study.errors import StudyError
from tests.fuzz import mutate, seeds, structure
from tests.fuzz.mutate import Files, Mutation

LONGEST = 2000  # characters of a message
CELL = "ab12cd34"


class Wrong(Exception):
    """The parser broke its contract."""


@dataclasses.dataclass(frozen=True)
class Target:
    """A parser.

    Attributes:
        seeds: makes files that it accepts, or nearly.
        read: calls it on a folder with the files of one input.
        mutations: by the ending of a file's name.
        change: changes an input instead of `mutations`, where given.
        fixed: files that every input has beside its own.
        warns: whether it may warn about an accepted input.
    """

    seeds: Callable[[], list[Files]]
    read: Callable[[Path], object]
    mutations: tuple[tuple[str, Mutation], ...] = ()
    change: Callable[[random.Random, Files], Files] | None = None
    fixed: Callable[[], Files] = dict
    warns: bool = False

    @functools.cached_property
    def made(self) -> list[Files]:
        """The seeds."""
        return self.seeds()

    def mutated(self, files: Files, seed: int) -> Files:
        """The mutation of an input by a random seed."""
        rng = random.Random(seed)
        if self.change is not None:
            return self.change(rng, files)
        return mutate.of_files(rng, files, seeds=self.made, mutations=self.mutations)


def _load(name: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from study import load_dataset

        return load_dataset(folder / name)

    return read


def _onnx(folder: Path) -> object:
    from study.metrics.onnx_features import OnnxExtractor

    data = seeds.little_images()
    return OnnxExtractor.load(folder / "net.onnx", data, classifier=None)  # type: ignore[arg-type]


def _checkpoint(folder: Path) -> object:
    from study import load_model

    return load_model(folder / "model.npz")


def _strategy(folder: Path) -> object:
    from study import load_strategy
    from study.strategies.saving import header

    try:
        header(folder / "fit.npz")
    except StudyError as error:
        check_message(str(error))
    return load_strategy(folder / "fit.npz")


def _cell(folder: Path) -> object:
    from study.pipeline.store import Store

    store = Store(folder)
    path = store.path("train", CELL)
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "one.cell").replace(path)
    found = store.get("train", CELL)
    if found is None and path.exists():
        raise Wrong("a damaged cell was left in the store")
    return found


def _results(folder: Path) -> object:
    from study import load_results

    for verb in ("status", "table"):
        command([verb, str(folder)])
    return load_results(folder)


def _configuration(folder: Path) -> object:
    from study import config
    from study.config.serialise import from_dict, to_dict
    from study.config.windows import WindowsConfig

    (path,) = folder.iterdir()
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    kinds = {
        "StudyConfig": config.StudyConfig,
        "WindowsConfig": WindowsConfig,
        "AnnealingConfig": config.AnnealingConfig,
    }
    made: Any = from_dict(kinds.get(path.stem, config.StudyConfig), values)
    if from_dict(type(made), json.loads(json.dumps(to_dict(made)))) != made:
        raise Wrong("the configuration is not what it is written as")
    return made


def _command(folder: Path) -> object:
    words = json.loads((folder / "words.json").read_bytes())
    with contextlib.chdir(folder):
        return command([word.encode("utf-8", "replace").decode() for word in words])


def command(words: list[str]) -> int:
    """The exit code of `study WORDS`, which is checked with what it said.

    Raises:
        Wrong: another code than 0, 1 and 2, or with 2 more or less than one line.
    """
    from study.cli import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: Any = main(words)
        except SystemExit as end:
            code = end.code
    said = err.getvalue()
    if code not in (0, 1, 2) or "Traceback" in said:
        raise Wrong(f"exit code {code!r}: {said[-300:]}")
    if code == 2:
        check_message(said.removesuffix("\n"))
    return code


def check_message(text: str) -> None:
    """Whether a message is one line and not long.

    Raises:
        Wrong: it is not.
    """
    if not text.strip() or len(text.splitlines()) != 1:
        raise Wrong(f"a message of {len(text.splitlines())} lines: {text[:300]!r}")
    if len(text) >= LONGEST:
        raise Wrong(f"a message of {len(text)} characters: {text[:300]!r}")


def _words(rng: random.Random, files: Files) -> Files:
    """Words of a command line deleted, duplicated, replaced or mutated; `run` stays a dry run, without downloads."""
    words = [str(word) for word in json.loads(files["words.json"])]
    other = [str(word) for word in json.loads(rng.choice(TARGETS["command"].made)["words.json"])]
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(words) + 1)
        match rng.randrange(7):
            case 0:
                words[at : at + 1] = []
            case 1:
                words.insert(at, rng.choice(other or ["run"]))
            case 2:
                words.insert(at, rng.choice((*mutate.WORDS, *seeds.FLAGS)))
            case 3:
                words[at : at + 1] = [rng.choice((*mutate.WORDS, *seeds.FLAGS))]
            case 4:
                words[at:] = other[rng.randrange(len(other) + 1) :]
            case 5 if at < len(words):
                words[at] = mutate.of_text(rng, words[at].encode()).decode("utf-8", "replace")
            case _:
                words[at : at + 1] = words[at : at + 1] * 2
    if "fetch" in words:
        words = [*words[: words.index("fetch") + 1], "digits"]
    kept = [word for word in words if "--dry-run" not in word and not word.startswith(("/", "~"))]
    if "run" in kept:
        kept.insert(kept.index("run") + 1, "--dry-run")
    return {"words.json": json.dumps(kept).encode()}


_PLAIN = ("", mutate.of_bytes)
_NPZ = (("", structure.zipped), ("", structure.zipped), _PLAIN)


def _idx(rng: random.Random, content: bytes) -> bytes:
    if content[:2] == b"\x1f\x8b" and rng.random() < 0.7:
        with contextlib.suppress(Exception):
            return gzip.compress(_idx(rng, gzip.decompress(content)), mtime=0)
    if rng.random() < 0.5 and len(content) > 16:
        at = rng.choice((0, 2, 3, 4, 8, 12))
        packed = struct.pack(">I", rng.choice(mutate.NUMBERS) % 2**32)
        return content[:at] + packed + content[at + 4 :]
    return mutate.of_bytes(rng, content)


def _onnx_seeds() -> list[Files]:
    return [{"net.onnx": network} for network in seeds.networks()]


def _signed(name: str, module: str) -> tuple[tuple[str, Mutation], ...]:
    import importlib

    change = structure.signed(importlib.import_module(module).ARCHIVE)
    return ((name, change), (name, change), (name, change), (name, structure.zipped), (name, mutate.of_bytes))


def _targets() -> Mapping[str, Target]:
    text = (("", mutate.of_text), ("", mutate.of_text), _PLAIN)
    return {
        "npy": Target(seeds.npy, _load("own.npy"), (("", structure.npy), ("", structure.npy), _PLAIN)),
        "npz": Target(seeds.npz, _load("own.npz"), _NPZ),
        "idx": Target(seeds.idx, _load("."), (("", _idx), ("", _idx), _PLAIN)),
        "csv": Target(seeds.csv, _load("own.csv"), text),
        "pictures": Target(seeds.pictures, _load("."), (("", mutate.of_bytes),)),
        "windows": Target(seeds.windows, _load("own.toml"), text),
        "onnx": Target(
            _onnx_seeds,
            _onnx,
            (("", structure.protobuf), ("", structure.protobuf), ("", structure.protobuf), _PLAIN),
        ),
        "checkpoint": Target(seeds.checkpoints, _checkpoint, _signed("", "study.training.checkpoint")),
        "strategy": Target(seeds.strategies, _strategy, _signed("", "study.strategies.saving")),
        "cell": Target(
            lambda: [{"one.cell": cell} for cell in seeds.cells(CELL)],
            _cell,
            (("", structure.cell), ("", structure.cell), _PLAIN),
            warns=True,
        ),
        "results": Target(seeds.results, _results, change=structure.results),
        "configuration": Target(seeds.configurations, _configuration, (("", mutate.of_json),) * 3 + text),
        "command": Target(seeds.commands, _command, change=_words, fixed=seeds.surroundings, warns=True),
    }


TARGETS = _targets()
