"""The sections on packages: a row for each, why some have no prediction, escaped, in HTML and Markdown."""

from pathlib import Path

import pandas as pd
import pytest

from study.claims.packages import package_table
from study.claims.rule import errors, read_spectra
from study.report.claims.packages import accuracy, details, said, sections
from study.report.claims.page import compose
from study.report.page import markdown, render
from study.report.page.blocks import Plain

RESULTS = Path(__file__).parents[3] / "results"
HOSTILE = "<script>alert(1)</script> `x` | $a$"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return package_table(read_spectra(RESULTS))


@pytest.fixture(scope="module")
def points() -> pd.DataFrame:
    return pd.read_csv(RESULTS / "claims" / "rule.csv")


def first(packages: pd.DataFrame) -> dict[str, list[str]]:
    (section,) = sections(packages, None)
    (block,) = (block for block in section.blocks if isinstance(block, Plain))
    return {row[0]: list(row[1:]) for row in block.rows}


def test_the_sentence_counts_what_stands_in_the_table(table):
    text = said(table)
    assert text.startswith("Of 14 packages 9 generate data, and 8 of these from N(0, I) by default.")
    assert "from 0.0156 to 784 or more at D = 784, and is 0 in pyod." in text
    assert "Of the 3 of them that generate, none adds that noise." in text


def test_shares_are_in_percent_and_missing_where_there_is_none(table):
    rows = first(table)
    shares = table.set_index("package").loc["pythae", ["posteriors", "mixture", "copied"]]
    assert [float(cell) for cell in rows["pythae 0.1.2"][3:]] == [round(100 * share) for share in shares]
    for name in ("ctgan 0.12.1", "pyod 3.6.7", "vaes-ptorch 0.0.1"):
        assert rows[name][3:] == ["—"] * 3
    assert rows["probaforms 0.2.0"][2] == "0.0005 D: 0.392 at D = 784"


def test_how_far_the_rule_was_off_is_said_of_data_that_it_was_and_was_not_fitted_to(points):
    text, off = accuracy(points), errors(points)
    own = off[(off["source"] == "s") & (off["quantity"] == "posteriors")]
    assert len(own) > 3
    for row in own.to_dict("records"):
        where = f"{row['dataset']}, to which it was {'' if row['seen'] else 'not '}fitted"
        if row["dataset"] == "mnist" and not row["seen"]:
            where = "models of fewer examples of mnist" if row["fewer"] else "other models of mnist"
        assert f"on {where}, {100 * row['error']:.0f} (" in text
    assert accuracy(points[:0]) == ""


@pytest.mark.integration
def test_the_page_has_both_sections_with_the_scripts(table, points):
    page = compose([], points=points, packages=table)
    html, text = render.render(page), markdown.render(page)
    for anchor in ("packages", "packages-more"):
        assert f'id="{anchor}"' in html
    for paths in table["confirmed_by"]:
        for path in paths.split():
            assert path in html and f"`{path}`" in text


def test_texts_are_escaped(table):
    odd = table.assign(draws=HOSTILE, remark=HOSTILE)
    page = compose([], packages=odd)
    html, text = render.render(page), markdown.render(page)
    assert "<script>alert" not in html and "<script>alert" not in text
    assert "<script>" in str(details(odd).blocks) and "&lt;script&gt;alert" in html
