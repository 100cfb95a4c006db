import dataclasses
import re

import pandas as pd
import pytest
from matplotlib.figure import Figure

from study.pipeline.publish import publish, republish
from study.report.build import build_report
from study.report.findings import Findings, Section
from study.report.frames import by_family

pytestmark = pytest.mark.integration


def test_an_experiments_own_answer_and_sections_come_first(make_results, make_summary, sketched, tmp_path):
    results = make_results(alphas=(1.0,), betas=(1.0,), strategies=("prior", "gmm", "held-out"), images=False)
    figure = Figure()
    figure.subplots().plot([0, 1], [1, 0])
    section = Section("Own part", "A text with `code`.", pd.DataFrame({"rate": [0.123456]}), figure)
    headline, path = build_report(
        tmp_path, results, make_summary(results), findings=Findings("Own answer.", (section,))
    )
    text = path.read_text()
    assert headline == "Own answer."
    assert re.findall(r'<details class="part" id="([\w-]+)">', text)[0] == "finding-1"
    assert re.search(r"<td class=n>0\.123\s*<", text) and "<code>code</code>" in text
    assert (tmp_path / "figures" / "finding-1.png").is_file()
    # The general answer answers another question, and stands nowhere.
    for name in ("report.html", "report.md"):
        assert "Draw from" not in (tmp_path / name).read_text() and "Worse than the prior" not in text


def test_an_experiment_that_compared_nothing_can_be_reported_again(make_results, sketched, tmp_path):
    """Its table is empty and has no columns, so its file has no line to parse."""
    results = make_results(alphas=(1.0,), betas=(1.0,), strategies=("prior", "gmm", "held-out"), images=False)
    publish(results, tmp_path / "out", experiment=None, tables={"pairs": pd.DataFrame()})
    answer, page = republish(tmp_path / "out")
    assert answer and page.is_file()


def test_kinds_of_models_are_in_the_order_of_the_experiment(make_results, make_summary):
    results = make_results(alphas=(1.0,), betas=(1.0,), strategies=("prior", "held-out"), images=False)
    sizes = [f"latent_dim={d}" for d in (16, 2, 1)]
    runs = pd.concat(
        [results.runs.assign(run_id=results.runs["run_id"] + d, family_settings=d) for d in sizes]
    )
    metrics = pd.concat(
        [results.metrics.assign(run_id=results.metrics["run_id"] + d, family_settings=d) for d in sizes]
    )
    several = dataclasses.replace(results, runs=runs, metrics=metrics)
    order = [f"vae (latent_dim={d})" for d in (16, 2, 1)]
    assert list(by_family(several, make_summary(several))) == order


def test_the_longest_trained_models_are_those_of_the_main_table(
    make_results, make_summary, sketched, tmp_path
):
    results = make_results(alphas=(1.0,), betas=(1.0,), strategies=("prior", "gmm", "held-out"), images=False)
    lengths = [f"steps={steps}" for steps in (2000, 32000, 500, 8000)]
    runs = pd.concat(
        [results.runs.assign(run_id=results.runs["run_id"] + one, family_settings=one) for one in lengths]
    )
    metrics = pd.concat(
        [
            results.metrics.assign(run_id=results.metrics["run_id"] + one, family_settings=one)
            for one in lengths
        ]
    )
    several = dataclasses.replace(results, runs=runs, metrics=metrics)
    summary = make_summary(several)
    order = [f"vae (steps={steps})" for steps in (32000, 8000, 2000, 500)]
    assert list(by_family(several, summary)) == order
    _, path = build_report(tmp_path, several, summary)
    assert "Models: <code>vae (steps=32000)</code>. " in path.read_text()
