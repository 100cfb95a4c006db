"""From which latent distribution should new data be drawn?

Trains VAEs over a grid of weights α (reconstruction) and β (KL) and seeds, draws new data from each with every
strategy of the thread and the usual ones fitted afterwards, and measures quality, diversity and novelty.

    study run sampling_strategies --profile quick      45 VAEs on digits, under two minutes on two cores
    study run sampling_strategies                      90 VAEs on digits, ten minutes
    study run sampling_strategies --dataset mnist      45 VAEs on 60,000 images, up to an hour
"""

import dataclasses

from study import Experiment, StudyConfig, TrainConfig, VAEConfig, experiment_main
from study.strategies import REFERENCES, REGISTRY

# Every strategy for `paper`; for the other profiles those of the thread and the usual ones fitted afterwards, by name,
# so that their time does not grow with the registry: a flow takes a minute for each model.
STRATEGIES = (*REGISTRY, *REFERENCES)
CHEAP = (
    *("prior", "posterior", "posterior-mean", "global-gaussian", "averaged-moments", "literal-logvar"),
    *("mean-plus-logvar", "class-posterior", "gaussian-full", "shuffled-marginals", "gmm"),
    *REFERENCES,
)
IMAGES = ("mnist", "fashion-mnist")
ALPHAS, BETAS, SEEDS = (1.0, 10.0, 100.0), (0.25, 1.0, 4.0), (0, 1, 2, 3, 4)

QUICK = StudyConfig(
    dataset="digits",
    model=VAEConfig(network="mlp", latent_dim=8, hidden=(128,)),
    training=TrainConfig(steps=2000, batch_size=128, learning_rate=1e-3),
    alphas=ALPHAS,
    betas=BETAS,
    seeds=SEEDS,
    strategies=CHEAP,
    density_draws=1000,
)
DEFAULT = dataclasses.replace(
    QUICK,
    training=dataclasses.replace(QUICK.training, steps=4000),
    seeds=tuple(range(10)),
    draws=2,
)
QUICK_IMAGES = dataclasses.replace(
    QUICK, model=VAEConfig(network="mlp", latent_dim=16, hidden=(256,)), n_samples=1000
)
DEFAULT_IMAGES = dataclasses.replace(
    QUICK_IMAGES,
    training=dataclasses.replace(QUICK.training, steps=6000),
    n_samples=2000,
)
PAPER_IMAGES = dataclasses.replace(
    QUICK_IMAGES,
    model=VAEConfig(network="mlp", latent_dim=16, hidden=(512, 512)),
    training=dataclasses.replace(QUICK.training, steps=50_000),
    seeds=tuple(range(10)),
    strategies=STRATEGIES,
    n_samples=4000,
    draws=2,
)
SMOKE = StudyConfig(
    dataset="digits",
    model=VAEConfig(network="mlp", latent_dim=2, hidden=(64,)),
    training=TrainConfig(steps=200),
    alphas=(1.0, 10.0),
    betas=(1.0,),
    seeds=(0, 1, 2),
    strategies=CHEAP,
    density_draws=300,
)

EXPERIMENT = Experiment(
    name="sampling_strategies",
    question="Given a trained VAE, from which latent distribution should new data be drawn?",
    profiles={
        "smoke": SMOKE,
        "quick": QUICK,
        "default": DEFAULT,
        **{f"quick/{name}": QUICK_IMAGES for name in IMAGES},
        **{f"default/{name}": DEFAULT_IMAGES for name in IMAGES},
        **{f"paper/{name}": PAPER_IMAGES for name in IMAGES},
    },
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
