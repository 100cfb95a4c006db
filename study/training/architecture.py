"""The architecture of a model: everything that decides the shapes in its compiled program."""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any, get_args

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from study.config import FLAT_NETWORKS, VAEConfig
from study.data.base import Dataset
from study.data.large import LargeDataset
from study.errors import StudyError
from study.models import FAMILY_CLASSES
from study.models.base import Model
from study.models.likelihoods import Likelihood
from study.runtime.brief import Brief
from study.runtime.checks import shown, whole_number

PART = 10_000  # rows of data on disk that stand for all, where a family needs the training data as a whole


@dataclasses.dataclass(frozen=True, repr=False)
class Architecture(Brief):
    """Everything that decides the shapes in a model's program; hashable, so that programs are cached by it.

    Attributes:
        config: of the model.
        size: data dimensions D.
        likelihood: of the decoder.
        shape: of one example, if the network is not flat.
        classes: number of classes, if the family is conditional.
        examples: training examples whose codes the trained model keeps, if the family is one with `exemplars`.
    """

    config: VAEConfig
    size: int
    likelihood: Likelihood
    shape: tuple[int, ...] = ()
    classes: int = 0
    examples: int = 0

    @classmethod
    def of(cls, config: VAEConfig, data: Dataset | LargeDataset, *, n: int = 0) -> "Architecture":
        """The architecture of a configuration on a data set, n of whose training examples are used; 0 for all.

        Raises:
            StudyError: the family, the network or the likelihood does not fit the data.
        """
        likelihood = data.likelihood if config.likelihood == "auto" else config.likelihood
        if likelihood == "bernoulli" and (data.train.min() < 0 or data.train.max() > 1):
            raise StudyError(
                f"dataset {data.name!r}: a Bernoulli likelihood needs values in [0, 1]; choose gaussian"
            )
        conditional = FAMILY_CLASSES[config.family].conditional
        if conditional and not data.n_classes:
            raise StudyError(
                f"family {config.family!r}: dataset {data.name!r} has no labels; give some, or choose family 'vae'"
            )
        shape = () if config.network in FLAT_NETWORKS else data.shape
        made = cls(
            config,
            data.train.shape[1],
            likelihood,
            shape,
            data.n_classes if conditional else 0,
            _kept(config, data, n or len(data.train)),
        )
        _ = made.abstract  # raises if the network or the likelihood does not fit
        return made

    def check(self) -> None:
        """Check that this is an architecture that `of` could have made; for one that was read from a file.

        Raises:
            StudyError: it is not.
        """
        dataclasses.replace(self.config)  # checks every setting
        for name, least in (("size", 1), ("classes", 0), ("examples", 0)):
            whole_number(getattr(self, name), name=f"architecture: {name}", least=least)
        for size in self.shape:
            whole_number(size, name="architecture: shape", least=1)
        if self.likelihood not in get_args(Likelihood):
            raise StudyError(
                f"architecture: unknown likelihood {shown(self.likelihood)}; train the model again"
            )
        flat, conditional = (
            self.config.network in FLAT_NETWORKS,
            FAMILY_CLASSES[self.config.family].conditional,
        )
        if (flat and self.shape) or (not flat and math.prod(self.shape) != self.size):
            raise StudyError(
                f"architecture: shape {shown(self.shape)} does not fit size {self.size} and network "
                f"{self.config.network!r}; train the model again"
            )
        if self.examples and not self.exemplars:
            raise StudyError(
                f"architecture: family {self.config.family!r} keeps no examples, got {self.examples}; train the model "
                "again"
            )
        if bool(self.classes) != conditional:
            raise StudyError(
                f"architecture: {self.classes} classes do not fit family {self.config.family!r}; train the model again"
            )

    def check_parameters(self, leaves: Sequence[Any]) -> None:
        """Check that arrays are the parameters of this architecture, in their order, without creating any.

        Raises:
            StudyError: a parameter is missing, or has the wrong shape or type.
        """
        expected = jax.tree.leaves(self.abstract)
        if len(leaves) != len(expected):
            raise StudyError(
                f"checkpoint: {len(leaves)} parameters, the architecture has {len(expected)}; train the model again"
            )
        for i, (leaf, shape) in enumerate(zip(leaves, expected, strict=True)):
            if getattr(leaf, "shape", None) != shape.shape or leaf.dtype != shape.dtype:
                raise StudyError(
                    f"checkpoint: parameter {i} is not {shape.dtype}{list(shape.shape)}; train the model again"
                )

    @property
    def conditional(self) -> bool:
        """Whether encoder and decoder see labels."""
        return FAMILY_CLASSES[self.config.family].conditional

    @property
    def encodes(self) -> bool:
        """Whether there is an encoder."""
        return FAMILY_CLASSES[self.config.family].encodes

    @property
    def exemplars(self) -> bool:
        """Whether the prior stands on training examples, as `Model.exemplars` says."""
        return FAMILY_CLASSES[self.config.family].exemplars

    @property
    def momentum(self) -> float:
        """Adam's decay rate of the mean gradient (β₁)."""
        return FAMILY_CLASSES[self.config.family].momentum

    @property
    def blockwise(self) -> bool:
        """Whether validation data are processed in blocks: as `Model.blockwise` says, and for large networks."""
        return FAMILY_CLASSES[self.config.family].blockwise or self.config.network not in FLAT_NETWORKS

    def seen(self, batch: int, n: int) -> int:
        """Training examples of n that a step sees: its batch, or more if the family stands on `exemplars`."""
        if not self.exemplars:
            return batch
        return min(n, max(batch, self.config.prior.exemplars))

    def initialise(
        self, key: jax.Array, train: Float[Array, "N D"] | None = None, n: int | None = None
    ) -> Any:
        """Initial parameters, a pytree of arrays; some depend on training data, if given, all n or a part of them."""
        model = _build(self, key)
        if train is not None:
            model.start(jax.random.fold_in(key, 1), train, n)
        return nnx.split(model)[1]

    def finish(
        self, key: jax.Array, parameters: Any, train: jax.Array | None = None, labels: jax.Array | None = None
    ) -> Any:
        """The parameters, with those set that are only known after training; train is `[N, D]`, labels `[N]`.

        Raises:
            StudyError: the family keeps the codes of another number of examples.
        """
        if self.exemplars and train is not None and len(train) != self.examples:
            raise StudyError(
                f"family {self.config.family!r}: built for {self.examples} training examples, got {len(train)}; "
                "use Architecture.of with the data that it is trained on"
            )
        model = self.merge(parameters)
        model.finish(key, train, labels)
        return nnx.split(model)[1]

    def merge(self, parameters: Any) -> Model:
        """The module with these parameters."""
        return nnx.merge(_abstract(self)[0], parameters)

    @property
    def abstract(self) -> Any:
        """The parameters as shapes and types, without values."""
        return _abstract(self)[1]


def _build(architecture: Architecture, key: Any) -> Model:
    family = FAMILY_CLASSES[architecture.config.family]
    return family(
        architecture.config,
        architecture.size,
        architecture.likelihood,
        shape=architecture.shape,
        classes=architecture.classes,
        rngs=nnx.Rngs(params=key),
    )


@functools.lru_cache(maxsize=64)
def _abstract(architecture: Architecture) -> tuple[Any, Any]:
    """The graph of the module, and the shapes and types of its parameters after training."""

    def finished() -> Model:
        model = _build(architecture, 0)
        if architecture.examples:
            model.finish(jax.random.key(0), jnp.zeros((architecture.examples, architecture.size)))
        return model

    return nnx.split(nnx.eval_shape(finished))


def _kept(config: VAEConfig, data: Dataset | LargeDataset, n: int) -> int:
    """How many of n training examples a model keeps: all of them in memory, and `PART` of data on disk.

    Raises:
        StudyError: there is one, of which none is left beside its own.
    """
    if not FAMILY_CLASSES[config.family].exemplars:
        return 0
    if n < 2:
        raise StudyError(f"family {config.family!r}: needs at least 2 training examples, got {n}")
    return min(n, PART) if isinstance(data, LargeDataset) else n
