"""Every case by group, at full size or at one that takes seconds."""

import functools
import itertools
import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.benchmarks.speed import inputs
from experiments.benchmarks.speed.cases import OURS, Case, Side
from experiments.benchmarks.speed.study_flags import SIXTEEN, STEPS, flags

GROUPS = ("peaks", "training", "fitting", "density", "scores", "cells", "study", "mnist")
PRODUCT, COPY = "matrix product, float32", "copy of an array"
DRAWS = 10_000
PART = 200  # draws on which NumPy is timed
CACHED = 2000  # posteriors in a NumPy block that fits a core's cache
FEATURES = 64
PYTHAE = {"epochs": 8, "batch": 500, "learning_rate": 1e-3}


def cases(group: str, *, small: bool, against: str) -> list[Case]:
    """The cases of a group; `against` is a folder with older code, or empty."""
    match group:
        case "peaks":
            return list(_peaks(512 if small else 4096))
        case "training":
            return list(_training(small))
        case "fitting":
            return list(_fitting(small))
        case "density":
            return list(_density(small))
        case "scores":
            return list(_scores(small))
        case "cells":
            return list(_cells(small))
        case "study":
            return list(_study(small, against))
        case "mnist":
            return list(_mnist(small, against))
    raise KeyError(group)


def _peaks(n: int) -> Iterator[Case]:
    """What this machine can do at most: the best of several libraries at one large product and one long copy."""
    arrays = functools.partial(inputs.matrices, n)
    made = Side(OURS, "ours:product"), Side("numpy", "peers:product"), Side("torch", "peers:torch_product")
    yield Case("peaks", PRODUCT, made, arrays, "n", n, runs=9, flops=2.0 * n**3)
    copied = Side("numpy", "peers:copying"), Side("torch", "peers:torch_copying")
    yield Case("peaks", COPY, copied, arrays, "n", n, runs=9, traffic=2.0 * 4 * n**2)


def _training(small: bool) -> Iterator[Case]:
    """Per model of digits, per model and epoch of MNIST: two models at once on two cores, and one alone."""
    epochs = 2 if small else 100
    yield _trained("digits", "training on digits, per model", 1000, 300, (64, 256, 8), epochs, share=1.0)
    sizes = (1000,) if small else (1000, 4000, 16_000, 60_000)
    for n in sizes:
        task = "training on MNIST, per model and epoch"
        epochs = max(1, 3 * 16_000 // n)
        yield _trained("mnist", task, n, 1000, (784, 512, 16), epochs, share=1 / epochs, growing=True)


def _trained(
    dataset: str, task: str, n: int, checked: int, layers: tuple[int, int, int], epochs: int, *, share: float,
    growing: bool = False,
) -> Case:  # fmt: skip
    size, hidden, latent_dim = layers
    batch = 125
    settings: dict[str, Any] = {
        "latent_dim": latent_dim, "hidden": hidden, "batch": batch, "epochs": epochs
    }  # fmt: skip
    sides = (
        Side(OURS, "ours:training", {**settings, "models": 2}, share / 2),
        Side("study, one model", "ours:training", {**settings, "models": 1}, share),
        Side("torch", "peers:torch_training", settings, share),
        Side("pythae", "peers:pythae_training", settings, share),
    )
    weights = 2 * size * hidden + 3 * hidden * latent_dim
    # Forward, and backward to the weights and to the inputs, except to the data; validation forward alone.
    each = n * (6 * weights - 2 * size * hidden) + checked * 2 * weights
    passes = epochs * share
    axis, value = ("N", float(n)) if growing else ("", math.nan)
    return Case(
        "training", task, sides, functools.partial(inputs.images, dataset, n, checked), axis, value,
        flops=passes * each, traffic=passes * 4.0 * size * (n + checked),
    )  # fmt: skip


def _fitting(small: bool) -> Iterator[Case]:
    """gmm, flow and two-stage with the same layers, batches and epochs; and gmm by dimension."""
    n = 2000 if small else 60_000
    epochs = 1 if small else PYTHAE["epochs"]
    trained = {**PYTHAE, "epochs": epochs}
    ours = {"steps": epochs * (n // 500), "batch_size": 500, "learning_rate": 1e-3}
    kinds: Mapping[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
        "gmm": ({"n_components": 10, "max_codes": n}, "gmm", {"n_components": 10}),
        "flow": (
            {**ours, "form": "maf", "layers": 2, "width": 128},
            "maf",
            {**trained, "n_made_blocks": 2, "n_hidden_in_made": 2, "hidden_size": 128},
        ),
        "two-stage": (
            {**ours, "width": 128},
            "two-stage",
            {**trained, "second_stage_depth": 3, "second_layers_dim": 128},
        ),
    }
    for name, (fields, sampler, settings) in kinds.items():
        for d in (2, 16) if small else (2, 8, 16, 32, 128):
            if name == "gmm" or d == 16:
                yield _fitted(name, fields, sampler, settings, n, d, growing=name == "gmm")
        yield Case(
            "fitting", f"drawing from {name}, n = {DRAWS:,}",
            (
                Side(OURS, "ours:drawing", {"name": name, "n": DRAWS, **fields}),
                Side("pythae", "peers:drawing", {"name": sampler, "n": DRAWS, **settings}),
            ),
            functools.partial(inputs.codes, n, 16),
        )  # fmt: skip


def _fitted(
    name: str,
    fields: dict[str, Any],
    sampler: str,
    settings: dict[str, Any],
    n: int,
    d: int,
    *,
    growing: bool,
) -> Case:
    sides = (
        Side(OURS, "ours:fitting", {"name": name, **fields}),
        Side("pythae", "peers:fitting", {"name": sampler, **settings}, runs=3 if name == "flow" else None),
    )
    axis, value = ("d", float(d)) if growing else ("", math.nan)
    return Case("fitting", f"fitting {name}", sides, functools.partial(inputs.codes, n, d), axis, value)


def _density(small: bool) -> Iterator[Case]:
    """log q(z) of n draws by N and by d; NumPy's time is that of a part of the draws, scaled."""
    whole = 2000 if small else 60_000
    n, part = (400, 16) if small else (DRAWS, PART)
    by_n = (300, 400) if small else (300, 1000, 3000, 10_000)
    by_examples = (500, whole) if small else (1000, 4000, 16_000, whole)
    by_d = (2, 16) if small else (2, 8, 32, 128)
    sizes = [("n", m, whole, m, 16) for m in by_n]
    sizes += [("N", examples, examples, n, 16) for examples in by_examples]
    sizes += [("d", d, whole, n, d) for d in by_d]
    for axis, value, examples, draws, d in sizes:
        some = min(part, draws)
        numpy = {"part": some}
        yield Case(
            "density", "log q(z)",
            (
                Side(OURS, "ours:density"),
                Side("numpy", "peers:density", {**numpy, "columns": examples}, draws / some),
                Side("numpy, cached blocks", "peers:density", {**numpy, "columns": CACHED}, draws / some),
            ),
            functools.partial(inputs.codes, examples, d, draws=draws), axis, value,
            flops=4.0 * d * draws * examples, traffic=4.0 * d * (2 * examples + draws),
        )  # fmt: skip


def _scores(small: bool) -> Iterator[Case]:
    """Precision to coverage against prdc, KID, and nearest neighbours, by the number of samples."""
    for n in (300, 1000) if small else (300, 1000, 3000, 10_000):
        arrays = functools.partial(inputs.features, n, FEATURES)
        both = Side(OURS, "ours:manifold"), Side("prdc", "peers:manifold")
        pairs = 2 * n * n  # each set with the other, and each with itself, of which half is enough
        work: dict[str, Any] = {"flops": 2.0 * FEATURES * pairs, "traffic": 2 * 4.0 * n * FEATURES}
        yield Case("scores", "precision, recall, density and coverage", both, arrays, "n", n, **work)
        yield Case("scores", "KID", (Side(OURS, "ours:kernel"),), arrays, "n", n, **work)
        examples = 2000 if small else 60_000
        yield Case(
            "scores", "nearest training images", (Side(OURS, "ours:neighbours"),),
            functools.partial(inputs.pool, n, examples), "n", n,
            traffic=4.0 * 784 * (n + examples),
        )  # fmt: skip


def _cells(small: bool) -> Iterator[Case]:
    """The quick study with more and more cells, from command to report, nothing cached."""
    for cells in (1, 2) if small else (1, 4, 16, 64):
        chosen = flags(alphas=(10.0,), betas=(1.0,), seeds=cells, steps=20 if small else STEPS)
        side = Side(OURS, "ours:command", {"flags": chosen}, 1 / cells)
        yield Case("cells", "study on digits, per model", (side,), dict, "models", cells, warm=False)


def _study(small: bool, against: str) -> Iterator[Case]:
    """The quick study of 0eb2112, from command to report: nothing cached, everything cached, four extractors."""
    few: dict[str, Any] = {"alphas": (10.0,), "betas": (1.0,), "seeds": 2, "steps": 20} if small else {}
    models = 2 if small else 45
    for task, kept, evaluations in (
        ("nothing cached", (), 1), ("everything cached", ("all",), 1), ("nothing cached, four extractors", (), 4)
    ):  # fmt: skip
        ours = {"flags": flags(evaluations=evaluations, **few), "kept": kept}
        sides = [Side(OURS, "ours:command", ours)]
        if against:
            old = {"flags": flags(old=True, **few), "kept": kept, "root": against}
            sides.append(Side("0eb2112", "ours:command", old))
        if task == "nothing cached":
            script = [sys.executable, "-m", "experiments.benchmarks.speed.peer_study"]
            script += ["--models", "2", "--steps", "20"] if small else []
            sides.append(Side("pythae and prdc", "ours:script", {"command": script}, runs=1))
        name = f"study of {models} models on digits, {task}"
        yield Case("study", name, tuple(sides), warm=False)


def _mnist(small: bool, against: str) -> Iterator[Case]:
    """Evaluation of 16 trained models of MNIST, with everything that it needs but the models made anew."""
    grid: dict[str, Any] = {**SIXTEEN, **({"seeds": 1, "steps": 20, "betas": (1.0,)} if small else {})}
    models = math.prod(len(tuple(grid[axis])) for axis in ("alphas", "betas")) * grid["seeds"]
    roots = itertools.chain([(OURS, "")], [("0eb2112", against)] if against else [])
    sides = tuple(
        Side(
            name, "ours:command",
            {"flags": flags("mnist", old=bool(root), **grid), "kept": ("train",), "root": root},
            1 / models,
        )
        for name, root in roots
    )  # fmt: skip
    yield Case("mnist", "evaluation of an MNIST model, of 16", sides, warm=False)
