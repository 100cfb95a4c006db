"""`study table` and `study status` read tables: they load no library that fits, trains or draws figures."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

HEAVY = (
    "flowjax",
    "equinox",
    "paramax",
    "blackjax",
    "sklearn",
    "optax",
    "flax",
    "matplotlib",
    "seaborn",
    "scipy.stats",
)
FOLDER = next(Path(__file__).parents[2].glob("results/*/*/metrics.parquet")).parent
CODE = """
import sys
from study.cli import main
assert main(sys.argv[1:]) == 0
print(*sorted(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize("verb", ["table", "status"])
def test_what_reads_tables_loads_no_heavy_library(verb):
    done = subprocess.run(
        [sys.executable, "-c", CODE, verb, str(FOLDER)], capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert done.stdout and "study.tables.results" in loaded
    assert not loaded & set(HEAVY)
