"""The index of all results: for each folder its question, its answer and a picture, as Markdown and as a page."""

import dataclasses
import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from markupsafe import Markup

from study.claims.evidence import PROFILES
from study.errors import FileError
from study.report.figures import replace
from study.report.outside import visible
from study.report.page import escape
from study.report.page.render import environment
from study.runtime.files import told
from study.runtime.limits import MAX_BYTES, check_bytes

TITLE = "Results"
LEAD = (
    "Given a trained VAE, from which latent distribution should new data be drawn? Every experiment with its question, "
    "its answer and one figure; a title leads to the report."
)
MARK = "<!-- Written by `study index`. -->"
CLAIMS = "claims"  # the folder that is of no single experiment
FIRST = (CLAIMS, "sampling_strategies")  # of the folders; the others follow by name
FIGURES = ("figure-1", "effects", "rule", "mismatch")
PARTS = {"title": "h1", "question": 'p class="question"', "answer": 'p class="answer"'}
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:; base-uri 'none'; form-action 'none'"
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One results folder: its path below the folder of all results, and what its report says first.

    Attributes:
        folder: with slashes.
        title, question, answer: plain text; spans between backticks are code.
        picture: path of a figure below the folder of all results; empty if it has none.
    """

    folder: str
    title: str
    question: str
    answer: str
    picture: str


def entries(root: Path) -> list[Entry]:
    """What each report below the folder of all results says, the claims first.

    Raises:
        FileError: a report cannot be read, or is no report of this project.
    """
    found = [entry for page in sorted(root.glob("**/report.html")) if (entry := _entry(root, page))]
    place = {name: i for i, name in enumerate(FIRST)}
    return sorted(found, key=lambda one: (place.get(one.folder.split("/")[0], len(FIRST)), one.folder))


def write(found: Sequence[Entry], root: Path) -> Path:
    """Write `README.md` and `index.html`.

    Returns:
        The path of the page.

    Raises:
        FileError: one of them is somebody's own file, or cannot be written.
    """
    files = {root / "README.md": markdown(found), root / "index.html": page(found)}
    for path in files:
        if path.is_file() and MARK not in path.read_text(encoding="utf-8", errors="replace")[:500]:
            raise FileError(
                f"{path}: not written by `study index`; move it, or give another folder with --results"
            )
    for path, text in files.items():
        with told(path):
            replace(path, text.encode())
    return root / "index.html"


def markdown(found: Sequence[Entry]) -> str:
    """The index as Markdown."""
    return "\n\n".join([MARK, f"# {TITLE}", LEAD, *(part for one in found for part in _markdown(one))]) + "\n"


def page(found: Sequence[Entry]) -> str:
    """The index as a page that loads nothing but the figures below its folder."""
    template = environment().get_template("index.html")
    made = template.render(mark=Markup(MARK), title=TITLE, lead=LEAD, entries=found, policy=POLICY)
    return f"{made}\n"


def _markdown(one: Entry) -> Iterator[str]:
    yield f"## [{escape.markdown(one.title)}]({one.folder}/report.md)"
    yield f"*{escape.markdown(one.question)}*"
    yield escape.markdown(one.answer)
    if one.picture:
        yield f"![{escape.markdown(one.title)}]({one.picture})"


def _entry(root: Path, path: Path) -> Entry | None:
    folder = path.parent.relative_to(root)
    if folder.parts[0] != CLAIMS and folder.name.rpartition("-")[2] not in PROFILES:
        return None
    with told(path):
        check_bytes(path.stat().st_size, limit=MAX_BYTES, where=str(path), verb="has")
        source = path.read_text(encoding="utf-8")
    said = {name: _inside(source, tag) for name, tag in PARTS.items()}
    if not said["title"] or not said["answer"]:
        raise FileError(f"{path}: no title or answer; write it again with `study report {path.parent}`")
    figures = (folder / "figures" / f"{name}.png" for name in FIGURES)
    picture = next((one.as_posix() for one in figures if (root / one).is_file()), "")
    return Entry(folder.as_posix(), said["title"], said["question"], said["answer"], picture)


def _inside(source: str, tag: str) -> str:
    """The plain text of the first element that opens with `<tag>`; empty if there is none."""
    found = re.search(rf"<{tag}>(.*?)</{tag.split()[0]}>", source, re.DOTALL)
    if found is None:
        return ""
    text = re.sub(r"</?code>", "`", found[1])
    return visible(html.unescape(re.sub(r"<[^>]+>", "", text))).strip()
