"""The report as one HTML file that loads nothing from elsewhere."""

import base64
import functools
import hashlib
import re
import string
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from study.report import frames
from study.report.figures import Picture
from study.report.outside import visible
from study.report.page import vector
from study.report.page.blocks import Report, Scores
from study.report.text.numbers import number

HERE = Path(__file__).parent
BLANKS = re.compile(r"\s*([{};,])\s*")
LETTERS = string.ascii_lowercase
# What a page has by the thousand, and, to be left alone, what is no HTML.
TAG = re.compile(r"<(script|style)\b.*?</\1>|<(?:g|path|rect|td|text|th|use)\b[^<>]*>", re.DOTALL)
ATTRIBUTE = re.compile(r'''="([^\s"'`=<>]*[^\s"'`=<>/])"''')  # one that ends in / would close an SVG element
LARGE = 150_000  # bytes; for an SVG beyond this size the PNG is used if it is smaller
# With this policy a browser loads nothing and runs no script but the page's own, even if escaping failed.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{}'; "
    "base-uri 'none'; form-action 'none'"
)


def environment() -> Environment:
    """Where the templates of one page are found: all that they show is escaped and on one line."""
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        finalize=_seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"code": code, "inlined": functools.partial(inlined, marks={}), "number": number}
    made.globals["css"] = Markup(style((HERE / "page.css").read_text(encoding="utf-8")))
    return made


def render(report: Report) -> str:
    """The HTML of the page."""
    js = script((HERE / "page.js").read_text(encoding="utf-8"))
    return unquoted(
        environment()
        .get_template("page.html")
        .render(
            report=report,
            js=Markup(js),
            policy=POLICY.format(base64.b64encode(hashlib.sha256(js.encode()).digest()).decode()),
            kind=lambda block: type(block).__name__,
            newline=Markup("\n"),
            **_choices(report),
        )
    )


def style(css: str) -> str:
    """The style sheet without the blanks that say nothing, and without the last semicolon of a rule."""
    return BLANKS.sub(r"\1", css).replace(": ", ":").replace(";}", "}")


def script(js: str) -> str:
    """The script without lines of comments, and without indents."""
    lines = map(str.strip, js.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def unquoted(html: str) -> str:
    """The page without quotes around attributes of figures and tables that HTML reads without them."""

    def shorter(found: re.Match[str]) -> str:
        return found[0] if found[1] else re.sub(r'([^\s"])/>$', r"\1 />", ATTRIBUTE.sub(r"=\1", found[0]))

    return TAG.sub(shorter, html)


def code(text: str) -> Markup:
    """Escaped text in which spans between backticks become <code>."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(visible(text)))))


def inlined(picture: Picture, *, marks: dict[str, str]) -> Markup:
    """The picture as inline SVG in the page's colours, or as PNG if the SVG is large.

    Args:
        picture: the picture.
        marks: of the figures of this page so far, by name; that of the picture is added.
    """
    mark = marks.setdefault(
        picture.name, LETTERS[len(marks) // len(LETTERS)] + LETTERS[len(marks) % len(LETTERS)]
    )
    themed = vector.in_page(picture.svg, mark=mark, alt=picture.alt)
    if len(themed) <= LARGE or len(themed) <= len(encoded := base64.b64encode(picture.png()).decode()):
        return Markup(themed)
    return Markup('<img class="paper" alt="{}" src="data:image/png;base64,{}">').format(
        visible(picture.alt), Markup(encoded)
    )


def _seen(value: object) -> object:
    """A value for the template: text on one line without control characters; the page's own markup is unchanged."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _choices(report: Report) -> dict[str, object]:
    """The choices of the page's controls: settings, strategies and metrics of the tables."""
    scores = [block for section in report.appendix for block in section.blocks if isinstance(block, Scores)]
    found = [block.table.setting for block in scores if block.table.setting is not None]
    first = scores[0].table if scores else None
    return {
        "alphas": sorted({s.alpha for s in found}),
        "betas": sorted({s.beta for s in found}),
        "strategies": list(first.names) if first else [],
        "metrics": [(c.metric, c.label) for c in first.columns] if first else [],
        "prior": frames.PRIOR,
    }
