"""The plan of a run: the data, the architecture, and every cell with the keys of its stages."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import Any

import jax

from study.config import StudyConfig
from study.config.serialise import to_dict
from study.data.base import Dataset
from study.data.binarise import binarised, check_binarisable
from study.errors import StudyError
from study.latents.surgery import Surgery
from study.latents.two_sample import Null
from study.metrics.features import ExtractorConfig
from study.metrics.onnx_features import network_digest
from study.metrics.registry import metrics_for
from study.pipeline.store import content_key
from study.scoring.score import strategy_configurations
from study.training.architecture import Architecture
from study.training.engine import Batching, Cell, default_batching


@dataclasses.dataclass(frozen=True, eq=False)
class PlannedCell:
    """One model to be trained and measured, and the keys of its stages; each names its parent.

    Attributes:
        cell: what is trained.
        train_key, encode_key, latents_key, quality_key: of its parts in the store.
        score_keys: likewise, by strategy and fit.
        decode: what a sample is.
    """

    cell: Cell
    train_key: str
    encode_key: str
    latents_key: str
    quality_key: str
    score_keys: Mapping[tuple[str, int], str]
    decode: str = "mean"

    @property
    def units(self) -> list[tuple[str, str]]:
        """Stage and key of everything that is measured, in the order of the tables."""
        scores = [("score", key) for key in self.score_keys.values()]
        return [("latents", self.latents_key), *scores, *([("quality", self.quality_key)] if scores else [])]

    @property
    def evaluate_key(self) -> str:
        """Of everything that is measured."""
        return content_key({"stage": "evaluate", "units": [key for _, key in self.units]})

    @property
    def run_id(self) -> str:
        """The name of this model in every table, and of what is scored where that is not the decoder's mean.

        One model scored both ways is two runs, which share what is trained and encoded.
        """
        return self.train_key[:12] + ("" if self.decode == "mean" else f"-{self.decode}")


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """Everything a run needs to know before it begins."""

    config: StudyConfig
    data: Dataset
    architecture: Architecture
    batching: Batching
    extractor: ExtractorConfig
    extractor_key: str
    cells: tuple[PlannedCell, ...]

    @functools.cached_property
    def measured(self) -> Dataset:
        """What models are measured on: the data, drawn once where training draws them anew at each step."""
        return binarised(self.data) if self.config.training.binarise else self.data

    @property
    def n_samples(self) -> int:
        """Samples per strategy and draw."""
        most = len(self.data.reference)
        return min(self.config.n_samples or most, most)


def check_strategies(grids: Iterable[StudyConfig]) -> None:
    """Whether every strategy exists; known before there are data.

    Raises:
        StudyError: one does not.
    """
    for grid in grids:
        strategy_configurations(grid.strategies)


def make_plan(config: StudyConfig, data: Dataset, *, batching: Batching | None = None) -> Plan:
    """Lay out the cells with their keys; trains nothing.

    Raises:
        StudyError: a strategy does not exist, network, likelihood or binarising do not fit the data, or there is no
            file of the network that makes features.
    """
    configured = strategy_configurations(config.strategies)
    architecture = Architecture.of(config.model, data)
    if architecture.likelihood == "bernoulli" and (data.train.min() < 0 or data.train.max() > 1):
        raise StudyError(
            f"dataset {data.name!r}: a Bernoulli likelihood needs values in [0, 1]; choose gaussian"
        )
    if config.training.binarise:
        check_binarisable(data)
    batching = batching or default_batching(architecture)
    extractor = ExtractorConfig(dimensions=config.feature_dimensions)
    features = {"data": data.fingerprint, "config": dataclasses.asdict(extractor)}
    trained = {
        "stage": "train",
        "data": data.fingerprint,
        "model": config.model.deciding | {"likelihood": architecture.likelihood},
        "training": config.training.deciding,
        "batching": dataclasses.asdict(batching),
        "platform": jax.devices()[0].platform,
        "jax": jax.__version__,
    }
    names = [metric.name for metric in metrics_for(windows=data.is_sequence, asked=True)]
    scored: dict[str, Any] = {
        "n_samples": config.n_samples,
        "extractor": features["config"],
        "network": network_digest(config.features) if config.features else "",
    }
    if config.decode != "mean":
        scored["decode"] = config.decode
    latents: dict[str, Any] = {
        "stage": "latents",
        "density_draws": config.density_draws,
        "latents": [field.name for part in (Surgery, Null) for field in dataclasses.fields(part)],
    }
    if config.likelihood.examples:
        latents["likelihood"] = to_dict(config.likelihood)

    def planned(alpha: float, beta: float, seed: int) -> PlannedCell:
        cell = Cell(float(alpha), float(beta), seed, config.training.learning_rate)
        train = content_key({**trained, "cell": dataclasses.asdict(cell)})
        encode = content_key({"stage": "encode", "parent": train})
        of_codes = {"parent": encode}
        scores = {
            (name, fit): content_key(
                {"stage": "score", "strategy": name, "configuration": configured[name], "fit": fit}
                | {"draws": config.draws, "metrics": names}
                | scored
                | of_codes
            )
            for name in config.strategies
            for fit in range(config.fits)
        }
        return PlannedCell(
            cell,
            train,
            encode,
            content_key(latents | of_codes),
            content_key({"stage": "quality"} | scored | of_codes),
            scores,
            config.decode,
        )

    grid = [(a, b, s) for a in config.alphas for b in config.betas for s in config.seeds]
    extractor_key = content_key({"stage": "features", **features})
    cells = tuple(planned(*point) for point in grid)
    return Plan(config, data, architecture, batching, extractor, extractor_key, cells)
