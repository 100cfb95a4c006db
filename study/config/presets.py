"""The configurations that experiments start from, so that they share trained models where their grids overlap."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from study.config.grid import StudyConfig
from study.config.model import VAEConfig
from study.config.training import TrainConfig
from study.errors import StudyError

Config = TypeVar("Config")


def vary(config: Config, **changes: Any) -> Config:
    """A configuration with changes; changes to a nested one are a mapping, as in `model={"family": "gan"}`.

    Raises:
        StudyError: no field has such a name, or a value is not valid.
    """
    fields = [field.name for field in dataclasses.fields(config)]  # type: ignore[arg-type]
    unknown = next((name for name in changes if name not in fields), None)
    if unknown is not None:
        raise StudyError(f"no field {unknown!r} of {type(config).__name__}; it has {', '.join(fields)}")
    made = {
        name: vary(getattr(config, name), **value) if isinstance(value, Mapping) else value
        for name, value in changes.items()
    }
    return dataclasses.replace(config, **made)  # type: ignore[type-var]


# The budgets of training on digits. `CONVERGED` is the default: until the validation loss no longer falls, at most
# 40,000 steps. `BRIEF`, a tenth of these with a step size three times as large, ended with a validation loss that was
# 0.5 to 5 % higher at five settings (α/β from 1 to 100), after two seconds instead of twenty.
CONVERGED = TrainConfig()
BRIEF = TrainConfig(steps=4000, learning_rate=3e-3)
DIGITS = StudyConfig(  # images of 8 × 8: two seconds per model
    dataset="digits", model=VAEConfig(latent_dim=8, hidden=(128,)), training=BRIEF, evaluations=4
)
MNIST = StudyConfig(  # 13 epochs, ten to thirty seconds per model; the loss still falls (by 2 to 3 % in the last tenth)
    dataset="mnist",
    model=VAEConfig(latent_dim=16, hidden=(256,)),
    training=TrainConfig(steps=6000, learning_rate=3e-3),
)
SMOKE = vary(  # checks in seconds that everything runs; three seeds are the fewest that give an interval
    DIGITS, model={"latent_dim": 2, "hidden": (32,)}, training={"steps": 150}, seeds=(0, 1, 2), density_draws=200,
    evaluations=2,
)  # fmt: skip
