"""ETTh1 :cite:`zhou2021`: two years of hourly loads of an electricity transformer and its oil temperature."""

import hashlib

from study.config.windows import WindowsConfig
from study.data.base import Dataset
from study.data.own.opening import read_regular
from study.data.own.series_file import read_series
from study.data.sources.download import data_home, download, is_there
from study.data.windows import from_table
from study.errors import StudyError

SUMMARY = (
    "ETTh1: windows of 48 hours of six loads and the oil temperature of a transformer (download of 3 MB)"
)
SOURCE = "Zhou et al. 2021, ETDataset (CC BY-ND 4.0)"
ADDRESS = "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/ETTh1.csv"
SHA256 = "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"
_LARGEST = 4_000_000
CONFIG = WindowsConfig(
    time="date",
    features=("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"),
    target="OT",
    n_past=24,
    n_future=24,
    stride=7,  # coprime with a day, so that windows start at every hour
)


def load(*, seed: int) -> Dataset:
    """17,420 hours of seven features, shape (48, 7): a day, and the day after it that is to be predicted.

    Args:
        seed: decides the order of windows.

    Raises:
        StudyError: the download failed, or the file on disk is not the official one.
    """
    path = data_home() / "etth1" / "ETTh1.csv"
    if not is_there(path):
        download(ADDRESS, path, check=lambda raw: _check(raw, ADDRESS), max_bytes=_LARGEST)
    try:
        _check(read_regular(path, most=_LARGEST, what="the official file"), str(path))
    except StudyError as error:
        raise StudyError(f"{error}; delete {path} and it will be downloaded again") from error
    values, said = read_series(path, time=CONFIG.time, features=CONFIG.features)
    return from_table(values, CONFIG, name="etth1", seed=seed, source=SOURCE, read_as=said)


def _check(raw: bytes, where: str) -> None:
    found = hashlib.sha256(raw).hexdigest()
    if found != SHA256:
        raise StudyError(f"{where}: SHA-256 is {found[:12]}…, the official one {SHA256[:12]}…")
