"""The key of every unit of the store: what decides its content, and the versions of what computes it."""

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

# Raise a version when what the stage computes changes: its units, and what is made from them, are then made anew.
VERSIONS = {"features": 1, "train": 1, "encode": 1, "latents": 1, "likelihood": 1, "quality": 1, "score": 1}
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
    """The key of what a stage makes of `content`."""
    computed_by = {"stage": stage, "version": VERSIONS[stage], "libraries": versions_of(LIBRARIES[stage])}
    return content_key({**computed_by, **content})


@dataclasses.dataclass(frozen=True)
class Keys:
    """Everything but the cell that decides the keys of a plan."""

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
        architecture: Architecture,
        batching: Batching,
        extractor: ExtractorConfig,
    ) -> "Keys":
        """From a configuration, and what became of it on a data set."""
        metrics = metrics_for(windows=data.is_sequence, asked=True)
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
                "extractor": dataclasses.asdict(extractor),
                "network": network_digest(config.features) if config.features else "",
                "decode": config.decode,
            },
            strategies={name: _strategy(name) for name in config.strategies},
            draws=config.draws,
        )

    def train(self, cell: Cell) -> str:
        """Of the trained model."""
        return stage_key("train", {**self.trained, "cell": dataclasses.asdict(cell)})

    def encode(self, train: str) -> str:
        """Of its codes."""
        return stage_key("encode", {"parent": train})

    def measured(self, encode: str) -> list[tuple[str, str]]:
        """Stage and key of what is known of the model itself, from its codes."""
        units = [("latents", stage_key("latents", {**self.latents, "parent": encode}))]
        if self.likelihood is not None:
            units.append(
                ("likelihood", stage_key("likelihood", {"config": self.likelihood, "parent": encode}))
            )
        return units

    def quality(self, encode: str) -> str:
        """Of single draws with their density and quality."""
        return stage_key("quality", {**self.scored, "parent": encode})

    def score(self, encode: str, name: str, fit: int) -> str:
        """Of one fit of a strategy or reference row, with all its draws."""
        own = {"strategy": self.strategies[name], "fit": fit, "draws": self.draws, "parent": encode}
        return stage_key("score", {**self.scored, **own})


def _strategy(name: str) -> dict[str, Any]:
    """What decides the draws of a strategy or reference row beside codes and keys."""
    kind: Any = REGISTRY[name] if name in REGISTRY else REFERENCES[name]
    return {
        "name": name,
        "version": kind.version,
        "configuration": hyperparameters(strategy(name)) if name in REGISTRY else {},
        "libraries": versions_of(kind.libraries),
    }


def features_key(data: Dataset, extractor: ExtractorConfig) -> str:
    """Of the feature extractor of a data set."""
    return stage_key("features", {"data": data.fingerprint, "config": dataclasses.asdict(extractor)})
