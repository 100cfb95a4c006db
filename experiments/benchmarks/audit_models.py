"""Nine models that are broken on purpose, one for each diagnosis of an audit, and three good ones.

Most of the data are pictures of a soft disc: its place and its brightness are smooth functions of three numbers that
are N(0, 1), so that a VAE with three latents can reach q(z) = N(0, I) and sharp reconstructions. Each broken model
differs from a good one in one thing: its data, its training, or what is done to its functions afterwards.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import ndtr

from study import Dataset, TrainConfig, VAEConfig
from study.audit.given import checked, dataset_of
from study.training import Architecture, Cell, TrainedModel, train_cells

SIDE = 10  # pixels
ROWS = (3000, 1500)  # training and test examples
SEEDS = (0, 1, 2)
NOISE = 0.01  # standard deviation of every value around what its three numbers decide
Function = Callable[[np.ndarray], Any]
Make = Callable[[np.random.Generator, int], np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """A model with the data that it was trained on, as `study.audit` takes them.

    Attributes:
        name: of the case.
        expected: the diagnosis that it must get; empty for a good one.
        encode, decode, train, test: arguments of `study.audit`.
    """

    name: str
    expected: str
    encode: Function
    decode: Function
    train: np.ndarray
    test: np.ndarray


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a model is trained: its data, latents, weight of the rate, and steps."""

    make: Make
    latents: int = 3
    beta: float = 0.06
    steps: int = 6000
    network: str = "mlp"


def soft_discs(across: np.ndarray, down: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """`[n, SIDE, SIDE]` pictures of a disc at a place in the unit square; all arguments `[n]`."""
    grid = (np.arange(SIDE) + 0.5) / SIDE
    rows, columns = np.square(grid - down[:, None]), np.square(grid - across[:, None])
    return bright[:, None, None] * np.exp(-0.5 * (columns[:, None, :] + rows[:, :, None]) / 0.15**2)


def discs(rng: np.random.Generator, n: int) -> np.ndarray:
    """Place and brightness of a disc from three normal numbers."""
    u = ndtr(rng.normal(size=(3, n)))
    return soft_discs(0.3 + 0.4 * u[0], 0.3 + 0.4 * u[1], 0.5 + 0.5 * u[2])


def ring(rng: np.random.Generator, n: int) -> np.ndarray:
    """A disc anywhere on a circle: the codes lie on a ring, with a hole in its middle."""
    angle = 2 * np.pi * rng.random(n)
    return soft_discs(0.5 + 0.3 * np.cos(angle), 0.5 + 0.3 * np.sin(angle), np.ones(n))


def textured(rng: np.random.Generator, n: int) -> np.ndarray:
    """Discs under a texture of a hundred numbers, which three latents cannot hold."""
    return discs(rng, n) + 0.15 * rng.normal(size=(n, SIDE, SIDE))


def waves(rng: np.random.Generator, n: int) -> np.ndarray:
    """`[n, 40]` sums of three waves whose amplitudes are smooth functions of three normal numbers."""
    z, t = rng.normal(size=(3, n, 1)), np.linspace(0, 2 * np.pi, 40)
    amplitude = np.tanh(0.7 * z)
    return amplitude[0] * np.sin(t) + amplitude[1] * np.cos(2 * t) + amplitude[2] * np.sin(3 * t)


def plane(rng: np.random.Generator, n: int) -> np.ndarray:
    """`[n, 20]` points of a three-dimensional plane, with variances 1, 0.8 and 0.6."""
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 3)))[0]
    return (rng.normal(size=(n, 3)) * np.sqrt([1.0, 0.8, 0.6])) @ directions.T


RECIPES = {
    "discs": Recipe(discs),
    "waves": Recipe(waves, beta=0.2),
    "plane": Recipe(plane, beta=0.02, steps=20_000, network="linear"),
    "five latents": Recipe(discs, latents=5),
    "ring": Recipe(ring, latents=2, beta=0.02),
    "texture": Recipe(textured),
    "heavy rate": Recipe(discs, beta=50.0),
    "few steps": Recipe(discs, steps=100),
}


@functools.cache
def trained(recipe: str, seed: int) -> tuple[TrainedModel, np.ndarray, np.ndarray]:
    """The model of a recipe, and its training and test data."""
    how = RECIPES[recipe]
    rng = np.random.default_rng([seed, *recipe.encode()])
    train, test = (_noisy(how.make(rng, n), rng) for n in ROWS)
    data, _ = dataset_of(checked(train, test), axes=None, name=recipe, source="made")
    return _train(how, data, seed), train, test


def _noisy(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (x + NOISE * rng.normal(size=x.shape)).astype(np.float32)


def _train(how: Recipe, data: Dataset, seed: int) -> TrainedModel:
    settings: dict[str, Any] = {"network": how.network} | (
        {"hidden": (64, 64), "activation": "tanh"} if how.network == "mlp" else {}
    )
    config = VAEConfig(latent_dim=how.latents, **settings)
    training = TrainConfig(steps=how.steps, patience=0)
    (found,) = train_cells(data, Architecture.of(config, data), training, [Cell(1.0, how.beta, seed, 3e-3)])
    return found.model


def good(recipe: str, seed: int) -> Case:
    """A model as it was trained."""
    return _as_trained(f"good: {recipe}", "", recipe, seed)


def _as_trained(name: str, expected: str, recipe: str, seed: int) -> Case:
    model, train, test = trained(recipe, seed)

    def encode(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return model.encode(x.reshape(len(x), -1))

    def decode(z: np.ndarray) -> np.ndarray:
        return model.decode(z).reshape(-1, *train.shape[1:])

    return Case(name, expected, encode, decode, train, test)


def misread(seed: int) -> Case:
    """The good model, but the encoder gives a standard deviation, a variance, or the log of the first."""
    case = good("discs", seed)
    change = (lambda s: np.exp(s / 2), np.exp, lambda s: s / 2)[seed % 3]

    def encode(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, log_var = case.encode(x)
        return mean, change(log_var)

    return dataclasses.replace(case, name="no log-variance", expected="encoder output", encode=encode)


def warped(seed: int) -> Case:
    """The good model in other codes: of unequal scale, correlated, or with other marginals."""
    case = good("discs", seed)
    model = trained("discs", seed)[0]
    kind = seed % 3
    scale = np.array([0.4, 1.0, 1.4], np.float32)
    mix = np.linalg.cholesky(np.array([[1, 0.75, 0], [0.75, 1, 0], [0, 0, 1]])).astype(np.float32)

    def encode(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, log_var = model.encode(x.reshape(len(x), -1))
        if kind == 0:
            return scale * mean, log_var + 2 * np.log(scale)
        if kind == 1:
            return mean @ mix.T, np.log(np.exp(log_var) @ np.square(mix).T)
        return np.sinh(1.5 * mean) / 2, log_var + 2 * np.log(0.75 * np.cosh(1.5 * mean))

    def decode(z: np.ndarray) -> np.ndarray:
        own = z / scale if kind == 0 else z @ np.linalg.inv(mix).T if kind == 1 else np.arcsinh(2 * z) / 1.5
        return model.decode(own.astype(np.float32)).reshape(-1, SIDE, SIDE)

    return dataclasses.replace(
        case, name="warped codes", expected="q(z) off the prior", encode=encode, decode=decode
    )


def copying(seed: int) -> Case:
    """The good encoder, with a decoder that gives the training example whose code is nearest."""
    case = good("discs", seed)
    codes = trained("discs", seed)[0].encode(case.train.reshape(len(case.train), -1))[0]

    def decode(z: np.ndarray) -> np.ndarray:
        distance = np.square(codes).sum(1) - 2 * z @ codes.T
        return case.train[distance.argmin(1)]

    return dataclasses.replace(case, name="copies", expected="copies training data", decode=decode)


def large(seed: int) -> Case:
    """The good model with codes that are 20 times as large."""
    case = good("discs", seed)

    def encode(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, log_var = case.encode(x)
        return 20 * mean, log_var + np.float32(2 * np.log(20))

    def decode(z: np.ndarray) -> object:
        return case.decode(z / 20)

    return dataclasses.replace(
        case, name="large codes", expected="another scale", encode=encode, decode=decode
    )


CASES: dict[str, Callable[[int], Case]] = {
    "good: discs": functools.partial(good, "discs"),
    "good: waves": functools.partial(good, "waves"),
    "good: plane": functools.partial(good, "plane"),
    "no log-variance": misread,
    "constant decoder": functools.partial(_as_trained, "constant decoder", "decoder ignores z", "heavy rate"),
    "few steps": functools.partial(_as_trained, "few steps", "undertrained", "few steps"),
    "unused latents": functools.partial(_as_trained, "unused latents", "posterior collapse", "five latents"),
    "large codes": large,
    "warped codes": warped,
    "ring": functools.partial(_as_trained, "ring", "holes", "ring"),
    "texture": functools.partial(_as_trained, "texture", "decoder blur", "texture"),
    "copies": copying,
}
