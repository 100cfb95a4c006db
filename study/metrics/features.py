"""The fixed feature extractor: a small classifier trained once per data set, or PCA without labels.

fd, kid, precision, recall, density and coverage are computed on its features. They are few (at most 64), so that
a few hundred samples suffice, and smooth (gelu), so that no unit is dead. One scalar rescales them to a mean
variance of one on the training data, so that distances on different data sets have the same unit.
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Float32, Int, Scalar
from scipy.special import bdtrc

from study.data.base import Dataset
from study.errors import CannotFit, StudyError
from study.runtime.environment import blas_threads
from study.runtime.keys import stage_key
from study.training import loop
from study.training.blocks import in_blocks

_BLOCK = 256  # rows per call of the compiled forward pass: one shape, so one compilation
_SCALED_ON = 10_000  # training examples from which the scale of the features is computed
_CHANCE = 1e-3  # how rarely a classifier that knows nothing is kept
_LAYERS = ("hidden", "feature", "head")
_META = "extractor"  # the entry that holds name, configuration and accuracy


@dataclasses.dataclass(frozen=True)
class ExtractorConfig:
    """Size and training of the extractor.

    Attributes:
        hidden: units of the hidden layer.
        dimensions: number of features f, at most 64.
        steps: optimiser steps.
        batch_size: training examples per step.
        learning_rate: Adam's, which decays to zero along a cosine.
        seed: decides the initial weights and the batches.

    Raises:
        StudyError: a number is out of range.
    """

    hidden: int = 256
    dimensions: int = 32
    steps: int = 4000
    batch_size: int = 128
    learning_rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.dimensions <= 64:
            raise StudyError(
                f"extractor: dimensions must lie in 1..64, got {self.dimensions}; with more features "
                "than that the Fréchet distance is mostly bias at the sample sizes used here"
            )
        for name in ("hidden", "steps", "batch_size", "learning_rate"):
            if not getattr(self, name) > 0:
                raise StudyError(f"extractor: {name} must be positive, got {getattr(self, name)}")


class Classifier(nnx.Module):
    """Two gelu layers and a linear head; the second layer's activations are the features."""

    def __init__(self, *, inputs: int, hidden: int, features: int, classes: int, rngs: nnx.Rngs) -> None:
        self.hidden = nnx.Linear(inputs, hidden, rngs=rngs)
        self.feature = nnx.Linear(hidden, features, rngs=rngs)
        self.head = nnx.Linear(features, classes, rngs=rngs)

    def __call__(self, x: Float[Array, "B D"]) -> tuple[Float[Array, "B f"], Float[Array, "B C"]]:
        """Features and logits."""
        features = nnx.gelu(self.feature(nnx.gelu(self.hidden(x))))
        return features, self.head(features)


@dataclasses.dataclass(frozen=True, eq=False)
class Extractor:
    """A fixed map from data to features.

    Attributes:
        name: "classifier" or "pca".
        arrays: its parameters by name.
        config: the configuration it was made with.
        accuracy: share of `test` that it classifies correctly, NaN if there is no classifier.
        reason: why there is no classifier although the data have labels; empty otherwise.
        digest: SHA-256 of name, configuration and arrays.
    """

    name: Literal["classifier", "pca"]
    arrays: Mapping[str, np.ndarray]
    config: ExtractorConfig
    accuracy: float
    reason: str = ""
    digest: str = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(f"{self.name} {self.config}".encode())
        for name, array in sorted(self.arrays.items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        object.__setattr__(self, "digest", digest.hexdigest())

    @property
    def dimensions(self) -> int:
        """Number of features f."""
        return len(self.arrays["components"]) if self.name == "pca" else self.arrays["feature.bias"].size

    @functools.cached_property
    def _on_device(self) -> dict[str, jax.Array]:
        return {name: jax.device_put(array) for name, array in self.arrays.items()}

    def forward(
        self, x: Float[np.ndarray, "n D"]
    ) -> tuple[Float32[np.ndarray, "n f"], Float32[np.ndarray, "n C"] | None]:
        """Features and class probabilities (None for "pca").

        Raises:
            StudyError: x is not `[n, D]`.
        """
        x = np.asarray(x, np.float32)
        inputs = self.arrays["shift"].shape[0]
        if x.ndim != 2 or x.shape[1] != inputs:
            raise StudyError(f"extractor: x must be [n, {inputs}], got {list(x.shape)}")
        apply = _classify if self.name == "classifier" else _project
        outputs = in_blocks(functools.partial(apply, self._on_device), x, size=_BLOCK)
        return outputs[0], outputs[1] if len(outputs) > 1 else None

    def features(self, x: Float[np.ndarray, "n D"]) -> Float32[np.ndarray, "n f"]:
        """The features of x."""
        return self.forward(x)[0]

    def probabilities(self, x: Float[np.ndarray, "n D"]) -> Float32[np.ndarray, "n C"]:
        """The class probabilities of x.

        Raises:
            CannotFit: there is no classifier, since the data have no labels.
        """
        probabilities = self.forward(x)[1]
        if probabilities is None:
            raise CannotFit(
                f"extractor: no class probabilities, since {self.reason or 'its data have no labels'}"
            )
        return probabilities

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything needed to restore it, as arrays that `np.savez` stores without pickle."""
        meta: dict[str, Any] = {
            "name": self.name,
            "config": dataclasses.asdict(self.config),
            "accuracy": self.accuracy,
        }
        meta |= {"reason": self.reason} if self.reason else {}
        return {**self.arrays, _META: np.array(json.dumps(meta))}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Extractor":
        """The inverse of `to_arrays`.

        Raises:
            StudyError: these are not an extractor's arrays.
        """
        try:
            meta = json.loads(str(arrays[_META]))
            config = ExtractorConfig(**meta["config"])
            kept = {name: np.asarray(array) for name, array in arrays.items() if name != _META}
            return cls(meta["name"], kept, config, meta["accuracy"], str(meta.get("reason", "")))
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise StudyError(
                f"extractor: not the arrays of an extractor ({error!r}); train it again"
            ) from error


def train_extractor(data: Dataset, config: ExtractorConfig | None = None) -> Extractor:
    """Train the extractor of a data set on `train`; `test` is only used for the accuracy.

    A classifier if the labels have at least two classes, else PCA of the training data with the sign of each
    component fixed. PCA too, with the reason, if the classifier is no better on `validation` than always naming the
    most frequent class, by a binomial test at level 0.001: what it has learned from such labels is noise. Deterministic
    given the data and `config` (default `ExtractorConfig()`).
    """
    config = config or ExtractorConfig()
    shift = data.train.mean(axis=0, dtype=np.float64).astype(np.float32)
    if data.train_labels is None or data.n_classes < 2:
        return pixel_extractor(data, config)
    spread = np.float32(data.train.std(dtype=np.float64) or 1.0)
    seedless = dataclasses.replace(config, seed=0)  # one program for all seeds
    labels, key = data.train_labels.astype(np.int32), stage_key(config.seed, "features")
    parameters = _fit(seedless, data.n_classes, key, (data.train - shift) / spread, labels)
    arrays = {".".join(map(str, path)): np.asarray(leaf[...]) for path, leaf in nnx.to_flat_state(parameters)}
    found = _scaled("classifier", {"shift": shift, "spread": np.array(spread), **arrays}, config, data)
    reason = ""
    if data.validation_labels is not None and len(data.validation):
        right = found.probabilities(data.validation).argmax(axis=1) == data.validation_labels
        reason = _near_chance(float(right.mean()), data.validation_labels)
    return dataclasses.replace(pixel_extractor(data, config), reason=reason) if reason else found


def _near_chance(accuracy: float, labels: np.ndarray) -> str:
    """A reason if the accuracy on labels `[N]` may be chance, that is the share of the largest class; else empty.

    Empty also if the labels are so few that those of a perfect classifier might be chance.
    """
    n, share = len(labels), float(np.bincount(labels).max() / len(labels))
    if share**n >= _CHANCE or bdtrc(round(accuracy * n) - 1, n, share) < _CHANCE:
        return ""
    return f"its classifier is near chance: {accuracy:.1%} right on validation, the largest class has {share:.1%}"


def pixel_extractor(data: Dataset, config: ExtractorConfig | None = None) -> Extractor:
    """The second view: principal components of `train`, with the sign of each fixed; ignores labels."""
    config = config or ExtractorConfig()
    shift = data.train.mean(axis=0, dtype=np.float64).astype(np.float32)
    return _scaled("pca", {"shift": shift, **_components(data.train - shift, config)}, config, data)


def _scaled(
    name: Literal["classifier", "pca"], arrays: dict[str, np.ndarray], config: ExtractorConfig, data: Dataset
) -> Extractor:
    """The extractor, rescaled so that its features have mean variance one, with its accuracy."""
    raw = Extractor(name, {**arrays, "scale": np.ones((), np.float32)}, config, float("nan"))
    variance = raw.features(data.train[:_SCALED_ON]).var(axis=0, dtype=np.float64).mean()
    scale = np.array(1 / np.sqrt(variance) if variance > 0 else 1, np.float32)
    accuracy = float("nan")
    if name == "classifier" and data.test_labels is not None and len(data.test):
        accuracy = float((raw.probabilities(data.test).argmax(axis=1) == data.test_labels).mean())
    return Extractor(name, {**arrays, "scale": scale}, config, accuracy)


def _components(centred: Float[np.ndarray, "N D"], config: ExtractorConfig) -> dict[str, np.ndarray]:
    """Principal components, one row each; scikit-learn fixes each sign by its largest entry."""
    dimensions = min(config.dimensions, *centred.shape)
    if not centred.any():  # all examples are equal: scikit-learn would divide by a variance of zero
        return {"components": np.eye(dimensions, centred.shape[1], dtype=np.float32)}
    from sklearn.decomposition import PCA  # a second, which a run with nothing to do should not wait

    with blas_threads(1):  # in float32 the last bits of products depend on how many there are
        pca = PCA(dimensions, random_state=config.seed).fit(centred)
    return {"components": pca.components_.astype(np.float32)}


@functools.partial(jax.jit, static_argnums=(0, 1))
def _fit(
    config: ExtractorConfig, classes: int, key: jax.Array, x: Float[Array, "N D"], labels: Int[Array, " N"]
) -> nnx.State[Any, Any]:
    """Draw initial parameters and run all optimiser steps, in one program."""
    graph, parameters = nnx.split(
        Classifier(
            inputs=x.shape[1],
            hidden=config.hidden,
            features=config.dimensions,
            classes=classes,
            rngs=nnx.Rngs(key),
        )
    )
    adam, schedule = loop.adam(), optax.cosine_decay_schedule(config.learning_rate, config.steps)

    def loss(parameters: nnx.State[Any, Any], index: Int[Array, " B"]) -> Scalar:
        _, logits = nnx.merge(graph, parameters)(x[index])
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels[index]).mean()

    def step(carry: tuple[Any, Any], inputs: tuple[jax.Array, jax.Array]) -> tuple[tuple[Any, Any], None]:
        key, number = inputs
        index = jax.random.randint(key, (config.batch_size,), 0, x.shape[0])
        with jax.numpy_dtype_promotion("standard"):  # the schedule divides integers
            size = schedule(number)
        return loop.descend(adam, carry, size, lambda parameters: loss(parameters, index))[0], None

    keys = jax.random.split(jax.random.fold_in(key, 1), config.steps)
    numbers = jnp.arange(config.steps, dtype=jnp.int32)
    (parameters, _), _ = jax.lax.scan(step, loop.begin(adam, parameters), (keys, numbers))
    return parameters


@jax.jit
def _classify(
    arrays: dict[str, jax.Array], x: Float[Array, "B D"]
) -> tuple[Float[Array, "B f"], Float[Array, "B C"]]:
    weights = {layer: {part: arrays[f"{layer}.{part}"] for part in ("kernel", "bias")} for layer in _LAYERS}
    classifier = nnx.eval_shape(
        lambda: Classifier(
            inputs=x.shape[1],
            hidden=weights["hidden"]["bias"].size,
            features=weights["feature"]["bias"].size,
            classes=weights["head"]["bias"].size,
            rngs=nnx.Rngs(0),
        )
    )
    nnx.update(classifier, weights)
    features, logits = classifier((x - arrays["shift"][None]) / arrays["spread"])
    return features * arrays["scale"], jax.nn.softmax(logits)


@jax.jit
def _project(arrays: dict[str, jax.Array], x: Float[Array, "B D"]) -> tuple[Float[Array, "B f"]]:
    return ((x - arrays["shift"][None]) @ arrays["components"].T * arrays["scale"],)
