"""Every figure of the report by name, drawn and saved, with its caption."""

import base64
import dataclasses
import functools
import io
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from study.report import frames
from study.report.frames import Setting
from study.report.plots import lettering, style
from study.report.specs import GRIDS, SPECS, Spec, specs
from study.tables.results import Results

__all__ = ["GRIDS", "SPECS", "Picture", "Spec", "draw_figures", "rendered", "replace", "save", "specs"]

PICTURE = re.compile(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]*)")


@dataclasses.dataclass(frozen=True)
class Picture:
    """A drawn figure; those of the first page have a number and a title.

    Attributes:
        png: makes the picture as PNG, which most pages do not need.
        own: whether it is the experiment's own, and not one of the general report's.
        pdf: for a paper; empty unless asked for.
    """

    name: str
    alt: str
    caption: str
    svg: str
    png: Callable[[], bytes]
    setting: Setting | None = None
    number: int = 0
    title: str = ""
    own: bool = False
    pdf: bytes = b""

    @property
    def kept(self) -> bool:
        """Whether `figures/<name>.png` is always written; the others are in the page, and made when asked for."""
        return self.own or self.number > 0


def draw_figures(
    results: Results,
    summary: pd.DataFrame,
    *,
    extra: dict[str, tuple[Figure, str]] | None = None,
    everything: bool = False,
) -> tuple[dict[str, Picture], dict[str, str]]:
    """Draw every figure.

    Args:
        results, summary: the tables.
        extra: finished figures with their captions, by name.
        everything: as PDF too.

    Returns:
        The pictures by name, and for each absent figure the reason by name.
    """
    pictures: dict[str, Picture] = {}
    absent: dict[str, str] = {}
    for spec, figure in _drawn(results, summary, extra or {}):
        if figure is None:
            absent[spec.name] = spec.absent
            continue
        with style.styled():
            svg, png = rendered(figure)
            pdf = printed(figure) if everything else b""
        own = spec.name in (extra or {})
        pictures[spec.name] = Picture(
            spec.name, spec.alt, spec.caption, svg, png, spec.setting, title=spec.title, own=own, pdf=pdf
        )
    return pictures, absent


def save(pictures: Iterable[Picture], folder: Path, *, everything: bool = False) -> None:
    """Write `figures/<name>.png` below `folder`, and with `everything` `.svg` and `.pdf` beside it."""
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        path = folder / "figures" / picture.name
        replace(path.with_suffix(".png"), picture.png())
        if everything:
            replace(path.with_suffix(".svg"), picture.svg.encode())
            replace(path.with_suffix(".pdf"), picture.pdf)


def _drawn(
    results: Results, summary: pd.DataFrame, extra: dict[str, tuple[Figure, str]]
) -> Iterator[tuple[Spec, Figure | None]]:
    covered = frames.over(summary)
    for spec in specs(results):
        with style.styled():
            figure = spec.draw(results, summary)
        yield dataclasses.replace(spec, caption=spec.caption.replace("{over}", covered)), figure
    for name, (figure, caption) in extra.items():
        yield Spec(name, lambda *_: None, caption, caption, caption, ""), figure


def rendered(figure: Figure) -> tuple[str, Callable[[], bytes]]:
    """A figure as SVG, and the function that makes it as PNG.

    Equal figures give equal bytes, whatever their texts contain.
    """
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    svg = _saved(figure, format="svg", metadata=nothing, dpi=style.DPI).decode()
    return PICTURE.sub(_smaller, svg), functools.cache(functools.partial(_png_of, figure))


def _png_of(figure: Figure) -> bytes:
    dpi = figure.sharp_at if isinstance(figure, style.Drawing) and figure.sharp_at else style.DPI
    with style.styled():
        png = _saved(figure, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return _few_colours(png)


def _saved(figure: Figure, **how: Any) -> bytes:
    """What `Figure.savefig` writes."""
    file = io.BytesIO()

    def draw() -> None:
        file.seek(0)
        file.truncate()
        figure.savefig(file, **how)

    with lettering.unknown_letters():
        lettering.settle(figure, draw)
    return file.getvalue()


def printed(figure: Figure) -> bytes:
    """A figure as PDF, for a paper. Equal figures give equal bytes."""
    pdf = io.BytesIO()
    nothing = dict.fromkeys(("CreationDate", "Creator", "Producer"))
    with lettering.unknown_letters():
        figure.savefig(pdf, format="pdf", metadata=nothing)
    return pdf.getvalue()


def _few_colours(png: bytes) -> bytes:
    """The same picture in 256 colours, in a third of the bytes.

    Like colours are one, which is the commonest of them: paper stays white, and a verdict's colour is there as it is,
    however rare. (The best colours on average are those of text.)
    """
    return _png(_reduced(Image.open(io.BytesIO(png)).convert("RGB"), 256))


def _reduced(picture: Image.Image, colours: int) -> Image.Image:
    """The picture with a palette of so many colours, each the commonest of those that it stands for."""
    reduced = picture.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    each = np.dstack([np.asarray(reduced), np.asarray(picture)]).view(np.uint32)  # four bytes as one number
    distinct, counts = np.unique(each, return_counts=True)
    ordered = distinct[np.argsort(counts, kind="stable")].view(np.uint8).reshape(-1, 4)
    palette = np.zeros((256, 3), np.uint8)
    palette[ordered[:, 0]] = ordered[:, 1:]  # of the same place, the last one stays: the commonest
    reduced.putpalette(palette.tobytes())
    return reduced


def _smaller(found: re.Match[str]) -> str:
    """A picture within an SVG with a palette, in a quarter of the bytes: the same one if it has at most 256 colours.

    Of others `_reduced` chooses the colours, unless a shadow would get an edge: where pixels are half transparent.
    """
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGBA"))
    seen = pixels[..., 3] > 0
    if len(_colours(pixels)[0]) > 256 and set(np.unique(pixels[..., 3])) <= {0, 255}:
        fewer = np.asarray(_reduced(Image.fromarray(pixels[..., :3]), 255).convert("RGB"))
        pixels = np.dstack([np.where(seen[..., None], fewer, 0), pixels[..., 3]]).astype(np.uint8)
    colours, index = _colours(pixels)
    if len(colours) > 256:
        return found[0]
    picture = Image.fromarray(index.reshape(pixels.shape[:2]).astype(np.uint8), mode="P")
    picture.putpalette(colours[:, :3].tobytes())
    png = _png(picture, transparency=colours[:, 3].tobytes())
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _colours(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct colours of a picture, and for each pixel which it has."""
    return np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0, return_inverse=True)


def _png(picture: Image.Image, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, format="png", optimize=True, **how)
    return out.getvalue()


def replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
