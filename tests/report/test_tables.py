import io
import re

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from study.errors import StudyError
from study.report import frames
from study.report.tables import table
from study.report.text.scores import build


def test_markdown_has_a_row_per_strategy_and_marks_ties(summary):
    lines = table(summary, ["kid", "recall"]).splitlines()
    assert lines[0] == "| strategy | KID ×10³\N{NO-BREAK SPACE}↓ | recall\N{NO-BREAK SPACE}↑ |"
    assert len(lines) == 2 + 15
    assert {line.count("|") for line in lines} == {4}
    posterior = next(line for line in lines if line.startswith("| posterior |"))
    assert "†" in posterior or "**" in posterior
    assert any(line.startswith("| *held-out* |") for line in lines)


def test_bold_only_where_the_standing_says_best(summary):
    marked = summary.assign(standing="")
    marked.loc[marked["strategy"] == "gmm", "standing"] = "best"
    lines = table(marked, ["kid"]).splitlines()
    assert [line.split(" | ")[0] for line in lines if "**" in line] == ["| gmm"]
    assert not any("†" in line for line in lines)


def test_differences_carry_the_verdict_in_a_sign(summary):
    text = table(summary, ["kid"], show="difference")
    assert re.search(r"\| gmm \| −[\d.]+ \[−[\d.]+, −[\d.]+\] ▲ \|", text)
    assert re.search(r"\| literal-logvar \| [\d.]+ \[.*\] ▼ \|", text)
    assert "| prior | — |" in text


def test_latex_is_balanced_and_escaped(summary):
    text = table(summary.replace({"gmm": "g_m&m"}), ["kid"], fmt="latex")
    assert r"g\_m\&m" in text and r"\downarrow" in text and "10$^{3}$" in text
    assert text.count("{") == text.count("}")
    assert text.count(r"\midrule") == 2


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("[1cm]", "{}[1cm] & "),  # else an argument of the line break before it
        ("*", "{}* & "),
        ("a|b<c>", r"a\textbar{}b\textless{}c\textgreater{} & "),
        ("\\input{x}", r"\textbackslash{}input\{x\} & "),
        ("a\nb%", r"a b\% & "),
    ],
)
def test_latex_reads_a_hostile_name_as_text(summary, name, written):
    lines = table(summary.replace({"gmm": name}), ["kid"], fmt="latex").splitlines()
    assert [line for line in lines if line.startswith(written)]
    assert len(lines) == 2 + 1 + 2 + 15 + 2


@pytest.mark.parametrize(
    "name", ["a|b", "![x](http://evil.example)", "<img src=x>", "a\nb", "*a*", "\\|", "`a"]
)
def test_markdown_reads_a_hostile_name_as_text(summary, name):
    lines = table(summary.replace({"gmm": name, "kid": f"{name}1"}), [f"{name}1"]).splitlines()
    tokens = MarkdownIt("commonmark").enable("table").parse("\n".join(lines))
    cells = [token for token in tokens if token.type == "inline"]
    assert len(lines) == 2 + 15 and len(cells) == 2 * 16
    assert {child.type for cell in cells for child in cell.children or []} <= {
        "text",
        "em_open",
        "em_close",
    } | {
        "strong_open",
        "strong_close",
    }
    assert any(cell.children and cell.children[0].content == name.replace("\n", " ") for cell in cells)


def test_a_standing_and_a_verdict_that_are_none_are_left_out(summary):
    made = build(summary.assign(standing='x" onload="y', verdict="<b>"), ["kid"])
    assert {(cell.standing, cell.verdict, cell.sign) for row in made.cells for cell in row} == {
        ("", "none", "")
    }


def test_csv_holds_unrounded_numbers(summary):
    read = pd.read_csv(io.StringIO(table(summary, ["kid"], fmt="csv")))
    rows = frames.averaged(summary)
    expected = rows[rows["metric"] == "kid"].set_index("strategy")["mean"].to_dict()
    assert read.set_index("strategy")["mean"].to_dict() == pytest.approx(expected, rel=1e-12)


def test_html_is_escaped(summary):
    text = table(summary.replace({"gmm": "<script>"}), ["kid"], fmt="html")
    assert "<script>" not in text and "&lt;script&gt;" in text and "<caption>" in text


def test_one_setting(summary):
    setting = frames.settings(summary)[0]
    made = build(summary, ["kid"], setting=setting)
    rows = frames.at(summary, setting)
    value = rows[(rows["metric"] == "kid") & (rows["strategy"] == "gmm")]["mean"].item()
    assert made.cells[made.names.index("gmm")][0].value == value


def test_too_few_seeds_show_no_tie(make_results, make_summary):
    made = build(
        make_summary(make_results(seeds=2, images=False)).assign(low=float("nan"), verdict="tie"), ["kid"]
    )
    assert {cell.sign for row in made.cells for cell in row} == {""}


@pytest.mark.usefixtures("unchecked")
def test_unknown_format_and_metric_say_what_there_is(summary):
    with pytest.raises(StudyError, match="choose md, latex, csv or html"):
        table(summary, fmt="pdf")  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="no metric 'vendi' in the summary; it has kid, fd"):
        table(summary, ["vendi"])
