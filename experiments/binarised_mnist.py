"""Placeholder head, written below."""

from study import Experiment, StudyConfig, TrainConfig, VAEConfig

DEFAULT = StudyConfig(
    dataset="mnist",
    model=VAEConfig(latent_dim=50, hidden=(300, 300), likelihood="bernoulli"),
    training=TrainConfig(steps=240_000, batch_size=100, schedule="cosine", binarise=True),
    seeds=(0,),
)
EXPERIMENT = Experiment(name="binarised_mnist", question="?", profiles={"default": DEFAULT})
