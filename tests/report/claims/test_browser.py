"""The page of claims in a real browser: its table fits, nothing scrolls sideways, a claim leads to its section."""

import dataclasses

import pytest

from study.claims.registry import claims
from study.report.claims.page import compose
from study.report.page import render
from tests.claims.made import grid, made, verdict
from tests.claims.worlds import BETAS, CASES, half
from tests.report.test_browser import CHROMIUM, titled

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Every claim on six data sets, of which four have the longest cells."""
    case = CASES["omits_and_oversamples"]
    one = verdict(claims()[3], made(grid(*BETAS), **half(case)["sampling_strategies"]))
    names = ("digits", "mnist", "fashion-mnist", "colour-patches", "co2", "etth1")
    others = [dataclasses.replace(verdict(claim), dataset=name) for claim in claims() for name in names[4:]]
    found = [*(dataclasses.replace(one, dataset=name) for name in names[:4]), *others]
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render.render(compose(found)))
    return path


def test_the_table_fits_1000_pixels(page, tmp_path):
    script = "Math.max(...[...document.querySelectorAll('#table table')].map((table) => table.offsetWidth))"
    assert 0 < int(titled(page, tmp_path, script, "--window-size=1280,900")) <= 1000


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window_when_all_is_open(page, tmp_path, width):
    script = (
        "document.querySelectorAll('details').forEach((fold) => fold.open = true), "
        "document.documentElement.scrollWidth - innerWidth"
    )
    assert int(titled(page, tmp_path, script, f"--window-size={width},900")) <= 0


def test_a_claim_leads_to_its_section(page, tmp_path):
    script = "[document.getElementById('claim-4').open, document.querySelectorAll('details[open]').length]"
    assert titled(page, tmp_path, script, address="#claim-4") == "true,1"
