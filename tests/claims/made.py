"""Made-up evidence: tables as an experiment would have them, from what is wanted to be true at each place."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.claims.base import Claim
from study.claims.evidence import PLACE, Evidence
from study.claims.verdicts import Judged, judge

Wanted = float | Callable[[Mapping[str, Any]], float]
HIGHER = ("coverage", "precision", "recall", "label_accuracy", "authenticity")
BETTER = {"sharpness": "one", "confidence": "none"} | dict.fromkeys(HIGHER, "higher")
REFERENCES = {
    "held-out": 1.0,
    "reconstruction": 0.9,
    "copycat": 1.0,
    "noise": -4.0,
    "prior": 0.0,
}  # shares of the gap
EVALUATIONS = 3
DIMENSIONS = 6


def place(**changes: Any) -> dict[str, Any]:
    """A place: α = β = 1 of a plain VAE, but for the changes; s follows from the weights."""
    plain: dict[str, Any] = {
        "family": "vae", "family_settings": "", "decode": "mean", "network": "mlp", "hidden": "8",
        "likelihood": "gaussian", "latent_dim": 8, "n_train": 100, "alpha": 1.0, "beta": 1.0,
    }  # fmt: skip
    found = plain | changes
    s = found["beta"] / (2 * found["alpha"]) if found["likelihood"] == "gaussian" else np.nan
    return {name: (found | {"noise_variance": s})[name] for name in PLACE}


def grid(*betas: float, alphas: Sequence[float] = (1.0,), **changes: Any) -> list[dict[str, Any]]:
    """A place for every pair of weights."""
    return [place(alpha=a, beta=b, **changes) for a in alphas for b in betas]


def made(
    places: Sequence[Mapping[str, Any]],
    *,
    experiment: str = "sampling_strategies",
    shares: Mapping[tuple[str, str], Wanted] | None = None,
    values: Mapping[tuple[str, str], Wanted] | None = None,
    facts: Mapping[str, Wanted] | None = None,
    latents: Mapping[str, Callable[[Mapping[str, Any], int], float]] | None = None,
    inside: Wanted | None = None,
    own: Mapping[str, Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]] | None = None,
    seeds: int = 6,
    noise: float = 0.003,
) -> Evidence:
    """The evidence of one experiment, in which everything is as wanted up to noise between trainings and evaluations.

    Args:
        places: where models were trained.
        experiment: its name.
        shares: by (strategy, metric) the share of the gap that it closes; rows of reference are added.
        values: by (strategy, metric) its value.
        facts: measurements of the model.
        latents: columns of `latents` from place and dimension.
        inside: how much larger the share of prior draws is that look real, where codes are dense.
        own: the experiment's own tables, for each the rows of a model; numbers get noise.
        seeds: how many trainings.
        noise: standard deviation of scores over trainings.
    """
    rng = np.random.default_rng(0)
    runs: list[dict[str, Any]] = []
    metrics: list[dict[str, Any]] = []
    dims: list[dict[str, Any]] = []
    draws: list[dict[str, Any]] = []
    tables_of: dict[str, list[dict[str, Any]]] = {name: [] for name in own or {}}
    for at in places:
        for seed in range(seeds):
            run = {"run_id": str(len(runs)), **at, "seed": seed}
            runs.append(run)
            metrics += list(
                _scored(run, at, shares or {}, values or {}, facts or {}, lambda: noise * rng.normal())
            )
            for j in range(DIMENSIONS if latents else 0):
                row = {name: of(at, j) * (1 + noise * rng.normal()) for name, of in (latents or {}).items()}
                dims.append({**run, "dimension": j, **row})
            for name, rows_of in (own or {}).items():
                tables_of[name] += [run | _noisy(of, noise * rng.normal()) for of in rows_of(at)]
            for k in range(8 if inside is not None else 0):
                higher = _at(inside or 0.0, at) * (k >= 4) + noise * rng.normal()
                draws.append(
                    {
                        **run,
                        "source": "prior",
                        "bin": k,
                        "draws": 1000,
                        "inside": round(1000 * (0.4 + higher)),
                    }
                )
    more = {name: pd.DataFrame(rows) for name, rows in tables_of.items()}
    folder = f"{experiment}/digits-default"
    return Evidence(
        experiment, "digits", folder, _frame(runs), _frame(metrics), _frame(dims), _frame(draws), more
    )


def verdict(claim: Claim, *found: Evidence) -> Judged:
    """The verdict on a claim on made-up evidence."""
    return judge(claim, "digits", {one.experiment: one for one in found})


def _scored(
    run: Mapping[str, Any],
    at: Mapping[str, Any],
    shares: Mapping[tuple[str, str], Wanted],
    values: Mapping[tuple[str, str], Wanted],
    facts: Mapping[str, Wanted],
    noise: Callable[[], float],
) -> Iterator[dict[str, Any]]:
    every = {
        (name, metric): share
        for metric in dict.fromkeys(m for _, m in shares)
        for name, share in REFERENCES.items()
    }
    for (name, metric), share in (every | dict(shares)).items():
        sign = -1 if metric in HIGHER else 1
        for evaluation in range(EVALUATIONS):
            value = sign * (1 - _at(share, at) + noise())
            yield _row(run, name, metric, value, evaluation)
    for (name, metric), wanted in values.items():
        for evaluation in range(EVALUATIONS):
            yield _row(run, name, metric, _at(wanted, at) + noise(), evaluation)
    for metric, wanted in facts.items():
        yield _row(run, "model", metric, _at(wanted, at) + noise(), 0)


def _row(run: Mapping[str, Any], name: str, metric: str, value: float, evaluation: int) -> dict[str, Any]:
    return {
        **run, "strategy": name, "strategy_config": "{}", "fit": 0, "draw": 0, "evaluation": evaluation,
        "split": "test", "metric": metric, "value": value, "stderr": 0.001, "n": 100, "reference": "test",
        "better": BETTER.get(metric, "none" if name == "model" else "lower"), "status": "ok", "reason": "",
    }  # fmt: skip


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=None if rows else [*PLACE, "seed"])


def _noisy(row: Mapping[str, Any], by: float) -> dict[str, Any]:
    return {name: of * (1 + by) if isinstance(of, float) else of for name, of in row.items()}


def _at(wanted: Wanted, at: Mapping[str, Any]) -> float:
    return float(wanted(at)) if callable(wanted) else float(wanted)
