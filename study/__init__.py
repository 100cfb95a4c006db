"""Given a trained VAE, from which latent distribution should new data be drawn? A measured answer.

The public names are loaded on first use, so that `study --help` does not wait for JAX.
"""

import importlib
from typing import Any

_HOME = {
    "AggregatePosterior": "study.latents",
    "AnnealingConfig": "study.config",
    "Dataset": "study.data",
    "Experiment": "study.pipeline.experiment",
    "Findings": "study.report.findings",
    "Latents": "study.latents",
    "Section": "study.report.findings",
    "LikelihoodConfig": "study.config",
    "StudyConfig": "study.config",
    "StudyError": "study.errors",
    "TrainConfig": "study.config",
    "VAEConfig": "study.config",
    "WindowsConfig": "study.config.windows",
    "audit": "study.audit.run",
    "binarised": "study.data.binarise",
    "compare": "study.notebook.compare",
    "dimension_table": "study.latents",
    "encode": "study.scoring.encode",
    "evaluate": "study.metrics.evaluate",
    "experiment_main": "study.cli",
    "likelihood": "study.metrics.likelihood",
    "linear_optimum": "study.models",
    "load_dataset": "study.data",
    "load_model": "study.training.checkpoint:load",
    "load_results": "study.tables.results",
    "load_strategy": "study.strategies.saving:load",
    "open_dataset": "study.data",
    "plot": "study.notebook",
    "run": "study.pipeline.study_run",
    "save_model": "study.training.checkpoint:save",
    "save_strategy": "study.strategies.saving:save",
    "strategy": "study.strategies",
    "summarise": "study.statistics",
    "surgery": "study.latents",
    "train": "study.training",
    "windows": "study.data.windows",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'study' has no attribute {name!r}")
    module, _, known = _HOME[name].partition(":")
    return getattr(importlib.import_module(module), known or name)


def __dir__() -> list[str]:
    return __all__
