import jax.numpy as jnp
import numpy as np
import pytest

from study.data import load_dataset
from study.data.own.labelled import read_table
from study.errors import StudyError

X = np.random.default_rng(0).integers(0, 256, size=(45, 4, 4), dtype=np.uint8)
Y = np.arange(45) % 3


def write_csv(path, lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def test_npz_and_npy_load_by_path(tmp_path):
    np.savez(tmp_path / "mine.npz", x=X, y=Y)
    np.save(tmp_path / "mine.npy", X)
    labelled, plain = load_dataset(tmp_path / "mine.npz"), load_dataset(str(tmp_path / "mine.npy"))
    assert (labelled.name, labelled.shape, labelled.n_classes) == ("mine", (4, 4), 3)
    assert (plain.shape, plain.n_classes) == ((4, 4), 0)
    assert load_dataset(tmp_path / "mine.npz").fingerprint == labelled.fingerprint
    assert str(tmp_path) not in labelled.source  # reports hold no machine's paths


def test_csv_loads_with_and_without_labels(tmp_path):
    rows = [f"{i},{i * i},{'abc'[i % 3]}" for i in range(18)]
    path = write_csv(tmp_path / "mine.csv", ["height,width,label", *rows])
    data = load_dataset(path)
    assert (data.shape, data.n_classes, len(data.test)) == ((2,), 3, 6)
    assert data.inverse is not None
    values = np.concatenate([data.inverse(part) for part in (data.train, data.validation, data.test)])
    # float32 of values up to 289
    np.testing.assert_allclose(np.sort(values[:, 1]), np.arange(18) ** 2, atol=289 * 2**-22)
    unlabelled = write_csv(tmp_path / "plain.csv", ["0,1", *(f"{i},{-i}" for i in range(9))])
    assert load_dataset(unlabelled).train_labels is None


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["date,a", "2016-07-01,1", "2016-07-02,2"],
            "column 'date' is not numeric; drop that column, or give --label",
        ),
        (["a,b", "1,2", "3,"], "column 'b' is empty in row 2; fill it, or drop that column"),
        (["a,label", "1,x", "3,"], "column 'label' is empty in row 2"),
        (
            ["0.5,1.5", "1,2"],
            "the first line holds numbers; if they are a row, put a line of column names above it",
        ),
        (["label", "1"], "no numeric column; give at least one besides 'label'"),
        (["a,b"], "has column names but no rows"),
        (["a", "0,2", "1,4"], "cannot be read as CSV .*but the first line has 1"),
        ([",a", "0,2", "1,4"], "column 1 has no name; name it, or drop it if it counts rows"),
        (["a,b", "1,2", "1,2,3,4"], "cannot be read as CSV"),
        ([""], "cannot be read as CSV"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused(tmp_path, lines, message):
    with pytest.raises(StudyError, match=message) as caught:
        read_table(write_csv(tmp_path / "mine.csv", lines))
    assert "mine.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_csv_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "mine.csv").write_bytes(b"\xff\xfe\x00a,b")
    with pytest.raises(StudyError, match=r"mine\.csv: cannot be read as CSV .* UTF-8"):
        read_table(tmp_path / "mine.csv")


def test_python_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}, []], dtype=object))
    np.savez(tmp_path / "b.npz", x=np.array([{}, []], dtype=object))
    for name in ("a.npy", "b.npz"):
        with pytest.raises(StudyError, match=f"{name}: cannot be read as a numpy file of plain arrays"):
            load_dataset(tmp_path / name)


def test_numbers_that_numpy_writes_without_a_type_are_refused_by_name(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.asarray(jnp.ones((9, 2), jnp.bfloat16)))
    with pytest.raises(StudyError, match=r"'x': its values are 2 bytes without a type, as bfloat16.*float32"):
        load_dataset(tmp_path / "a.npz")


def test_torn_files_are_refused(tmp_path):
    np.savez(tmp_path / "whole.npz", x=X)
    np.save(tmp_path / "whole.npy", X)
    whole = (tmp_path / "whole.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    contents = {
        "a.npz": whole[: len(whole) // 2],
        "b.npz": bytes(flipped),
        "c.npz": b"",
        "d.npy": (tmp_path / "whole.npy").read_bytes()[:-9],
        "e.npy": b"hello",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(StudyError, match=f"{name}: cannot be read as a numpy file of plain arrays"):
            load_dataset(tmp_path / name)


def test_other_suffixes_are_refused(tmp_path):
    (tmp_path / "mine.parquet").write_bytes(b"")
    with pytest.raises(StudyError, match=r"mine\.parquet: cannot read \.parquet; give \.npz, \.npy, \.csv"):
        load_dataset(tmp_path / "mine.parquet")
