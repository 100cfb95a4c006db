"""Files as users have them, each made by a few lines: what comes out, or what the one line of a refusal says."""

import dataclasses
import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from study.data import load_dataset
from study.errors import StudyError

N = 90
RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(N, 3)) * [1, 100, 1e4] + [0, 50, 1e6]
ROWS = [",".join(f"{v:.6g}" for v in row) for row in TABLE]
NAMES = "a,b,c"
CLASSES = ["None", "NA", "T"]
BLOB = np.exp(-((np.mgrid[:12, :12] - 6.0) ** 2).sum(axis=0) / 8)  # neighbours are alike in both directions
PICTURES = np.clip(255 * BLOB * RNG.random((N, 1, 1)) + 8 * RNG.random((N, 12, 12)), 0, 255).astype(np.uint8)
PICTURES[0, 6, 6] = 255
COLOUR = np.stack([PICTURES, PICTURES[:, ::-1], PICTURES[:, :, ::-1]], axis=-1)
WALK = RNG.normal(size=(400, 2)).cumsum(axis=0) * [1, 1e5] + [20, 1e7]  # a price and a volume
HOURS = [f"2024-03-{1 + h // 24:02d}T{h % 24:02d}:00:00" for h in range(400)]
TOML = 'csv = "s.csv"\ntime = "t"\nfeatures = ["p"]\ntarget = "v"\nn_past = 3\nn_future = 3\n'


@dataclasses.dataclass(frozen=True)
class Case:
    """A file, and what must come of it.

    Attributes:
        make: writes it into a folder and returns what a user gives.
        options: what the user says.
        says: words of the refusal; empty if it is read.
        shape: of an example.
        read: words of `read_as`.
        names: of the classes.
        within: largest absolute value in any split.
        check: further facts about the data set.
    """

    make: Callable[[Path], Path]
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    says: str = ""
    shape: tuple[int, ...] = ()
    read: Sequence[str] = ()
    names: tuple[str, ...] = ()
    within: float = 12.0
    check: Callable[[Any], bool] = lambda data: True


def text(content: str, name: str = "mine.csv") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_text(content)
        return folder / name

    return make


def written(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def lines(header: str, rows: Sequence[str] = ROWS, name: str = "mine.csv") -> Callable[[Path], Path]:
    return text("\n".join([header, *rows]) + "\n", name)


def with_column(values: Iterable[object]) -> list[str]:
    return [f"{row},{value}" for row, value in zip(ROWS, values, strict=True)]


def npz(**arrays: np.ndarray) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        np.savez(folder / "mine.npz", **arrays)  # type: ignore[arg-type]
        return folder / "mine.npz"

    return make


def packed(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        plain = make(folder)
        path = plain.with_name(f"{plain.name}.gz")
        path.write_bytes(gzip.compress(plain.read_bytes()))
        return path

    return made


def series(times: Sequence[str], toml: str = TOML, values: np.ndarray = WALK) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        rows = [f"{t},{p},{v}" for t, (p, v) in zip(times, values, strict=True)]
        (folder / "s.csv").write_text("\n".join(["t,p,v", *rows]) + "\n")
        (folder / "mine.toml").write_text(toml)
        return folder / "mine.toml"

    return make


def pictures(
    files: Mapping[str, np.ndarray], more: Mapping[str, bytes] | None = None
) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        for name, pixels in files.items():
            path = folder / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
        for name, content in (more or {}).items():
            (folder / "photos" / name).write_bytes(content)
        return folder / "photos"

    return make


def numbered(images: np.ndarray, folder: str = "", ending: str = "png") -> dict[str, np.ndarray]:
    return {f"{folder}{i:03d}.{ending}": image for i, image in enumerate(images)}


def sliding(x: np.ndarray, steps: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(x, steps, axis=0).transpose(0, 2, 1)


def units(data: Any) -> np.ndarray:
    """All examples in the user's units."""
    parts = np.concatenate([data.train, data.validation, data.test])
    return parts if data.inverse is None else data.inverse(parts)


RARE = np.zeros((400, 3))
RARE[:, 0], RARE[3, 1], RARE[4, 2] = RNG.normal(size=400), 1.0, 255.0
CONSTANT = {"train": np.c_[TABLE, np.full(N, 7.0)], "test": np.c_[TABLE[:9], np.full(9, 7.0)]}
CONSTANT["test"][4, 3] = 5e6
OUTSIDE = {
    "train": TABLE,
    "test": np.where(np.arange(9)[:, None] == 5, TABLE[:9] + np.array([200, 0, 0]), TABLE[:9]),
}
FAR = {"train": TABLE, "test": np.where(np.arange(9)[:, None] == 5, -999999.0, TABLE[:9])}
WAVES = [",".join(f"{v:.3f}" for v in row) for row in RNG.random((N, 9))]
MANY = RNG.poisson(RNG.gamma(0.3, 20, size=50), size=(N, 50))
LATE = HOURS[:300] + [f"2024-04-{1 + h // 24:02d}T{h % 24:02d}:00:00" for h in range(100)]
SUMMER = [f"2024-03-31T0{h}:00:00{'+01:00' if h < 2 else '+02:00'}" for h in (0, 1, 3, 4)]
SUMMER += [f"2024-04-{1 + h // 24:02d}T{h % 24:02d}:00:00+02:00" for h in range(396)]
DAYS = [f"{1 + d % 12}/{1 + d // 12}/2024" for d in range(144)]  # each may be day/month or month/day
DAYS_FIRST = [f"{1 + d % 28:02d}/{1 + d // 28 % 12:02d}/{2023 + d // 336}" for d in range(400)]

CASES: dict[str, Case] = {
    # scaling is decided by what the data are
    "uint8 table": Case(
        npz(x=RNG.integers(0, 256, size=(N, 16), dtype=np.uint8)), shape=(16,),
        read=["a table of 16 columns", "each column standardised"], check=lambda d: d.is_table,
    ),
    "genotypes": Case(
        npz(x=RNG.binomial(2, 0.05, size=(N, 40)).astype(np.uint8)), shape=(40,), read=["each column standardised"],
    ),
    "single-cell counts": Case(npz(x=MANY), shape=(50,), read=["each column standardised"], within=30.001),
    "uint8 table with --scale 255": Case(
        npz(x=RNG.integers(0, 256, size=(N, 16), dtype=np.uint8)), {"scale": "255"}, shape=(16,),
        read=["values divided by 255"], within=1,
    ),
    "table with --scale none": Case(
        npz(x=TABLE), {"scale": "none"}, shape=(3,), read=["values kept as they are"], within=1.1e6,
        check=lambda d: d.inverse is None,
    ),
    "table with --scale range": Case(npz(x=TABLE), {"scale": "range"}, shape=(3,), read=["range of each column"]),
    "scale that does not exist": Case(npz(x=TABLE), {"scale": "log"}, says="scale: expected one of auto, none"),
    "pixels as columns of a CSV": Case(
        lines(",".join(f"pixel{i}" for i in range(144)), [",".join(map(str, x.ravel())) for x in PICTURES]),
        shape=(12, 12), read=["images of 12×12, from 144 columns, recognised", "divided by 255"], within=1,
        check=lambda d: d.is_image,
    ),
    "pixels kept as columns": Case(
        npz(x=PICTURES.reshape(N, -1)), {"kind": "table"}, shape=(144,), read=["standardised"], within=30.001,
    ),
    "colour pixels as columns, channels first": Case(
        npz(x=np.moveaxis(COLOUR, -1, 1).reshape(N, -1)), shape=(12, 12, 3),
        read=["in 3 colours", "moved last"], within=1,
    ),
    "rare values": Case(
        npz(train=RARE, test=RARE[:9]), shape=(3,),
        read=["2 columns, the first of them column 1 (counted from 0), with values beyond 10"],
        check=lambda d: abs(d.train).max() <= 10.001,
    ),
    "constant in train, not in test": Case(
        npz(**CONSTANT), shape=(4,),
        read=["column 3 (counted from 0) constant over the training rows (7) but 5e+06 in example 4 of 'test', scaled"],
    ),
    "far from train": Case(
        npz(**OUTSIDE), shape=(3,), read=["in example 5 of 'test', far from train, scaled so that it is at most 30"],
        within=30.001,
    ),
    "a marker of missing values in test": Case(
        npz(**FAR), says="has -1e+06 in example",
    ),
    "molecules as bits": Case(
        npz(x=(RNG.random((N, 64)) < 0.2)), shape=(64,), read=["values 0 and 1, kept"], within=1,
        check=lambda d: d.likelihood == "bernoulli" and d.is_table,
    ),
    "images in [-1, 1]": Case(
        npz(x=PICTURES / 127.5 - 1), shape=(12, 12), read=["values from -1 to 1 in train mapped to [0, 1]"],
    ),
    "images 0..255 as floats": Case(npz(x=PICTURES.astype(np.float32)), shape=(12, 12), read=["divided by 255"]),
    "images 0..16": Case(npz(x=PICTURES // 16), {"kind": "image"}, shape=(12, 12), read=["from 0 to 15 in train"]),
    # axes
    "channels first, colour": Case(
        npz(x=np.moveaxis(COLOUR, -1, 1)), shape=(12, 12, 3), read=["3 channels, channels first, moved last"],
        check=lambda d: {x.tobytes() for x in np.rint(units(d)).astype(np.uint8)} == {x.tobytes() for x in COLOUR},
    ),
    "channels first, grey": Case(npz(x=PICTURES[:, None]), shape=(12, 12, 1), read=["1 channel, channels first"]),
    "channels last": Case(npz(x=COLOUR), shape=(12, 12, 3), read=["channels last"]),
    "channels on either side": Case(npz(x=RNG.random((N, 3, 12, 3))), says="give --layout channels-first or --layout"),
    "channels on either side, said": Case(
        npz(x=RNG.random((N, 3, 12, 3))), {"layout": "channels-first"}, shape=(12, 3, 3), read=["moved last"],
    ),
    "layout of a table": Case(npz(x=TABLE), {"layout": "channels-last"}, says="--layout has no effect on examples"),
    # pictures in folders
    "a folder of PNG with classes": Case(
        pictures({**numbered(PICTURES[:45], "cat/"), **numbered(PICTURES[45:], "dog/")}), shape=(12, 12),
        names=("cat", "dog"), read=["90 pictures", "divided by 255"], within=1,
    ),
    "train and test folders of JPEG in colour": Case(
        pictures({
            **numbered(COLOUR[:30], "train/cat/", "jpg"), **numbered(COLOUR[30:60], "train/dog/", "jpeg"),
            **numbered(COLOUR[60:75], "test/cat/", "jpg"), **numbered(COLOUR[75:], "test/dog/", "jpg"),
        }),
        shape=(12, 12, 3), names=("cat", "dog"), check=lambda d: (len(d.train), len(d.test)) == (60, 24),
    ),
    "pictures of two sizes": Case(
        pictures({**numbered(PICTURES[:9]), "z.png": PICTURES[9, :8]}),
        says="photos/000.png is 12×12, but photos/z.png 8×12; give --size HEIGHT WIDTH",
    ),
    "pictures resized": Case(
        pictures({**numbered(PICTURES[:9]), "z.png": PICTURES[9, :8]}, {"notes.txt": b"x"}), {"size": (8, 6)},
        shape=(8, 6), read=["10 pictures, resized to 8×6, 1 other files left out"],
    ),
    "grey and colour mixed": Case(
        pictures({**numbered(PICTURES[:9]), "z.png": COLOUR[0]}), shape=(12, 12, 3), read=["grey ones as colour"],
    ),
    "a picture cut off": Case(
        pictures(numbered(PICTURES[:9]), {"z.png": b"\x89PNG\r\n\x1a\n123"}),
        says="z.png: cannot be read as PNG or JPEG",
    ),
    "pictures beside classes": Case(
        pictures({**numbered(PICTURES[:9], "cat/"), "z.png": PICTURES[9]}), says="put each picture into the sub-folder",
    ),
    "size for arrays": Case(npz(x=PICTURES), {"size": 8}, says="size"),
    # labels
    "label with None and NA": Case(
        lines(f"{NAMES},label", with_column([CLASSES[i % 3] for i in range(N)])), shape=(3,), names=("NA", "None", "T"),
        read=["classes from column 'label'"],
    ),
    "a column Class is asked about": Case(
        lines(f"{NAMES},Class", with_column(range(N))),
        says="column 'Class' may hold classes; give --label Class or --label none",
    ),
    "a column y, said": Case(
        lines(f"{NAMES},y", with_column([1 + i % 3 for i in range(N)])), {"label": "y"}, shape=(3,),
        names=("1", "2", "3"),
    ),
    "target as a feature": Case(
        lines(f"{NAMES},target", with_column(RNG.normal(size=N))), {"label": "none"}, shape=(4,), names=(),
    ),
    "a label that is no column": Case(
        lines(NAMES), {"label": "kind"}, says="no column 'kind' for --label; it has a, b, c",
    ),
    "a label of measured numbers": Case(
        lines(f"{NAMES},label", with_column(RNG.normal(size=N))),
        says="holds numbers that are not whole, so no classes",
    ),
    "class names with zeros in front": Case(
        lines(f"{NAMES},label", with_column([f"0{i % 2 + 1}" for i in range(N)])), shape=(3,), names=("01", "02"),
    ),
    "string labels in .npz": Case(
        npz(x=TABLE, y=np.array(CLASSES)[np.arange(N) % 3]), shape=(3,), names=("NA", "None", "T"),
    ),
    "a class too small for the splits": Case(
        npz(train=TABLE, test=TABLE, train_labels=np.zeros(N, int), test_labels=np.array([0] * 89 + [7])),
        says="no training example of class '7' (1)",
    ),
    "a class absent from validation": Case(
        npz(x=TABLE, y=np.array([0] * 88 + [1, 1])), shape=(3,), names=("0", "1"),
        read=["no example in validation or test of class '1' (2)"],
    ),
    # forms of table files
    "tabs": Case(
        lines(NAMES.replace(",", "\t"), [r.replace(",", "\t") for r in ROWS], "mine.tsv"), shape=(3,),
        read=["cells separated by tabs"],
    ),
    "semicolons and decimal commas": Case(
        lines("a;b;c", [r.replace(",", ";").replace(".", ",") for r in ROWS]), shape=(3,),
        read=["cells separated by semicolons, decimal commas"], check=lambda d: units(d).max() > 1e6,
    ),
    "blanks": Case(
        lines("a b c", [r.replace(",", "  ") for r in ROWS], "mine.txt"), shape=(3,), read=["separated by blanks"],
    ),
    "comments above": Case(
        text("\n".join(["# instrument 7", "#", NAMES, *ROWS])), shape=(3,), read=["2 lines of comments left out"],
    ),
    "comments below": Case(
        text("\n".join([NAMES, *ROWS[:5], "# pause", *ROWS[5:]])), shape=(3,), read=["1 line of comments"],
        check=lambda d: len(d.train) + len(d.validation) + len(d.test) == N,
    ),
    "names in a comment": Case(text("\n".join(["# a,b,c", *ROWS])), shape=(3,), check=lambda d: len(units(d)) == N),
    "a row behind #": Case(
        text("\n".join([NAMES, *ROWS[:5], f"#{ROWS[5]}", *ROWS[6:]])), says="has the cells of a row",
    ),
    "wavelengths as names": Case(
        lines("400,402,404.5,407,410,412,415,417,420", WAVES), shape=(9,), check=lambda d: len(units(d)) == N,
    ),
    "no names": Case(lines(ROWS[0], ROWS[1:]), says="the first line holds numbers; if they are a row, put a line of"),
    "gz": Case(packed(lines(NAMES)), shape=(3,), check=lambda d: d.name == "mine"),
    "gz cut off": Case(
        written("a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 999)[:40]),
        says="it ends before its gzip stream does",
    ),
    # times
    "hours": Case(series(HOURS), shape=(6, 2), read=["rows 1 h apart; each feature standardised"]),
    "summer time in offsets": Case(series(SUMMER), shape=(6, 2), read=["rows 1 h apart", "a gap of 20 h after row 4"]),
    "some with offsets": Case(
        series([f"{HOURS[0]}Z", *HOURS[1:]]), says="only one of rows 1 and 2 has an offset from UTC",
    ),
    "clocks set back": Case(
        series([*HOURS[:9], HOURS[8], *HOURS[9:399]]),
        says="same time in rows 9 and 10; give one row per time, and where clocks",
    ),
    "dates of two readings": Case(
        series(DAYS, values=WALK[:144]), says="holds dates such as '1/1/2024', whose day may",
    ),
    "dates of two readings, said": Case(
        series(DAYS, TOML + 'dates = "day-first"\n', WALK[:144]), shape=(6, 2), read=["rows 1 d apart, with 11 gaps"],
    ),
    "day first by the dates": Case(series(DAYS_FIRST), shape=(6, 2), read=["rows 1 d apart, with"]),
    "a gap": Case(series(LATE), shape=(6, 2), read=["a gap of 18.54 d after row 300; a step of a window is a row"]),
    "uneven steps": Case(
        series([str(t) for t in np.cumsum(RNG.uniform(1, 1.4, 400)).round(3)]), shape=(6, 2), read=["rows unevenly 1"],
    ),
    # windows as arrays
    "windows that may be images": Case(
        npz(x=RNG.normal(size=(N, 24, 5)).cumsum(axis=1)), says="give --kind image or --kind table or --kind sequence",
    ),
    "scaled windows of many features": Case(
        npz(x=np.clip(RNG.normal(0.5, 0.15, (N, 1, 20)) + RNG.normal(0, 0.01, (N, 24, 20)).cumsum(axis=1), 0, 1)),
        says="smooth along one axis only, may be images",
    ),
    "windows, said": Case(
        npz(x=WALK[:390].reshape(39, 10, 2)), {"kind": "sequence"}, shape=(10, 2),
        read=["windows of 10 steps of 2 features", "each feature standardised"],
        check=lambda d: d.is_sequence and np.allclose(d.train.reshape(-1, 2).std(axis=0), 1, atol=1e-5),
    ),
    "sliding windows in time order": Case(
        npz(x=sliding(WALK, 10)), {"kind": "sequence"}, shape=(10, 2), read=["begin 1 step apart, split in time order"],
        check=lambda d: d.windows.stride == 1,
    ),
    "sliding windows, mixed": Case(
        npz(x=RNG.permutation(sliding(WALK, 10))), {"kind": "sequence"},
        says="windows of 'x' overlap, and not in time order",
    ),
    "a table is no sequence": Case(npz(x=TABLE), {"kind": "sequence"}, says="are no windows; give [N, T, F]"),
    "settings of a data set with a name": Case(
        lambda folder: Path("digits"), {"scale": "none"},
        says="digits: --scale has no effect on a data set with a name",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_comes_of_a_file(tmp_path, case):
    path = case.make(tmp_path)
    if case.says:
        with pytest.raises(StudyError) as caught:
            load_dataset(path, **case.options)
        assert case.says in str(caught.value)
        assert str(caught.value).isprintable() and len(str(caught.value)) < 600
        return
    data = load_dataset(path, **case.options)
    assert data.shape == case.shape
    assert all(words in data.read_as for words in case.read), data.read_as
    assert data.class_names == case.names and data.n_classes == len(case.names)
    assert max(abs(getattr(data, split)).max() for split in ("train", "validation", "test")) <= case.within
    assert case.check(data)


def test_there_are_enough_kinds():
    assert len(CASES) >= 40
