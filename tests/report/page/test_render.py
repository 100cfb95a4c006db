"""What a browser reads of a page does not depend on the quotes that are left out."""

import html.parser

import pytest

from study.report.page.render import unquoted


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
