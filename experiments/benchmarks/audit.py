"""Is a broken model diagnosed right? The confusion table of an audit.

Nine models that are broken on purpose, each in one way, and three good ones, at three seeds each
(`experiments/benchmarks/audit_models.py`). A row counts how many seeds of a case got each diagnosis.

    python -m experiments.benchmarks.audit               minutes; writes results/audit/confusion.csv
    python -m experiments.benchmarks.audit --only ring --seeds 0
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from experiments.benchmarks.audit_models import CASES, SEEDS
from study.audit.measuring import EVALUATIONS
from study.audit.run import Audit, audit
from study.runtime.environment import use_all_cores

STRATEGIES = ("prior", "posterior", "gaussian-full", "gmm")
NOTHING = "nothing"


def audited(name: str, seed: int, *, evaluations: int = EVALUATIONS) -> tuple[str, Audit]:
    """The diagnosis that a case must get, and its audit."""
    case = CASES[name](seed)
    found = audit(
        encode=case.encode, decode=case.decode, train=case.train, test=case.test, strategies=STRATEGIES,
        evaluations=evaluations,
    )  # fmt: skip
    return case.expected or NOTHING, found


def confusion(names: Sequence[str], seeds: Sequence[int]) -> pd.DataFrame:
    """Columns case, expected, seeds, one for each diagnosis, nothing, and right: seeds with the expected one alone."""
    rows = []
    for name in names:
        row: dict[str, object] = {"case": name}
        counts: dict[str, int] = {}
        right = 0
        for seed in seeds:
            expected, found = audited(name, seed)
            judged = found.diagnosis[found.diagnosis["name"] != "mode or sample"]
            counts = counts or dict.fromkeys([*judged["name"], NOTHING], 0)
            told = list(judged.loc[judged["found"] == "yes", "name"]) or [NOTHING]
            for one in told:
                counts[one] += 1
            right += told == [expected]
            print(name, seed, told, flush=True)
        rows.append({**row, "expected": expected, "seeds": len(seeds), **counts, "right": right})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    use_all_cores()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--out", type=Path, default=Path("results/audit"))
    chosen = parser.parse_args()
    table = confusion(chosen.only, chosen.seeds)
    chosen.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(chosen.out / "confusion.csv", index=False)
    print(table.to_string(index=False))
