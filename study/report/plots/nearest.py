"""Samples beside their nearest training examples."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.report import frames
from study.report.frames import Setting
from study.report.plots import samples
from study.tables.results import Results


def nearest(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Pairs of sample and nearest training example, at the smallest β/α, where posteriors overlap least."""
    found = neighbours(results)
    if found is None:
        return None
    setting, own, near = found
    rows = {
        name: np.stack([own[name][: len(images)], images], axis=1).reshape(-1, *images.shape[1:])
        for name, images in near.items()
    }
    title = f"Samples and their nearest training examples: {setting.label}"
    return samples.sheet(rows, title=title, together=2)


def neighbours(results: Results) -> tuple[Setting, dict[str, np.ndarray], dict[str, np.ndarray]] | None:
    """The setting with the smallest β/α that has them, and of its first model samples and nearest training examples.

    Returns:
        The setting and the images by strategy, each `[k, height, width, channels]`; None if no model has any.
    """
    kept = {name.split("/")[0] for name in results.samples if name.endswith("/nearest")}
    runs = results.runs[results.runs["run_id"].isin(kept)]
    chosen = frames.spread(frames.settings(runs), 1)
    if not chosen:
        return None
    run = str(frames.at(runs, chosen[0]).sort_values("seed")["run_id"].iloc[0])
    return chosen[0], samples.pictures(results, run), samples.pictures(results, run, "nearest")
