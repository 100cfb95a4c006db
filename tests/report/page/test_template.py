"""The template of the page."""

import typing

from study.report.page import render
from study.report.page.blocks import Block


def test_every_kind_of_block_is_rendered():
    """A kind that the template does not name would be left out of the page without an error."""
    template = (render.HERE / "page.html").read_text(encoding="utf-8")
    assert all(f'kind(block) == "{kind.__name__}"' in template for kind in typing.get_args(Block))
