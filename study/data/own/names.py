"""The name of a data set as tables, figures, pages and folders can bear it."""

import unicodedata

LONGEST = 80  # characters
_ALLOWED = frozenset(" ._-+=,()")  # beside letters, marks and digits; no other sign means something nowhere
_UNNAMED = "data"


def plain_name(name: object) -> str:
    """The name as one plain printable line of at most `LONGEST` characters.

    Letters and digits of any script stay. Signs that mean something in Markdown, HTML, LaTeX or a path, control
    characters, line breaks and marks that turn the direction of writing become `_`.
    """
    kept = "".join(c if c in _ALLOWED or _is_letter(c) else "_" for c in str(name)).strip()
    if len(kept) > LONGEST:
        kept = f"{kept[: LONGEST - 1]}…"
    if kept.startswith("."):  # neither a hidden folder nor the one above
        kept = f"_{kept[1:]}"
    return kept or _UNNAMED


def _is_letter(c: str) -> bool:
    """A letter or digit, an accent or vowel sign that is a character of its own, or the sign that a name was cut."""
    return c.isalnum() or unicodedata.category(c) in ("Mn", "Mc") or c == "…"
