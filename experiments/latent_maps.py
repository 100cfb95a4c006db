"""Do similar inputs get similar codes, with one latent dimension and with two?

An example of the thread: with one latent dimension trained on digits, similar inputs get similar codes, so that images
of one digit come from one stretch of the line. Models with one and with two latents are trained, and for every one of
them codes of test data are compared: how often the five nearest training codes are of the same class (by chance Σ p², p
the shares of classes), and the rank correlation between the distance of two test examples in pixels and that of their
codes. The pictures are the decoder's means along the line and over the plane, at quantiles of N(0, 1), as in figure 4
of :cite:`kingma2014`. Declared beforehand: similar inputs get similar codes at a setting where both are shown to be
above chance, after Holm's correction over settings.

    study run latent_maps                      MNIST, 20 VAEs, ten minutes on two cores
    study run latent_maps --profile quick      digits, 20 VAEs, one minute
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.special import ndtri
from scipy.stats import spearmanr
from sklearn.neighbors import NearestNeighbors

from study import Dataset, Experiment, Findings, Section, StudyConfig, experiment_main
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.config.serialise import from_dict
from study.pipeline.experiment import Finished
from study.report import frames, kit
from study.report.plots import style
from study.report.plots.latents import code_map
from study.report.plots.samples import sheet
from study.report.text.numbers import count, listed, number
from study.scoring.generate import to_uint8
from study.tables.results import Results

NEAREST, QUERIES, CODES = 5, 1000, 5000  # neighbours; codes of test and of training data, at most
SIDE = 10  # pictures along the line, and along a side of the plane
PLACE = ["latent_dim", "beta"]
CLASSES, DISTANCES = "same class", "distances"
PERCENT: dict[str, Any] = {"scale": 100, "places": 0}
TEXTS = {
    "each": "For d latent dimensions and each β: the share of the five nearest training codes of a test code that are "
    "of its class, beside the share by chance; and the rank correlation of distances between test examples in pixels "
    "and between their codes. Means over trainings with 95 % intervals; verdicts are against chance, or zero, after "
    "Holm's correction over the settings of a measure: `better` is above.",
    "plane": "Means of the decoder over the plane, at quantiles from 5 to 95 % of N(0, 1) in each dimension, of one "
    "model at the smallest β.",
    "map": "Codes of training data and q(z) of models with two latents, one for each β; circles are one, two and three "
    "standard deviations of the prior.",
    "figure": "Means of the decoder along the line, at quantiles from 5 to 95 % of N(0, 1), of the first training at "
    "each β with one latent, and at the smallest β of every other training: no two need have one order of classes, or "
    "run the same way.",
}  # fmt: skip


def quantiles() -> np.ndarray:
    """`[SIDE]` quantiles of N(0, 1), from 5 to 95 %."""
    return np.asarray(ndtri(np.linspace(0.05, 0.95, SIDE)), np.float32)


def decoded(run: Finished) -> Mapping[str, np.ndarray]:
    """Pictures along the line of every model with one latent, and over the plane of those with two."""
    found: dict[str, np.ndarray] = {}
    at = quantiles()
    for config in run.results.provenance["config"] if run.data.is_image else ():
        grid = from_dict(StudyConfig, config)
        for run_id, model in run.models(grid).items():
            if grid.model.latent_dim == 1:
                found[f"{run_id}/line/z"] = to_uint8(model.decode(at[:, None]), run.data)
            elif run_id.startswith(tuple(run.results.runs.query("seed == seed.min()")["run_id"])):
                for i, z in enumerate(at[::-1]):
                    plane = np.stack([at, np.full(SIDE, z)], axis=1)
                    found[f"{run_id}/plane/{i}"] = to_uint8(model.decode(plane), run.data)
    return found


def similar(run: Finished) -> Mapping[str, pd.DataFrame]:
    """What codes of test data say of every model: run_id, neighbours of the same class, chance, rank correlation."""
    rows = [
        {"run_id": run_id, **_similar(model, run.data)}
        for config in run.results.provenance["config"]
        for run_id, model in run.models(from_dict(StudyConfig, config)).items()
    ]
    return {"similar": pd.DataFrame(rows)}


def _similar(model: Any, data: Dataset) -> dict[str, float]:
    known, asked = model.encode(data.train[:CODES])[0], model.encode(data.test[:QUERIES])[0]
    x = data.test[:QUERIES].astype(np.float64)
    apart = [np.linalg.norm(a[1:] - a[:-1], axis=1) for a in (x, asked)]
    found = {DISTANCES: float(spearmanr(*apart).statistic), CLASSES: np.nan, "chance": np.nan}
    if data.train_labels is None or data.test_labels is None:
        return found
    near = NearestNeighbors(n_neighbors=NEAREST).fit(known).kneighbors(asked, return_distance=False)
    labels, own = data.train_labels[:CODES], data.test_labels[:QUERIES]
    shares = np.bincount(labels) / len(labels)
    return found | {
        CLASSES: float((labels[near] == own[:, None]).mean()),
        "chance": float(shares[own].mean()),
    }


def told(each: pd.DataFrame) -> pd.DataFrame:
    """Each measure against chance, a family of tests per measure."""
    pairs = []
    for place, own in kit.each_place(each, PLACE):
        rows = kit.by_training(own)
        for name, null in ((CLASSES, rows["chance"]), (DISTANCES, 0 * rows[DISTANCES])):
            if rows[name].notna().any():
                pairs.append(kit.Pair({**place, "of": name, "better": "higher"}, rows[name], null, name))
    return kit.paired(pairs)


def findings(results: Results, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """Whether similar inputs get similar codes, and pictures of the line and the plane."""
    if "similar" not in tables or tables["similar"].empty:
        return Findings("Nothing was compared: no model has codes.")
    each = tables["similar"].merge(results.runs[["run_id", "seed", *PLACE]], on="run_id")
    rows = told(each)
    drawn, plane = line(results), over_plane(results)
    columns = {
        "d": "latent_dim",
        "beta": kit.value("beta"),
        "of": "of",
        **kit.contrast("own", "other", places=3),
    }
    readable = kit.readable(rows, columns).rename(columns={"own": "mean", "other": "by chance"})
    sections = [Section("Neighbours and distances", TEXTS["each"], readable)]
    mapped = code_map(results, pd.DataFrame())
    sections += [Section("The plane", TEXTS["plane"], figure=plane)] if plane else []
    sections += [Section("The map of two latents", TEXTS["map"], figure=mapped)] if mapped else []
    first = (
        (kit.Exhibit("One latent, from end to end", f"{TEXTS['figure']} {_sizes(rows)}", drawn),)
        if drawn
        else ()
    )
    return Findings(answer(rows), tuple(sections), first)


def answer(rows: pd.DataFrame) -> str:
    """At how many settings both measures are above chance, and how large they are with one latent."""
    if kit.undecided(rows):
        return kit.UNDECIDED
    places = rows.groupby(PLACE)["verdict"].agg(lambda of: (of == "better").all())
    n = int(places.sum())
    lead = "Yes" if n == len(places) else "Not everywhere" if n else "Not shown"
    what = (
        "by class and by distance, similar inputs get more similar codes than by chance"
        if set(rows["of"]) > {DISTANCES}
        else "distances go together"
    )
    return kit.brief(f"{lead}: {what}, at {n} of {count(len(places), 'setting')}.", _sizes(rows))


def _sizes(rows: pd.DataFrame) -> str:
    """Neighbours of the same class with each number of latents, at its smallest β."""
    own = rows[rows["of"] == CLASSES]
    if own.empty:
        return ""
    first = own.sort_values("beta").drop_duplicates("latent_dim").sort_values("latent_dim").to_dict("records")
    said = [f"{_shown(row)} % with {count(row['latent_dim'], 'latent')}" for row in first]
    chance = f"chance {number(100 * own['other'].mean(), 0)} %, β = {number(first[0]['beta'])}"
    return f"Nearest codes share the class in {listed(said)} ({chance})."


def _shown(row: Mapping[Any, Any]) -> str:
    ends = {**row, **{end: row[end] + row["other"] for end in ("low", "high")}}
    return kit.change("own", **PERCENT)(ends)


def line(results: Results) -> Figure | None:
    """Pictures along the line: the first training at each β, then the other trainings at the smallest."""
    runs = results.runs[results.runs["run_id"].map(lambda run: f"{run}/line/z" in results.samples)]
    if runs.empty:
        return None
    first = runs[(runs["seed"] == runs["seed"].min()) | (runs["beta"] == runs["beta"].min())]
    rows = {}
    for run in frames.each(first.sort_values(["beta", "seed"])):
        rows[f"β = {number(run.beta)}, seed {run.seed}"] = kit.stored(results, f"{run.run_id}/line/")["z"]
    with style.styled():
        return sheet(rows, title="One latent dimension, at quantiles of N(0, 1)")


def over_plane(results: Results) -> Figure | None:
    """Pictures over the plane of one model with two latents, at the smallest β."""
    runs = results.runs[results.runs["run_id"].map(lambda run: f"{run}/plane/0" in results.samples)]
    if runs.empty:
        return None
    run = runs.sort_values(["beta", "seed"])["run_id"].iloc[0]
    rows = kit.stored(results, f"{run}/plane/")
    named = {f"z₂ = {number(z, 1)}": rows[str(i)] for i, z in enumerate(quantiles()[::-1])}
    with style.styled():
        return sheet(named, title="Two latent dimensions, at quantiles of N(0, 1)")


def maps(plain: StudyConfig, **changes: Any) -> tuple[StudyConfig, ...]:
    """The same grid with one latent and with two; nothing is sampled."""
    return tuple(vary(plain, model={"latent_dim": d}, **changes) for d in (1, 2))


EXPERIMENT = Experiment(
    name="latent_maps",
    question="Do similar inputs get similar codes, with one latent dimension and with two?",
    profiles={
        "smoke": maps(SMOKE, alphas=(10.0,)),
        "quick": maps(DIGITS, betas=(0.01, 0.2), density_draws=500),
        "default": maps(MNIST, betas=(0.02, 0.5), density_draws=500),
    },
    findings=findings,
    tables=similar,
    samples=decoded,
)

if __name__ == "__main__":
    raise SystemExit(experiment_main(EXPERIMENT))
