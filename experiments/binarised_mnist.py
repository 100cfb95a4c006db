"""Does a VAE on binarised MNIST reach the likelihood that the literature gives for its size?

Encoder and decoder with two hidden layers each, 50 latents, a Bernoulli decoder, α = β = 1, and training images
binarised afresh at each step. Held-out images are binarised once; −log p(x) is bounded with 5000 importance samples.
The literature has 86.76 nats with 19 active units after 3,280 epochs :cite:`burda2016`, 88.75 on images binarised only
once :cite:`tomczak2018`, and 87.75 in a reproduction of the former. A run reaches it if its whole interval is at most
the largest of these.

The number of active units depends on the network and on its initialisation, so there are three training runs: 300
ReLU units with the decoder's output bias initialised at zero; the same initialised at the mean of the data and trained
twice as long; and 200 tanh units in batches of 20, also initialised at the mean, as in :cite:`burda2016` except for the
decay of the step size, Adam's constants and the number of epochs. The second run ends without active latents: every
ReLU in the decoder's last hidden layer outputs zero for all z, and so receives no gradient to recover by.

    study run binarised_mnist                      MNIST; 200, 400 and 200 epochs, half an hour on two cores
    study run binarised_mnist --profile quick      two, four and two epochs; far outside the range
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from study import Experiment, Findings, Section, StudyConfig, TrainConfig, VAEConfig, experiment_main
from study.config import AnnealingConfig, LikelihoodConfig
from study.config.presets import vary
from study.report import kit
from study.report.plots import style
from study.report.text.numbers import count, interval, listed, number
from study.tables.results import Results

SAMPLES = 5000
ACTIVE = 19, 25  # of 50 units in one layer :cite:`burda2016`: a VAE with one sample, an IWAE with fifty
MEASURED = r"elbo$|iwae_|ais$|posterior_gap|active_units$|rate$|effective_samples$"
COLUMNS = ["source", "hidden", "latents", "test images", "epochs", "NLL, nats", "active units"]
PUBLISHED = (
    ("Burda et al. 2016, VAE", "200×200 tanh", 50, "binarised", 3280, "86.76", "19"),
    ("Burda et al. 2016, IWAE with 50 samples", "200×200 tanh", 50, "binarised", 3280, "84.78", "25"),
    ("nbip/IWAE, a reproduction of the first row", "200×200 tanh", 50, "binarised", 3280, "87.75", "—"),
    ("Tomczak & Welling 2018, VAE", "300×300 gated", 40, "binarised, training images too",
     "until validation stops falling", "88.75", "—"),
)  # fmt: skip
VAES = [float(row[5]) for row in PUBLISHED if "IWAE with" not in row[0]]
BAND = min(VAES), max(VAES)  # nats
TEXT = (
    "NLL is minus the importance-weighted bound with 5000 samples, an upper bound in expectation. The literature's "
    "range is that of the VAEs in this table; an IWAE has another loss. A run reaches it if its whole interval is at "
    "most the largest of them. Training images are binarised afresh at each step unless stated otherwise. A unit is "
    "active if the variance of its posterior mean over images is above 0.01; ours is computed over training images. "
    "Our runs use a cosine decay; Burda et al. took 9.8 million steps of 20 images and lowered the step size eight "
    "times. Our runs are scored on the first images of the second half of their 10,000 test images, hence the "
    "intervals. Sources: Burda et al. 2016, arXiv:1509.00519; Tomczak & Welling 2018, arXiv:1705.07120; nbip/IWAE, "
    "github.com/nbip/IWAE."
)
MORE = "Means and standard errors over held-out images; posterior_gap is a lower bound on KL(q(z|x)‖p(z|x))."
CAPTION = (
    f"−log p(x) of held-out binarised images by {SAMPLES} importance samples, with 95 % intervals over images, the "
    f"best run first; the band is the {BAND[0]:g} to {BAND[1]:g} nats that the literature has for VAEs."
)


def bounds(results: Results) -> pd.DataFrame:
    """Per training run: the bounds on −log p(x) with their standard errors over test images, and active units."""
    rows = results.metrics[(results.metrics["strategy"] == "model") & (results.metrics["status"] == "ok")]
    return rows.loc[rows["metric"].str.match(MEASURED), ["run_id", "metric", "value", "stderr", "n"]]


def trained(table: pd.DataFrame, run: Mapping[str, Any]) -> dict[str, Any]:
    """One training run as a row of the table of the literature, with the numbers that the answer needs."""
    found = table.set_index("metric")
    value, error, n = found.loc[f"iwae_{SAMPLES}", ["value", "stderr", "n"]]
    low, high = -value - 1.96 * error, -value + 1.96 * error
    begun = "bias at the data's mean" if run["output_bias"] == "data" else "bias at zero"
    active = int(found.loc["active_units", "value"])
    return {
        "source": f"here, {begun}, batches of {run['batch_size']:.0f}",
        "hidden": f"{run['hidden']} {run['activation']}", "latents": int(run["latent_dim"]),
        "test images": "binarised", "epochs": int(run["epochs"]), "NLL, nats": interval(-value, low, high, places=2),
        "active units": number(active), "nll": -value, "low": low, "high": high, "n": n,
        "place": "reaches" if high <= BAND[1] else "misses" if low > BAND[1] else "leaves open",
    }  # fmt: skip


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The answer, each training run beside those of the literature, and all bounds."""
    table, runs = bounds(results), results.runs.set_index("run_id")
    parts = {str(name): own for name, own in table.groupby("run_id", sort=False)}
    if not parts:
        return Findings("Nothing was measured: no training run finished.")
    found = [(name, trained(own, runs.loc[name].to_dict())) for name, own in parts.items()]
    found.sort(key=lambda one: one[1]["nll"])  # one order of runs everywhere: best first
    ours = pd.DataFrame([row for _, row in found])
    beside = pd.concat([ours[COLUMNS], pd.DataFrame(PUBLISHED, columns=COLUMNS)], ignore_index=True)
    every = pd.concat(
        [parts[name].assign(training=f"{row['hidden']}, {row['source']}") for name, row in found]
    )
    first = kit.Exhibit("Beside the literature", f"{CAPTION} {_active(ours)}", figure(ours))
    sections = (
        Section("Beside the literature", TEXT, beside),
        Section("All bounds", MORE, every[["training", "metric", "value", "stderr", "n"]]),
    )
    return Findings(answer(ours), sections, (first, "dimensions", "mismatch"))


def answer(ours: pd.DataFrame) -> str:
    """Whether the whole intervals are at most the literature's largest, best training run first."""
    places = set(ours["place"])
    verdict = "In part" if "reaches" in places else "Not decided" if "leaves open" in places else "No"
    verdict = "Yes" if places == {"reaches"} else verdict
    said = kit.ranged(ours, "nll", _placed)
    return kit.brief(
        f"{verdict}: the literature's VAEs have {BAND[0]:g} to {BAND[1]:g} nats, and −log p(x) is at most {said}.",
        f"Intervals are over {ours['n'].iloc[0]:.0f} held-out images, not over trainings.",
    )


def _placed(row: kit.Row) -> str:
    """A run's bound, its network, what the literature's range makes of it, and whether its latents died."""
    dead = "; no active latents: it died in training" * (row["active units"] == "0")
    words = {"reaches": "reached", "misses": "not reached", "leaves open": "not decided"}
    return f"{row['NLL, nats']} ({row['hidden']}: {words[row['place']]}{dead})"


def _active(ours: pd.DataFrame) -> str:
    """The active latents of every training run beside those of the literature."""
    kinds = {"as many as": ours["active units"].astype(int).between(*ACTIVE)}
    kinds["fewer than"] = ours["active units"].astype(int) < ACTIVE[0]
    kinds["more than"] = ours["active units"].astype(int) > ACTIVE[1]
    said = listed(f"{count(int(own.sum()), 'run')} {word}" for word, own in kinds.items() if own.any())
    units = f"{listed(ours['active units'])} of {ours['latents'].iloc[0]}"
    return f"Active latents are {units}: {said} the {ACTIVE[0]} to {ACTIVE[1]} of the literature."


def figure(ours: pd.DataFrame) -> Figure:
    """−log p(x) of each training run with its interval, and the band of the literature."""
    with style.styled():
        fig, grid = style.panels(
            1, 1, height=0.5 * len(ours) + 1.4, title="−log p(x) of held-out binarised images"
        )
        axes = grid[0, 0]
        place = style.rows_axis(
            axes,
            [
                f"{hidden}, {epochs} epochs\n{source}"
                for hidden, epochs, source in zip(
                    ours["hidden"], ours["epochs"], ours["source"].str.removeprefix("here, "), strict=True
                )
            ],
        )
        axes.axvspan(*BAND, color=style.RULE, alpha=0.6, zorder=0)
        axes.errorbar(
            ours["nll"],
            place,
            xerr=[ours["nll"] - ours["low"], ours["high"] - ours["nll"]],
            fmt="o",
            color=style.BLUE,
            capsize=3,
        )
        axes.set_xlabel("nats   ← better")
    return fig


PLAIN = StudyConfig(
    dataset="mnist",
    model=VAEConfig(latent_dim=50, hidden=(300, 300), likelihood="bernoulli"),
    training=TrainConfig(steps=120_000, batch_size=100, schedule="cosine", binarise=True, patience=0),
    seeds=(0,),
    likelihood=LikelihoodConfig(
        examples=2000, samples=(50, 500, SAMPLES), annealed=32, annealing=AnnealingConfig(temperatures=200)
    ),
)


def variants(plain: StudyConfig) -> tuple[StudyConfig, ...]:
    """Bias at zero; at the data's mean, for twice as long; the latter with network and batches of :cite:`burda2016`."""
    steps = plain.training.steps
    begun = vary(plain, model={"output_bias": "data"}, training={"steps": 2 * steps})
    burda = vary(
        begun, model={"hidden": (200, 200), "activation": "tanh"}, training={"steps": 5 * steps, "batch_size": 20}
    )  # fmt: skip
    return plain, begun, burda


QUICK = vary(PLAIN, training={"steps": 1200}, likelihood=LikelihoodConfig(examples=64), density_draws=500)
SMOKE = vary(QUICK, dataset="digits", training={"steps": 200})

EXPERIMENT = Experiment(
    name="binarised_mnist",
    question="Does a VAE on binarised MNIST reach the likelihood that the literature gives for its size?",
    profiles={"smoke": variants(SMOKE), "quick": variants(QUICK), "default": variants(PLAIN)},
    findings=findings,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
