"""Tables are read back as they were written, and a wrong table gives a clear message."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from study import StudyError
from study.tables import schemas

FILL = {"string": "a b", "int64": -3, "bool": True}


def table(name: str, rows: int = 50) -> pd.DataFrame:
    values = np.random.default_rng(0).normal(size=rows) * 10.0 ** np.arange(-25, rows - 25)
    values[:3] = np.nan, np.inf, -0.0
    frame = {
        c: values if kind.startswith("float") else FILL[kind] for c, kind in schemas.DECLARED[name].items()
    } | {c: words[0] for c, words in schemas.VALUES[name].items()}
    return schemas.conform(pd.DataFrame(frame), name)


@pytest.mark.parametrize("name", schemas.TABLES)
@pytest.mark.parametrize("rows", [0, 50])
def test_a_table_comes_back_to_the_last_bit(name, rows, tmp_path):
    made = table(name).head(rows)
    schemas.write_table(made, tmp_path, name)
    back = schemas.read_table(tmp_path, name)
    pd.testing.assert_frame_equal(back, made, check_exact=True)
    for column in made.select_dtypes("float"):
        assert back[column].to_numpy().tobytes() == made[column].to_numpy().tobytes()


def test_what_is_missing_unknown_or_of_another_type_is_said():
    with pytest.raises(
        StudyError, match=r"table 'draws': missing columns \['inside'\], unknown columns \['x'\]"
    ):
        schemas.conform(table("draws").rename(columns={"inside": "x"}), "draws")
    with pytest.raises(StudyError, match="table 'draws'"):
        schemas.conform(table("draws").assign(log_q="high"), "draws")


def test_a_table_without_a_declared_column_is_refused():
    with pytest.raises(StudyError, match=r"missing columns \['patience'\]"):
        schemas.conform(table("runs").drop(columns="patience"), "runs")


def test_missing_texts_and_many_unknown_columns_are_said_in_one_line():
    gap = table("draws").assign(source=pd.Series([None] + 49 * ["a"], dtype="string"))
    with pytest.raises(StudyError, match=r"^table 'draws': column source has empty cells; run [^\n]*$"):
        schemas.conform(gap, "draws")
    many = pd.DataFrame(0, index=range(50), columns=[f"unknown {i}" for i in range(500)])
    wide = pd.concat([table("draws"), many], axis=1)
    with pytest.raises(StudyError, match=r"^[^\n]{1,300}$"):
        schemas.conform(wide, "draws")


@pytest.mark.parametrize(("name", "column"), [(n, c) for n, few in schemas.VALUES.items() for c in few])
def test_a_word_that_no_reader_knows_is_refused(name, column):
    told = rf"^table '{name}': column {column} holds 'perhaps', which is none of \w+, [\w, ]+; run [^\n]*$"
    with pytest.raises(StudyError, match=told):
        schemas.conform(table(name).assign(**{column: "perhaps"}), name)


def test_the_folder_of_a_wrong_table_is_said(tmp_path):
    table("draws").assign(source="perhaps").to_parquet(tmp_path / "draws.parquet", index=False)
    with pytest.raises(
        StudyError, match=rf"^{tmp_path}: table 'draws': column source holds 'perhaps', [^\n]*$"
    ):
        schemas.read_table(tmp_path, "draws")


def test_texts_that_are_no_text_are_refused(tmp_path):
    made = pa.Table.from_pandas(table("draws"), preserve_index=False)
    raw = pa.array([b"prior"] * 49 + [b"pri\x80r"])
    forged = pa.StringArray.from_buffers(50, raw.buffers()[1], raw.buffers()[2])
    position = made.schema.names.index("run_id")
    pq.write_table(made.set_column(position, "run_id", forged), tmp_path / "draws.parquet")
    with pytest.raises(StudyError, match=r"not a readable parquet file \([^\n]*UTF8[^\n]*\); run the"):
        schemas.read_table(tmp_path, "draws")


def test_a_torn_table_is_said(tmp_path):
    (tmp_path / "runs.parquet").write_bytes(b"PAR1")
    with pytest.raises(StudyError, match="not a readable parquet file"):
        schemas.read_table(tmp_path, "runs")
