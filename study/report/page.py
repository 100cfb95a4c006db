"""The report as one HTML file that asks no other address for anything."""

import base64
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from study.report import frames
from study.report.blocks import Picture, Report, Scores
from study.report.numbers import number
from study.report.plots import style

HERE = Path(__file__).parent
LARGE = 250_000  # bytes of SVG from which the PNG is taken where it is smaller
THEME = {
    style.INK: "var(--ink)",
    style.SOFT: "var(--soft)",
    style.RULE: "var(--rule)",
    style.PAPER: "var(--paper)",
}


def render(report: Report) -> str:
    """The page."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = code
    environment.filters["inlined"] = inlined
    environment.filters["number"] = number
    return environment.get_template("page.html").render(
        report=report,
        css=Markup((HERE / "page.css").read_text()),
        js=Markup((HERE / "page.js").read_text()),
        kind=lambda block: type(block).__name__,
        **_choices(report),
    )


def code(text: str) -> Markup:
    """Escaped text whose spans between backticks are <code>."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def inlined(picture: Picture) -> Markup:
    """The picture itself: SVG that follows the page's colours, or a PNG where the SVG is large."""
    encoded = base64.b64encode(picture.png).decode()
    if len(picture.svg) > max(LARGE, len(encoded)):
        return Markup('<img class="paper" alt="{}" src="data:image/png;base64,{}">').format(
            picture.alt, Markup(encoded)
        )
    return Markup(_themed(picture))


def _themed(picture: Picture) -> str:
    svg = picture.svg[picture.svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<defs>\s*<style type="text/css">.*?</style>\s*</defs>', "", svg, flags=re.DOTALL)
    head, body = svg.split(">", 1)
    box = re.search(r'viewBox="([^"]+)"', head)
    assert box is not None  # matplotlib always writes one
    # Ids are unique within a figure only; the page holds many.
    body = re.sub(r'\bid="([^"]+)"', rf'id="{picture.name}-\1"', body)
    body = re.sub(r'(xlink:href="|url\()#', rf"\1#{picture.name}-", body).replace("xlink:href", "href")
    for color, variable in THEME.items():
        body = body.replace(f": {color}", f": {variable}")
    return f'<svg viewBox="{box[1]}" role="img" aria-label="{escape(picture.alt)}">{body}'


def _choices(report: Report) -> dict[str, object]:
    """What the controls offer: settings, strategies and metrics of the tables."""
    scores = [block for section in report.sections for block in section.blocks if isinstance(block, Scores)]
    found = [block.table.setting for block in scores if block.table.setting is not None]
    first = scores[0].table if scores else None
    return {
        "alphas": sorted({s.alpha for s in found}),
        "betas": sorted({s.beta for s in found}),
        "strategies": list(first.names) if first else [],
        "metrics": [(c.metric, c.label) for c in first.columns] if first else [],
        "prior": frames.PRIOR,
    }
