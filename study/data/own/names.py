"""Names of data sets and classes; a data set's in a form that is safe in tables, figures, pages and folder names."""

import unicodedata

LONGEST = 80  # characters
_ALLOWED = frozenset(
    " ._-+=,()"
)  # beside letters, marks and digits; other signs have a meaning in some format
_UNNAMED = "data"


def plain_name(name: object) -> str:
    """The name as one plain printable line of at most `LONGEST` characters.

    Letters and digits of any script are kept. Signs with a meaning in Markdown, HTML, LaTeX or a path, control
    characters, line breaks and marks that change the direction of writing become `_`.
    """
    kept = "".join(c if c in _ALLOWED or _is_letter(c) else "_" for c in str(name)).strip()
    if len(kept) > LONGEST:
        kept = f"{kept[: LONGEST - 1]}…"
    if kept.startswith("."):  # must not name a hidden folder or the parent folder
        kept = f"_{kept[1:]}"
    return kept or _UNNAMED


def _is_letter(c: str) -> bool:
    """Whether c is a letter or digit, a separate accent or vowel sign, or the ellipsis of a shortened name."""
    return c.isalnum() or unicodedata.category(c) in ("Mn", "Mc") or c == "…"


def class_name(label: object) -> str:
    """The name of a class as text: what the user wrote, or the number."""
    if isinstance(label, bytes):
        return label.decode("utf-8", "replace")
    number = label.item() if hasattr(label, "item") else label
    return str(int(number)) if isinstance(number, float) else str(number)
