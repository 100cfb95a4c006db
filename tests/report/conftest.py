"""Made-up results with the shape of real ones: 9 settings of (α, β), 3 training runs each, every strategy."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from study import statistics
from study.report import frames
from study.report.build import build_report
from study.report.findings import Findings, Section
from study.report.outside import tame
from study.report.plots import style
from study.tables import schemas
from study.tables.bins import binned
from study.tables.collect import settings
from study.tables.results import CONFIGURATION, Results

STRATEGIES = {  # how much of the mismatch a strategy leaves
    "prior": 1.0,
    "posterior": 0.02,
    "posterior-mean": 0.3,
    "global-gaussian": 0.7,
    "averaged-moments": 1.1,
    "literal-logvar": 6.0,
    "mean-plus-logvar": 9.0,
    "class-posterior": 0.03,
    "gaussian-full": 0.5,
    "shuffled-marginals": 0.55,
    "gmm": 0.08,
    "held-out": -0.2,
    "reconstruction": 0.0,
    "copycat": -0.3,
    "noise": 60.0,
}
REFERENCES = ["held-out", "reconstruction", "copycat", "noise"]
BETTER = {
    "kid": "lower", "fd": "lower", "precision": "higher", "recall": "higher", "density": "one",
    "coverage": "higher", "sharpness": "one", "class_histogram": "lower", "nearer_to_train": "lower",
    "seconds_fit": "lower", "seconds_per_1000": "lower",
}  # fmt: skip


def value(metric: str, left: float, mismatch: float, noise: float, generator: np.random.Generator) -> float:
    """A metric of a strategy that leaves the share `left` of a model's mismatch, at decoder variance `noise`."""
    kid = 0.004 * (max(left, 0) * mismatch + (noise if left >= 0 else 0)) + generator.normal(0, 2e-4)
    closeness = np.exp(-60 * max(kid, 0))
    wobble = generator.normal(0, 0.01)
    return {
        "kid": kid,
        "fd": 1.1 + 300 * max(kid, 0) + wobble,
        "precision": 0.2 + 0.7 * closeness + wobble,
        "recall": 0.1 + 0.75 * closeness + wobble,
        "density": closeness + wobble,
        "coverage": 0.95 * closeness + wobble,
        "sharpness": 0.6 + 0.4 * closeness + wobble,
        "class_histogram": 0.3 * (1 - closeness) + abs(wobble),
        "nearer_to_train": 1.0 if left == -0.3 else 0.5 + 0.06 * (left == 0.02) + wobble / 2,
        "seconds_fit": 0.01 + abs(wobble),
        "seconds_per_1000": 0.02 + abs(wobble),
    }[metric]


def make(
    *,
    alphas: tuple[float, ...] = (0.5, 1.0, 2.0),
    betas: tuple[float, ...] = (0.5, 1.0, 4.0),
    seeds: int = 3,
    latent_dim: int = 8,
    dataset: str = "digits",
    latent_only: bool = False,
    failed: int = 0,
    missing: tuple[str, ...] = (),
    strategies: tuple[str, ...] = tuple(STRATEGIES),
    images: bool = True,
) -> Results:
    """Results in which `failed` runs have rows only in `runs`, and metrics in `missing` have a reason and no value."""
    generator = np.random.default_rng(0)
    runs, metrics, latents, losses, draws = [], [], [], [], []
    samples: dict[str, np.ndarray] = {}
    for index, (alpha, beta, seed) in enumerate(itertools.product(alphas, betas, range(seeds))):
        run_id, noise = f"r{index:03d}", beta / (2 * alpha)
        broken = index >= len(alphas) * len(betas) * seeds - failed
        runs.append(
            {
                "run_id": run_id,
                "experiment": "synthetic",
                "dataset": dataset,
                "fingerprint": "ab" * 32,
                "n_train": 1000,
                "family": "vae",
                "family_settings": "",
                "network": "mlp",
                "hidden": "128,64",
                "activation": "relu",
                "output_bias": "zero",
                "latent_dim": latent_dim,
                "likelihood": "gaussian",
                "alpha": alpha,
                "beta": beta,
                "noise_variance": noise,
                "decode": "mean",
                "seed": seed,
                "steps": 800,
                "epochs": 100,
                "batch_size": 128,
                "learning_rate": 1e-3,
                "schedule": "constant",
                "kl_warmup": 0.0,
                "binarise": False,
                "patience": 0,
                "status": "failed" if broken else "done",
                "reason": "loss became NaN at epoch 3" if broken else "",
                "train_seconds": 1.5,
                "compile_seconds": 4.0,
                "evaluate_seconds": 2.0,
                "device": "cpu",
                "versions": "jax 0.10.2",
            }
        )
        if broken:
            continue
        mismatch = 2.5 / (0.3 + noise) * np.exp(generator.normal(0, 0.1))
        rate = 14 / (0.4 + noise)
        model = {
            "rate": rate, "distortion": 6 + 4 * noise, "mi_lower": rate - mismatch - 0.3,
            "mi_upper": rate - mismatch + 0.3, "kl_aggregate_lower": mismatch - 0.3,
            "kl_aggregate_upper": mismatch + 0.3, "overlap": 1 + 4 * noise,
            "hole_mass": 1 - np.exp(-mismatch / 3), "hole_mass_converse": 0.1,
            "active_units": float(latent_dim), "log_n": np.log(1000),
        }  # fmt: skip
        rows = [("model", name, float(v), "none") for name, v in model.items()]
        for strategy in () if latent_only else strategies:
            for name, better in BETTER.items():
                rows.append(
                    (strategy, name, value(name, STRATEGIES[strategy], mismatch, noise, generator), better)
                )
            if images:
                samples[f"{run_id}/{strategy}"] = generator.integers(0, 255, (16, 8, 8)).astype(np.uint8)
                samples[f"{run_id}/{strategy}/nearest"] = samples[f"{run_id}/{strategy}"][:4] // 2
        for strategy, name, v, better in rows:
            gone = name in missing
            metrics.append(
                {
                    "run_id": run_id,
                    "strategy": strategy,
                    "strategy_config": "{}",
                    "fit": 0,
                    "draw": 0,
                    "evaluation": 0,
                    "split": "test",
                    "metric": name,
                    "value": np.nan if gone else v,
                    "stderr": np.nan if gone else abs(v) / 50,
                    "n": 898,
                    "reference": "test",
                    "better": better,
                    "status": "missing" if gone else "ok",
                    "reason": "the extractor has dead units" if gone else "",
                }
            )
        share = np.exp(-np.arange(latent_dim) / 3)
        for j, part in enumerate(generator.permutation(share / share.sum())):
            latents.append(
                {
                    "run_id": run_id,
                    "dimension": j,
                    "kl": rate * part,
                    "marginal_kl": 0.1 * mismatch * part,
                    "mutual_information": rate * part - 0.1 * mismatch * part,
                    "mean_variance": 0.9,
                    "variance_mean": 0.1,
                    "active": bool(part > 0.05),
                    "w1": 0.1,
                    "ks": 0.05,
                    "w1_null_high": 0.015,
                    "ks_null_high": 0.01,
                }
            )
        for epoch, split in itertools.product(range(40), ("train", "validation")):
            recon = 6 + 4 * noise + 40 * np.exp(-epoch / 6) + (split == "validation")
            term = rate * (1 - np.exp(-epoch / 5))
            losses.append(
                {"run_id": run_id, "epoch": epoch, "split": split, "recon": recon, "rate": term,
                 "loss": alpha * recon + beta * term}
            )  # fmt: skip
        for source, centre in (
            () if latent_only else (("prior", -14.0), ("posterior", -9.0), ("reconstruction", -10.0))
        ):
            log_q = generator.normal(centre, 3, 120)
            hits = generator.random(120) < 1 / (1 + np.exp(-(log_q + 12) / 2))
            draws.append(pd.DataFrame({"run_id": run_id, "source": source, "log_q": log_q, "inside": hits}))
        if latent_dim == 2:
            mean = generator.normal(0, 1, (300, 2)) + 2 * generator.integers(-1, 2, (300, 1))
            samples[f"{run_id}/codes"] = np.stack([mean, np.full((300, 2), -3.0)], axis=1)
    frame = {
        "runs": pd.DataFrame(runs, columns=list(schemas.RUNS)),
        "metrics": pd.DataFrame(metrics, columns=list(schemas.METRICS)),
        "latents": pd.DataFrame(latents, columns=list(schemas.LATENTS)),
        "losses": pd.DataFrame(losses, columns=list(schemas.LOSSES)),
        "draws": binned(
            pd.concat(draws, ignore_index=True), settings(pd.DataFrame(runs, columns=list(schemas.RUNS)))
        )
        if draws
        else pd.DataFrame(columns=list(schemas.DRAWS)),
    }
    frame = {name: schemas.conform(table, name) for name, table in frame.items()}
    for name in ("metrics", "latents"):
        frame[name] = frame[name].merge(frame["runs"][["run_id", *CONFIGURATION]], on="run_id", how="left")
    data = {"name": dataset, "source": "made up for a test", "fingerprint": "ab" * 32, "shape": [8, 8]}
    facts = {
        "experiment": "synthetic",
        "question": "From which latent distribution should new data be drawn?",
        "profile": "default",
        "dataset": data | {"n_train": 1000, "n_validation": 300, "n_test": 1796},
        "extractor": {"name": "classifier", "accuracy": 0.981, "digest": "cd" * 32, "dimensions": 32},
        "command": "study run synthetic --profile default",
        "versions": {"jax": "0.10.2", "numpy": "2.4.6"},
        "device": "cpu",
        "cores": 2,
        "created": "2026-01-01T00:00:00+00:00",
        "seconds": 312.5,
        "peak_memory_bytes": 812_000_000,
        "config": {"alphas": list(alphas), "betas": list(betas)},
    }
    return Results(samples=samples, provenance=facts, **frame)


def summarise(results: Results) -> pd.DataFrame:
    return frames.with_errors(statistics.summarise(results.metrics), results.metrics)


@pytest.fixture
def make_results() -> Callable[..., Results]:
    return make


@pytest.fixture
def make_summary() -> Callable[[Results], pd.DataFrame]:
    return summarise


@pytest.fixture(scope="session")
def results() -> Results:
    return make()


@pytest.fixture(scope="session")
def summary(results: Results) -> pd.DataFrame:
    return summarise(results)


NASTY = (  # names that mean something to a terminal, a page, Markdown, LaTeX, a figure or a template
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onload='alert(1)", "</details></summary>"),
    *("![x](http://evil.example/a.png)", "[x](http://evil.example)", "<https://evil.example>", "www.evil.example"),
    *("[a]: http://evil.example", "a@evil.example", "# head", "- [x] item", "1. item", "> said", "| a | b |", "~~~"),
    *("``` `code`", "*a* **b** _c_", "]]>", "<!-- -->", "&lt;b&gt; &copy; &#60;", "\\", "\\`", "{{ 7 * 7 }}{% x %}"),
    *("$\\frac{$", "a $x^2$ b", "_a^{ {", "%s {0} %", "[1cm]", "url(#a) id=\"b\" : #1b1f24", "javascript:alert(1)"),
    *("a\n\n# b\n\n<img src=//evil.example>", "\x00\x07\x1b[31mred", "\N{RIGHT-TO-LEFT OVERRIDE}abc"),
    *("\N{GRINNING FACE} 漢字", "x" * 300, "y " * 150, "__proto__", "/srv/of a machine/x.csv: cannot be read"),
)  # fmt: skip


def dress(names: dict[str, str], text: str) -> tuple[Results, pd.DataFrame, Findings]:
    """Small results with the prior and strategies called `names`; every other text contains `text`."""
    known = [name for name in STRATEGIES if name not in ("prior", *REFERENCES)]
    copies = {name: known[i % len(known)] for i, name in enumerate(names)}
    results = make(alphas=(1.0,), betas=(0.5, 1.0), latent_dim=2, failed=1, missing=("recall",))
    summary = summarise(results)
    kept = ["prior", *REFERENCES, "model"]
    metrics = [results.metrics[results.metrics["strategy"].isin(kept)]]
    rows = [summary[summary["strategy"].isin(kept)]]
    samples = {
        name: array for name, array in results.samples.items() if name.split("/")[1] in (*kept, "codes")
    }
    for name, source in copies.items():
        metrics.append(results.metrics[results.metrics["strategy"] == source].assign(strategy=names[name]))
        rows.append(summary[summary["strategy"] == source].assign(strategy=names[name]))
    for run in {name.split("/")[0] for name in samples}:
        for name, source in list(copies.items())[:2]:
            samples[f"{run}/{names[name]}"] = results.samples[f"{run}/{source}"]
    measured, table = (pd.concat(parts, ignore_index=True) for parts in (metrics, rows))
    table["family"] = text
    measured["metric"] = measured["metric"].replace({"class_histogram": text})
    table["metric"] = table["metric"].replace({"class_histogram": text})
    measured["reason"] = measured["reason"].mask(measured["reason"] != "", text)
    runs = results.runs.assign(
        **dict.fromkeys(
            ["experiment", "dataset", "family", "network", "hidden", "likelihood", "versions"], text
        ),
        reason=results.runs["reason"].mask(results.runs["reason"] != "", text),
    )
    half = f"{text} \ud800"  # which no table can hold
    facts = {name: _dressed(value, half) for name, value in results.provenance.items()}
    with style.plain_settings():
        figure = Figure()
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], label=f"l {text}")
        axes.set(title=text, xlabel=text, ylabel=text)
        axes.set_yticks([0, 1], [text, f"{text}1"])
        axes.legend()
    section = Section(text, text, pd.DataFrame({f"{text}1": [text]}), figure)
    found = Results(
        runs=runs, metrics=measured, latents=results.latents, losses=results.losses, draws=results.draws,
        samples=samples, provenance=facts,
    )  # fmt: skip
    return found, table, Findings(text, (section,))


def _dressed(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: _dressed(part, text) for name, part in value.items()}
    return text if isinstance(value, str) else value


def build_dressed(folder: Path, *, hostile: bool) -> Path:
    """The report of results in which every name is hostile, or of the same results with harmless names."""
    order = sorted(NASTY, key=tame)
    names = {name: name if hostile else f"name{rank:02d}" for rank, name in enumerate(order)}
    text = " ".join(NASTY) if hostile else "text"
    results, summary, findings = dress(names, text)
    folder.mkdir(parents=True)
    build_report(folder, results, summary, findings=findings, everything=True)
    return folder


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def general_report(made_once: Once, results: Results, summary: pd.DataFrame) -> Path:
    """The folder of the report of `results`, with every figure drawn."""

    def build(folder: Path) -> None:
        folder.mkdir(parents=True)
        build_report(folder, results, summary)

    return made_once("general/digits-default", build)


@pytest.fixture(scope="session")
def hostile_report(made_once: Once) -> Path:
    return made_once("hostile/results/digits-default", lambda folder: build_dressed(folder, hostile=True))


@pytest.fixture(scope="session")
def harmless_report(made_once: Once) -> Path:
    return made_once("harmless", lambda folder: build_dressed(folder, hostile=False))
