"""The study that `reliability.py` disturbs: 500 small models on digits, with profiles of fewer models."""

import dataclasses

from study import Experiment, StudyConfig, TrainConfig, VAEConfig

FULL = StudyConfig(
    dataset="digits",
    model=VAEConfig(latent_dim=2, hidden=(8,)),
    training=TrainConfig(steps=20),
    alphas=(0.25, 0.5, 1.0, 2.0, 4.0),
    betas=(0.25, 0.5, 1.0, 2.0, 4.0),
    seeds=tuple(range(20)),
    strategies=("prior", "posterior", "held-out"),
    n_samples=100,
    density_draws=50,
)
SHORT = dataclasses.replace(FULL, alphas=(1.0, 2.0), betas=(1.0, 2.0), seeds=tuple(range(15)))
PROFILES = {
    "full": FULL,
    "short": SHORT,
    "few": dataclasses.replace(SHORT, alphas=(1.0,), seeds=(0, 1, 2, 3)),
}
EXPERIMENT = Experiment(
    name="reliability",
    question="Does a disturbed run end with the results of an undisturbed one?",
    profiles=PROFILES,
)
