"""The page of claims: what it says, escaped, without scripts, in HTML, Markdown and LaTeX."""

import re
from collections.abc import Sequence

import pytest

from study.claims.prior_at_300 import CLAIM as PRIOR_AT_300
from study.claims.registry import CLAIMS
from study.claims.thresholds import Threshold
from study.claims.verdicts import Judged, Outcome
from study.report.claims import words
from study.report.claims.page import compose, headline
from study.report.claims.publish import publish
from study.report.page import markdown, render
from study.report.page.blocks import Report, Verdicts
from study.runtime.folders import read_manifest
from tests.claims.made import grid, made, verdict
from tests.claims.worlds import BETAS, CASES, half

HOSTILE = "<script>alert(1)</script> `x` | $a$"


@pytest.fixture(scope="module")
def found() -> list[Judged]:
    """A true, a false and a half-true claim, one with parts, and one without tables."""
    worlds = {
        "scale_sigma": CASES["scale_sigma"].true,
        "prior_is_correct": CASES["prior_is_correct"].false,
        "q_resembles_prior": half(CASES["q_resembles_prior"]),
        "omits_and_oversamples": half(CASES["omits_and_oversamples"]),
        "prior_at_300": {},
    }
    return [
        verdict(
            CLAIMS[name],
            *(made(grid(*BETAS), experiment=experiment, **of) for experiment, of in world.items()),
        )
        for name, world in worlds.items()
    ]


@pytest.fixture(scope="module")
def report(found: Sequence[Judged], tmp_path_factory: pytest.TempPathFactory) -> Report:
    root = tmp_path_factory.mktemp("results")
    folder = root / "sampling_strategies" / "digits-default"
    folder.mkdir(parents=True)
    drawn = "".join(f'<figure id="figure-{name}">' for name in ("mismatch", "effects"))
    (folder / "report.html").write_text(drawn)
    return compose(found, root)


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return render.render(report)


def test_the_answer_counts_verdicts_in_fewer_than_60_words(found):
    said = headline(found)
    assert said.startswith(
        "2 of 4 verdicts on 4 claims depend, most of them on s; 1 is supported and 1 is refuted."
    )
    assert said.endswith("1 verdict still lacks evidence.") and len(said.split()) < 60
    assert headline(found[-1:]) == "There are no results yet: every claim is declared, and none is tested."


def test_a_cell_says_verdict_and_effect_or_where_the_claim_holds(report):
    assert isinstance(report.table, Verdicts)
    cells = {row.number: row.cells[0] for row in report.table.rows}
    assert cells[2][0] == "supported" and re.fullmatch(r"KID 50 \[\d+, \d+\] %", cells[2][1][0])
    assert cells[6][0] == "refuted"
    assert cells[14][0] == "depends" and cells[14][1][0].startswith("holds for s\xa0<\xa00.")
    assert [note.split(":")[0] for note in cells[4][1]] == ["oversamples", "omits"]
    assert cells[16] == ("none yet", [])


def test_every_claim_has_its_section_with_tests_links_and_commands(html):
    for number in (2, 4, 6, 14, 16):
        assert f'href="#claim-{number}"' in html and f'id="claim-{number}"' in html
    assert 'href="../sampling_strategies/digits-default/report.html"' in html
    for figure in ("mismatch", "effects"):  # instead of one that was not drawn
        assert f'href="../sampling_strategies/digits-default/report.html#figure-{figure}"' in html
    assert "figure-where" not in html
    assert "study run reconstruction_weight --dataset digits" in html


def test_without_scripts_all_is_there(html):
    plain = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert plain.count("<script") == 0 and "hidden" not in re.sub(
        r"<style>.*?</style>", "", plain, flags=re.DOTALL
    )
    for word in ("supported", "refuted", "depends", "none yet"):
        assert f">{word}" in plain


def test_names_from_tables_are_escaped():
    line = Threshold("s", HOSTILE, 0.1, 0.05, 0.2, "supported", "refuted")
    assert "`" not in words.turn(line)
    places = [place for network in (HOSTILE, "mlp") for place in grid(*BETAS, network=network)]
    one = verdict(CLAIMS["scale_sigma"], made(places, **half(CASES["scale_sigma"])["sampling_strategies"]))
    page = compose([one])
    html, text = render.render(page), markdown.render(page)
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html
    assert "<script>alert" not in text and "&lt;script>alert" in text


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (
            Threshold("s", "", 0.1, 0.05, 0.2, "supported", "refuted"),
            "holds for s\xa0<\xa00.100 [0.050, 0.200]",
        ),
        (
            Threshold("d", "", 16.0, 8.0, float("inf"), "refuted", "supported"),
            "holds for d\xa0>\xa016 [8, ∞]",
        ),
        (
            Threshold("s", "", float("nan"), float("nan"), float("nan"), "refuted", "supported"),
            "holds for some s",
        ),
        (
            Threshold("s", "", float("nan"), float("nan"), float("nan"), "refuted", "refuted"),
            "holds between both ends of the range of s alone",
        ),
    ],
)
def test_a_threshold_says_on_which_side_the_claim_holds(turn, said):
    assert words.holds(turn) == said


def test_all_files_are_written_or_none(found, tmp_path, monkeypatch):
    (tmp_path / "sampling_strategies" / "digits-default").mkdir(parents=True)
    (tmp_path / "sampling_strategies" / "digits-default" / "provenance.json").write_text("{}")
    answer, page = publish(found, tmp_path, everything=True)
    assert page == tmp_path / "claims" / "report.html" and answer.startswith("2 of 4")
    facts = read_manifest(tmp_path / "claims")
    assert facts["files"].keys() == {"claims.csv", "report.html", "report.md", "tables.tex"} | {
        f"tables/{path.name}" for path in (tmp_path / "claims" / "tables").iterdir()
    }
    assert facts["read"].keys() == {"sampling_strategies/digits-default"}
    before = page.read_bytes()
    publish(found, tmp_path)
    assert page.read_bytes() == before and not (tmp_path / "claims" / "tables.tex").exists()
    monkeypatch.setattr(markdown, "render", lambda report: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish(found[:1], tmp_path)
    assert page.read_bytes() == before


def test_two_tests_of_one_metric_are_told_apart_by_their_strategy():
    """A cell that says "holds for small s (KID), supported by KID" would contradict itself."""
    own = [Outcome(test) for test in PRIOR_AT_300.tests]
    named = [words._named(one, own) for one in own]
    assert len(set(named)) == len(named) and "KID of `posterior`" in named
    assert all(words._named(one, [one]) == words.label(one.test.metric) for one in own)
