"""`study index`: every report with its question, its answer and a picture."""

import re
from pathlib import Path

import pandas as pd
import pytest

from study.cli.exits import DONE, WRONG_INPUT
from study.cli.main import main
from study.report.index import LEAD, MARK, Entry, entries, lead, markdown, page
from study.tables.schemas import read_table, write_table

RESULTS = Path(__file__).parents[2] / "results"
REPORT = '<h1>{}</h1>\n<p class="question">Which?</p>\n<p class="answer">{}</p>'


def folder(root: Path, name: str, title: str = "A title", answer: str = "An answer.") -> Path:
    made = root / name
    (made / "figures").mkdir(parents=True)
    (made / "report.html").write_text(REPORT.format(title, answer), encoding="utf-8")
    return made


def test_the_committed_index_is_that_of_the_committed_reports():
    found = entries(RESULTS)
    assert (RESULTS / "README.md").read_text(encoding="utf-8") == markdown(found)
    assert (RESULTS / "index.html").read_text(encoding="utf-8") == page(found)


def test_every_link_and_picture_of_the_committed_index_exists():
    source = (RESULTS / "index.html").read_text(encoding="utf-8")
    addresses = set(re.findall(r'(?:href|src)="([^"]+)"', source))
    assert len(addresses) > 20 and all((RESULTS / address).is_file() for address in addresses)


def test_claims_come_first_and_quick_runs_are_left_out(tmp_path, capsys):
    for name in ("zebra/digits-default", "apes/digits-quick", "sampling_strategies/mnist-default", "claims"):
        folder(tmp_path, name)
    (tmp_path / "zebra/digits-default/figures/effects.png").write_bytes(b"")
    assert main(["index", "--results", str(tmp_path)]) == DONE
    assert "3 reports" in capsys.readouterr().out
    assert [one.folder for one in entries(tmp_path)] == [
        "claims", "sampling_strategies/mnist-default", "zebra/digits-default"
    ]  # fmt: skip
    text = (tmp_path / "README.md").read_text()
    assert text.count("](zebra/digits-default/figures/effects.png)") == 1 and text.startswith(MARK)
    assert main(["index", "--results", str(tmp_path)]) == DONE  # its own files are written again


def test_the_index_says_how_long_all_of_it_took(tmp_path):
    """Two trainings of half an hour each, of which one was scored in two ways, and three times an hour of scoring."""
    assert lead([]) == lead([Entry("a/b-default", "A", "Which?", "This.", "")]) == LEAD
    runs = read_table(RESULTS / "gap_ladder" / "digits-default", "runs").iloc[:2]
    runs = runs.assign(train_seconds=1800.0, compile_seconds=36.0, evaluate_seconds=3600.0)
    again = runs.iloc[:1].assign(run_id="again", decode="sample")
    made = folder(tmp_path, "a/b-default")
    write_table(pd.concat([runs, again]), made, "runs")
    (one,) = entries(tmp_path)
    assert (one.training, one.measuring) == (3636.0, 10800.0)
    assert "its models took 1.0 hours to train" in lead([one]) and "3.0 hours to measure" in lead([one])
    assert lead([one]).endswith("about 3 hours in all.")  # 1.01 and half of 3: 2.5


def test_text_of_a_report_stays_text(tmp_path):
    folder(tmp_path, "a/b-default", title="&lt;img src=x&gt; *bold*", answer="<b>1</b> &lt; <code>gmm</code>")
    (one,) = entries(tmp_path)
    assert one == Entry("a/b-default", "<img src=x> *bold*", "Which?", "1 < `gmm`", "")
    assert "<img src=x" not in page([one]) and "<code>gmm</code>" in page([one])
    assert "<img" not in markdown([one]) and "*bold*" not in markdown([one])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("README.md", "my own", "README.md: not written by `study index`"),
        ("a/b-default/report.html", "<p>nothing</p>", "report.html: no title or answer"),
    ],
)
def test_what_is_not_ours_is_refused_and_kept(tmp_path, capsys, name, text, said):
    folder(tmp_path, "a/b-default")
    (tmp_path / name).write_text(text)
    assert main(["index", "--results", str(tmp_path)]) == WRONG_INPUT
    assert said in capsys.readouterr().err
    assert (tmp_path / name).read_text() == text and not (tmp_path / "index.html").exists()


@pytest.mark.parametrize("name", ["", "none"])
def test_a_folder_without_reports_is_refused(tmp_path, capsys, name):
    assert main(["index", "--results", str(tmp_path / name)]) == WRONG_INPUT
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
