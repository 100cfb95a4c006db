"""Reading a user's own NumPy file into named arrays; `arrays` interprets the names."""

from pathlib import Path
from typing import BinaryIO

import numpy as np

from study.data.own import npy, npz
from study.data.own.opening import open_regular, told_path
from study.data.own.table_file import one_line
from study.errors import StudyError
from study.runtime.limits import MAX_BYTES

_NUMPY = " as a numpy file of plain arrays"


def read_numpy(path: Path, *, max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """Arrays of an .npz by key, or the one array of an .npy under `x`; never unpickles.

    Raises:
        StudyError: the file is unreadable, damaged, larger than `max_bytes` unpacked, or holds Python objects.
    """
    where = told_path(path)
    try:
        with open_regular(path, form=_NUMPY) as (file, size):
            start = file.read(len(npz.MAGIC))
            file.seek(0)
            if start == npz.MAGIC:
                return npz.read_npz(file, limit=max_bytes, where=where)
            return {"x": _read_npy(file, size, limit=max_bytes, where=where)}
    except StudyError:
        raise
    except npz.BROKEN as error:
        raise StudyError(
            f"{where}: cannot be read{_NUMPY} ({one_line(error)}); "
            "write it again with np.savez or np.save, with numbers of NumPy's own types, as float32, or strings"
        ) from error


def _read_npy(file: BinaryIO, size: int, *, limit: int, where: str) -> np.ndarray:
    header = npy.read_header(file)
    npy.check_size(header, size - header.n_bytes, limit=limit, where=where)
    return npy.read_values(file, header)
