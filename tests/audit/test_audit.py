"""The whole of an audit: in Python with functions, from the command line with files, and its report."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

import study
from study.audit.run import Audit, audit
from study.cli import main
from study.errors import StudyError
from study.tables.results import load_results
from tests.audit.conftest import Made

pytestmark = pytest.mark.integration

STRATEGIES = ("prior", "posterior", "gmm")


@pytest.fixture(scope="module")
def found(
    made: Made,
    sketching: Callable[[], AbstractContextManager[None]],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Audit, Path]:
    """An audit by functions, with export and a report whose figures are not drawn."""
    folder = tmp_path_factory.mktemp("by_functions")
    (folder / "out").mkdir()

    def encode(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return made.model.encode(x.reshape(len(x), -1))

    def decode(z: np.ndarray) -> np.ndarray:
        return made.model.decode(z).reshape(-1, 8, 8)

    one = made.examples
    with sketching():
        result = audit(
            encode=encode, decode=decode, train=one.train, test=one.test,
            labels=(one.train_labels, one.test_labels), strategies=STRATEGIES, evaluations=4,
            out=folder / "out", export=folder / "fit.npz",
        )  # fmt: skip
    return result, folder


def test_the_package_and_the_function_share_a_name(made: Made) -> None:
    import study.audit.run

    with pytest.raises(StudyError, match="audit: train"):
        study.audit(encode=print, decode=print, train=np.zeros(3), test=np.zeros(3))  # type: ignore[operator]
    assert study.audit.run.audit is audit


def test_the_answer(found: tuple[Audit, Path]) -> None:
    result, folder = found
    assert len(result.answer.split()) < 60
    assert result.strategy in STRATEGIES and f"{result.strategy!r}" in repr(result)
    assert result.fitted.sample(0, n=5).shape == (5, 4)
    again = study.load_strategy(folder / "fit.npz")
    np.testing.assert_array_equal(again.sample(0, n=5), result.fitted.sample(0, n=5))
    assert len(result.diagnosis) == 10 and set(result.diagnosis["found"]) <= {"yes", "no", "cannot tell"}
    rows = result.summary[(result.summary["metric"] == "kid") & (result.summary["strategy"] == "gmm")]
    assert len(rows) == 1 and (rows["seeds"] == 3).all() and (rows["evaluations"] == 4).all()
    assert (
        (rows["state"] == "ok").all() and (rows["effect_low"] > 0).all() and (rows["effect_high"] < 1).all()
    )


@pytest.mark.usefixtures("sketched")
def test_the_folder(found: tuple[Audit, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """It holds the usual tables, and `study report`, `status` and `table` read it."""
    result, folder = found
    out = folder / "out"
    tables = load_results(out)
    assert tables.runs["family"].tolist() == ["audited"] and set(tables.metrics["fit"]) == {0, 1, 2}
    page = out / "report.html"
    before = {path.name: path.read_bytes() for path in (page, out / "report.md")}
    assert main(["report", str(out)]) == 0
    assert result.answer in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in (page, out / "report.md")} == before
    assert main(["report", str(out), "--all"]) == 0
    drawn = [{path.stem for path in (out / "figures").glob(f"*.{kind}")} for kind in ("png", "svg", "pdf")]
    assert drawn[0] == drawn[1] == drawn[2] and (out / "tables.tex").is_file()
    assert main(["status", str(out)]) == 0 and main(["table", str(out)]) == 0
    text = page.read_text()
    assert result.answer.split("`")[0] in re.sub(r"<[^>]+>", "", text)
    assert "training runs" not in text and "training seeds:" in text
    assert "study.load_strategy(&#34;strategy.npz&#34;).sample(0, n=16)" in text
    np.testing.assert_array_equal(
        study.load_strategy(out / "strategy.npz").sample(0, n=3), result.fitted.sample(0, n=3)
    )


@pytest.mark.usefixtures("sketched")
def test_names_from_outside_are_escaped(made: Made, tmp_path: Path) -> None:
    hostile = tmp_path / "<b>`x`\u202e.npz", tmp_path / "<i>`d`\u202e.onnx"
    for path, name in zip(hostile, ("train.npz", "decoder.onnx"), strict=True):
        path.write_bytes((made.folder / name).read_bytes())
    words = ["audit", "--train", str(hostile[0]), "--decoder", str(hostile[1]), "--strategies", "prior"]
    words += ["--test", str(made.folder / "test.npz"), "--encoder", str(made.folder / "encoder.onnx")]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    for name in ("report.html", "report.md"):
        text = (tmp_path / "out" / name).read_text()
        assert "<b>`x" not in text and "<i>" not in text and "\u202e" not in text
        assert "&lt;i&gt;" in text or "&lt;i>" in text


@pytest.mark.usefixtures("sketched")
def test_recorded_codes_are_as_good_as_the_encoder(
    made: Made, found: tuple[Audit, Path], tmp_path: Path
) -> None:
    """With `--latents`, and a decoder that takes codes of another shape and scale."""
    arrays: dict[str, np.ndarray] = {}
    for split in ("train", "test"):
        mean, log_var = made.model.encode(getattr(made.examples, split).reshape(-1, 64))
        arrays |= {f"{split}_mean": mean.reshape(-1, 2, 2), f"{split}_log_var": log_var.reshape(-1, 2, 2)}
    np.savez(tmp_path / "codes.npz", **arrays)  # type: ignore[arg-type]  # of arrays
    words = ["audit", "--train", str(made.folder / "train.npz"), "--test", str(made.folder / "test.npz")]
    words += ["--decoder", str(made.folder / "decoder.onnx"), "--latents", str(tmp_path / "codes.npz")]
    words += ["--strategies", "prior", "posterior", "--seed", "0", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    rows = load_results(tmp_path / "out").metrics.merge(
        found[0].results.metrics,
        on=["strategy", "fit", "draw", "evaluation", "metric"],
        suffixes=("", "_encoder"),
    )
    measured = rows[rows["strategy"].isin(["prior", "posterior"])]
    assert measured.groupby(["strategy", "fit", "evaluation"]).ngroups == 2 * 3 * 4
    timed = rows["metric"].str.startswith("seconds")
    kept = rows[~timed & ~rows["metric"].isin(["precision", "recall", "density", "coverage"])]
    assert set(kept["strategy"]) > {"model", "prior", "posterior", "reconstruction"}
    np.testing.assert_allclose(kept["value"], kept["value_encoder"], rtol=0.01, atol=0.01)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encode": lambda x: x.reshape(len(x), -1)[:, :1].repeat(3, 0)}, "encode: gives 6 rows for 2"),
        ({"encode": lambda x: 1 / 0}, "encode: fails on float32 [2, 8, 8] (ZeroDivisionError"),
        ({"encode": lambda x: (x, x, x)}, "encode: gives 3 outputs"),
        ({"encode": lambda x: (np.zeros((len(x), 2)), np.zeros((len(x), 3)))}, "differ in shape"),
        ({"encode": lambda x: (np.full((len(x), 2), np.nan),) * 2}, "values that are not finite"),
        ({"decode": lambda z: np.zeros((len(z), 5))}, "decode: gives [n, 5], but the examples are [n, 8, 8]"),
        ({"decode": lambda z: ["text"] * len(z)}, "decode: its output must be numbers"),
        ({"layout": "channels-first"}, "have no axis of channels"),
        ({"conditional": True}, "a conditional model needs labels"),
        ({"labels": np.zeros(20)}, "labels must be a pair"),
        ({"reading": "width"}, "reading: there is no 'width'"),
        ({"scaling_factor": -1.0}, "scaling factor: give a number above 0"),
        ({"fits": 1}, "at least 3 fits"),
        ({"export": "fit.txt"}, "give the name of an .npz file"),
    ],
)
def test_wrong_arguments(change: dict[str, object], said: str, unchecked: None, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    given = {
        "encode": lambda x: (x.reshape(len(x), -1)[:, :2], x.reshape(len(x), -1)[:, 2:4]),
        "decode": lambda z: np.tile(z[:, :1, None], (1, 8, 8)),
        "train": rng.random((20, 8, 8)),
        "test": rng.random((20, 8, 8)),
        "out": tmp_path / "out",
    }
    with pytest.raises(StudyError, match=re.escape(said)):
        audit(**{**given, **change})  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_conditional_model_and_codes_without_noise() -> None:
    """Classes keep their names for the model; a mean alone gets a small stated variance."""
    rng = np.random.default_rng(0)
    names, seen = np.array(["T", "other"]), set[str]()
    labels = [names[np.arange(n) % 2] for n in (300, 200)]
    directions = {"T": np.array([[1.0, 0.0, 2.0, 1.0]]), "other": np.array([[0.0, 1.0, -1.0, 2.0]])}
    table = np.concatenate([directions[name] for name in names])
    data = [rng.normal(size=(len(y), 1)) * table[np.searchsorted(names, y)] for y in labels]

    def encode(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        seen.update(y.tolist())
        own = table[np.searchsorted(names, y)]
        return (x * own).sum(1, keepdims=True) / np.square(own).sum(1, keepdims=True)

    def decode(z: np.ndarray, y: np.ndarray) -> np.ndarray:
        return z * table[np.searchsorted(names, y)]

    found = audit(
        encode=encode, decode=decode, train=data[0], test=data[1], labels=tuple(labels), conditional=True,
        strategies=("prior", "gaussian-full"), evaluations=1,
    )  # fmt: skip
    assert seen == {"T", "other"}
    notes = " ".join(found.results.provenance["model"]["notes"])
    assert "codes have no noise; they are given a variance of" in notes
    accuracy = found.results.metrics.query("metric == 'label_accuracy' and strategy == 'reconstruction'")[
        "value"
    ]
    assert (accuracy > 0.8).all()
