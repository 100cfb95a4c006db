"""Where the seconds of two cases go that are compared with older code; writes `where.csv`, which the page shows.

python -m experiments.benchmarks.speed.where        half an hour on two cores; writes results/speed/where.csv
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from experiments.benchmarks.speed import commands, ours, sampler, targets
from experiments.benchmarks.speed.study_flags import SIXTEEN, flags
from study.report.figures import replace

ROOT = Path(__file__).parents[3]
FILE = "where.csv"
# The flags of each case, and the stages of the store that are there before it.
CASES: Mapping[str, tuple[list[str], tuple[str, ...]]] = {
    targets.STUDY: (flags(), ()),
    targets.EVALUATION: (flags("mnist", **SIXTEEN), ("train",)),
}


def where(arguments: list[str]) -> pd.DataFrame:
    """Run `study` and return seconds of main threads by place and process, the process that began it first.

    Returns:
        place, process (0 for the one that began it), seconds.
    """
    with tempfile.TemporaryDirectory() as scratch:
        found, hook = Path(scratch, "found"), Path(scratch, "hook")
        found.mkdir()
        hook.mkdir()
        shutil.copy(sampler.__file__, hook / "sitecustomize.py")
        commands.run(
            [sys.executable, "-m", "study.cli", *arguments],
            folder=ROOT,
            environment={"PYTHONPATH": f"{hook}{os.pathsep}{ROOT}", sampler.FOLDER: str(found)},
        )
        looks = [json.loads(path.read_text()) for path in found.glob("*.json")]
    looks.sort(key=lambda one: -sum(one.values()))
    rows = [(name, i, seconds) for i, one in enumerate(looks) for name, seconds in one.items()]
    return pd.DataFrame(rows, columns=["place", "process", "seconds"])


def case(name: str) -> pd.DataFrame:
    """`where` of one of `CASES`, whose name is in a column of its own."""
    chosen, kept = CASES[name]
    with tempfile.TemporaryDirectory() as scratch:
        store, out = Path(scratch, "store"), Path(scratch, "out")
        whole = ["run", *chosen, "--store", str(store), "--out", str(out)]
        if kept:
            commands.study(ROOT, whole)
            ours.forget(store, out, kept)
        return where(whole).assign(case=name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "results/speed")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    made = pd.concat([case(name) for name in CASES]).to_csv(index=False, float_format="%.3g")
    replace(given.out / FILE, made.encode())
