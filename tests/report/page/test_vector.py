"""A figure within a page is the figure that matplotlib drew."""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import PIL.features
import pytest
from PIL import Image

from study.report import figures
from study.report.page import vector
from study.report.plots import samples, style

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = ("path", "use", "text", "image", "pattern")
NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")


@pytest.fixture(scope="module")
def drawn() -> str:
    """Marks, lines, a hatch, text that needs escaping, and a picture."""
    with style.styled():
        figure, axes = style.panels(1, 2, height=2.5, title="a <b> & c")
        left, right = axes[0]
        left.errorbar([1, 2, 3], [3.123456, 1, 2], yerr=0.5, fmt="o", label='"quoted"')
        left.barh([0, 1], [1, 2], hatch="//")
        left.errorbar([1, 2, 3, 4], [2, 3, 1, 2], yerr=0.2, capsize=3, linestyle="none", marker="s")
        left.legend()
        left.set_ylabel("turned")
        right.imshow(np.arange(12).reshape(3, 4), cmap="gray")
        return figures.rendered(figure)[0]


@pytest.fixture(scope="module")
def page(drawn: str) -> str:
    return vector.in_page(drawn, mark="ab", alt='what "is" <seen>')


def elements(svg: str) -> list[tuple[str, str, dict[str, str]]]:
    """What is drawn: kind, style, and the attributes that hold coordinates, classes resolved."""
    root = ElementTree.fromstring(svg)
    classes = dict(
        re.findall(r"\.([\w-]+)\{([^}]*)\}", "".join(e.text or "" for e in root if e.tag == "style"))
    )
    above = {child: node for node in root.iter() for child in node}
    found = []
    for node in root.iter():
        kind = node.tag.removeprefix(SVG)
        if kind in DRAWN:
            shared = above[node].get("class", "") if node.tag == "use" else ""  # by marks of one look
            own = node.get("style", "") or classes.get(node.get("class", shared), "")
            for colour, variable in vector.THEME.items():
                own = own.replace(colour, variable)
            if node.get("clip-path"):
                own = f"{own.rstrip('; ')};clip-path:{node.get('clip-path')}".lstrip(";")
            own = re.sub(r"\s", "", own)
            for given in vector.GIVEN:
                own = re.sub(f"(^|;){given.replace(' ', '')}(?=;|$)", "", own).lstrip(";")
            places = {key: node.get(key, "") for key in vector.MEASURED} | (
                {"id": ""} if "id" in node.attrib else {}
            )
            if kind == "path" and own.rstrip(";") == "fill:none" and "id" not in node.attrib:
                continue  # without ink
            lines = (
                re.split("(?=M)", places["d"]) if svg.startswith("<svg") else [places["d"]]
            )  # in one path, ours
            found += [(kind, re.sub(r"\s|;$", "", own), {**places, "d": line}) for line in lines]
    return found


def points(path: str) -> list[tuple[str, float, float]]:
    """Every point of a path, with the letter of its step; steps in small letters are relative."""
    found, at, start = [], (0.0, 0.0), (0.0, 0.0)
    for letter, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        ends = [float(n) for n in NUMBER.findall(text)]
        if letter in "hv":  # level or upright: the other coordinate stays
            letter, ends = "l", [*ends, 0.0] if letter == "h" else [0.0, *ends]
        if letter.islower():
            ends = [end + at[i % 2] for i, end in enumerate(ends)]
        pairs = list(zip(ends[::2], ends[1::2], strict=True))
        found += [(letter.upper(), *pair) for pair in pairs or [start]]
        at = pairs[-1] if pairs else start
        start = at if letter in "Mm" else start
    return found


def test_every_mark_is_there_with_its_style_and_place(drawn: str, page: str) -> None:
    theirs, ours = elements(drawn), elements(page)
    assert len(ours) > 50
    assert (
        re.search(r' d="m[^"]*M', page) and '<g class="ab' in page
    )  # lines and marks of one look are together
    ids, clip = re.compile(r"url\(#[^)]*\)"), re.compile(r";?clip-path:url\(#[^)]*\)")
    assert [(kind, ids.sub("url", clip.sub("", own))) for kind, own, _ in ours] == [
        (kind, ids.sub("url", clip.sub("", own))) for kind, own, _ in theirs
    ]
    for (*_, place), (*_, other) in zip(ours, theirs, strict=True):
        turn = other["transform"]
        other["transform"] = "" if re.fullmatch(r"rotate\(-?0 .*\)", turn) else turn
        for key in vector.MEASURED:
            numbers = [[float(n) for n in NUMBER.findall(one[key])] for one in (place, other)]
            if key == "d":
                steps = [points(one[key]) for one in (place, other)]
                assert [step[0] for step in steps[0]] == [step[0] for step in steps[1]]
                numbers = [[end for _, *ends in own for end in ends] for own in steps]
            factor = key == "transform" and "rotate" not in turn  # of a picture: a tenth would distort it
            exact = factor or "id" in place
            np.testing.assert_allclose(numbers[0], numbers[1], atol=0.0051 if exact else 0.0501)


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("M 10.04 20.06 L 10.96 19.5 L 11 19.5 z", "m10 20.1l1-.6h0z"),
        ("M 0 0 L 1 1 z M 2.5 2 C 3 3 4 4 5 5", "m0 0l1 1zm2.5 2c.5 1 1.5 2 2.5 3"),
        ("M 1.04 0 L 2.08 0 L 3.12 0 L 4.16 0", "m1 0h1.1h1h1.1"),  # errors do not add up
        ("M 2 3 L 2 5.5 L 1 5.5 L 1 3.04", "m2 3v2.5h-1v-2.5"),
        ("M 1.26 0 A 1 1 0 0 1 2.34 0", "M 1.3 0 A 1 1 0 0 1 2.3 0"),  # not of points alone: left as it is
    ],
)
def test_a_path_is_written_in_short_steps(path: str, short: str) -> None:
    assert vector._path(path, 1) == short


CLIPPED = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
<defs><clipPath id="p"><rect x="10" y="10" width="80" height="40"/></clipPath><path id="m" d="M -3 0 L 3 0"/></defs>
{}</svg>"""


@pytest.mark.parametrize(
    ("drawn", "cut"),
    [
        ('<path d="M 12 12 L 88 48" clip-path="url(#p)"/>', False),
        ('<path d="M 12 12 L 91 48" clip-path="url(#p)"/>', True),
        ('<path d="M 12 12 L 12 4" clip-path="url(#p)"/>', True),
        (
            '<path d="M 12 12 L 88 48" style="stroke-width: 3" clip-path="url(#p)"/>',
            True,
        ),  # its ink reaches beyond
        ('<path d="M 12 12 A 9 9 0 0 1 20 20" clip-path="url(#p)"/>', True),  # not of points alone
        ('<path d="M 12 12 L 88 48" transform="scale(2)" clip-path="url(#p)"/>', True),
        (
            '<g clip-path="url(#p)"><use xlink:href="#m" x="20" y="20"/><use xlink:href="#m" x="85" y="20"/></g>',
            False,
        ),
        (
            '<g clip-path="url(#p)"><use xlink:href="#m" x="20" y="20"/><use xlink:href="#m" x="88" y="20"/></g>',
            True,
        ),
        ('<g clip-path="url(#p)"><text x="20" y="20">far beyond it</text></g>', True),
    ],
)
def test_a_clip_stays_only_where_it_may_cut(drawn: str, cut: bool) -> None:
    page = vector.in_page(CLIPPED.format(drawn), mark="ab", alt="")
    assert ("clip-path:" in page) == ("<clipPath" in page) == cut


def test_bars_side_by_side_are_joined_and_others_that_fill_are_not() -> None:
    bars = [
        "M 0 9 L 2 9 L 2 4 L 0 4 z",
        "M 2 9 L 4 9 L 4 1 L 2 1 z",
        "M 3 9 L 5 9 L 5 1 L 3 1 z",
        "M 6 9 L 7 4 L 8 9 z",
    ]
    for shown, joined in ((bars[:2], True), (bars[1:3], False), (bars[::3], False)):
        paths = "".join(f'<path d="{d}" style="fill: #ff0000"/>' for d in shown)
        page = vector.in_page(f'<svg xmlns="{SVG[1:-1]}">{paths}</svg>', mark="ab", alt="")
        assert page.count("<path") == (1 if joined else 2)


def test_what_lets_shine_through_or_fills_is_not_joined() -> None:
    look = "fill: {}; stroke: #000000; opacity: {}"
    for fill, opacity, joined in (("none", 1, False), ("#ff0000", 0.5, False), ("none", None, True)):
        style = look.format(fill, opacity) if opacity else "fill: none; stroke: #000000"
        pair = f'<path d="M 1 2 L 3 4" style="{style}"/><path d="M 5 6 L 7 8" style="{style}"/>'
        page = vector.in_page(f'<svg xmlns="{SVG[1:-1]}">{pair}</svg>', mark="ab", alt="")
        assert ('d="m1 2l2 2M5 6l2 2"' in page) == joined


def test_a_clip_that_is_no_rectangle_stays() -> None:
    drawn = CLIPPED.replace('rect x="10" y="10" width="80" height="40"', 'circle cx="50" cy="30" r="5"')
    path = '<path d="M 12 12 L 88 48" clip-path="url(#p)"/>'
    assert "clip-path:" in vector.in_page(drawn.format(path), mark="ab", alt="")


def test_paths_without_a_line_are_left_out() -> None:
    drawn = f'<svg xmlns="{SVG[1:-1]}"><g><path d="M 3 4"/><path d="M 3 4 L 3 4"/></g></svg>'
    assert re.findall(r' d="([^"]+)"', vector.in_page(drawn, mark="ab", alt="")) == ["m3 4h0"]


def test_paths_without_ink_are_left_out() -> None:
    looks = ("fill: none", "fill: none; stroke: #000000", "fill: #ff0000", "")
    paths = "".join(f'<path d="M 0 {i} L 3 4" style="{look}"/>' for i, look in enumerate(looks))
    made = vector.in_page(f'<svg xmlns="{SVG[1:-1]}">{paths}</svg>', mark="ab", alt="")
    assert re.findall(r' d="m0 (\d)l', made) == ["1", "2", "3"]


def test_texts_are_the_same_and_escaped(drawn: str, page: str) -> None:
    theirs, ours = (
        [e.text for e in ElementTree.fromstring(svg).iter(tag)]
        for svg, tag in ((drawn, f"{SVG}text"), (page, "text"))
    )
    assert ours == theirs and "a <b> & c" in ours
    assert "<b>" not in page and "<seen>" not in page
    assert ElementTree.fromstring(page).get("aria-label") == 'what "is" <seen>'


def test_what_is_pointed_at_exists_once_and_belongs_to_the_figure(page: str) -> None:
    targets = set(re.findall(r'(?:href="|url\()#([^)"]+)', page))
    ids = re.findall(r' id="([^"]+)"', page)
    assert targets and sorted(ids) == sorted(targets)
    assert all(one.startswith("ab") for one in [*ids, *re.findall(r' class="([^"]+)"', page)])


def test_the_colour_under_a_hatch_stays(drawn: str, page: str) -> None:
    """An attribute that begins with # may be a colour, and is then no link."""
    under = re.findall(r'<rect[^>]* fill="(#[0-9a-f]{6})"', drawn)
    assert under and re.findall(r'<rect[^>]* fill="([^"]*)"', page) == under


def test_it_is_two_fifths_of_the_bytes(drawn: str, page: str) -> None:
    assert len(page) < 0.4 * len(drawn)


def test_a_picture_in_a_figure_keeps_its_pixels() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 1), dtype=np.uint8)
    with style.styled():
        figure = samples.sheet({"one": images, "two": 255 - images}, title="samples")
        canvas = np.asarray(figure.axes[0].images[0].get_array())
        svg, png = figures.rendered(figure)
    found = figures.PICTURE.search(svg)
    assert found is not None
    inside = Image.open(io.BytesIO(base64.b64decode(found[1])))
    assert inside.mode == "P"
    shown = np.asarray(inside.convert("RGBA"))
    opaque = canvas[..., 3] > 0
    np.testing.assert_array_equal(shown[..., 3], canvas[..., 3])
    np.testing.assert_array_equal(shown[opaque], canvas[opaque])
    assert np.abs(canvas[:6, :6, 0].astype(int) - images[0, ..., 0]).max() == 0
    # In the PNG every pixel of a sample is a square of the same whole number of pixels.
    assert figure.sharp_at is not None
    scale = figure.sharp_at * (style.WIDTH - 1.65) / canvas.shape[1]
    assert scale == pytest.approx(round(scale))
    assert Image.open(io.BytesIO(png())).width == pytest.approx(figure.sharp_at * style.WIDTH, abs=1)


@pytest.mark.parametrize("webp", [True, False], ids=["webp", "a Pillow without it"])
def test_a_page_has_the_same_pixels_in_fewer_bytes(webp: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PIL.features, "check", lambda name: webp and name == "webp")
    smooth = np.add.outer(np.arange(40), np.arange(40)).astype(np.uint8)[None, ..., None] * 3
    with style.styled():
        svg, _ = figures.rendered(samples.sheet({"one": smooth}, title="samples"))
    found = figures.PICTURE.search(svg)
    assert found is not None
    shown = re.search(r"data:image/(\w+);base64,([A-Za-z0-9+/=]+)\"", vector.in_page(svg, mark="a", alt="a"))
    assert shown is not None and shown[1] == ("webp" if webp else "png")
    assert (len(shown[2]) < len(re.sub(r"\s", "", found[1]))) == webp
    before, after = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(one))).convert("RGBA"))
        for one in (found[1], shown[2])
    )
    np.testing.assert_array_equal(after[..., 3], before[..., 3])
    np.testing.assert_array_equal(after[before[..., 3] > 0], before[before[..., 3] > 0])


@pytest.mark.parametrize("faded", [False, True])
def test_a_picture_of_many_colours_gets_fewer_unless_it_fades(faded: bool) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 30, 4), dtype=np.uint8)
    noise[..., 3] = np.arange(30) * 8 if faded else 255
    with style.styled():
        figure, axes = style.panels(1, 1, height=2.0, title="colours")
        axes[0, 0].imshow(noise, interpolation="none")
        svg, _ = figures.rendered(figure)
    found = figures.PICTURE.search(svg)
    assert found is not None
    inside = Image.open(io.BytesIO(base64.b64decode(found[1])))
    assert (inside.mode == "P") == (not faded)
    if not faded:
        shown = np.asarray(inside.convert("RGBA"))
        assert (shown[..., 3] == 255).all()
        assert (
            np.abs(shown[..., :3].astype(int) - noise[..., :3]).mean() < 20
        )  # of 255: the worst case, where none are alike


def test_a_factor_keeps_its_digits_where_a_place_need_not() -> None:
    assert vector._short("transform", "matrix(1.346 0 0 1.346 104.44 32.4)", exact=False) == (
        "matrix(1.35 0 0 1.35 104.44 32.4)"
    )
    assert vector._short("transform", "translate(10.74 156.37) rotate(-90)", exact=False) == (
        "translate(10.7 156.4) rotate(-90)"
    )
