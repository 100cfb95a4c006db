"""The plan of a run: the data, the architecture, and every cell with the keys of its stages."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping

from study.config import StudyConfig
from study.data.base import Dataset
from study.data.binarise import binarised, check_binarisable
from study.data.smaller import smaller
from study.metrics.features import ExtractorConfig
from study.pipeline.keys import Keys, features_key
from study.pipeline.store import content_key
from study.strategies import REFERENCES, strategy
from study.training.architecture import Architecture
from study.training.engine import Batching, Cell, default_batching


@dataclasses.dataclass(frozen=True, eq=False)
class PlannedCell:
    """One model to be trained and measured, and the keys of its stages; each key contains that of the stage before.

    Attributes:
        cell: the cell to train.
        train_key, encode_key, quality_key: the keys of its units in the store.
        model_units: stage and key of each unit of measurements of the model itself.
        score_keys: keys of scores, by strategy and fit.
        decode: whether a sample is the decoder's mean or drawn from p(x|z).
    """

    cell: Cell
    train_key: str
    encode_key: str
    model_units: tuple[tuple[str, str], ...]
    quality_key: str
    score_keys: Mapping[tuple[str, int], str]
    decode: str = "mean"

    @property
    def units(self) -> list[tuple[str, str]]:
        """Stage and key of every unit of measurements, in the order of the tables."""
        scores = [("score", key) for key in self.score_keys.values()]
        return [*self.model_units, *scores, *([("quality", self.quality_key)] if scores else [])]

    @property
    def evaluate_key(self) -> str:
        """The key of all measurements together."""
        return content_key({"stage": "evaluate", "units": [key for _, key in self.units]})

    @property
    def run_id(self) -> str:
        """The name of this model in every table; it includes `decode` if samples are not the decoder's mean.

        One model scored in both ways is two runs, which share the trained model and its codes.
        """
        return self.train_key[:12] + ("" if self.decode == "mean" else f"-{self.decode}")


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """Everything a run needs to know before it begins; `whole` is the data set with all its training examples."""

    config: StudyConfig
    whole: Dataset
    architecture: Architecture
    batching: Batching
    extractors: tuple[ExtractorConfig, ...]
    extractor_keys: tuple[str, ...]
    cells: tuple[PlannedCell, ...]

    @functools.cached_property
    def data(self) -> Dataset:
        """The data to train on."""
        return smaller(self.whole, self.config.n_train)

    @functools.cached_property
    def measured(self) -> Dataset:
        """The data to measure models on; if training binarises at random in each step, they are binarised once."""
        return binarised(self.data) if self.config.training.binarise else self.data

    @property
    def pictured(self) -> Dataset:
        """The data that all scores' second view is made from: those to measure on, with all training examples."""
        if self.data is self.whole:
            return self.measured
        return binarised(self.whole) if self.config.training.binarise else self.whole

    @property
    def n_samples(self) -> int:
        """The number of samples per strategy and draw."""
        most = len(self.data.reference)
        return min(self.config.n_samples or most, most)


def check_strategies(grids: Iterable[StudyConfig]) -> None:
    """Check that every strategy exists, before any data are loaded.

    Raises:
        StudyError: one does not.
    """
    for grid in grids:
        for name in grid.strategies:
            if name not in REFERENCES:
                strategy(name)


def make_plan(config: StudyConfig, data: Dataset, *, batching: Batching | None = None) -> Plan:
    """Plan the cells with their keys; nothing is trained.

    Raises:
        StudyError: a strategy does not exist; network, likelihood or binarising do not fit the data; or the file of
            the feature network does not exist.
    """
    check_strategies([config])
    architecture = Architecture.of(config.model, data, n=config.n_train)
    if config.training.binarise:
        check_binarisable(data)
    batching = batching or default_batching(architecture)
    extractors = tuple(
        ExtractorConfig(dimensions=config.feature_dimensions, seed=i) for i in range(config.evaluations)
    )
    keys = Keys.of(
        config,
        smaller(data, config.n_train),
        whole=data,
        architecture=architecture,
        batching=batching,
        extractor=extractors[0],
    )

    def planned(alpha: float, beta: float, seed: int) -> PlannedCell:
        cell = Cell(float(alpha), float(beta), seed, config.training.learning_rate)
        train = keys.train(cell)
        encode = keys.encode(train)
        fits = [(name, fit) for name in config.strategies for fit in range(config.fits)]
        return PlannedCell(
            cell,
            train,
            encode,
            tuple(keys.measured(encode)),
            keys.quality(encode),
            {(name, fit): keys.score(encode, name, fit) for name, fit in fits},
            config.decode,
        )

    grid = [(a, b, s) for a in config.alphas for b in config.betas for s in config.seeds]
    cells = tuple(planned(*point) for point in grid)
    extractor_keys = tuple(features_key(data, one) for one in extractors)
    return Plan(config, data, architecture, batching, extractors, extractor_keys, cells)
