"""The Python in README runs as it is written, with a smaller study at its end, where what it needs is installed."""

import importlib
import importlib.util
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import study
from study.cli import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def block(begins: str) -> str:
    """The only block that begins like this."""
    (found,) = (one for one in BLOCKS if one.startswith(begins))
    return found


def run(text: str, names: dict[str, Any]) -> dict[str, Any]:
    exec(compile(text, "README.md", "exec"), names)
    return names


def test_every_block_is_one_that_runs_here() -> None:
    begins = (
        "import jax, study",
        "found = study.compare",
        "data = study.open_dataset",
        "import study\n",
        "@torch",
        "class Encoder",
        "encoder = ",
    )
    assert sorted(map(block, begins)) == sorted(BLOCKS)
    for text in BLOCKS:
        compile(text, "README.md", "exec")


@pytest.mark.slow
def test_the_tour_and_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    run(block("import jax, study").replace('profile="quick"', 'profile="smoke"'), names)
    assert names["x"].shape == (1000, 64) and len(names["results"].runs)
    run(block("found = study.compare"), names)
    assert (
        set(names["found"].fitted) == {"prior", "posterior", "gmm"}
        and names["cold"].info["temperature"] == 0.7
    )
    data, model = names["data"], names["model"]
    np.save("big.npy", data.train)
    on_disk = run(block("data = study.open_dataset"), {"study": study, "x": names["x"][:300]})
    assert Path("codes.npy").is_file() and len(on_disk["rows"])
    names |= {
        "encode": model.encode, "decode": model.decode, "x_train": data.train, "x_test": data.test,
        "y_train": data.train_labels, "y_test": data.test_labels,
    }  # fmt: skip
    run(block("import study\n"), names)
    assert Path("report/report.html").is_file() and names["z"].shape == (16, 8)


def needs(*packages: str) -> None:
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}; pip install '.[frameworks]'")


def pictures() -> dict[str, np.ndarray]:
    """Squares of random place and brightness on 28 × 28 pixels, and which half they are in."""
    rng = np.random.default_rng(0)
    x = np.zeros((200, 1, 28, 28), np.float32)
    at = rng.integers(0, 20, (200, 2))
    for one, (i, j) in zip(x, at, strict=True):
        one[0, i : i + 8, j : j + 8] = rng.uniform(0.5, 1)
    y = (at[:, 0] > 10).astype(int)
    return {"x_train": x[:140], "x_test": x[140:], "y_train": y[:140], "y_test": y[140:]}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what the exporter warns of is not ours
def test_from_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions and the files give the same codes, and the command audits the files."""
    needs("torch", "onnxscript", "onnxruntime")
    torch: Any = importlib.import_module("torch")

    torch.manual_seed(0)

    class Plain(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.both = torch.nn.Linear(784, 32)
            layers = (torch.nn.Linear(16, 784), torch.nn.Sigmoid(), torch.nn.Unflatten(1, (1, 28, 28)))
            self.decoder = torch.nn.Sequential(*layers)

        def encode(self, x: Any) -> Any:
            return self.both(x.flatten(1)).chunk(2, dim=1)

    vae, x = Plain(), torch.from_numpy(pictures()["x_train"])
    optimizer = torch.optim.Adam(vae.parameters(), 3e-3)
    for _ in range(200):
        mu, log_var = vae.encode(x)
        recon = vae.decoder(mu + torch.exp(0.5 * log_var) * torch.randn_like(mu))
        loss = 20 * (recon - x).square().sum() + 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"torch": torch, "np": np, "vae": vae.eval(), **pictures()}
    run(block("@torch"), names)
    run(block("class Encoder"), names)
    with np.errstate(all="ignore"):
        result = study.audit(
            encode=names["encode"], decode=names["decode"], train=names["x_train"], test=names["x_test"],
            strategies=("prior", "posterior"), evaluations=1,
        )  # fmt: skip
    words = (
        "audit --train train.npz --test test.npz --encoder encoder.onnx --decoder decoder.onnx --out report"
    )
    assert main([*words.split(), "--strategies", "prior", "posterior"]) == 0
    z, w = result.fitted.sample(0, n=3), study.load_strategy("report/strategy.npz").sample(0, n=3)
    np.testing.assert_allclose(z, w, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_from_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("keras", "torch", "onnxscript")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras: Any = importlib.import_module("keras")

    monkeypatch.chdir(tmp_path)
    data = pictures()
    image = keras.Input((28, 28, 1))
    flat = keras.layers.Flatten()(image)
    heads = [keras.layers.Dense(4, name=name)(flat) for name in ("z_mean", "z_log_var")]
    names: dict[str, Any] = {
        "keras": keras,
        "vae_encoder": keras.Model(image, [*heads, keras.layers.Add()(heads)]),
        "decoder": keras.Sequential([keras.layers.Dense(784), keras.layers.Reshape((28, 28, 1))]),
        "x_train": np.moveaxis(data["x_train"], 1, -1),
        "z": np.zeros((2, 4), np.float32),
    }
    run(block("encoder = "), names)
    assert {path.name for path in tmp_path.glob("*.onnx")} == {"encoder.onnx", "decoder.onnx"}
    mean, log_var = names["encoder"].predict(names["x_train"][:5], verbose=0)[:2]
    assert mean.shape == log_var.shape == (5, 4)
    assert names["decoder"].predict(mean, verbose=0).shape == (5, 28, 28, 1)
