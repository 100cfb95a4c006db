"""A report reads like a short paper: answer, three figures, one table, limits, and all else folded."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from study.errors import StudyError
from study.report.build import build_report
from study.report.findings import Exhibit, Findings, Section
from study.tables.results import Results

pytestmark = pytest.mark.integration

RAW = re.compile(r"\b[a-z]+\d*_[a-z_\d]+\b")  # a column's name
LONG = re.compile(r"\d[\d.,]{9,}")


def drawn(title: str = "Own figure") -> Exhibit:
    figure = Figure()
    figure.subplots().plot([0, 1], [1, 0])
    return Exhibit(title, "It shows a line. It follows that lines fall.", figure)


def own(**fields: object) -> Findings:
    section = Section("Own section", "A text.", pd.DataFrame({"rate_low": [0.123456789012]}))
    return Findings("The answer is 42 [41, 43] %.", (section,), **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pages(
    general_report: Path,
    results: Results,
    summary: pd.DataFrame,
    sketching: Callable[[], AbstractContextManager[None]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """A general report, and one of an experiment with figures of its own and of the general report, not drawn."""
    folder = tmp_path_factory.mktemp("experiment")
    with sketching():
        build_report(folder, results, summary, findings=own(figures=(drawn(), "gains", "samples")))
    places = {"general": general_report, "experiment": folder}
    return {name: (place / "report.html").read_text() for name, place in places.items()}


@pytest.fixture(params=["general", "experiment"])
def page(request: pytest.FixtureRequest, pages: dict[str, str]) -> str:
    return pages[request.param]


def texts(html: str) -> str:
    """What a reader sees: without tags, styles and scripts, and code set apart."""
    html = re.sub(r"<(style|script).*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def inside(html: str, start: str, end: str) -> list[str]:
    return re.findall(f"{start}(.*?){end}", html, re.DOTALL)


def test_the_answer_has_at_most_two_sentences_and_fewer_than_60_words(page):
    (answer,) = (texts(part).strip() for part in inside(page, '<p class="answer">', "</p>"))
    assert len(answer.split()) < 60 and "[" in answer and "%" in answer
    assert len(re.findall(r"\.(?= |$)", answer)) <= 2


def test_three_numbered_figures_have_captions(page):
    (first,) = inside(page, '<section id="figures"', "</section>")
    captions = [texts(part) for part in inside(first, "<figcaption>", "</figcaption>")]
    assert [re.match(r" ?Figure (\d)\. (\S.*?)\. ", text)[1] for text in captions] == ["1", "2", "3"]  # type: ignore[index]
    assert all(len(text.split()) > 10 for text in captions)
    names = re.findall(r'<figure id="([^"]+)"', page)
    assert len(names) == len(set(names)) > 5  # none is shown twice


def test_the_main_table_has_few_metrics_with_effects_and_verdicts(page):
    (table,) = inside(page, '<table class="main sortable">', "</table>")
    head = re.findall(r"<th scope=col[^<]*", table)
    assert 3 <= len(head) <= 2 + 6 and "share of the gap" in head[1]
    rows = [texts(row) for row in table.split("<tr><th scope=row>")[1:]]
    assert len(rows) == 15 and rows[0].startswith("prior z ~ p(z)") and "baseline" in rows[0]
    assert any(re.search(r"posterior .*\[.*\] % ▲ better", row) for row in rows)


def test_all_after_the_limits_is_folded(page):
    before, after = page.split('<section id="limits">')
    assert "<details" not in before
    limits, appendix = after.split('<section id="appendix">')
    assert "Features" in limits and "n = 898" in limits and "seeds" in limits
    (within,) = inside(appendix, "</p>", "</section>\n</main>")
    outside, level = "", 0
    for part in re.split(r"(</?details[^>]*>)", within):
        level += part.startswith("<details") - part.startswith("</details")
        outside += part if level == 0 else ""
    assert texts(outside).strip() == ""
    assert "open" not in re.findall(r"<details[^>]*>", page)[0]


def test_no_two_folds_share_a_title(page):
    titles = [texts(part).strip() for part in inside(page, "<summary>", "</summary>")]
    assert len(titles) == len(set(titles)) > 15


def test_two_sections_of_one_title_are_counted(make_results, make_summary, sketched, tmp_path):
    results = make_results(images=False, alphas=(1.0,), betas=(1.0,))
    findings = Findings("An answer.", (Section("Same", "a"), Section("Same", "b")))
    text = build_report(tmp_path, results, make_summary(results), findings=findings)[1].read_text()
    assert "<h3>Same</h3>" in text and "<h3>Same (2)</h3>" in text


def test_tables_and_figures_have_no_raw_names_and_no_ten_digit_numbers(page):
    parts = [*inside(page, "<table", "</table>"), *inside(page, "<figure", "</figure>")]
    parts = [re.sub(r'"[^"]*"', "", part) for part in parts]  # attributes
    formulas = [part for part in parts if ">definition<" in part or "figures/" in part]  # and names of files
    said = [texts(f"<{part}>") for part in parts if part not in formulas]
    assert len(said) > 25 and not [found[0] for text in said if (found := RAW.search(text))]
    assert not [found[0] for text in map(texts, parts) if (found := LONG.search(text))]


def test_the_words_of_the_first_page_are_explained_before_its_figures(page):
    head = texts(page.split('<section id="figures"')[0])
    for word in ("KID", "q(z)", "Share of the gap closed", "s = β/(2α)"):
        assert word in head
    assert "compare with no published KID" in head and "one axis, s, up to optimiser steps" in head


def test_grids_of_both_weights_say_that_they_are_one_axis(pages):
    for name in ("gains", "mismatch"):
        (caption,) = inside(pages["general"], f'<figure id="figure-{name}".*?<figcaption>', "</figcaption>")
        assert "one axis, s = β/(2α), up to optimiser steps" in re.sub(r"\s+", " ", caption)


def test_an_experiments_figures_are_its_own_or_named(pages):
    (first,) = inside(pages["experiment"], '<section id="figures"', "</section>")
    assert re.findall(r'<figure id="figure-([\w-]+)"', first) == ["figure-1", "gains", "samples"]
    assert "It follows that lines fall." in first
    (first,) = inside(pages["general"], '<section id="figures"', "</section>")
    assert re.findall(r'<figure id="figure-([\w-]+)"', first) == ["effects", "where", "samples"]


def test_a_figure_that_cannot_be_drawn_is_left_out_and_an_unknown_one_is_refused(
    make_results, make_summary, sketched, tmp_path
):
    results = make_results(images=False, alphas=(1.0,), strategies=("prior", "gmm", "held-out"))
    summary = make_summary(results)
    text = build_report(tmp_path, results, summary, findings=own(figures=("samples", drawn())))[1].read_text()
    (first,) = inside(text, '<section id="figures"', "</section>")
    assert re.findall(r'<figure id="figure-([\w-]+)"', first) == ["figure-2"] and "Figure 1." in first
    with pytest.raises(StudyError, match=r"no figure 'laddr'; there are codes, .*ladder"):
        build_report(tmp_path, results, summary, findings=own(figures=("laddr",)))


@pytest.mark.usefixtures("sketched")
@pytest.mark.parametrize("few", [{"seeds": 2}, {"n": 40}])
def test_too_few_data_for_a_verdict_are_said_in_the_head_and_have_none(
    make_results: Any, make_summary: Any, tmp_path: Path, few: dict[str, int]
) -> None:
    names = ("prior", "posterior", "gmm", "held-out", "copycat")
    results = make_results(images=False, alphas=(1.0,), seeds=few.get("seeds", 3), strategies=names)
    results.metrics["n"] = few.get("n", 898)
    summary = make_summary(results)
    for findings in (None, own()):
        text = build_report(tmp_path, results, summary, findings=findings)[1].read_text()
        head = texts(text.split('<section id="figures"')[0])
        assert "No verdict" in head and ("only 40 examples" in head or "only 2 training runs" in head)
        assert "Draw from" not in text and "▲ better<" not in text and "†<" not in text


def test_links_of_references_are_of_the_sources_that_are_used(page):
    (part,) = inside(page, 'id="references">', "</details>")
    assert "Bińkowski et al. 2018" in part and "https://arxiv.org/abs/1801.01401" in part
    assert "discussion thread" not in part


def test_each_figure_has_its_command(pages):
    (part,) = inside(pages["experiment"], 'id="again">', "</details>")
    names = re.findall(r'<figure id="figure-([\w-]+)"', pages["experiment"])
    assert all(f"figures/{name}.png" in part for name in names) and "study report" in part


def test_the_page_is_small(general_report: Path) -> None:
    assert (general_report / "report.html").stat().st_size < 1_000_000


@pytest.mark.usefixtures("sketched")
def test_where_the_metric_can_tell_nothing_the_first_page_shows_none_of_its_gains(
    make_results: Any, make_summary: Any, tmp_path: Path
) -> None:
    results = make_results(alphas=(1.0,), strategies=("prior", "posterior", "gmm", "held-out", "copycat"))
    silent = make_summary(results).assign(state="cannot tell", effect=float("nan"), verdict="none")
    text = build_report(tmp_path, results, silent)[1].read_text()
    (first,) = inside(text, '<section id="figures"', "</section>")
    shown = re.findall(r'<figure id="figure-([\w-]+)"', first)
    assert len(shown) == 3 and not {"effects", "where", "ladder", "gains", "mismatch"} & set(shown)
