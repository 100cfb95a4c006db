"""The committed results folders that count."""

from pathlib import Path

from study.claims.evidence import PROFILES

RESULTS = Path(__file__).parents[1] / "results"
FOLDERS = sorted(
    path.parent
    for path in RESULTS.glob("*/*/provenance.json")
    if path.parent.name.rpartition("-")[2] in PROFILES
)


def label(folder: Path) -> str:
    """A folder as the name of a test."""
    return f"{folder.parent.name}/{folder.name}"
