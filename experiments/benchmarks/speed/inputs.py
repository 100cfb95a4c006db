"""The arrays that all sides of a case are given."""

import functools

import numpy as np

from experiments.benchmarks.speed.cases import Arrays


@functools.lru_cache(maxsize=1)
def images(dataset: str, n: int, checked: int) -> Arrays:
    """n training images of a data set and some for validation, `[n, D]` float32.

    Digits has too few for a whole number of batches, so its training images are drawn from all of them.
    """
    from study import load_dataset

    data = load_dataset(dataset)
    every = np.concatenate([data.train, data.validation, data.test])
    return {"train": every[:n], "validation": every[-checked:]}


def codes(n: int, d: int, *, draws: int = 0) -> Arrays:
    """n posteriors in ten clusters, and draws, half from q(z) and half from the prior; float32."""
    rng = np.random.default_rng([n, d])
    centres = 0.8 * rng.normal(size=(10, d))
    roots = 0.2 * rng.normal(size=(10, d, d)) * np.sqrt(16 / d)
    label = rng.choice(10, n, p=np.arange(1, 11) / 55)
    mean = centres[label]
    for k in range(10):
        own = label == k
        mean[own] += rng.normal(size=(own.sum(), d)) @ roots[k].T
    log_var = rng.normal(-2.0, 0.3, mean.shape)
    some = rng.integers(n, size=draws - draws // 2)
    q = mean[some] + np.exp(0.5 * log_var[some]) * rng.normal(size=(len(some), d))
    z = np.concatenate([q, rng.normal(size=(draws // 2, d))])
    return {name: a.astype(np.float32) for name, a in {"mean": mean, "log_var": log_var, "z": z}.items()}


def features(n: int, f: int) -> Arrays:
    """Two sets of n features like those of a classifier's last hidden layer: correlated, half of them zero."""
    mix = np.random.default_rng(0).normal(size=(10, f))
    made = (np.maximum(np.random.default_rng(seed).normal(size=(n, 10)) @ mix, 0) for seed in (1, 2))
    return dict(zip("xy", (x.astype(np.float32) for x in made), strict=True))


def pool(n: int, examples: int) -> Arrays:
    """Images to look for, and n others that are at some distance of them."""
    train = images("mnist", examples, 1000)["train"]
    rng = np.random.default_rng(0)
    x = train[rng.integers(examples, size=n)] + 0.1 * rng.normal(size=(n, train.shape[1]))
    return {"pool": train, "x": x.astype(np.float32)}


def matrices(n: int) -> Arrays:
    """Two matrices `[n, n]`, float32."""
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=(n, n)).astype(np.float32) for name in "ab"}
