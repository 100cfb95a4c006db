"""Every cited key has its entry in references.bib, and every entry is cited."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_citations_and_entries_agree():
    entries = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "references.bib").read_text(), re.MULTILINE))
    cited = {
        key
        for folder in ("study", "experiments", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for keys in re.findall(r":cite:`([^`]+)`", path.read_text())
        for key in keys.split(",")
        if path != Path(__file__)
    }
    assert cited == entries
