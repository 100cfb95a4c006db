"""The numbers on README's first screen are those of the committed tables."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from study.claims.rule import errors
from study.report.text.numbers import interval, number
from study.statistics.summary import summarise
from study.tables.results import load_results

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST = README.partition("## Use it")[0]


def summary(folder: str) -> pd.DataFrame:
    found = summarise(load_results(ROOT / "results" / folder).metrics)
    return found[found["family"].eq("vae") & found["decode"].eq("mean")] if "decode" in found else found


def percent(value: float, places: int = 0) -> str:
    return number(100 * value, places)


def shares(found: pd.DataFrame, strategy: str, at: dict[str, float], metric: str = "kid") -> pd.Series:
    rows = found[(found["strategy"] == strategy) & (found["metric"] == metric)]
    for name, value in at.items():
        rows = rows[rows[name] == value]
    (row,) = (row for _, row in rows.iterrows())
    return row


def said() -> Iterator[str]:
    """What README must say, word for word."""
    ladder = summary("gap_ladder/mnist-default")
    for strategy in ("posterior", "gmm"):
        rows = [shares(ladder, strategy, {"beta": beta}) for beta in (0.05, 0.5, 2.0)]
        for row in rows:
            yield interval(row["effect"], row["effect_low"], row["effect_high"], scale=100, places=0)
    yield from of_fashion(ladder)
    own, other, mixture = (
        percent(shares(ladder, name, {"beta": 0.05})["effect"])
        for name in ("posterior", "held-out-posterior", "gmm")
    )
    yield f"{own} and {other} % of the gap on MNIST at s = 0.025"
    yield f"{mixture} % there"
    digits = summary("sampling_strategies/digits-default")
    digits = digits[digits["alpha"].isna()]
    held, fitted, own = (
        percent(shares(digits, name, {})["effect"]) for name in ("held-out-posterior", "gmm", "posterior")
    )
    yield f"{held} % on 998 digits, a mixture {fitted} %, `posterior` {own} %"
    literal = shares(digits, "literal-logvar", {})
    ends = interval(-literal["effect"], -literal["effect_high"], -literal["effect_low"], scale=100, places=0)
    yield f"widens the gap on digits by {ends} %"
    rule = pd.read_csv(ROOT / "results" / "claims" / "rule.csv")
    yield off_by(rule)
    at_three = rule[(rule["experiment"] == "memorisation") & (rule["s"] == 3)].set_index("quantity")[
        "measured"
    ]
    yield f"closes {percent(at_three['mixture'])} % at s = 3, q(z) {percent(at_three['posteriors'])} %"
    for folder, words in REPORTS.items():
        answer = (ROOT / "results" / folder / "report.md").read_text(encoding="utf-8")
        for there, here in words:
            assert there in answer, (folder, there)
            yield here


def of_fashion(ladder: pd.DataFrame) -> Iterator[str]:
    """What README says of Fashion-MNIST, and of both data sets in one sentence."""
    clothes = summary("sampling_strategies/fashion-mnist-default")
    small, large = {"alpha": 10.0, "beta": 0.25}, {"alpha": 1.0, "beta": 4.0}
    for at, s in ((small, "0.0125"), (large, "2")):
        rows = [shares(clothes, strategy, at) for strategy in ("posterior", "gmm")]
        told = (interval(r["effect"], r["effect_low"], r["effect_high"], scale=100, places=0) for r in rows)
        yield f"{' and '.join(told)} % at s = {s}"
    each = ((ladder, {"beta": 0.05}), (clothes, small))
    own, mixture, real = (
        [percent(shares(table, strategy, at, "nearer_to_train")["mean"]) for table, at in each]
        for strategy in ("posterior", "gmm", "held-out")
    )
    yield f"{own[0]} % of its samples on MNIST and {own[1]} % on Fashion-MNIST"
    yield f"{' and '.join(mixture)} % of the mixture's and {' and '.join(real)} % of real images"


def off_by(rule: pd.DataFrame) -> str:
    """How far the rule is off on Fashion-MNIST, where more is gained and less copied than it says."""
    off = errors(rule).query("dataset == 'fashion-mnist' and source == 'rate'").set_index("quantity")
    error, bias = off["error"], off["bias"]
    assert bias["posteriors"] == -error["posteriors"] and bias["copied"] == error["copied"]
    return f"off by {percent(error['posteriors'])} points on Fashion-MNIST"


# What is taken from the answer of a report, which has tests of its own: the words there, and those here.
REPORTS = {
    "gap_ladder/mnist-default": [
        (
            "12 [11, 13], 31 [29, 34] and 64 [62, 67] % at β = 0.05, 0.5 and 2",
            "error is 64 % of the gap at s = 1",
        )
    ],
    "conditional/mnist-default": [
        ("in 85.3, 99.6 and 100.0 %", "96.4 against 85.3 % of the class at β = 0.2"),
        ("96.4 [95.9, 96.8], 88.0 [87.3, 88.7]", "88.0 against 99.6 % at β = 1"),
    ],
    "sequences/co2-default": [("closes 81 [75, 87] % of the gap", "close 81 % in autocorrelation on CO2")],
    "sequences/etth1-default": [("widens the gap by 10 [5, 15] %", "widen it by 10 % on ETTh1")],
}


def test_numbers_are_those_of_the_tables():
    flat = re.sub(r"\s+", " ", FIRST)
    missing = [words for words in said() if words not in flat]
    assert not missing


def test_no_number_with_a_percent_sign_stands_there_that_no_table_gave():
    flat = re.sub(r"\s+", " ", FIRST)
    given = " ".join(said())
    numbers = set(re.findall(r"[\d.]+", given))
    assert set(re.findall(r"([\d.]+)(?: \[[^\]]*\])? %", flat.replace("95 % intervals", ""))) <= numbers
