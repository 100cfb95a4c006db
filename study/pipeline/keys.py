"""The key of every unit of the store: all that decides its content, and the versions of the code that computes it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax

from study.config import StudyConfig
from study.config.serialise import to_dict
from study.data.base import Dataset
from study.latents.surgery import Surgery
from study.latents.two_sample import Null
from study.metrics.features import ExtractorConfig
from study.metrics.onnx_features import network_digest
from study.metrics.registry import metrics_for
from study.pipeline.store import content_key
from study.runtime.versions import versions_of
from study.strategies import REFERENCES, REGISTRY, hyperparameters, strategy
from study.training.architecture import Architecture
from study.training.engine import Batching, Cell

# Raise a stage's version when its results change: its units, and all that depend on them, are then computed again.
VERSIONS = {"features": 2, "train": 3, "encode": 1, "latents": 3, "likelihood": 1, "quality": 1, "score": 2}
_SAMPLES = ("jax", "jaxlib", "numpy", "scipy", "scikit-learn")
LIBRARIES = {
    "features": ("jax", "jaxlib", "flax", "optax", "numpy", "scikit-learn"),
    "train": ("jax", "jaxlib", "flax", "optax"),
    "encode": ("jax", "jaxlib", "flax"),
    "latents": _SAMPLES,
    "likelihood": ("jax", "jaxlib"),
    "quality": _SAMPLES,
    "score": _SAMPLES,
}


def stage_key(stage: str, content: Mapping[str, Any]) -> str:
    """The key of the result of a stage on `content`."""
    computed_by = {"stage": stage, "version": VERSIONS[stage], "libraries": versions_of(LIBRARIES[stage])}
    return content_key({**computed_by, **content})


@dataclasses.dataclass(frozen=True)
class Keys:
    """Everything except the cell that decides the keys of a plan."""

    trained: Mapping[str, Any]
    latents: Mapping[str, Any]
    likelihood: Mapping[str, Any] | None
    scored: Mapping[str, Any]
    strategies: Mapping[str, Mapping[str, Any]]
    draws: int

    @classmethod
    def of(
        cls,
        config: StudyConfig,
        data: Dataset,
        *,
        whole: Dataset,
        architecture: Architecture,
        batching: Batching,
        extractor: ExtractorConfig,
    ) -> "Keys":
        """Collect it from a configuration and the settings that follow from the data set.

        Scores depend on the whole data set too where it is not trained on: its features are made of it.
        """
        metrics = metrics_for(windows=data.is_sequence, table=data.is_table, asked=True)
        return cls(
            trained={
                "data": data.fingerprint,
                "model": config.model.deciding | {"likelihood": architecture.likelihood},
                "training": config.training.deciding,
                "batching": dataclasses.asdict(batching),
                "platform": jax.devices()[0].platform,
            },
            latents={
                "density_draws": config.density_draws,
                "latents": [field.name for part in (Surgery, Null) for field in dataclasses.fields(part)],
            },
            likelihood=to_dict(config.likelihood) if config.likelihood.examples else None,
            scored={
                "metrics": [[metric.name, metric.version] for metric in metrics],
                "n_samples": config.n_samples,
                "evaluations": config.evaluations,
                "extractor": dataclasses.asdict(extractor),
                "network": network_digest(config.features) if config.features else "",
                "decode": config.decode,
                **({"whole": whole.fingerprint} if whole is not data else {}),
            },
            strategies={name: _strategy(name) for name in config.strategies},
            draws=config.draws,
        )

    def train(self, cell: Cell) -> str:
        """The key of a trained model."""
        return stage_key("train", {**self.trained, "cell": dataclasses.asdict(cell)})

    def encode(self, train: str) -> str:
        """The key of the codes of the model with key `train`."""
        return stage_key("encode", {"parent": train})

    def measured(self, encode: str) -> list[tuple[str, str]]:
        """Stage and key of each unit of measurements of the model itself; `encode` is the key of its codes."""
        units = [("latents", stage_key("latents", {**self.latents, "parent": encode}))]
        if self.likelihood is not None:
            units.append(
                ("likelihood", stage_key("likelihood", {"config": self.likelihood, "parent": encode}))
            )
        return units

    def quality(self, encode: str) -> str:
        """The key of single draws with their density and quality."""
        return stage_key("quality", {**self.scored, "parent": encode})

    def score(self, encode: str, name: str, fit: int) -> str:
        """The key of the scores of one fit of a strategy or reference row, with all its draws."""
        own = {"strategy": self.strategies[name], "fit": fit, "draws": self.draws, "parent": encode}
        return stage_key("score", {**self.scored, **own})


def _strategy(name: str) -> dict[str, Any]:
    """Everything that decides the draws of a strategy or reference row, besides codes and random keys."""
    kind: Any = REGISTRY[name] if name in REGISTRY else REFERENCES[name]
    return {
        "name": name,
        "version": kind.version,
        "configuration": hyperparameters(strategy(name)) if name in REGISTRY else {},
        "libraries": versions_of(kind.libraries),
    }


def features_key(data: Dataset, extractor: ExtractorConfig) -> str:
    """The key of the feature extractor of a data set."""
    return stage_key("features", {"data": data.fingerprint, "config": dataclasses.asdict(extractor)})
