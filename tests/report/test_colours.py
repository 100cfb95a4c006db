"""Colours can be seen on both backgrounds, and those of β be told apart in grey."""

import itertools
import re

import numpy as np
import pytest

from study.report.page import render, vector
from study.report.plots import style

CSS = (render.HERE / "page.css").read_text(encoding="utf-8")
LIGHT, DARK = re.findall(r"--paper: (#\w{6})", CSS)[:2]


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, as WCAG 2 defines it."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("shades", "paper"), [(style.SHADES, LIGHT), (style.DARK_SHADES, DARK)])
def test_shades_of_beta_stand_out_and_differ_in_grey(shades, paper):
    assert min(contrast(shade, paper) for shade in shades) >= 3
    assert min(contrast(one, other) for one, other in itertools.pairwise(shades)) > 1.3
    order = [luminance(shade) for shade in shades]
    assert order == sorted(order)


@pytest.mark.parametrize("paper", [LIGHT, DARK])
def test_the_other_colours_stand_out_on_both(paper):
    colours = {style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.GREY, *style.VERDICT.values()}
    assert min(contrast(colour, paper) for colour in colours) >= 3


def test_the_page_has_the_colours_of_figures_and_their_partners():
    for shades, which in ((style.SHADES, 0), (style.DARK_SHADES, 1)):
        for i, shade in enumerate(shades):
            assert re.findall(rf"--shade-{i}: (#\w+)", CSS)[which] == shade
            assert vector.THEME[style.SHADES[i]] == f"var(--shade-{i})"


def test_few_shades_are_far_apart():
    assert style.shades(1) == [style.SHADES[2]]
    assert [contrast(*style.shades(2)) > 4, len(set(style.shades(6))), len(style.shades(9))] == [True, 6, 9]
