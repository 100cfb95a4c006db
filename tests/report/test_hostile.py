"""Names from data stay text: whatever they contain, the structure of a report is the same and it loads nothing."""

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from study.errors import StudyError
from study.report import frames
from study.report.build import build_report
from study.report.outside import tame, tamed, tamed_table, visible
from study.report.text.references import ADDRESSES as REFERENCES

pytestmark = pytest.mark.integration

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ADDRESSES = {
    "src",
    "href",
    "xlink:href",
    "action",
    "formaction",
    "data",
    "poster",
    "srcset",
    "background",
    "ping",
    "cite",
}


class Structure(HTMLParser):
    """Elements and their attribute names in order, those of figures separately, and every address."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...], str]] = []
        self.drawn: set[tuple[str, tuple[str, ...]]] = set()
        self.addresses: set[str] = set()
        self.declarations: list[str] = []
        self.within = 0
        self.feed(page.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.handle_startendtag(tag, attrs)
        self.within += tag == "svg"

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        values = dict(attrs)
        self.addresses |= {values[name] for name in ADDRESSES & set(values)}
        names = tuple(sorted(values))
        if self.within:
            self.drawn.add((tag, names))
        else:
            self.elements.append((tag, names, values.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        self.within -= tag == "svg"
        if not self.within:
            self.elements.append((f"/{tag}", (), ""))

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_pi(self, data: str) -> None:
        self.declarations.append(data)

    def unknown_decl(self, data: str) -> None:
        self.declarations.append(data)

    def handle_comment(self, data: str) -> None:
        self.declarations.append(data)


def test_the_page_has_no_element_beyond_those_of_harmless_names(hostile_report, harmless_report):
    bad, good = (Structure(folder / "report.html") for folder in (hostile_report, harmless_report))
    # An experiment's own text may set code between backticks; that is all that a name in it can do.
    assert [e for e in bad.elements if "code" not in e[0]] == [e for e in good.elements if "code" not in e[0]]
    assert bad.declarations == good.declarations == ["doctype html"]
    # Where axes are, and so which lines are cut, depends on how long names are.
    assert {tag for tag, _ in bad.drawn} == {tag for tag, _ in good.drawn}
    assert {name for _, names in bad.drawn for name in names} <= {
        name for _, names in good.drawn for name in names
    }


def test_the_page_asks_nothing_of_anybody(hostile_report):
    page = Structure(hostile_report / "report.html")
    known = set(REFERENCES.values())
    own = ("#", "data:image/png;base64,", "data:image/webp;base64,")
    assert all(address.startswith(own) for address in page.addresses - known)
    text = (hostile_report / "report.html").read_text(encoding="utf-8")
    styles = re.findall(r"<style[^>]*>(.*?)</style>| style=\"([^\"]*)\"", text, re.DOTALL)
    assert not any(re.search(r"url\((?!#)|@import", part) for parts in styles for part in parts)
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


def blocks(report: Path) -> tuple[list[str], list[str], set[str]]:
    """Types of a Markdown file's blocks, the addresses of its links and pictures, and its HTML."""
    kinds, addresses, markup = [], [], set()
    for token in MARKDOWN.parse(report.read_text(encoding="utf-8")):
        kinds.append(token.type)
        # The title of a fold may be a name: text without a tag.
        block = re.sub(r"<summary>[^<>]*</summary>", "<summary></summary>", token.content.strip())
        markup |= {block} if token.type == "html_block" else set()
        for child in token.children or []:
            addresses += [str(child.attrs[name]) for name in ("src", "href") if name in child.attrs]
            markup |= {child.content} if child.type == "html_inline" else set()
    return kinds, addresses, markup


def test_markdown_has_no_block_link_picture_or_markup_beyond_those_of_harmless_names(
    hostile_report, harmless_report
):
    (bad, addresses, markup), (good, expected, known) = (
        blocks(folder / "report.md") for folder in (hostile_report, harmless_report)
    )
    assert bad == good
    assert addresses == expected and all(
        re.fullmatch(r"figures/[\w-]+\.png", address) or address in REFERENCES.values()
        for address in addresses
    )
    assert markup <= known | {"<code>", "</code>"}


def test_what_a_name_says_can_be_read(hostile_report):
    text = (hostile_report / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "a $x^2$ b" in text and "😀 漢字" in text
    for name in ("report.html", "report.md"):
        content = (hostile_report / name).read_text(encoding="utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", content)


def test_every_figure_is_drawn_and_is_well_formed(hostile_report, harmless_report):
    bad, good = ({p.name for p in (f / "figures").iterdir()} for f in (hostile_report, harmless_report))
    assert bad == good and len(bad) > 20
    for path in (hostile_report / "figures").glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_what_is_said_in_the_terminal_moves_no_cursor(make_results, make_summary, sketched, tmp_path):
    results = make_results(alphas=(1.0,), betas=(1.0,), strategies=("prior", "gmm", "held-out"), images=False)
    summary = make_summary(results).replace({"gmm": "g\x1b[2Jm\nm"})
    answer, _ = build_report(tmp_path, results, summary)
    assert "g\N{REPLACEMENT CHARACTER}[2Jm m" in answer and answer.isprintable()


def test_nothing_of_the_machine_is_told(make_results, make_summary, sketched, tmp_path):
    results = make_results(
        alphas=(1.0,), betas=(1.0,), strategies=("prior", "gmm", "held-out"), images=False, failed=1, seeds=4
    )
    reason = results.runs["reason"].mask(results.runs["reason"] != "", "'/home/someone/x y.npz' is torn")
    facts = dict(results.provenance)
    facts |= {
        "command": "study run grid --dataset /home/someone/mine.npz --features=~/net.onnx",
        "config": [{"dataset": "/home/someone/mine.npz", "features": "~/net.onnx"}],
        "dataset": {"name": "mine", "source": "file /home/someone/mine.npz"},
    }
    results = dataclasses.replace(results, runs=results.runs.assign(reason=reason), provenance=facts)
    build_report(tmp_path, results, make_summary(results))
    for name in ("report.md", "report.html"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "someone" not in text and "~/" not in text and str(tmp_path.parent) not in text
        assert "study run grid --dataset mine.npz --features=net.onnx" in text
        assert "x y.npz" in text


def test_results_of_harmless_names_are_left_as_they_are(results, summary):
    same = tamed(results)
    for name in ("runs", "metrics", "latents", "losses", "draws"):
        pd.testing.assert_frame_equal(getattr(same, name), getattr(results, name))
    pd.testing.assert_frame_equal(tamed_table(summary), summary)
    assert same.samples is results.samples and same.provenance == results.provenance


def test_names_that_would_become_one_are_refused():
    with pytest.raises(StudyError, match="column 'strategy': two of its names are equal once"):
        tamed_table(pd.DataFrame({"strategy": ["a`b", "a'b"]}))


def test_names_that_nobody_registered_stand_before_the_reference_rows():
    found = frames.strategies(pd.DataFrame({"strategy": ["noise", "mine", "prior", "held-out", "model"]}))
    assert found == ["prior", "mine", "held-out", "noise"]


def test_unseen_characters_are_seen():
    assert visible("a\r\n\tb\x1b[0m\u202ec\ud800\x85d") == "a b�[0m�c� d"
    assert (
        visible("α\N{NO-BREAK SPACE}β 👩\N{ZERO WIDTH JOINER}🔬")
        == "α\N{NO-BREAK SPACE}β 👩\N{ZERO WIDTH JOINER}🔬"
    )
    assert tame("`a`\n") == "'a' "


@pytest.mark.parametrize(
    "facts", [{"dataset": "a name"}, {"dataset": ["a"]}, {"dataset": None}, {"command": ["x"]}, {}]
)
def test_provenance_of_other_types_still_makes_a_report(make_results, sketched, tmp_path, facts):
    results = dataclasses.replace(
        make_results(latent_only=True, alphas=(1.0,), betas=(1.0,)), provenance=facts
    )
    assert build_report(tmp_path, results, pd.DataFrame())[1].is_file()
