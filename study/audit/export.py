"""A fitted strategy as a file, and a script of a few lines that draws from it with NumPy alone."""

from pathlib import Path
from typing import Any

from study.errors import StudyError
from study.runtime.files import write_whole
from study.strategies import strategy
from study.strategies.base import Fitted
from study.strategies.kde import FittedKernels
from study.strategies.parts.codes import FittedCodes
from study.strategies.parts.gaussian import FittedGaussian
from study.strategies.parts.mixture import FittedMixture
from study.strategies.saving import ARCHIVE, save

# For each class of fit: the fields that a draw needs, by the names in the script, and the lines that draw z [n, d].
DRAWS: dict[type, tuple[dict[str, str], str]] = {
    FittedGaussian: (
        {"mean": "mean", "cholesky": "cholesky"},
        "    z = mean + rng.standard_normal((n, len(mean))) @ cholesky.T",
    ),
    FittedMixture: (
        {"weights": "weights", "means": "means", "choleskys": "choleskys"},
        "    k = rng.choice(len(weights), n, p=weights / weights.sum())\n"
        '    z = means[k] + np.einsum("nij,nj->ni", choleskys[k], rng.standard_normal((n, means.shape[1])))',
    ),
    FittedKernels: (
        {
            "mean": "mean",
            "cholesky": "cholesky",
            "codes": "white.latents.mean",
            "log_var": "white.latents.log_var",
        },
        "    k = rng.integers(len(codes), size=n)\n    u = codes[k] + np.exp(0.5 * log_var[k]) * "
        "rng.standard_normal((n, codes.shape[1]))\n    z = mean + u @ cholesky.T",
    ),
    FittedCodes: (
        {"location": "location", "scale": "scale"},
        "    k = rng.integers(len(location), size=n)\n    z = location[k] + scale[k] * rng.standard_normal((n, "
        "location.shape[1]))",
    ),
}
SCRIPT = '''"""Draws z from the strategy `{name}`, as the decoder takes it; needs NumPy alone."""

from pathlib import Path

import numpy as np

FILE = np.load(Path(__file__).with_name("{file}"))
{names} = (FILE[key] for key in {keys})


def draw(n, seed=0):
    """n codes, float32 {shape}."""
    rng = np.random.default_rng(seed)
{lines}
    return (z / {scale!r}).reshape(n, {axes}).astype(np.float32)


if __name__ == "__main__":
    print(draw(5))
'''


def check_export(path: str | Path) -> Path:
    """The path of the .npz file, before anything is measured.

    Raises:
        StudyError: it is not the name of an .npz file in a folder that exists.
    """
    file = Path(path)
    if file.suffix != ".npz" or not file.parent.is_dir() or file.is_dir():
        raise StudyError(f"--export {path}: give the name of an .npz file in a folder that exists")
    return file


def export(path: Path, name: str, fitted: Fitted, *, shape: tuple[int, ...], scale: float) -> Path | None:
    """Write the fitted strategy as .npz, and beside it a script of the same name that draws from it.

    `study.load_strategy` reads the same .npz; its draws differ from those of the script by their random numbers alone.

    Args:
        path: of the .npz file.
        name: of the strategy.
        fitted: what `fit` returned.
        shape: of one code, as the decoder takes it.
        scale: what codes were multiplied by; the script divides by it.

    Returns:
        The path of the script, or None if this kind of fit needs more than NumPy.

    Raises:
        FileError: the operating system refuses.
    """
    save(path, fitted, strategy=strategy(name))
    kind = next((kind for kind in DRAWS if isinstance(fitted, kind)), None)
    if kind is None:
        return None
    fields, lines = DRAWS[kind]
    content, _ = ARCHIVE.read(path)
    keys = {own: _key(content["fitted"], field.split(".")) for own, field in fields.items()}
    text = SCRIPT.format(
        name=name,
        file=path.name,
        names=", ".join(keys),
        keys=repr(list(keys.values())).replace("'", '"'),
        lines=lines,
        scale=float(scale),
        shape=["n", *shape],
        axes=", ".join(map(str, shape)),
    ).replace("['n', ", "[n, ")
    script = path.with_suffix(".py")
    write_whole(script, text.encode())
    return script


def _key(coded: Any, fields: list[str]) -> str:
    """The name in the archive of an array, from the header."""
    for field in fields:
        coded = coded["fields"][field]
    return str(coded["array"])
