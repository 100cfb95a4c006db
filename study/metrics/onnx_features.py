"""Any ONNX network as the feature extractor, run by onnxruntime."""

import dataclasses
import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Num

from study.data.base import Dataset
from study.errors import CannotFit, StudyError
from study.metrics.features import Extractor
from study.metrics.onnx_file import check_network, limited, network_digest, read_network
from study.runtime.checks import brief, said

__all__ = ["Network", "OnnxExtractor", "network_digest"]

MOST = 64  # features; more outputs are projected onto their first principal components
_BLOCK = 256  # rows per call, unless the network fixes the number
_FITTED_ON = 10_000  # training examples to which projection and scale are fitted
_TRIED = 16  # rows on which two runs must agree
_FEED = 2**31 - 1  # largest input of one call, in bytes


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """An ONNX network with one input: `[N, D]` or `[N, ...]` data -> its first output, flattened to `[N, k]`.

    Attributes:
        session: onnxruntime's session.
        where: its name in error messages.
        shape: the shape of one example in the network's input.
        size: D.
        dtype: of the input.
        batch: rows per call.
        fixed: whether the network accepts only this number of rows.
    """

    session: Any
    where: str
    shape: tuple[int, ...]
    size: int
    dtype: type[np.floating]
    batch: int
    fixed: bool

    @classmethod
    def of(cls, content: bytes, *, where: str, shape: tuple[int, ...]) -> "Network":
        """Load a network for examples of this shape.

        Raises:
            StudyError: onnx or onnxruntime is not installed or cannot read the content, parts of the network are stored
                in other files or are random, or its input does not fit.
        """
        check_network(content, where=where)
        try:
            import onnxruntime
        except ImportError:
            raise StudyError(
                f"{where}: needs onnxruntime; install it with: pip install 'vae-sampling-study[onnx]'"
            ) from None
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.add_session_config_entry("session.load_model_format", "ONNX")  # the format that was checked
        try:
            with limited(where):
                session = onnxruntime.InferenceSession(
                    content, options, providers=["CPUExecutionProvider"], enable_fallback=0
                )  # a fallback would print and try the same again
        except Exception as error:  # its exceptions have no common class
            raise StudyError(
                f"{where}: not an ONNX network that onnxruntime reads ({said(error)})"
            ) from error
        try:
            inputs = session.get_inputs()
            names = ", ".join(given.name for given in inputs)
            declared = list(inputs[0].shape) if inputs else []
        except UnicodeDecodeError as error:
            raise StudyError(f"{where}: its input has a name that is not text; export it again") from error
        if len(inputs) != 1:
            raise StudyError(f"{where}: must have one input, has {len(inputs)}: {brief(names)}")
        dtypes: dict[str, type[np.floating]] = {"tensor(float)": np.float32, "tensor(double)": np.float64}
        if inputs[0].type not in dtypes:
            raise StudyError(f"{where}: input must be tensor(float) or tensor(double), is {inputs[0].type}")
        fixed = bool(declared) and isinstance(declared[0], int) and declared[0] > 0
        if not session.get_outputs():
            raise StudyError(f"{where}: must have an output, has none")
        if fixed and declared[0] * math.prod(shape) * 8 > _FEED:
            raise StudyError(
                f"{where}: takes {declared[0]:,} rows at a time, too many; export it with a variable number of rows"
            )
        return cls(
            session,
            where,
            _example_shape(declared, shape, where),
            math.prod(shape),
            dtypes[inputs[0].type],
            declared[0] if fixed else _BLOCK,
            fixed,
        )

    def __call__(self, x: Float[np.ndarray, "n D"]) -> Float32[np.ndarray, "n k"]:
        """The outputs of the network.

        Raises:
            CannotFit: its output holds values that are not finite.
            StudyError: x is not `[n, D]`, the network fails on it, or its output is not n rows of numbers.
        """
        x = np.asarray(x)
        if x.ndim != 2 or x.shape[1] != self.size:
            raise StudyError(f"{self.where}: x must be [n, {self.size}], got {list(x.shape)}")
        parts = []
        for start in range(0, max(len(x), 1), self.batch):
            block = x[start : start + self.batch].astype(self.dtype)
            padding = self.batch - len(block) if self.fixed else 0
            given = np.pad(block, ((0, padding), (0, 0))).reshape(-1, *self.shape)
            output = self._run(given)
            parts.append(output[: len(block)].reshape(len(block), math.prod(output.shape[1:])))
        with np.errstate(over="ignore"):
            features = np.concatenate(parts).astype(np.float32)
        if not np.isfinite(features).all():
            raise CannotFit(f"{self.where}: its output holds values that are not finite")
        return features

    def _run(self, given: Float[np.ndarray, "b ..."]) -> Num[np.ndarray, "b ..."]:
        """The first output of one call."""
        first, name = self.session.get_outputs()[0].name, self.session.get_inputs()[0].name
        try:
            with limited(self.where):
                output = np.asarray(self.session.run([first], {name: given})[0])
        except Exception as error:
            raise StudyError(
                f"{self.where}: fails on input {list(given.shape)} ({said(error)}); it must accept any number of rows "
                "of the data"
            ) from error
        if output.ndim < 2 or len(output) != len(given):
            raise StudyError(
                f"{self.where}: output must be one row per example, got {list(output.shape)} for {len(given)}"
            )
        if output.dtype.kind not in "fiub" or 0 in output.shape[1:]:
            raise StudyError(
                f"{self.where}: output must be numbers, got {output.dtype} of shape {list(output.shape)}"
            )
        return output

    def check_repeats(self, x: Float[np.ndarray, "n D"]) -> None:
        """Check that two runs on the same rows agree, since not all randomness is visible in the file.

        Raises:
            StudyError: they do not.
        """
        first, second = self(x), self(x)
        if not np.allclose(first, second, rtol=1e-4, atol=1e-6):
            raise StudyError(
                f"{self.where}: two runs on the same data differ; export it in evaluation mode and without sampling"
            )


def _example_shape(declared: list[Any], shape: tuple[int, ...], where: str) -> tuple[int, ...]:
    """The shape of one example in the input: flat if the network declares rank 2, else its own shape.

    Axes of length one, such as the channel of a grey image, may be in another place; no others, since a reshape would
    scramble the pixels without an error.
    """
    size = math.prod(shape)
    axes = declared[1:]
    candidates: list[tuple[int, ...]] = [(size,)] if len(axes) == 1 else []
    if len(axes) == len(shape):
        candidates.append(shape)
    if len(axes) > 1 and all(isinstance(axis, int) for axis in axes):
        bare = tuple(axis for axis in axes if axis != 1)
        if bare == tuple(axis for axis in shape if axis != 1):
            candidates.append(tuple(axes))
    for candidate in candidates:
        if all(not isinstance(axis, int) or axis == got for axis, got in zip(axes, candidate, strict=True)):
            return candidate
    wanted = ", ".join(str(axis) for axis in declared)
    raise StudyError(
        f"{where}: takes [{wanted}], but the data are [N, {size}] or [N, {', '.join(map(str, shape))}]"
    )


@dataclasses.dataclass(frozen=True, eq=False)
class OnnxExtractor:
    """Features from an ONNX network; class probabilities are still those of the built-in classifier.

    Used like `Extractor`. More than 64 outputs are projected onto their first principal components on `train`, and
    one scalar rescales the features to mean variance one on `train`.

    Attributes:
        network: the network.
        classifier: the built-in extractor.
        digest: SHA-256 of the network's file.
        components: None if the outputs are not projected.
        scale: the scalar.
        dimensions: f.
    """

    network: Network
    classifier: Extractor
    digest: str
    components: Float[np.ndarray, "f k"] | None
    scale: np.float32
    dimensions: int
    accuracy: float = float("nan")

    @classmethod
    def load(cls, path: str | Path, data: Dataset, *, classifier: Extractor) -> "OnnxExtractor":
        """The extractor of a data set; the same file and data give the same features.

        Raises:
            StudyError: there is no such file, it is not a network that onnxruntime reads, onnx or onnxruntime is not
                installed, parts of the network are stored in other files or are random, or it does not accept such
                data.
        """
        content = read_network(path)
        network = Network.of(content, where=f"--features {path}", shape=data.shape)
        network.check_repeats(data.train[:_TRIED])
        features = network(data.train[:_FITTED_ON]).astype(np.float64)
        components = None
        if features.shape[1] > MOST and len(features) > MOST and features.std(axis=0).any():
            from sklearn.decomposition import PCA

            components = PCA(MOST, random_state=0).fit(features).components_.astype(np.float32)
            features = features @ components.T
        variance = features.var(axis=0).mean()
        scale = np.float32(1 / np.sqrt(variance) if variance > 0 else 1)
        digest = hashlib.sha256(content).hexdigest()
        return cls(network, classifier, digest, components, scale, features.shape[1])

    @property
    def name(self) -> str:
        """Its name in tables, with the first digits of the digest."""
        return f"onnx {self.digest[:8]}"

    def forward(
        self, x: Float[np.ndarray, "n D"]
    ) -> tuple[Float32[np.ndarray, "n f"], Float32[np.ndarray, "n C"] | None]:
        """Features, and the classifier's class probabilities or None.

        Raises:
            StudyError: x is not `[n, D]`, or the network fails on it.
        """
        return self.features(x), self.classifier.forward(x)[1]

    def features(self, x: Float[np.ndarray, "n D"]) -> Float32[np.ndarray, "n f"]:
        """The features of x."""
        features = self.network(x)
        return (features if self.components is None else features @ self.components.T) * self.scale
