"""Escaped text is displayed as it is in Markdown (read by markdown-it-py) and in LaTeX, whatever it contains."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from study.report.outside import tame, visible
from study.report.page import escape

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TEXTS = st.text("ab1 .\\`*_[]()!<>&|~#+-=:/@$^{}\"'\n\t\x07\ud800", max_size=30)
PLACES = {  # how the report writes a text, and the blocks that are then read
    "paragraph": ("{}", "paragraph_open inline paragraph_close"),
    "heading": ("## {}", "heading_open inline heading_close"),
    "item": (
        "- {}",
        "bullet_list_open list_item_open paragraph_open inline paragraph_close list_item_close bullet_list_close",
    ),
}


def read(tokens: list[Token]) -> str:
    """The displayed text, with ` around code; fails on any other markup."""
    seen = []
    for token in tokens:
        if token.type == "text":
            seen.append(token.content)
        elif token.type == "code_inline":
            seen.append(f"`{token.content}`")
        else:
            assert token.type == "html_inline" and token.content in ("<code>", "</code>"), token
            seen.append("`")
    return "".join(seen)


def same(text: str) -> str:
    """Text without what Markdown ignores: spaces at the ends and repeated spaces."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("place", PLACES)
@given(TEXTS)
def test_markdown_reads_as_the_text(place, text):
    form, blocks = PLACES[place]
    text = f"{text}x"
    tokens = READER.parse(form.format(escape.markdown(text)))
    assert " ".join(token.type for token in tokens) == blocks
    inline = next(token for token in tokens if token.type == "inline")
    assert same(read(inline.children or [])) == same(visible(text))


@given(TEXTS, TEXTS)
def test_a_row_of_a_table_has_its_cells(first, second):
    lines = ["| a | b |", "|---|---|", f"| {escape.cell(first + 'x')} | {escape.cell(tame(second) + 'x')} |"]
    tokens = READER.parse("\n".join(lines))
    cells = [token for token in tokens if token.type == "inline"]
    assert [token.type for token in tokens].count("tr_open") == 2 and len(cells) == 4
    assert same(read(cells[2].children or [])) == same(visible(first + "x"))
    assert same(read(cells[3].children or [])) == same(tame(second) + "x")


@given(TEXTS)
def test_a_block_of_code_holds_its_text(text):
    (token,) = READER.parse(escape.fenced(text))
    assert token.type == "fence" and token.content == f"{visible(text)}\n"


@given(TEXTS)
def test_no_address_is_made_a_link_by_readers_that_look_for_them(text):
    for address in (
        "http://evil.example",
        "www.evil.example",
        "WWW.evil.example",
        "ftp://evil.example",
        "a@evil.example",
    ):
        written = escape.markdown(f"{text.replace('`', '')} {address}")
        assert not re.search(r"://|\bwww\.|@", written, re.IGNORECASE)


def test_what_only_looks_like_a_mark_stays_readable():
    for text in (
        "z ~ p(z), x_n and z_j",
        "α = 1 (95 % interval)",
        "0.1 [0.0, 0.2] of `q(z|x)`",
        "a > b + c - d = e #1",
    ):
        assert escape.markdown(text) == text


MACRO = re.compile(r"\\text[a-z]+\{\}|\\[&%_#${}]|\$[^$]*\$|^\{\}")


@given(TEXTS)
def test_latex_is_left_no_mark_of_its_own(text):
    written = escape.latex(text)
    assert not re.search(r"[\\&%_#${}~^<>|\"`]", MACRO.sub("", written))
    assert not written.startswith(("[", "*", "("))
