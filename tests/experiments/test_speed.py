"""The benchmark of speed: what its table says of calls, that its cases can be run, and that what is done is kept."""

import inspect
import itertools
import json
import time
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.speed import __main__ as speed
from experiments.benchmarks.speed import groups, inputs, page, sampler, table, targets, where, worker
from experiments.benchmarks.speed.cases import OURS, Case, Side
from experiments.benchmarks.speed.study_flags import flags
from study.cli import main
from study.errors import StudyError

NUMPY = Side("numpy", "peers:density", {"part": 8, "columns": 100}, share=2.0)


def density(runs: int = 2) -> Case:
    """A case that NumPy alone is measured on, half of the draws for all."""
    return Case(
        "density", "log q(z)", (NUMPY,), lambda: inputs.codes(100, 2, draws=16), "n", 16, runs=runs, flops=8.0
    )


def calls(case: Case, seconds: dict[str, list[float]], *, others: float = 0.0) -> pd.DataFrame:
    """Calls of a case that took so long."""
    return pd.DataFrame(
        table.row(case, side, i + table.FIRST, {"seconds": s, "cpu_seconds": 2 * s, "peak_mib": 5.0, "start_mib": 1.0,
                                                "others": others})
        for side in case.sides for i, s in enumerate(seconds[side.name])
    )  # fmt: skip


def peaks() -> pd.DataFrame:
    """A machine of 100 operations a second and 10 bytes a second."""
    product, copy = groups.cases("peaks", small=True, against="")
    times = {"study": [9.0, 3.0], "numpy": [9.0, 1.0], "torch": [9.0, 2.0]}
    runs = pd.concat([calls(product, times), calls(copy, times)])
    runs.loc[runs["task"] == groups.PRODUCT, "flops"] = 100.0
    runs.loc[runs["task"] == groups.COPY, "traffic"] = 10.0
    return runs


def test_ratios_are_of_medians_and_their_spread_is_of_pairs() -> None:
    case = Case("training", "work", (Side(OURS, "ours:density"), Side("other", "peers:density", share=0.5)))
    runs = calls(case, {OURS: [9.0, 1.0, 2.0, 4.0], "other": [6.0, 12.0, 8.0, 8.0]})
    ours, other = (row for _, row in table.summary(runs).iterrows())
    assert (ours["seconds"], ours["low"], ours["high"], ours["runs"]) == (2.0, 1.0, 4.0, 3)
    assert ours["compile_seconds"] == 7.0 and np.isnan(other["compile_seconds"])
    assert (other["seconds"], other["ratio"]) == (4.0, 2.0)
    assert (other["ratio_low"], other["ratio_high"]) == (1.0, 6.0)
    assert other["cpu_ratio"] == 2.0 and np.isnan(ours["ratio"])


def test_the_bound_is_the_longer_of_both_times_at_the_machines_best_rate() -> None:
    sides = (Side(OURS, "ours:density"),)
    for flops, traffic, bound in ((500.0, 20.0, 5.0), (100.0, 20.0, 2.0), (np.nan, 20.0, 2.0)):
        case = Case("training", "work", sides, flops=flops, traffic=traffic)
        found = table.summary(pd.concat([peaks(), calls(case, {OURS: [1.0, 10.0]})]))
        row = found[found["group"] == "training"].iloc[0]
        assert (row["bound_seconds"], row["times_bound"]) == (bound, 10.0 / bound)


def test_growth_is_over_the_next_smaller_case_and_memory_is_compared() -> None:
    sides = (Side(OURS, "ours:command"), Side("other", "peers:density"))
    grown = {4.0: [3.0, 2.0], 16.0: [3.0, 3.0], 1.0: [9.0, 8.0]}  # in any order
    runs = [
        calls(Case("cells", "work", sides, axis="models", value=value), {OURS: [9.0, *s], "other": [9.0, *s]})
        .assign(programs=10 * value, peak_mib=lambda r: r["side"].map({OURS: 4.0, "other": 6.0}))
        for value, s in grown.items()
    ]  # fmt: skip
    found = table.summary(pd.concat(runs))
    ours = found[found["side"] == OURS].set_index("value")
    assert ours["growth"].to_dict() == pytest.approx(
        {4.0: 2.5 / 8.5, 16.0: 3.0 / 2.5, 1.0: np.nan}, nan_ok=True
    )
    assert ours["program_growth"].to_dict() == pytest.approx({4.0: 4.0, 16.0: 4.0, 1.0: np.nan}, nan_ok=True)
    assert set(found.loc[found["side"] == "other", "peak_ratio"]) == {1.5} and ours["peak_ratio"].isna().all()


def test_beside_other_work_no_target_is_decided() -> None:
    target = next(t for t in targets.TARGETS if t.name == targets.DIGITS and t.side == "pythae")
    case = Case(
        "training", target.name, (Side(OURS, "ours:training"), Side("pythae", "peers:pythae_training"))
    )
    for others, theirs, expected in ((0.0, 30.0, "yes"), (0.0, 3.0, "no"), (0.5, 30.0, targets.OPEN)):
        found = table.summary(calls(case, {OURS: [2.0, 1.0], "pythae": [2.0, theirs]}, others=others))
        (measured,) = (one for one in targets.reached(found) if one[2] != targets.MISSING)
        assert measured == (target, theirs, expected)
        assert len(targets.reached(found)) == len(targets.TARGETS)


@pytest.mark.parametrize("target", targets.TARGETS, ids=lambda target: target.says)
def test_a_target_that_is_just_reached_is_reached(target: targets.Target) -> None:
    found: dict[str, list[Any]] = {one.column: [np.nan] for one in targets.TARGETS}
    found |= {"name": [target.name], "side": [target.side], target.column: [target.limit], "quiet": [True]}
    assert (target, target.limit, "yes") in targets.reached(pd.DataFrame(found))
    found[target.column] = [target.limit * (0.99 if target.least else 1.01)]
    assert [good for one, _, good in targets.reached(pd.DataFrame(found)) if one == target] == ["no"]


def test_every_target_is_of_a_case_and_a_side() -> None:
    known = {
        (case.name, side.name)
        for group in groups.GROUPS
        for case in groups.cases(group, small=False, against="old")
        for side in case.sides
    }
    assert {(target.name, target.side) for target in targets.TARGETS} <= known


@pytest.mark.parametrize("group", groups.GROUPS)
@pytest.mark.parametrize("small", [True, False])
def test_every_side_can_be_made(group: str, small: bool) -> None:
    for case in groups.cases(group, small=small, against="old"):
        for side in case.sides:
            inspect.signature(worker.load(side.make)).bind({}, **side.settings)


def test_work_is_counted_by_hand() -> None:
    digits = groups.cases("training", small=False, against="")[0]
    weights = 64 * 256 + 256 * 16 + 8 * 256 + 256 * 64  # encoder, both heads, decoder
    assert digits.flops == 100 * (1000 * (6 * weights - 2 * 64 * 256) + 300 * 2 * weights)
    assert digits.traffic == 100 * 4 * 64 * 1300


def test_the_flags_are_those_of_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "out")]
    assert main(["run", *flags(), *out, "--dry-run"]) == 0
    assert "45 cells" in capsys.readouterr().out


def test_looks_at_a_command_add_up_to_no_more_than_its_time() -> None:
    began = time.perf_counter()
    found = where.where(["list", "strategies"])
    taken = time.perf_counter() - began
    assert list(found.columns) == ["place", "process", "seconds"] and set(found["process"]) == {0}
    assert found["place"].isin([*dict(sampler.PLACES).values(), sampler.ELSEWHERE]).all()
    assert sampler.IMPORTING in set(found["place"])
    assert 0 < found["seconds"].sum() < taken


def test_looks_add_up_to_the_time_of_the_last_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, looks = itertools.count(), iter(range(10))
    clock = SimpleNamespace(perf_counter=lambda: 0.1 * next(now), sleep=lambda _: next(looks))
    monkeypatch.setattr(sampler, "time", clock)
    with pytest.raises(StopIteration):
        sampler.look(str(tmp_path))
    (path,) = tmp_path.iterdir()
    assert sum(json.loads(path.read_text()).values()) == pytest.approx(0.9)  # written every third time


def test_the_page_has_the_seconds_of_each_case_apart() -> None:
    rows = [
        ("one", "training", 0, 3.0),
        ("one", "training", 1, 1.0),
        ("one", "tables", 0, 6.0),
        ("two", "tables", 0, 2.0),
    ]
    first, second = page._where(pd.DataFrame(rows, columns=["case", "place", "process", "seconds"]))
    assert first.rows == [("tables", "6", "60"), ("training", "4", "40"), ("all", "10", "100")]
    assert first.caption.startswith("one: seconds of the main threads of its 2 processes")
    assert second.rows == [("tables", "2", "100"), ("all", "2", "100")]


def test_a_look_belongs_to_the_innermost_frame_that_has_a_place() -> None:
    def frame(*paths: str) -> FrameType:  # the outermost first
        found = None
        for path in paths:
            found = SimpleNamespace(f_code=SimpleNamespace(co_filename=path), f_back=found)
        return cast(FrameType, found)

    inner = ("/x/study/metrics/kid.py", "/x/numpy/core.py")
    assert sampler.place(frame("/x/study/training/engine.py", *inner)) == "other metrics of samples"
    assert sampler.place(frame(*inner, "/x/jax/_src/compiler.py", "/x/jax/other.py")) == sampler.COMPILING
    assert sampler.place(frame("/x/runpy.py")) == sampler.place(None) == sampler.ELSEWHERE


def test_calls_are_measured_in_a_process_of_their_own_once(tmp_path: Path) -> None:
    speed.measure(density(), tmp_path)
    runs = speed.read(tmp_path)
    assert list(runs["run"]) == [table.FIRST, 0, 1] and (runs["seconds"] > 0).all()
    assert (runs["peak_mib"] >= runs["start_mib"]).all() and runs["others"].notna().all()
    speed.measure(density(runs=5), tmp_path)
    assert speed.read(tmp_path).equals(runs), "what is done is kept"
    page.write(runs, tmp_path)
    assert "log q(z), n = 16" in (tmp_path / "report.md").read_text()


def test_a_side_that_fails_says_why(tmp_path: Path) -> None:
    broken = Case(
        "density", "log q(z)", (Side("numpy", "peers:density", {"part": 8, "columns": 0}),), density().arrays
    )
    with pytest.raises(
        StudyError, match=r"numpy failed at peers:density: (.|\n)*range\(\) arg 3 must not be zero"
    ):
        speed.measure(broken, tmp_path)
