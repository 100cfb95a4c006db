"""Escape text for Markdown and LaTeX, so that it is displayed as it is."""

import re
from collections.abc import Iterable

from study.report.outside import visible
from study.report.text.numbers import SUPERSCRIPT

SPAN = re.compile(r"`([^`]+)`")
NO_SPAN = re.compile(r"[&<\\]")  # cannot be escaped between backticks
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", "\\": "&#92;", "`": "&#96;", "@": "&#64;"})
ACTIVE = (  # characters that start emphasis, links, addresses or formulas, only where they would do so
    (re.compile(r"(?<![^\W_])_|_(?![^\W_])"), r"\\_"),
    (re.compile(r"(?<!\s)~|~(?!\s)"), r"\\~"),
    (re.compile(r"(?<!\s)\*|\*(?!\s)"), r"\\*"),
    (re.compile(r"\$"), r"\\$"),
    (re.compile(r"\](?=\()"), r"\\]"),
    (re.compile(r"://"), ":&#47;&#47;"),
    (re.compile(r"\b(www)\.", re.IGNORECASE), r"\1&#46;"),
)
# The beginning of a heading, a quotation, a rule, a list item, a check box or a link's address.
FIRST = re.compile(r"[#>=-]|[*+](?:\s|$)|\[(?=[ xX]\]|[^\]]*\]:)")
NUMBERED = re.compile(r"\d{1,9}(?=[.)](?:\s|$))")
CLOSING = re.compile(r"(?<=\s)(?=#+$)")

SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SYMBOLS = {
    "\N{NO-BREAK SPACE}": "~",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    **{mark: f"\\{mark}" for mark in "&%_#${}"},
    **{"−": "$-$", "—": "---", "∞": r"$\infty$", "×": r"$\times$", "‖": r"$\Vert$"},
    **{
        "α": r"$\alpha$",
        "β": r"$\beta$",
        "σ": r"$\sigma$",
        "ε": r"$\epsilon$",
        "½": r"$\frac{1}{2}$",
        "·": r"$\cdot$",
        "±": r"$\pm$",
        "Δ": r"$\Delta$",
        "γ": r"$\gamma$",
        "λ": r"$\lambda$",
        "τ": r"$\tau$",
        "Σ": r"$\Sigma$",
        "χ": r"$\chi$",
        "√": r"$\surd$",
        "≈": r"$\approx$",
        "≤": r"$\le$",
        "≥": r"$\ge$",
        "†": r"$\dagger$",
    },
    **{"▲": r"$\bigtriangleup$", "▼": r"$\bigtriangledown$", "⚠": "(!)"},
    **{"↓": r"$\downarrow$", "↑": r"$\uparrow$", "→": r"$\rightarrow$"},
    **{chr(raised): f"$^{{{chr(plain)}}}$" for plain, raised in SUPERSCRIPT.items()},
    **{chr(lowered): f"$_{{{chr(plain)}}}$" for plain, lowered in SUBSCRIPT.items()},
    **{"ₙ": "$_n$", "ⱼ": "$_j$", "ᵖ": "$^p$"},
}
LATEX = str.maketrans(SYMBOLS)
UNSET = re.compile("[^\\x00-\\x7e¡-ſ‘’“”–…]")  # what pdfTeX with the T1 encoding has no letter for


def markdown(text: str) -> str:
    """One line of GitHub Markdown that displays this text; text between two backticks is code."""
    text = visible(text).strip()
    parts, at = [], 0
    for span in SPAN.finditer(text):
        parts += [_prose(text[at : span.start()]), _code(span[1])]
        at = span.end()
    line = "".join([*parts, _prose(text[at:])])
    numbered = NUMBERED.match(line)
    if numbered:
        line = f"{numbered[0]}\\{line[numbered.end() :]}"
    elif FIRST.match(line):
        line = f"\\{line}"
    return CLOSING.sub(r"\\", line)


def cell(text: str) -> str:
    """`markdown` for a cell of a table."""
    return markdown(text).replace("|", "\\|")


def latex(text: str) -> str:
    """LaTeX source that typesets this text, also at the beginning of a row of a table.

    A letter that pdfTeX has no glyph for is written as its number, U+4E00.
    """
    made = UNSET.sub(lambda letter: f"U+{ord(letter[0]):04X}", visible(text).translate(LATEX))
    return (
        f"{{}}{made}" if made.startswith(("[", "*", "(")) else made
    )  # else an argument of the command before


def fenced(text: str) -> str:
    """A command as a fenced block of code."""
    return fenced_lines([text], "sh")


def fenced_lines(lines: Iterable[str], language: str) -> str:
    """A fenced block of code whose fence is longer than any run of backticks in the lines."""
    text = "\n".join(map(visible, lines))
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _prose(text: str) -> str:
    text = text.translate(ENTITIES)
    for pattern, written in ACTIVE:
        text = pattern.sub(written, text)
    return text


def _code(text: str) -> str:
    return f"<code>{_prose(text)}</code>" if NO_SPAN.search(text) else f"`{text}`"
