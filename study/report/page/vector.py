"""A figure's SVG as a page holds it: in the page's colours, and without the bytes that no reader sees.

matplotlib writes an id for every group, style and clipping in full at every mark, and a line for every tag; of a
figure that is two thirds. What is drawn stays the same, to a hundredth of a point.
"""

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

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
DIGITS = re.compile(r"-?\d+\.\d+")
LINK = re.compile(r"(?:^|(?<=url\())#([^)]+)")  # the id that an attribute points to
OFTEN = 2  # a style that stands this often is written once


def in_page(svg: str, *, name: str, alt: str) -> str:
    """The `<svg>` element for an HTML page.

    Args:
        svg: a file that matplotlib wrote.
        name: of the figure; its ids and classes start with it, as they must be unique within the page.
        alt: what a screen reader says of the figure.
    """
    root = ElementTree.fromstring(svg)
    box = root.get("viewBox", "")
    links = {link for node in root.iter() for value in node.attrib.values() for link in LINK.findall(value)}
    for node in root.iter():
        _without_blanks(node)
        node.attrib = dict(_attributes(node, name, links))
        node.tag = node.tag.removeprefix(SVG)
    root.attrib = {"viewBox": box, "role": "img", "aria-label": visible(alt)}
    _without_empty_groups(root)
    _styles_once(root, name)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


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


def _attributes(node: Element, name: str, links: set[str]) -> Iterator[tuple[str, str]]:
    how = [*_declarations(node.get("style", ""))]
    if "clip-path" in node.attrib:
        how.append(f"clip-path:{node.attrib['clip-path']}")
    if how:
        yield "style", LINK.sub(rf"#{name}-\1", ";".join(how))
    for key, value in node.attrib.items():
        if key == "id":
            if value in links:
                yield key, f"{name}-{value}"
        elif key in ("style", "clip-path"):
            continue
        elif key in MEASURED:
            short = _short(key, value)
            if short:
                yield key, short
        else:
            target = re.sub(r"\s", "", value) if key == HREF else value  # a picture's base64 has line breaks
            yield "href" if key == HREF else key, LINK.sub(rf"#{name}-\1", target)


def _declarations(value: str) -> Iterator[str]:
    for declaration in value.split(";"):
        what, _, how = (part.strip() for part in declaration.partition(":"))
        if what:
            yield f"{what}:{THEME.get(how, how)}"


def _short(key: str, value: str) -> str:
    """Coordinates with two decimals at most, and no turn by nothing."""
    value = DIGITS.sub(lambda digits: f"{float(digits[0]):.2f}".rstrip("0").rstrip("."), value)
    if key == "transform":
        return re.sub(r"rotate\(-?0 [^)]*\)", "", value).strip()
    if key == "d":
        return re.sub(r"\s*([A-Za-z])\s*", r"\1", value).strip()
    return value


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


def _styles_once(root: Element, name: str) -> None:
    """Write a style that stands more than once as a class."""
    counts = Counter(node.attrib["style"] for node in root.iter() if "style" in node.attrib)
    classes = {
        text: f"{name}-{i}"
        for i, text in enumerate(text for text, n in counts.items() if n >= OFTEN and text)
    }
    for node in root.iter():
        if node.attrib.get("style") in classes:
            node.attrib["class"] = classes[node.attrib.pop("style")]
    if classes:
        sheet = Element("style")
        sheet.text = "".join(f".{short}{{{text}}}" for text, short in classes.items())
        root.insert(0, sheet)
