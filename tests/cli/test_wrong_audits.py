"""Wrong input to `study audit`: exit code 2, one line that says what and how to mend it, and nothing written."""

import shlex
from pathlib import Path

import numpy as np
import pytest

from study.cli import main
from tests.audit.networks import BACK, SIZE, decoder, encoder, examples, node, saved

pytestmark = pytest.mark.integration

GOOD = {
    "--train": "train.npz", "--test": "test.npz", "--encoder": "encoder.onnx", "--decoder": "decoder.onnx",
    "--out": "out",
}  # fmt: skip
# Changes of a right command, None for a flag that is left out, each with a piece of what is said.
WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"--train": None}, "missing argument: --train"),
    ({"--out": None}, "missing argument: --out"),
    ({"--encoder": None}, "give one of --encoder E.onnx and --latents L.npz"),
    ({"--latents": "codes.npz"}, "give one of --encoder E.onnx and --latents L.npz"),
    ({"--train": "absent.npz"}, "absent.npz"),
    ({"--train": "."}, "folder"),
    ({"--train": "torn.npz"}, "torn.npz: cannot be read"),
    ({"--train": "words.npz"}, "audit: train: give an array of numbers"),
    ({"--train": "two.npz"}, "--train two.npz: holds train, x; give one array `x`"),
    ({"--train": "other.npz"}, "--train other.npz: holds z; give one array `x`"),
    ({"--train": "flat.npz"}, "train has the shape [60]; give [N, ...]"),
    ({"--train": "few.npz"}, "train has 5 examples; give 20 or more"),
    ({"--test": "few.npz"}, "test has 5 examples; give 20 or more"),
    ({"--train": "nan.npz"}, "train holds NaN or infinite values, the first in row 3"),
    ({"--train": "wide.npz"}, "give both the same shape"),
    ({"--train": "constant.npz"}, "every value of train is the same"),
    ({"--train": "labelled.npz"}, "only one of train and test has labels"),
    ({"--train": "short_labels.npz", "--test": "new_class.npz"}, "labels of 'train' have shape [3]"),
    ({"--test": "new_class.npz", "--train": "labelled.npz"}, "no training example of class"),
    ({"--train": "tensors.npz", "--test": "tensors.npz"}, "give --layout channels-first, channels-last or flat"),
    ({"--train": "five.npz", "--test": "five.npz"}, "three axes with channels"),
    ({"--layout": "channels-first"}, "have no axis of channels"),
    ({"--layout": "sideways"}, "--layout: there is no 'sideways'"),
    ({"--encoder": "absent.onnx"}, "--encoder absent.onnx: no such file"),
    ({"--decoder": "absent.onnx"}, "--decoder absent.onnx: no such file"),
    ({"--encoder": "."}, "--encoder .: is a folder"),
    ({"--encoder": "empty.onnx"}, "--encoder empty.onnx: is empty"),
    ({"--encoder": "train.npz"}, "not an ONNX network"),
    ({"--encoder": "lonely.onnx"}, "lonely.onnx.data', which is not beside it"),
    ({"--encoder": "narrow.onnx"}, "takes [N, 5], but the examples are [N, 12]"),
    ({"--encoder": "unnamed.onnx"}, "give --mu NAME --log-var NAME"),
    ({"--mu": "nowhere", "--log-var": "log_var"}, "--mu nowhere: --encoder encoder.onnx has no such output"),
    ({"--log-var": "log_var"}, "--log-var: give --mu too"),
    ({"--mu": "log_var", "--log-var": "mu"}, "look swapped"),
    ({"--decoder": "encoder.onnx"}, "takes codes x float [N, 12], but the encoder gives 3"),
    ({"--decoder": "logits.onnx"}, "data and model are in different units; divide the data by 255"),
    ({"--encoder": None, "--latents": "torn.npz"}, "torn.npz: cannot be read"),
    ({"--encoder": None, "--latents": "train.npz"}, "give train_mean, train_log_var, test_mean, test_log_var"),
    ({"--encoder": None, "--latents": "short.npz"}, "train_mean has 7 rows, but there are 60 examples"),
    ({"--encoder": None, "--latents": "codes.npz", "--mu": "mu"}, "--mu: has no effect on --latents"),
    ({"--strategies": "prior nothing"}, "no strategy 'nothing'"),
    ({"--strategies": "gmm"}, "the prior is missing"),
    ({"--strategies": "prior prior"}, "'prior' is given twice"),
    ({"--strategies": ""}, "--strategies: is empty"),
    ({"--fits": "2"}, "at least 3 fits"),
    ({"--fits": "many"}, "--fits: expected int values"),
    ({"--seed": "-1"}, "seed"),
    ({"--scaling-factor": "0"}, "scaling factor: give a number above 0"),
    ({"--scaling-factor": "nan"}, "--scaling-factor: give finite numbers"),
    ({"--reading": "width"}, "--reading: there is no 'width'"),
    ({"--reading": "variance"}, "so it is not a variance"),
    ({"--labels": "words"}, "--labels: there is no 'words'"),
    ({"--features": "absent.onnx"}, "--features absent.onnx: no such file"),
    ({"--features": "train.npz"}, "not an ONNX network"),
    ({"--export": "fit.txt"}, "--export fit.txt: give the name of an .npz file"),
    ({"--export": "nowhere/fit.npz"}, "--export nowhere/fit.npz"),
    ({"--out": "train.npz"}, "--out train.npz: is a file"),
    ({"--out": "."}, "--out .: holds files that this program did not write"),
    ({"--out": ""}, "--out: is empty"),
    ({"--what": "1"}, "no flag --what here"),
]  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audits")
    x, y = examples(60), examples(40, seed=2)
    arrays: dict[str, dict[str, np.ndarray]] = {
        "train": {"x": x}, "test": {"x": y}, "words": {"x": np.array([["a"]] * 30)}, "two": {"x": x, "train": x},
        "other": {"z": x}, "flat": {"x": x[:, 0]}, "few": {"x": x[:5]}, "wide": {"x": x[:, :5]},
        "constant": {"x": np.ones_like(x)}, "labelled": {"x": x, "y": np.arange(60) % 2},
        "short_labels": {"x": x, "y": np.arange(3)}, "new_class": {"x": y, "y": np.arange(40) % 3},
        "tensors": {"x": np.random.default_rng(0).normal(size=(30, 2, 3, 2))},
        "five": {"x": np.eye(30).reshape(30, 30, 1, 1, 1)},
        "codes": {f"{split}_{name}": np.zeros((n, 3)) for split, n in (("train", 60), ("test", 40))
                  for name in ("mean", "log_var")},
        "short": {f"{split}_{name}": np.zeros((7, 3)) for split in ("train", "test") for name in ("mean", "log_var")},
    }  # fmt: skip
    arrays["nan"] = {"x": np.where(np.arange(60)[:, None] == 3, np.nan, x)}
    for name, content in arrays.items():
        np.savez(folder / f"{name}.npz", **content)  # type: ignore[arg-type]  # of arrays
    (folder / "torn.npz").write_bytes((folder / "train.npz").read_bytes()[:100])
    (folder / "empty.onnx").touch()
    encoder(folder / "encoder.onnx")
    decoder(folder / "decoder.onnx")
    encoder(folder / "lonely.onnx", outside=True)
    (folder / "lonely.onnx.data").unlink()
    number = 1  # float
    saved(folder / "narrow.onnx", [node("Identity", "x", "mu")], {"x": (number, ["N", 5])}, {"mu": ["N", 5]})
    three = ("a", "b", "c")
    saved(
        folder / "unnamed.onnx", [node("Identity", "x", name) for name in three], {"x": (number, ["N", SIZE])},
        {name: ["N", SIZE] for name in three},
    )  # fmt: skip
    saved(
        folder / "logits.onnx", [node("MatMul", "z back", "recon")], {"z": (number, ["N", 3])}, {"recon": ["N", SIZE]},
        {"back": BACK / 255},
    )  # fmt: skip
    return folder


@pytest.mark.parametrize(
    ("change", "said"), WRONG, ids=[" ".join(f"{k}={v}" for k, v in c.items()) for c, _ in WRONG]
)
def test_one_line_and_nothing_written(
    change: dict[str, str | None],
    said: str,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(here)
    before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}
    words = ["audit"]
    for flag, value in {**GOOD, **change}.items():
        if value is not None:
            words += [flag, *(shlex.split(value) if flag == "--strategies" and value else [value])]
    assert main(words) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("audit: ")]
    assert len(lines) == 1 and lines[0].startswith("study: ")
    assert said in lines[0]
    assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before
