import re
import shutil
import subprocess
from pathlib import Path

import pytest

from study.claims.registry import claims
from study.report.build import build_report
from study.report.claims.page import compose
from study.report.page import latex
from study.report.page.blocks import MainRow, MainTable, Plain, Verdicts
from tests.claims.made import verdict

pytestmark = pytest.mark.integration

WITH_TEX = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdfTeX")


def compiled(folder: Path) -> str:
    """The log of pdfTeX on `tables.tex`; it stops at the first error."""
    command = ["pdflatex", "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "tables.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = (folder / "tables.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-2000:]
    return log


@pytest.fixture(scope="module")
def general(results, summary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("latex")
    build_report(folder, results, summary, everything=True)
    return folder


def test_every_table_of_the_page_is_a_file_and_the_document_shows_each(general):
    page = (general / "report.html").read_text()
    files = {f"tables/{path.stem}" for path in (general / "tables").glob("*.tex")}
    document = (general / "tables.tex").read_text()
    assert len(files) == page.count("<table") > 10 and "tables/main" in files
    assert sorted(re.findall(r"\\fitted\{(.*?)\}", document)) == sorted(files)
    assert r"\subsection*{The strategies}" in document and r"\subsection*{At $\alpha$=1" in document


def test_rows_have_as_many_cells_as_the_table_has_columns(general):
    for path in (general / "tables").glob("*.tex"):
        head, *lines = path.read_text().splitlines()
        columns = re.sub(r"p\{\d+em\}", "l", head.removeprefix(r"\begin{tabular}{").removesuffix("}"))
        rows = [line for line in lines if line.endswith(r"\\")]
        assert rows and {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(columns)}, path


@WITH_TEX
def test_the_tables_of_a_report_compile(general):
    assert "tables/main.tex" in compiled(general)


@WITH_TEX
def test_the_tables_of_hostile_names_compile(hostile_report):
    compiled(hostile_report)


@WITH_TEX
def test_the_tables_of_all_claims_compile(tmp_path):
    latex.save(compose([verdict(claim) for claim in claims()]), tmp_path)
    compiled(tmp_path)


@WITH_TEX
@pytest.mark.parametrize(("rows", "columns"), [(5, 2), (120, 2), (5, 60), (120, 60)])
def test_a_table_fits_on_a_page_however_long_or_wide(tmp_path, rows, columns):
    block = Plain("", ["a head"] * columns, [["a cell"] * columns] * rows)
    (tmp_path / "tables.tex").write_text(latex.DOCUMENT.format(title="A title", parts="\\fitted{one}"))
    (tmp_path / "one.tex").write_text(latex.table(block))
    assert "Overfull" not in compiled(tmp_path)


def test_cells_are_escaped_and_long_ones_break_their_lines():
    block = Plain("x", ["`a_b`", "c"], [["1 & 2", "w " * 40], ["é ₙ α 漢", "[x]"]])
    lines = latex.table(block).splitlines()
    assert lines[0] == r"\begin{tabular}{lp{22em}}" and lines[2] == r"a\_b & c \\"
    assert lines[4].startswith(r"1 \& 2 & w w") and lines[5] == r"é $_n$ $\alpha$ U+6F22 & {}[x] \\"


def test_the_main_table_has_effects_with_their_verdicts():
    rows = [MainRow("gmm", "a mixture", "50 [40, 60] %", "▲ better", ["1.0"])]
    text = latex.table(MainTable("", "share", [("KID ↓", "")], rows))
    assert r"gmm: a mixture & 50 [40, 60] \% $\bigtriangleup$ better & 1.0 \\" in text


def test_the_table_of_claims_is_one_that_pdftex_has_letters_for():
    block = compose([verdict(claim) for claim in claims()]).table
    assert isinstance(block, Verdicts)
    rows = latex.table(block).split("\\midrule\n")[1].split("\\bottomrule")[0].strip().splitlines()
    assert len(rows) == 24 and "U+" not in "".join(rows)
