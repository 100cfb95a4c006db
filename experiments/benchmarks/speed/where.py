"""Where the seconds of the study of the comparison go, nothing cached; writes `where.csv`, which the page shows.

python -m experiments.benchmarks.speed.where        a minute or two on two cores; writes results/speed/where.csv
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd

from experiments.benchmarks.speed import commands, sampler
from experiments.benchmarks.speed.study_flags import flags
from study.report.figures import replace

ROOT = Path(__file__).parents[3]
FILE = "where.csv"


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
        out = ["--store", str(Path(scratch, "store")), "--out", str(Path(scratch, "out"))]
        commands.run(
            [sys.executable, "-m", "study.cli", *arguments, *(out if "run" in arguments else [])],
            folder=ROOT,
            environment={"PYTHONPATH": f"{hook}{os.pathsep}{ROOT}", sampler.FOLDER: str(found)},
        )
        looks = [json.loads(path.read_text()) for path in found.glob("*.json")]
    looks.sort(key=lambda one: -sum(one.values()))
    rows = [(name, i, seconds) for i, one in enumerate(looks) for name, seconds in one.items()]
    return pd.DataFrame(rows, columns=["place", "process", "seconds"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "results/speed")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    made = where(["run", *flags()]).to_csv(index=False, float_format="%.3g")
    replace(chosen.out / FILE, made.encode())
