"""Data sets published as four IDX files: read from disk or downloaded, and checked in both cases."""

import dataclasses
import hashlib
import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from study.data.base import Dataset
from study.data.own.arrays import from_arrays
from study.data.own.idx import gunzip, parse_idx
from study.data.own.opening import read_regular
from study.data.sources.download import data_home, download, is_there
from study.errors import StudyError


@dataclasses.dataclass(frozen=True)
class OfficialFile:
    """One published IDX file of uint8 and the checksums by which it is recognised.

    Attributes:
        name: its name without the `.gz` of the published file.
        shape: the shape that its header must announce.
        sha256: of the uncompressed file, if it is known.
        sha256_gz: of the published .gz, if only that is known.
        sha256_head: `(k, digest)`, SHA-256 of the first k values: the only check of the content if just
            `sha256_gz` is known and the file on disk was unpacked or compressed again.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str | None = None
    sha256_gz: str | None = None
    sha256_head: tuple[int, str] | None = None

    @property
    def n_bytes(self) -> int:
        """Size of the uncompressed file."""
        return 4 + 4 * len(self.shape) + math.prod(self.shape)

    def decode(self, raw: bytes, *, where: str, published: bool = False) -> np.ndarray:
        """The checked array in the bytes of a file, uint8 of `self.shape`.

        Args:
            raw: the file's bytes, gzip or plain.
            where: name of the file in error messages.
            published: whether the bytes must match `sha256_gz`, if it is known.

        Raises:
            StudyError: not the official content, as far as the known checksums can tell.
        """
        content = gunzip(raw, max_bytes=self.n_bytes, where=where)
        if self.sha256 is not None:
            _compare(content, self.sha256, where)
        elif self.sha256_gz is not None and published:
            _compare(raw, self.sha256_gz, where)
        values = parse_idx(io.BytesIO(content), where=where, max_bytes=self.n_bytes)
        if values.shape != self.shape or values.dtype != np.uint8:
            raise StudyError(
                f"{where}: holds {values.dtype} {list(values.shape)}, the official file uint8 {list(self.shape)}"
            )
        if self.sha256_head is not None:
            count, digest = self.sha256_head
            _compare(values.reshape(-1)[:count].tobytes(), digest, where)
        return values


def _compare(content: bytes, expected: str, where: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise StudyError(f"{where}: SHA-256 is {found[:12]}…, the official one {expected[:12]}…")


def load_official(
    name: str, *, files: Mapping[str, OfficialFile], address: str, source: str, seed: int
) -> Dataset:
    """The data set `name` from the folder `data_home()/name`, after downloading missing files to it.

    Args:
        name: of the data set and of its folder.
        files: by the keys of `arrays.from_arrays`.
        address: URL of the folder of the published .gz files, with a final slash.
        source: where the data come from, for the report.
        seed: decides which fifth of the official test set is validation.

    Raises:
        StudyError: a download failed, or a file on disk is not the official one.
    """
    folder = data_home() / name
    arrays = {key: _find_or_download(file, folder, address) for key, file in files.items()}
    return from_arrays(arrays, name=name, seed=seed, source=source)


def _find_or_download(file: OfficialFile, folder: Path, address: str) -> np.ndarray:
    packed = folder / f"{file.name}.gz"
    path = next((path for path in (folder / file.name, packed) if is_there(path)), None)
    if path is None:
        url = f"{address}{file.name}.gz"
        download(
            url,
            packed,
            check=lambda raw: file.decode(raw, where=url, published=True),
            max_bytes=2 * file.n_bytes,
        )
        path = packed
    try:
        return file.decode(
            read_regular(path, most=2 * file.n_bytes, what="the official file"), where=str(path)
        )
    except StudyError as error:
        raise StudyError(f"{error}; delete {path} and it will be downloaded again") from error
