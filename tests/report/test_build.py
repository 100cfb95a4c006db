import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from study.report import figures
from study.report.build import build_report, shown
from study.report.plots import style
from study.report.text.methods import provenance
from study.report.text.references import ADDRESSES

pytestmark = pytest.mark.integration

HOSTILE = "<script>alert(1)</script>"
VOID = {"meta", "br", "img", "link", "input", "hr"}
FRONT = ["figures", "table", "limits", "appendix"]
ORDER = ["detail", "strategies", "gains", "ladder", "mismatch", "dimensions", "samples", "novelty", "missing"]


CELLS = {"td", "th"}
ENDED = {  # by HTML 13.1.2.4: open elements that a start tag ends, or that end with their parent
    "td": CELLS,
    "th": CELLS,
    "tr": CELLS | {"tr"},
    "tbody": CELLS | {"tr", "thead", "tbody"},
    "table": CELLS | {"tr", "thead", "tbody"},
    "li": {"li"},
    "ul": {"li"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
    "dl": {"dt", "dd"},
}


class Page(HTMLParser):
    """Collects what a reader's browser would fetch, and whether the tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.scripts = 0
        self.unlabelled: list[str] = []
        self.tables = self.captions = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        values = dict(attrs)
        self.links += [
            values[name] for name in ("src", "href", "action", "data", "poster") if values.get(name)
        ]
        self.ids += [values["id"]] if "id" in values else []
        self.scripts += tag == "script"
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if (tag == "img" and not values.get("alt")) or (tag == "svg" and not values.get("aria-label")):
            self.unlabelled.append(tag)
        if tag not in ("table", "ul", "dl"):
            self.end(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.links += [v for k, v in attrs if k in ("src", "href")]
        self.ids += [v for k, v in attrs if k == "id"]

    def end(self, tag: str) -> None:
        while self.open and self.open[-1] in ENDED.get(tag, ()):
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1:] != [tag]:
            self.end(tag)
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()


def test_the_page_is_one_file_that_fetches_nothing(general_report):
    text = (general_report / "report.html").read_text()
    page = Page(text)
    assert not page.open
    followed = {
        link for link in page.links if link.startswith(("https://doi.org/", "https://arxiv.org/abs/"))
    }
    assert all(link.startswith(("#", "data:image/")) for link in {*page.links} - followed)
    assert followed <= set(ADDRESSES.values()) and followed
    assert (
        not re.search(r'(src|action|data|poster)="https?:', text)
        and "http:" not in text
        and "@import" not in text
    )
    assert not re.search(r"url\((?!#)", text)
    assert len(text.encode()) < 1_000_000


def test_every_anchor_exists_once(general_report):
    page = Page((general_report / "report.html").read_text())
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_the_page_can_be_heard(general_report):
    page = Page((general_report / "report.html").read_text())
    assert not page.unlabelled
    assert page.tables == page.captions > 10
    assert page.headings[:3] == [1, 2, 2] and set(page.headings[3:]) == {3}


def parts(text: str) -> list[str]:
    """Anchors of the sections of the first page, then of the folded ones."""
    return re.findall(r'<(?:section|details class="part") id="([\w-]+)"', text)


def test_sections_stand_in_the_designs_order(general_report):
    text = (general_report / "report.html").read_text()
    assert parts(text) == [*FRONT, *ORDER, "methods", "references", "provenance", "again"]
    assert text.index('class="answer"') < text.index('<section id="figures"')


def test_markdown_links_exist_and_hold_the_answer(general_report):
    text = (general_report / "report.md").read_text()
    links = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert len(links) == len(set(links)) == 3  # those of the first page; the others are in report.html
    assert "In `report.html` besides: All metrics, each setting; " in text
    assert all((general_report / link).is_file() for link in links)
    assert "Draw from `posterior`" in text


def test_what_a_folder_does_not_keep_is_made_when_asked_for(make_results, make_summary, sketched, tmp_path):
    """All else is made again to the last byte; `test_same_bytes.py` says so of figures as they are drawn."""
    results = make_results(alphas=(1.0,), betas=(0.5, 1.0))
    summary = make_summary(results)
    folder, again = (tmp_path / name / "digits-default" for name in ("kept", "again"))
    for made in (folder, again):
        made.mkdir(parents=True)
        build_report(made, results, summary, everything=made is again)
    kept = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert {path.suffix for path in kept} == {".html", ".md", ".png"}
    figures = {
        kind: {path.stem for path in again.glob(f"figures/*.{kind}")} for kind in ("png", "svg", "pdf")
    }
    assert figures["png"] == figures["svg"] == figures["pdf"]
    assert {path.stem for path in folder.glob("figures/*.png")} < figures["png"]
    assert (again / "tables" / "main.tex").read_text().startswith("\\begin{tabular}")
    assert (again / "report.html").read_bytes().count(b"<svg") > 5
    assert [str(f) for f in kept if (folder / f).read_bytes() != (again / f).read_bytes()] == []


def test_no_half_written_file_is_left(general_report):
    assert not list(general_report.rglob("*.part"))


def test_a_picture_with_few_colours_looks_the_same(results, summary):
    figure = next(spec for spec in figures.SPECS if spec.name == "mismatch").draw(results, summary)
    assert figure is not None
    full = io.BytesIO()
    figure.savefig(full, format="png", dpi=style.DPI, facecolor="white")
    few = Image.open(io.BytesIO(figures.rendered(figure)[1]()))
    expected = np.asarray(Image.open(full).convert("RGB"), np.float64)
    assert few.mode == "P"
    assert few.size == expected.shape[1::-1]
    off = np.abs(np.asarray(few.convert("RGB")) - expected)  # of 255
    assert off.mean() < 0.5
    assert off.max() < 20  # rare colours too, such as a verdict's in the legend


def test_a_hostile_name_is_text(make_results, make_summary, sketched, tmp_path):
    results = make_results(
        dataset=HOSTILE,
        alphas=(1.0,),
        betas=(1.0,),
        strategies=("prior", "gmm"),
        missing=("fd",),
        failed=1,
        seeds=4,
    )
    build_report(tmp_path, results, make_summary(results))
    page = (tmp_path / "report.html").read_text()
    assert HOSTILE not in page and "&lt;script&gt;alert(1)" in page
    assert Page(page).scripts == 1
    assert "<script" not in (tmp_path / "report.md").read_text()


def test_what_failed_and_what_is_missing_is_said(make_results, make_summary, sketched, tmp_path):
    few = {"alphas": (1.0,), "betas": (1.0,), "strategies": ("prior", "gmm", "held-out")}
    results = make_results(seeds=12, failed=2, missing=("fd",), images=False, **few)
    build_report(tmp_path, results, make_summary(results))
    text = (tmp_path / "report.md").read_text()
    assert "2 of 12 training runs failed" in text
    assert "loss became NaN at epoch 3" in text
    assert "the extractor has dead units" in text
    assert "no pictures were stored" in text


def test_models_alone_make_a_report(make_results, sketched, tmp_path):
    results = make_results(latent_only=True)
    headline, path = build_report(tmp_path, results, pd.DataFrame())
    assert "KL(q(z)‖p(z))" in headline
    found = parts(path.read_text())
    assert found == [*FRONT, "detail", "mismatch", "missing", "methods", "references", "provenance", "again"]


def test_a_folder_where_everything_failed_still_says_so(make_results, tmp_path):
    headline, path = build_report(tmp_path, make_results(failed=27), pd.DataFrame())
    assert "No strategy could be scored" in headline
    assert "27 of 27 training runs failed" in path.read_text()


def test_the_folder_is_named_without_the_machine():
    assert shown(Path("/home/someone/project/results/grid/digits-default")) == "results/grid/digits-default"
    assert shown(Path("/somewhere/else/mine")) == "mine"


def test_digests_are_for_machines_and_seconds_have_a_unit():
    facts = {"seconds": 12.5, "seconds_of_this_run": 0.5, "files": {"runs.parquet": "0" * 64}, "format": "f"}
    assert provenance(facts) == [("seconds", "12.5 s"), ("seconds of this run", "0.5 s")]
