"""Windows: no time step is in two splits, units are restored, and every mistake gives one clear line."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import study
from study.config.windows import WindowsConfig
from study.data import Dataset, load_dataset
from study.data.windows import from_table, split_table
from study.errors import StudyError

PARTS = ("train", "validation", "reference", "held_out")
ROWS = 400


def table(rows: int = ROWS) -> pd.DataFrame:
    """A table whose column `step` is the row number, so that a window shows which rows it holds."""
    days = pd.date_range("2020-01-01", periods=rows, freq="D").astype(str)
    return pd.DataFrame({"day": days, "step": np.arange(rows), "wave": np.sin(np.arange(rows)), "note": "a"})


def saved(folder: Path, frame: pd.DataFrame) -> Path:
    frame.to_csv(folder / "mine.csv", index=False)
    return folder / "mine.csv"


def load(path: Path, **changes: Any) -> Dataset:
    settings: dict[str, Any] = {
        "time": "day",
        "features": ["step", "wave"],
        "target": "wave",
        "n_past": 5,
        "n_future": 3,
    }
    return study.windows(path, **{**settings, **changes})


def steps(data: Dataset, part: str) -> np.ndarray:
    """Row numbers of every window of a part, `[N, T]`."""
    assert data.inverse is not None
    return data.inverse(getattr(data, part)).reshape(-1, *data.shape)[..., 0].round(3)


@pytest.mark.parametrize(("stride", "gap"), [(1, None), (1, 0), (3, 11)])
def test_no_time_step_is_in_two_parts_and_windows_are_whole(tmp_path, stride, gap):
    data = load(saved(tmp_path, table()), stride=stride, gap=gap)
    assert data.shape == (8, 2) and data.is_sequence and not data.is_image
    rows = {part: steps(data, part) for part in PARTS}
    for found in rows.values():
        np.testing.assert_allclose(np.diff(found, axis=1), 1, atol=1e-3)  # consecutive rows, in order
        assert (np.diff(np.sort(found[:, 0])) > stride - 0.01).all()  # no window twice
    sets = {part: set(found.ravel()) for part, found in rows.items()}
    for i, part in enumerate(PARTS):
        for other in PARTS[i + 1 :]:
            assert not sets[part] & sets[other], (part, other)
    assert len(data.reference) == len(data.held_out) == len(data.test) / 2
    left_out = 8 if gap is None else gap
    assert rows["validation"].min() - rows["train"].max() >= left_out + 1
    assert min(rows["reference"].min(), rows["held_out"].min()) - rows["validation"].max() >= left_out + 1


def test_windows_are_shuffled_across_and_test_keeps_its_order(tmp_path):
    path = saved(tmp_path, table())
    data, again, other = load(path), load(path), load(path, seed=1)
    first = steps(data, "train")[:, 0]
    assert (np.diff(first) < 0).any()
    assert (np.diff(steps(data, "reference")[:, 0]) > 0).all() and (
        np.diff(steps(data, "held_out")[:, 0]) > 0
    ).all()
    assert data.fingerprint == again.fingerprint != other.fingerprint
    np.testing.assert_array_equal(np.sort(first), np.sort(steps(other, "train")[:, 0]))


def test_windows_a_span_apart_share_no_step():
    for stride in (1, 3, 8, 20):
        config = WindowsConfig("t", ("a",), "a", 5, 3, stride)
        assert config.fold_span * stride >= 8 > (config.fold_span - 1) * stride


def test_the_halves_of_test_share_a_drift():
    rows = split_table(4000, WindowsConfig("t", ("a",), "a", 5, 3), where="x")
    middle = [
        np.mean([(part.start + part.stop) / 2 for part in half]) for half in (rows.reference, rows.held_out)
    ]
    assert len(rows.reference) == len(rows.held_out) >= 4
    assert middle[0] == middle[1]


def test_scaling_is_that_of_training_rows_and_comes_back(tmp_path):
    frame = table()
    data = load(saved(tmp_path, frame), features=["wave", "step"], target="wave")
    last = frame["step"][: int(steps(load(saved(tmp_path, frame)), "train").max()) + 1]
    assert data.inverse is not None
    first = data.inverse(data.test[:1]).reshape(8, 2)
    number = round(first[0, 1])
    np.testing.assert_allclose(first, frame[["wave", "step"]].to_numpy()[number : number + 8], atol=1e-4)
    expected = (number - last.mean()) / last.std(ddof=0)
    np.testing.assert_allclose(data.test[0].reshape(8, 2)[0, 1], expected, rtol=1e-5)


def test_the_target_joins_the_features_and_a_constant_feature_is_zero(tmp_path):
    data = load(saved(tmp_path, table().assign(flat=7.0)), features=["flat"], target="wave")
    assert data.windows is not None and data.windows.features == ("flat", "wave")
    assert data.windows.target_index == 1
    assert (data.train.reshape(-1, 8, 2)[..., 0] == 0).all()
    assert data.inverse is not None
    assert (data.inverse(data.train[:3]).reshape(-1, 8, 2)[..., 0] == 7).all()


def test_a_toml_file_says_the_same(tmp_path):
    path = saved(tmp_path, table())
    toml = tmp_path / "own.toml"
    text = 'csv = "mine.csv"\ntime = "day"\nfeatures = ["step", "wave"]\ntarget = "wave"\nn_past = 5\nn_future = 3\n'
    toml.write_text(text)
    data = load_dataset(toml)
    assert data.fingerprint == load(path).fingerprint
    assert (data.name, data.source) == ("own", "mine.csv (own data)")
    for wrong, message in (
        (text.replace('time = "day"\n', ""), "'time' is missing; windows need csv, time"),
        (text + "past = 3\n", "unknown key 'past'"),
        (text.replace("5", '"five"'), "n_past: expected int, got 'five'"),
        (text + "=", "cannot be read as TOML"),
        (text.replace("mine", "yours"), "yours.csv: cannot be read as CSV"),
    ):
        toml.write_text(wrong)
        with pytest.raises(StudyError, match=re.escape(message)):
            load_dataset(toml)


WRONG_FRAMES = [
    (table().drop(columns="wave"), "mine.csv: no column 'wave'; it has day, step, note"),
    (table().drop(columns="day"), "mine.csv: no column 'day'"),
    (
        table().iloc[[0, 2, 1, *range(3, ROWS)]],
        "row 3 is earlier than the row before it; sort the file by time",
    ),
    (table().iloc[[0, 1, 1, *range(2, ROWS)]], "has the same time in rows 2 and 3; give one row per time"),
    (table().assign(day="once"), "time column 'day' holds neither numbers nor dates"),
    (table().assign(day=["", *table()["day"][1:]]), "time column 'day' is empty in row 1"),
    (
        table().assign(wave=table()["wave"].where(table()["step"] != 6)),
        "'wave' is empty or not finite in row 7",
    ),
    (table().assign(wave=np.inf), "'wave' is empty or not finite in row 1"),
    (table().assign(wave="x"), "column 'wave' is not numeric; convert it, or leave it out of features"),
    (table(30), "30 rows are too few for windows of 8 steps and gaps of 8 rows; give at least 97 rows"),
    (table().assign(step=1, wave=2), "every feature is constant over the training rows"),
    (
        table().assign(wave=table()["wave"] * 1e300),
        "column 'wave' has training values from -1e+300 to 1e+300",
    ),
    (
        table().assign(wave=table()["wave"] * 1e-300),
        "column 'wave' varies in train, but too little for float64",
    ),
    (
        table().assign(wave=table()["wave"].where(table()["step"] < 300, 1e300)),
        "column 'wave' has 1e+300 in row 301, too large for float32",
    ),
    (
        table().assign(wave=np.arange(ROWS) % 100 + 2**60),
        "column 'wave' differs by less than float64 can represent",
    ),
    (table().assign(wave=True), "column 'wave' is not numeric"),
    (
        table().assign(day="x" * 200),
        "'day' holds neither numbers nor dates (a cell of more than 100 characters",
    ),
    (table().rename(columns={"note": "wave"}), "two columns are named 'wave'; rename one of them"),
    (table(0), "has column names but no rows"),
    (table().assign(**{f"c{i}": 1 for i in range(40)}).drop(columns="wave"), "day, step, note, c0, c1, c2"),
]


@pytest.mark.parametrize(("frame", "message"), WRONG_FRAMES, ids=[m[:24] for _, m in WRONG_FRAMES])
def test_what_is_wrong_with_a_file_is_said_in_one_line(tmp_path, frame, message):
    with pytest.raises(StudyError, match=re.escape(message)) as caught:
        load(saved(tmp_path, frame))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_past": 0}, "n_past must be a whole number from 1 on, got 0"),
        ({"n_future": 2.5}, "n_future must be a whole number from 1 on, got 2.5"),
        ({"stride": 0}, "stride must be a whole number from 1 on"),
        ({"gap": -1}, "gap must be a whole number from 0 on"),
        ({"features": "step"}, "features must be a list of columns, got 'step'; give ['step']"),
        ({"features": ["step", "step"]}, "features name a column twice"),
        ({"features": ["day"]}, "'day' is the time column; leave it out"),
        ({"features": [3]}, "features must be a column name as text, got 3"),
        ({"features": 3}, "features must be a list of columns, got 3"),
        ({"target": None}, "target must be a column name as text, got None"),
        ({"time": 0}, "time must be a column name as text, got 0"),
        ({"n_past": True}, "n_past must be a whole number from 1 on, got True"),
        ({"n_past": 10**10}, "n_past must be a whole number from 1 to 2147483647, got 10000000000"),
        ({"seed": -1}, "windows: seed: give a whole number from 0"),
        ({"max_bytes": 20_000}, "in 342 windows of 8 steps takes 21888 bytes"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_is_wrong_with_the_settings_is_said(tmp_path, changes, message):
    with pytest.raises(StudyError, match=re.escape(message)):
        load(saved(tmp_path, table()), **changes)


def test_a_column_that_pandas_wrote_and_nobody_named_is_left_alone(tmp_path):
    table().to_csv(tmp_path / "mine.csv")  # with the index as a column without a name
    assert load(tmp_path / "mine.csv").shape == (8, 2)


def test_a_constant_feature_is_zero_to_the_last_bit(tmp_path):
    data = load(saved(tmp_path, table().assign(step=0.1)), features=["step"])
    assert (data.train.reshape(-1, 8, 2)[..., 0] == 0).all()


def test_the_fewest_rows_that_are_asked_for_are_enough():
    for n_past, n_future, gap in ((5, 3, None), (1, 1, 0), (20, 4, 3)):
        config = WindowsConfig("t", ("a",), "a", n_past, n_future, gap=gap)
        with pytest.raises(StudyError) as caught:
            split_table(config.length, config, where="x")
        least = int(re.findall(r"at least (\d+) rows", str(caught.value))[0])
        data = from_table(
            np.random.default_rng(0).normal(size=(least, 1)), config, name="x", seed=0, source=""
        )
        assert len(data.train) and len(data.validation) and len(data.reference)


def test_the_fingerprint_knows_what_is_past_and_what_is_future(tmp_path):
    path = saved(tmp_path, table())
    assert load(path).fingerprint != load(path, n_past=4, n_future=4).fingerprint


def test_co2_is_offline_whole_and_has_no_level():
    data = load_dataset("co2")
    assert data.shape == (52, 2) and data.is_sequence
    assert len(data.reference) == len(data.held_out) > 150
    for part in PARTS:  # the level itself would rise by six of its deviations
        assert abs(getattr(data, part).mean()) < 0.5


@pytest.mark.skipif(
    not Path(os.environ.get("STUDY_DATA", "")).joinpath("etth1").is_dir(), reason="needs ETTh1"
)
def test_etth1_is_the_official_file():
    data = load_dataset("etth1")
    assert data.shape == (48, 7) and data.windows is not None and data.windows.target == "OT"


def test_an_altered_etth1_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_DATA", str(tmp_path))
    (tmp_path / "etth1").mkdir()
    (tmp_path / "etth1" / "ETTh1.csv").write_text("date,OT\n")
    with pytest.raises(StudyError, match=r"SHA-256 is .* delete .* and it will be downloaded again"):
        load_dataset("etth1")
