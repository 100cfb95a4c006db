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
    clothes = summary("sampling_strategies/fashion-mnist-default")
    for at in ({"alpha": 10, "beta": 0.25}, {"alpha": 1, "beta": 4}):  # s = 0.0125 and 2
        own, other = (shares(clothes, strategy, at) for strategy in ("posterior", "gmm"))
        ends = [
            interval(row["effect"], row["effect_low"], row["effect_high"], scale=100, places=0)
            for row in (own, other)
        ]
        yield f"{' and '.join(ends)} % at s = {at['beta'] / 2 / at['alpha']:g}"
    smaller = ((ladder, {"beta": 0.05}), (clothes, {"alpha": 10, "beta": 0.25}))
    own, mixture, real = (
        [percent(shares(table, strategy, at, "nearer_to_train")["mean"]) for table, at in smaller]
        for strategy in ("posterior", "gmm", "held-out")
    )
    yield f"{own[0]} % of its samples on MNIST and {own[1]} % on Fashion-MNIST"
    yield f"{' and '.join(mixture)} % of the mixture's and {' and '.join(real)} % of real images"
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
    off = errors(rule).query("dataset == 'fashion-mnist' and source == 'rate'").set_index("quantity")
    closed, copied = off.loc["posteriors"], off.loc["copied"]
    assert (
        closed["bias"] == -closed["error"] and copied["bias"] > 0.9 * copied["error"]
    )  # more gained, less copied
    yield f"off by {percent(closed['error'])} points on Fashion-MNIST"
    at_three = rule[(rule["experiment"] == "memorisation") & (rule["s"] == 3)].set_index("quantity")[
        "measured"
    ]
    yield f"closes {percent(at_three['mixture'])} % at s = 3, q(z) {percent(at_three['posteriors'])} %"
    for folder, words in REPORTS.items():
        answer = (ROOT / "results" / folder / "report.md").read_text(encoding="utf-8")
        for there, here in words:
            assert there in answer, (folder, there)
            yield here


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
