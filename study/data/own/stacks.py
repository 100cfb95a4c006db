"""Windows `[N, T, F]` that a user cut out of a time series: are they independent, or do they overlap?"""

import numpy as np

from study.config.windows import WindowsConfig
from study.errors import StudyError

_FEWEST_VALUES = 16  # of a window without its first step: fewer may be equal by chance
_SHARE = 0.5  # of windows that continue another one


def shift_of(x: np.ndarray) -> int:
    """By how many steps each window of `x` `[N, T, F]` begins after the one before it; 0 if they do not overlap so."""
    steps = x.shape[1]
    for shift in range(1, steps):
        few = min(len(x) - 1, 16)
        if few and np.array_equal(x[1 : few + 1, : steps - shift], x[:few, shift:]):
            return shift if np.array_equal(x[1:, : steps - shift], x[:-1, shift:]) else 0
    return 0


def series_of(x: np.ndarray, shift: int) -> np.ndarray:
    """The rows `[R, F]` of the series that overlapping windows were cut from, in time order."""
    steps, features = x.shape[1:]
    return np.concatenate([x[0], x[1:, steps - shift :].reshape(-1, features)])


def check_unmixed(x: np.ndarray, key: str, *, where: str) -> None:
    """Check that windows do not continue each other in mixed order, as sliding windows do after they were shuffled.

    Random splits of such windows would put the same time steps into train and test.

    Raises:
        StudyError: they do.
    """
    if x[0, 1:].size < _FEWEST_VALUES:
        return
    begins = {window[:-1].tobytes() for window in x}
    going_on = sum(window[1:].tobytes() in begins for window in x) / len(x)
    if going_on > _SHARE:
        raise StudyError(
            f"{where}: windows of {key!r} overlap, and not in time order, so that time steps of train would be in test "
            "too; give `x` with all windows in time order, or the series itself as .csv with a .toml"
        )


def config_of(shape: tuple[int, ...], *, shift: int) -> WindowsConfig:
    """How windows of this shape `(T, F)` are used: the second half of the last feature is to be predicted.

    Args:
        shape: of a window.
        shift: steps from the start of one window to that of the next; T for windows without a common step.
    """
    steps, count = shape
    names = tuple(f"feature {j}" for j in range(count))
    past = (steps + 1) // 2
    return WindowsConfig("step", names, names[-1], n_past=past, n_future=steps - past, stride=shift)
