"""`study list`: strategies, data sets, models, metrics and experiments by name."""

import argparse
import json
from typing import Any

from study.cli.exits import DONE
from study.pipeline.experiment_files import experiments

LISTS = ("strategies", "datasets", "models", "metrics", "experiments")


def show(arguments: argparse.Namespace) -> int:
    """Print the list."""
    rows = listing(arguments.what)
    if arguments.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return DONE
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        print(f"{row['name']:<{width}}  {row['summary']}  [{row['source']}]")
    return DONE


def listing(what: str) -> list[dict[str, Any]]:
    """The rows that `study list` shows: each has at least name, summary and source."""
    if what == "strategies":
        from study.strategies import listing as strategies

        return strategies()
    if what == "datasets":
        from study.data import DATASETS

        return [
            {"name": n, "summary": entry.summary, "source": entry.source} for n, entry in DATASETS.items()
        ]
    if what == "models":
        from study.models import listing as models

        return models()
    if what == "metrics":
        from study.metrics.registry import listing as metrics

        return metrics()
    return list(experiments())
