"""Weekly carbon dioxide on Mauna Loa :cite:`keeling2004`, bundled with statsmodels: real, small, offline.

The level rises by a sixth over the record, so later windows would not resemble earlier ones. Two features without this
trend are therefore computed, each from present and past values only: `season`, the value minus the mean of the 52 weeks
before it, and `change`, the value minus the value four weeks earlier. The record is used from 1965 on, since before
that whole months are missing; later gaps, of at most four weeks, are filled by linear interpolation.
"""

import numpy as np

from study.config.windows import WindowsConfig
from study.data.base import Dataset
from study.data.windows import from_table

SUMMARY = "CO2 on Mauna Loa: windows of 52 weeks of season and monthly change, bundled with statsmodels"
SOURCE = "Keeling and Whorf 2004 (public domain), as statsmodels bundles it"
YEAR, MONTH = 52, 4  # weeks
_FROM = "1965-01-01"
_LONGEST_HOLE = 4
CONFIG = WindowsConfig("week", ("season", "change"), "season", n_past=26, n_future=26)


def features() -> np.ndarray:
    """`season` and `change` in parts per million, `[weeks, 2]` float64, from 1966 on."""
    from statsmodels.datasets import co2

    series = co2.load_pandas().data["co2"][_FROM:].interpolate(limit=_LONGEST_HOLE).to_numpy(np.float64)
    before = np.convolve(series, np.full(YEAR, 1 / YEAR), mode="valid")[:-1]
    return np.stack([series[YEAR:] - before, series[YEAR:] - series[YEAR - MONTH : -MONTH]], axis=1)


def load(*, seed: int) -> Dataset:
    """Windows of shape (52, 2): half a year, and the half year after it that is to be predicted.

    Args:
        seed: decides the order of windows.
    """
    return from_table(features(), CONFIG, name="co2", seed=seed, source=SOURCE)
