"""Grids of samples: one row per strategy, one column per shared draw."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.report import frames
from study.report.frames import Setting
from study.report.plots import style
from study.report.text.words import STRATEGIES, in_order
from study.tables.results import Results

COLUMNS = 12
MAIN = 4  # strategies in a short grid, beside the prior
PIXELS = 650  # width of a grid in a PNG, about: each pixel of a sample becomes a whole number of them


def sample_settings(
    results: Results, *, at_most: int, without: Collection[tuple[float, float]] = ()
) -> list[Setting]:
    """Settings with sample images: up to `at_most`, spread from small to large β/α.

    Those at the (α, β) of `without` are taken only if there is no other.
    """
    every = frames.settings(results.runs[_pictured(results)])
    return frames.spread([one for one in every if (one.alpha, one.beta) not in without] or every, at_most)


def sample_grid(results: Results, setting: Setting) -> Figure | None:
    """Images of one trained model: one row per strategy, one column per shared draw (index and noise)."""
    runs = frames.at(results.runs[_pictured(results)], setting).sort_values("seed")
    if runs.empty:
        return None
    run = str(runs["run_id"].iloc[0])
    rows = {name: images[:COLUMNS] for name, images in pictures(results, run).items()}
    return sheet(rows, title=f"Same model, same draws, different strategies: {setting.label}")


def few(results: Results, summary: pd.DataFrame) -> Figure | None:
    """A short grid for the first page: the prior, the main strategies and real data, at the middle setting.

    Where nothing is encoded all rows are one mean picture.
    """
    chosen = sample_settings(results, at_most=3, without=frames.collapsed(summary))
    if not chosen:
        return None
    setting = chosen[len(chosen) // 2]
    runs = frames.at(results.runs[_pictured(results)], setting).sort_values("seed")
    found = pictures(results, str(runs["run_id"].iloc[0]))
    metric = frames.primary(summary)
    main = frames.key_strategies(summary, metric, at_most=MAIN) if metric else []
    wanted = [frames.PRIOR, *main, "reconstruction", "held-out"]
    rows = {name: found[name][:COLUMNS] for name in wanted if name in found}
    return sheet(rows or found, title=f"Same model, same draws, different strategies: {setting.label}")


def pictures(results: Results, run: str, kind: str = "") -> dict[str, np.ndarray]:
    """The stored images of a run by strategy, each `[k, height, width, channels]`; `kind` "nearest" for neighbours."""
    images = {}
    for name, array in results.samples.items():
        owner, strategy, *rest = name.split("/")
        if owner == run and rest == [kind] * bool(kind) and _is_image(name, results):
            images[strategy] = images_of(array)
    return {name: images[name] for name in in_order(images, STRATEGIES)}


@style.styled()
def sheet(rows: dict[str, np.ndarray], *, title: str, together: int = 1) -> style.Drawing:
    """A figure with one row of images per name, cut to the shortest row, in groups of `together` columns."""
    names = list(rows)
    columns = min(len(images) for images in rows.values())
    height, width, channels = rows[names[0]].shape[1:]
    gap = max(1, height // 14)
    lefts = [j * (width + gap) + j // together * 3 * gap * (together > 1) for j in range(columns)]
    canvas = np.zeros((len(names) * (height + gap) - gap, lefts[-1] + width, 4), np.uint8)
    for i, name in enumerate(names):
        for j, left in enumerate(lefts):
            top = i * (height + gap)
            tile = canvas[top : top + height, left : left + width]
            tile[..., :3] = rows[name][j][..., : 3 if channels == 3 else 1]
            tile[..., 3] = 255
    text = 1.45
    inches = (style.WIDTH - text - 0.2) * canvas.shape[0] / canvas.shape[1]
    total = inches + 0.55
    figure = style.Drawing(figsize=(style.WIDTH, total))
    figure.suptitle(title, x=0.01, y=1 - 0.06 / total, ha="left", va="top")
    axes = figure.add_axes((text / style.WIDTH, 0.1 / total, 1 - (text + 0.2) / style.WIDTH, inches / total))
    figure.sharp_at = max(1, round(PIXELS / canvas.shape[1])) * canvas.shape[1] / (style.WIDTH - text - 0.2)
    axes.imshow(canvas, interpolation="none", aspect="auto")
    axes.set_yticks((np.arange(len(names)) + 0.5) * (height + gap) - gap / 2 - 0.5, names)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    return figure


def _pictured(results: Results) -> pd.Series:
    pictured = {name.split("/")[0] for name in results.samples if _is_image(name, results)}
    return results.runs["run_id"].isin(pictured)


def _is_image(name: str, results: Results) -> bool:
    array = results.samples[name]
    shape = array.shape
    return (
        array.dtype == np.uint8  # windows of sequences are stored as floats
        and not name.endswith("/codes")
        and name.split("/")[2:] in ([], ["nearest"])  # others are an experiment's own
        and len(shape) in (3, 4)
        and shape[0] > 0
        and (len(shape) == 3 or shape[3] < 5)
    )


def images_of(array: np.ndarray) -> np.ndarray:
    """Stored pictures with an axis for their channels: `[k, height, width, channels]` uint8."""
    array = np.asarray(array, np.uint8)
    return array[..., None] if array.ndim == 3 else array
