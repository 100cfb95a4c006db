"""What a browser reads of a page does not depend on the quotes, blanks and comments that are left out."""

import html.parser

import pytest

from study.report.page.render import script, style, unquoted


class Read(html.parser.HTMLParser):
    """All that a parser finds, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs, "closed"))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        self.found.append(data)


@pytest.mark.parametrize(
    ("page", "short"),
    [
        ('<td class="n">1', "<td class=n>1"),
        ('<use href="#a" x="1.5" class="b"/>', "<use href=#a x=1.5 class=b />"),
        ('<use class="b" x="a b"/>', '<use class=b x="a b"/>'),
        ('<th title="https://x.org/">x="y"</th>', None),
        ('<td title="a=b">', None),
        ('<td title="">', None),
        ('<th title="&#34; onload=&#34;x">', None),
        ('<th title="a&gt;b">', "<th title=a&gt;b>"),
        ('<th data-a="x`y" data-b="&#39;">', "<th data-a=\"x`y\" data-b=&#39;>"),
        ('<p class="answer">', None),
        ('<script type="a">if (a<b) x("<i>=\\"y\\"</i>")</script>', None),
        ('<style media="all">a[b="c"]>d{}</style>', None),
    ],
)  # fmt: skip
def test_quotes_go_where_html_reads_the_same_without_them(page: str, short: str | None) -> None:
    assert unquoted(page) == (page if short is None else short)
    assert Read(unquoted(page)).found == Read(page).found


@pytest.mark.parametrize(
    ("css", "short"),
    [
        ("a { color: red; }\n\nb:hover,\nc > d { margin: 0 1px; }\n", "a{color:red}b:hover,c > d{margin:0 1px}"),
        (":root { --ink: #000; }\n@media (width > 1px) { a { top: 0; } }",
         ":root{--ink:#000}@media (width > 1px){a{top:0}}"),
        ('a::after { content: ":"; width: calc(1px + 2em); }', 'a::after{content:":";width:calc(1px + 2em)}'),
    ],
)  # fmt: skip
def test_a_style_sheet_loses_blanks_alone(css: str, short: str) -> None:
    assert style(css) == short


def test_a_script_loses_comments_and_indents_alone() -> None:
    assert (
        script('"use strict";\n// Why.\nif (a) {\n  b("// c");\n}\n')
        == '"use strict";\nif (a) {\nb("// c");\n}'
    )
