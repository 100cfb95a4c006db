"""How fast is the study, against its peers, against older code, and against what this machine can do at most?

Each implementation has a process of its own; calls are interleaved, ours and each peer's in turn, and ratios are taken
of pairs. The machine must have nothing else to do: what others did meanwhile is in the table, and a case beside other
work decides nothing.

    pip install -e .[peers]                                        torch (for a CPU), pythae and prdc
    git worktree add --detach ../old 0eb2112
    python -m experiments.benchmarks.speed --against ../old        hours on two cores; writes results/speed/
    python -m experiments.benchmarks.speed --only training         a group alone; cases that are done are kept
    python -m experiments.benchmarks.speed --only training --again all
    python -m experiments.benchmarks.speed --again busy            what was measured beside other work
    python -m experiments.benchmarks.speed.where                   where two of its cases spend their time
    python -m experiments.benchmarks.speed --report                the page from the tables alone
"""

import argparse
import json
import os
import platform
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from experiments.benchmarks.speed import page, table, worker
from experiments.benchmarks.speed.cases import Case, Side
from experiments.benchmarks.speed.groups import GROUPS, cases
from study.errors import StudyError
from study.runtime.environment import describe


def main() -> None:
    """Measure what is missing, then write the tables and the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=GROUPS, choices=GROUPS, metavar="GROUP")
    parser.add_argument("--against", default="", metavar="DIR", help="older code of the study")
    parser.add_argument("--again", default="", choices=("busy", "all"), help="measure what is done already")
    parser.add_argument(
        "--small", action="store_true", help="sizes that take seconds, to check that all runs"
    )
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--out", type=Path, default=Path("results/speed"))
    chosen = parser.parse_args()
    against = str(Path(chosen.against).resolve()) if chosen.against else ""
    chosen.out.mkdir(parents=True, exist_ok=True)
    for group in () if chosen.report else chosen.only:
        for case in cases(group, small=chosen.small, against=against):
            measure(case, chosen.out, again=chosen.again)
    page.write(read(chosen.out), chosen.out)


def measure(case: Case, folder: Path, *, again: str = "") -> None:
    """Measure a case, unless every side of it is in the table of calls, and add it there.

    With `again` "all" it is measured anyway, with "busy" if it was measured beside other work.
    """
    runs = read(folder)
    done = runs[(runs["group"] == case.group) & (runs["name"] == case.name)]
    complete = {side.name for side in case.sides} <= set(done["side"])
    if complete and again != "all" and (again != "busy" or table.summary(done)["quiet"].all()):
        return
    print(f"{case.group}: {case.name}", flush=True)
    found = pd.DataFrame(_measured(case), columns=table.RUNS)
    kept = runs.drop(done.index)
    save(pd.concat([kept, found]) if len(kept) else found, folder, case.group)


def _measured(case: Case) -> list[dict[str, object]]:
    rows = []

    def once(side: Side, run: int) -> None:
        rows.append(table.row(case, side, run, worker.measure(ready[side.name], side)))
        print(f"  {side.name}: {rows[-1]['seconds']:.4g} s", flush=True)

    with ExitStack() as stack:
        arrays = worker.save(case.arrays(), Path(stack.enter_context(tempfile.TemporaryDirectory())))
        ready = {}
        for side in case.sides:
            ready[side.name] = stack.enter_context(worker.worker(side, arrays))
            if case.warm:
                once(side, table.FIRST)
        for run in range(case.runs):
            for side in case.sides:
                if run < (side.runs or case.runs):
                    once(side, run)
    return rows


def read(folder: Path) -> pd.DataFrame:
    """The calls that were measured so far, with columns `table.RUNS`."""
    path = folder / "runs.csv"
    if not path.is_file():
        return pd.DataFrame(columns=table.RUNS)
    runs = pd.read_csv(path, keep_default_na=False, na_values=["", "nan"]).fillna({"axis": ""})
    missing = set(table.RUNS) - set(runs.columns)
    if missing:
        raise StudyError(f"speed: {path} has no column {sorted(missing)[0]!r}; delete it and measure again")
    return runs


def save(runs: pd.DataFrame, folder: Path, group: str) -> None:
    """Write the calls, and the machine on which the group was measured."""
    runs.to_csv(folder / "runs.csv", index=False, float_format="%.6g")
    path = folder / "machine.json"
    machine = json.loads(path.read_text()) if path.is_file() else {}
    facts = {**describe(), "processor": _processor(), "load": os.getloadavg()}
    path.write_text(json.dumps({**machine, group: facts}, indent=2, sort_keys=True) + "\n")


def _processor() -> str:
    """Its name, as Linux knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


if __name__ == "__main__":
    main()
