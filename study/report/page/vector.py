"""A figure's SVG as a page holds it: in the page's colours, and without the bytes that no reader sees.

matplotlib writes an id for every group, style and clipping in full at every mark, and a line for every tag; of a
figure that is three quarters. What is drawn stays the same, to a tenth of a point in place and a hundredth in shape.
"""

import base64
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import PIL.features
from PIL import Image

from study.report.outside import visible
from study.report.plots import style

__all__ = ["in_page"]

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
THEME = {
    style.INK: "var(--ink)",
    style.SOFT: "var(--soft)",
    style.RULE: "var(--rule)",
    style.PAPER: "var(--paper)",
    **{shade: f"var(--shade-{i})" for i, shade in enumerate(style.SHADES)},
}
MEASURED = (
    "d",
    "points",
    "x",
    "y",
    "width",
    "height",
    "transform",
)  # attributes that hold coordinates, in points
NUMBER = re.compile(r"-?\d+\.?\d*")
DIGITS = re.compile(r"-?\d+\.\d+")
STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")  # of a path: a letter and its coordinates
ABSOLUTE = "MLCQZz"
PLAIN = re.compile(r"[-MLCQZz\d.\s]+")  # a path of points alone
LINK = re.compile(r"(?<=url\()#([^)]+)")  # an id that an attribute points to
NOWHERE = re.compile(r"m[-\d. ]+")  # a path without a line
UNSEEN = re.compile(r"fill:none(;clip-path:[^;]*)?")  # the style of a path without ink
PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]*)")
GIVEN = (
    "font-family:'DejaVu Sans'",
    "text-anchor:start",
    "stroke-dashoffset:0",
)  # by the page, or by SVG itself
MANY = 3  # marks from which on a group is shorter
BAR = re.compile(r"m(-?[\d.]+) ?-?[\d.]+h(-?[\d.]+)(?:v-?[\d.]+|h0)h-?[\d.]+(?:v-?[\d.]+|h0)?z")
OFTEN = 2  # a style that stands this often is written once


def in_page(svg: str, *, mark: str, alt: str) -> str:
    """The `<svg>` element for an HTML page.

    Args:
        svg: a file that matplotlib wrote.
        mark: letters with which ids and classes of this figure start, and of no other figure of the page.
        alt: what a screen reader says of the figure.
    """
    root = ElementTree.fromstring(svg)
    box = root.get("viewBox", "")
    _without_idle_clips(root)
    pointed = (
        link for node in root.iter() for key, value in node.attrib.items() for link in _links(key, value)
    )
    links = {link: f"{mark}{i:x}x" for i, link in enumerate(dict.fromkeys(pointed))}
    for node in root.iter():
        _without_blanks(node)
        node.attrib = dict(_attributes(node, links))
        node.tag = node.tag.removeprefix(SVG)
    root.attrib = {"viewBox": box, "role": "img", "aria-label": visible(alt)}
    _without_nothing(root)
    _without_empty_groups(root)
    _styles_once(root, mark)
    return ElementTree.tostring(root, encoding="unicode").replace(
        " />", "/>"
    )  # texts and values hold no bare ">"


def _links(key: str, value: str) -> list[str]:
    """The ids that an attribute points to. A colour is none, though it begins as one does."""
    if key == HREF:
        return [value[1:]] if value.startswith("#") else []
    return LINK.findall(value)


def _without_idle_clips(root: Element) -> None:
    """Drop clipping of what lies within the clip as a whole: it cuts nothing, and most of a plot lies within."""
    rects = {
        clip.get("id", ""): [float(clip[0].get(key, "nan")) for key in ("x", "y", "width", "height")]
        for clip in root.iter(f"{SVG}clipPath")
    }
    marks = {f"#{one.get('id')}": _reach(one) for one in root.iter(f"{SVG}path") if "id" in one.attrib}
    for node in root.iter():
        name = "".join(LINK.findall(node.get("clip-path", "")))
        if name in rects and _within(node, rects[name], marks):
            del node.attrib["clip-path"]
    used = {link for node in root.iter() for link in LINK.findall(node.get("clip-path", ""))}
    for node in root.iter():
        node[:] = [one for one in node if one.tag != f"{SVG}clipPath" or one.get("id") in used]


def _within(node: Element, rect: Sequence[float], marks: Mapping[str, float]) -> bool:
    """Whether a path, or a group of marks, lies in a rectangle with all of its ink; False if that is not known.

    Args:
        node: it.
        rect: left, top, width and height.
        marks: by link, how far the ink of a mark reaches from its place.
    """
    left, top, width, height = rect
    for one in [node] if len(node) == 0 else node:
        curve, mark = one.get("d", ""), marks.get(one.get(HREF, ""))
        if node.get("transform") or one.get("transform") or not (PLAIN.fullmatch(curve) if curve else mark):
            return False
        at = [float(number) for number in NUMBER.findall(curve or f"{one.get('x')} {one.get('y')}")]
        ink, x, y = mark or _stroke(one), at[::2], at[1::2]
        sides = min(x) - left, left + width - max(x), min(y) - top, top + height - max(y)
        if not all(side >= ink for side in sides):  # nor is NaN, of a clip that is no rectangle
            return False
    return True


def _reach(mark: Element) -> float:
    """How far the ink of a mark reaches from its place, at most."""
    return max((abs(float(number)) for number in NUMBER.findall(mark.get("d", ""))), default=0.0) + _stroke(
        mark
    )


def _stroke(node: Element) -> float:
    """How far a stroke reaches beyond its line: with mitred joints more than half its width."""
    found = [how.partition(":")[2] for how in _declarations(node.get("style", "")) if "stroke-width" in how]
    return float(found[0]) if found else 1.0


def _without_blanks(node: Element) -> None:
    """Drop metadata, matplotlib's own style sheet, and the blanks between tags, which are text nowhere but in texts."""
    for child in list(node):
        own = child.tag == f"{SVG}defs" and all(grandchild.tag == f"{SVG}style" for grandchild in child)
        if child.tag == f"{SVG}metadata" or own:
            node.remove(child)
    if node.tag not in (f"{SVG}text", f"{SVG}tspan"):
        node.text = None
    if node.tag != f"{SVG}tspan":
        node.tail = None


def _attributes(node: Element, links: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    def pointing(value: str) -> str:
        return LINK.sub(lambda found: f"#{links[found[1]]}", value)

    how = [*_declarations(node.get("style", ""))]
    if "clip-path" in node.attrib:
        how.append(f"clip-path:{node.attrib['clip-path']}")
    if how:
        yield "style", pointing(";".join(how))
    for key, value in node.attrib.items():
        if key == "id":
            if value in links:
                yield key, links[value]
        elif key in ("style", "clip-path"):
            continue
        elif key == HREF:
            yield "href", f"#{links[value[1:]]}" if value.startswith("#") else _picture(value)
        elif key in MEASURED:
            if short := _short(key, value, exact="id" in node.attrib):  # what has an id is drawn often
                yield key, short
        else:
            yield key, pointing(value)


def _picture(address: str) -> str:
    """A PNG's `data:` address without line breaks, as WebP where that is shorter: the same pixels."""
    address = re.sub(r"\s", "", address)
    png = PNG.fullmatch(address)
    if not png or not PIL.features.check("webp"):
        return address
    picture, webp = Image.open(io.BytesIO(base64.b64decode(png[1]))).convert("RGBA"), io.BytesIO()
    # quality is effort here: at 100 a page of MNIST takes twelve seconds instead of a tenth, and is 1 % smaller
    picture.save(webp, format="webp", lossless=True, quality=75, method=6)
    return min(address, f"data:image/webp;base64,{base64.b64encode(webp.getvalue()).decode()}", key=len)


def _declarations(value: str) -> Iterator[str]:
    for declaration in value.split(";"):
        what, _, how = (part.strip() for part in declaration.partition(":"))
        if what and f"{what}:{how}" not in GIVEN:
            yield f"{what}:{THEME.get(how, how)}"


def _short(key: str, value: str, *, exact: bool) -> str:
    """Coordinates with two decimals at most, or one unless exact, and no turn by nothing; a factor is exact too."""
    places = 2 if exact or re.search("matrix|scale", value) else 1
    if key == "d":
        return _path(value, places)
    value = DIGITS.sub(lambda digits: _digits(float(digits[0]), places), value)
    if key == "transform":
        return re.sub(r"rotate\(-?0 [^)]*\)", "", value).strip()
    return value


def _digits(value: float, places: int) -> str:
    return f"{value:.{places}f}".rstrip("0").rstrip(".")


def _path(value: str, places: int) -> str:
    """The path in steps from point to point, whose coordinates are shorter; their errors do not add up."""
    steps = STEP.findall(value)
    if any(letter not in ABSOLUTE for letter, _ in steps):
        return DIGITS.sub(lambda digits: _digits(float(digits[0]), places), value)
    at = start = (0, 0)
    made = []
    for letter, text in steps:
        ends = [round(float(number) * 10**places) for number in text.split()]
        made.append(_step(letter.lower(), [end - at[i % 2] for i, end in enumerate(ends)], places))
        at = (ends[-2], ends[-1]) if ends else start
        start = at if letter == "M" else start
    return "".join(made)


def _step(letter: str, numbers: Sequence[int], places: int) -> str:
    """A step of a path; of a line that is level or upright the one coordinate that changes."""
    if letter == "l" and 0 in numbers:
        letter, numbers = ("h", numbers[:1]) if numbers[1] == 0 else ("v", numbers[1:])
    return letter + _joined(numbers, places)


def _joined(numbers: Sequence[int], places: int) -> str:
    """Numbers in units of the last place, as short as SVG reads them: no zero before a point, blank before minus."""
    texts = [re.sub(r"^(-?)0\.", r"\1.", _digits(number / 10**places, places)) for number in numbers]
    return "".join(text if i == 0 or text.startswith("-") else f" {text}" for i, text in enumerate(texts))


def _without_nothing(root: Element) -> None:
    """Drop paths that draw nothing: those that only say where they start, as intervals of no width, or inkless."""
    for node in root.iter():
        node[:] = [
            child for child in node if not NOWHERE.fullmatch(child.get("d", "")) and not _inkless(child)
        ]


def _inkless(node: Element) -> bool:
    """Whether a path has neither a line nor a filling, as matplotlib's background of an axes that shows the page."""
    return node.tag == "path" and "id" not in node.attrib and bool(UNSEEN.fullmatch(node.get("style", "")))


def _without_empty_groups(node: Element) -> None:
    """Put the children of groups without attributes where the group is."""
    for child in node:
        _without_empty_groups(child)
    if any(child.tag == "g" and not child.attrib for child in node):
        node[:] = [
            inner
            for child in node
            for inner in (list(child) if child.tag == "g" and not child.attrib else [child])
        ]


def _styles_once(root: Element, mark: str) -> None:
    """Write a style that stands more than once as a class."""
    counts = Counter(node.attrib["style"] for node in root.iter() if "style" in node.attrib)
    classes = {
        text: f"{mark}{i}" for i, text in enumerate(text for text, n in counts.items() if n >= OFTEN and text)
    }
    for node in root.iter():
        if node.attrib.get("style") in classes:
            node.attrib["class"] = classes[node.attrib.pop("style")]
    for node in root.iter():
        node[:] = list(_together(node, {short: text for text, short in classes.items()}))
    if classes:
        sheet = Element("style")
        sheet.text = "".join(f".{short}{{{text}}}" for text, short in classes.items())
        root.insert(0, sheet)


def _together(node: Element, styles: Mapping[str, str]) -> Iterator[Element]:
    """The children of a node, of which neighbours of one class are one path, or a group of marks.

    Args:
        node: it.
        styles: by class. What lets shine through, or fills, would look otherwise where it overlaps: left apart.
    """
    for (tag, names, short), found in itertools.groupby(
        node, lambda one: (one.tag, {*one.attrib}, one.get("class"))
    ):
        same, style = list(found), styles.get(short or "", "opacity")
        if tag == "path" and names == {"d", "class"} and "opacity" not in style:
            lines = [one.attrib["d"] for one in same]
            if all(line.startswith("m") for line in lines) and ("fill:none" in style or _bars(lines)):
                same[0].attrib["d"] = lines[0] + "".join(f"M{line[1:]}" for line in lines[1:])
                same = same[:1]
        elif tag == "use" and len(same) >= MANY and "opacity" not in style:
            group = Element("g", {"class": str(short)})
            for one in same:
                del one.attrib["class"]
            group[:] = same
            same = [group]
        yield from same


def _bars(lines: Sequence[str]) -> bool:
    """Whether these are upright rectangles side by side, none above another's place."""
    found = [BAR.fullmatch(line) for line in lines]
    spans = sorted(sorted((float(bar[1]), float(bar[1]) + float(bar[2]))) for bar in found if bar)
    return len(spans) == len(lines) and all(
        end <= start for (_, end), (start, _) in itertools.pairwise(spans)
    )
