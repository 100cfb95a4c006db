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
from study.report.text.numbers import number
from study.runtime.files import told
from study.runtime.limits import MAX_BYTES, check_bytes
from study.tables.results import trainings
from study.tables.schemas import read_table

TITLE = "Results"
LEAD = (
    "Given a trained VAE, from which latent distribution should new data be drawn? Every experiment with its question, "
    "its answer and one figure; a title leads to the report."
)
MARK = "<!-- Written by `study index`. -->"
CORES = 2  # of the machine that the committed results are from
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
        training, measuring: seconds that training its models took, all compilation in it, and measuring them.
    """

    folder: str
    title: str
    question: str
    answer: str
    picture: str
    training: float = 0.0
    measuring: float = 0.0


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
    return (
        "\n\n".join([MARK, f"# {TITLE}", lead(found), *(part for one in found for part in _markdown(one))])
        + "\n"
    )


def page(found: Sequence[Entry]) -> str:
    """The index as a page that loads nothing but the figures below its folder."""
    template = environment().get_template("index.html")
    made = template.render(mark=Markup(MARK), title=TITLE, lead=lead(found), entries=found, policy=POLICY)
    return f"{made}\n"


def lead(found: Sequence[Entry]) -> str:
    """What the index is, and how long it takes to make all of it again."""
    training = sum(one.training for one in found) / 3600
    measuring = sum(one.measuring for one in found) / 3600
    if not training:
        return LEAD
    return (
        f"{LEAD} Made from nothing by `make results`: its models took {number(training, 1)} hours to train, several "
        f"at once on two cores, and {number(measuring, 1)} hours to measure, each on one core, so about "
        f"{number(training + measuring / CORES, 0)} hours in all."
    )


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
    training, measuring = _seconds(path.parent)
    return Entry(
        folder.as_posix(), said["title"], said["question"], said["answer"], picture, training, measuring
    )


def _seconds(folder: Path) -> tuple[float, float]:
    """Seconds of training with compilation, and of measuring; 0 for a folder without models.

    A training's share is that of the call that trained several.
    """
    if not (folder / "runs.parquet").is_file():
        return 0.0, 0.0
    runs = read_table(folder, "runs")
    compiled = runs.groupby(["family", "network"])["compile_seconds"].max().sum()
    return float(trainings(runs)["train_seconds"].sum() + compiled), float(runs["evaluate_seconds"].sum())


def _inside(source: str, tag: str) -> str:
    """The plain text of the first element that opens with `<tag>`; empty if there is none."""
    found = re.search(rf"<{tag}>(.*?)</{tag.split()[0]}>", source, re.DOTALL)
    if found is None:
        return ""
    text = re.sub(r"</?code>", "`", found[1])
    return visible(html.unescape(re.sub(r"<[^>]+>", "", text))).strip()
