"""From which latent distribution should new data be drawn?

Trains VAEs over a grid of weights α (reconstruction) and β (KL) and seeds, samples each with every strategy of the
thread and with the usual densities fitted afterwards, and measures quality, diversity and novelty.

    study run sampling_strategies --profile quick      30 VAEs on digits, under two minutes on two cores
    study run sampling_strategies                      90 VAEs on digits, ten minutes
    study run sampling_strategies --dataset mnist      45 VAEs on 60,000 images, up to an hour
    study run sampling_strategies --dataset mnist --profile paper      all strategies, 25 larger VAEs, hours
"""

from study import Experiment, experiment_main
from study.config.presets import CONVERGED, DIGITS, MNIST, SMOKE, vary
from study.strategies import REFERENCES, REGISTRY

# `paper` has every strategy. The other profiles name those of the thread and the usual densities fitted afterwards, so
# that their time does not grow with the registry: a flow takes a minute per model.
STRATEGIES = (*REGISTRY, *REFERENCES)
CHEAP = (
    *("prior", "posterior", "held-out-posterior", "posterior-mean", "global-gaussian", "averaged-moments"),
    *("literal-logvar", "mean-plus-logvar", "class-posterior", "gaussian-full", "shuffled-marginals", "gmm"),
    *REFERENCES,
)
IMAGES = ("mnist", "fashion-mnist")
GRID = {"alphas": (1.0, 10.0, 100.0), "betas": (0.25, 1.0, 4.0), "strategies": CHEAP, "density_draws": 1000}
TEN = tuple(range(10))

QUICK = vary(DIGITS, **GRID | {"betas": (0.25, 1.0)})
QUICK_IMAGES = vary(MNIST, dataset="digits", training={"steps": 2000}, n_samples=1000, **GRID)
# Every strategy, at five s = β/(2α) from 0.003 to 1, until the loss on validation data stops falling, or at most 33
# epochs of the larger data sets.
PAPER = {
    "model": {"hidden": (512, 512)}, "alphas": (1.0,), "betas": (0.006, 0.03, 0.15, 0.6, 2.0),
    "strategies": STRATEGIES, "density_draws": 1000, "evaluations": 8,
}  # fmt: skip
PAPER_IMAGES = vary(
    MNIST, **PAPER, training={"steps": 15_000, "learning_rate": 1e-3, "patience": 5}, n_samples=2000
)

EXPERIMENT = Experiment(
    name="sampling_strategies",
    question="Given a trained VAE, from which latent distribution should new data be drawn?",
    profiles={
        "smoke": vary(SMOKE, alphas=(1.0, 10.0), strategies=CHEAP),
        "quick": QUICK,
        "default": vary(DIGITS, **GRID, training=CONVERGED, seeds=TEN, draws=2, evaluations=8),
        "default/colour-patches": vary(DIGITS, **GRID, training=CONVERGED, draws=2, evaluations=8),
        **{f"quick/{name}": QUICK_IMAGES for name in IMAGES},
        **{
            f"default/{name}": vary(QUICK_IMAGES, training={"steps": 6000}, n_samples=2000) for name in IMAGES
        },
        "paper": vary(DIGITS, **PAPER, training=CONVERGED, seeds=TEN),
        **{f"paper/{name}": vary(PAPER_IMAGES, dataset=name) for name in IMAGES},
    },
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
