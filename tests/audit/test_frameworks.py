"""Models of PyTorch, pythae and Keras, trained by scripts that import nothing of the project, and audited."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from study.audit.files import Files, subject_of
from study.cli import main

SCRIPTS = Path(__file__).parent / "frameworks"
NEEDS = {
    "torch_conv": ("torch", "onnxscript"),
    "pythae_vae": ("pythae", "onnxscript"),
    "keras_vae": ("keras", "torch"),
}


@pytest.mark.slow
@pytest.mark.parametrize("script", NEEDS)
def test_its_model_is_audited(script: str, tmp_path: Path, mnist_available: None) -> None:
    """The same numbers as in the framework, and a report, after one epoch over a few thousand images."""
    missing = [name for name in NEEDS[script] if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}; pip install '.[frameworks]'")
    folder = tmp_path / script
    mnist = Path(os.environ["STUDY_DATA"]) / "mnist"
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / f"{script}.py"), str(mnist), str(folder), "--rows", "4000", "--epochs", "2"],
        capture_output=True, text=True, check=False, env={**os.environ, "KERAS_BACKEND": "torch"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    paths = {name: folder / f"{name}.npz" for name in ("train", "test")}
    paths |= {name: folder / f"{name}.onnx" for name in ("encoder", "decoder")}
    subject = subject_of(Files(**paths))  # type: ignore[arg-type]
    own = np.load(folder / "own.npz")
    mean, log_var = subject.model.encode(subject.data.train[:50])
    pairs = [own["mean"], own["log_var"]] if not subject.assumed or np.allclose(mean, own["mean"], atol=1e-4) else [
        own["log_var"], own["mean"]
    ]  # fmt: skip
    for got, expected in zip((mean, log_var), pairs, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5, rtol=1e-4)
    recon = subject.model.decode(own["mean"])
    np.testing.assert_allclose(recon, own["recon"].reshape(50, -1), atol=1e-5)
    words = ["audit", *(word for name, path in paths.items() for word in (f"--{name}", str(path)))]
    assert main([*words, "--strategies", "prior", "posterior", "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
