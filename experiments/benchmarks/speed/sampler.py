"""Where a command spends its time: what the main thread of each of its processes is doing, looked at every 5 ms.

`where.py` copies this file under the name that Python imports when it starts, so that it runs in every process of the
command; therefore it imports nothing but the standard library. A look belongs to the innermost frame that has a place.
"""

import json
import os
import sys
import threading
import time
from collections import Counter
from types import FrameType

EVERY = 0.005  # seconds between two looks
WRITTEN = 0.25  # seconds between two writes
FOLDER = "STUDY_WHERE"  # the variable that names the folder for what is found
COMPILING, IMPORTING, ELSEWHERE = "compiling", "importing", "elsewhere"
PLACES = (  # what a part of a file's path says; the first that fits
    ("jax/_src/compiler.py", COMPILING),
    ("jax/_src/compilation_cache.py", COMPILING),
    ("jax/_src/interpreters/mlir.py", COMPILING),
    ("jax/_src/interpreters/partial_eval.py", COMPILING),
    ("importlib._bootstrap", IMPORTING),
    ("study/runtime/files.py", "reading and writing the store"),
    ("study/pipeline/store.py", "reading and writing the store"),
    ("study/training/blocks.py", "encoding, decoding and the order of measuring"),
    ("study/training/", "training"),
    ("study/models/", "training"),
    ("study/strategies/parts/em.py", "Gaussian mixtures"),
    ("study/strategies/parts/mixture.py", "Gaussian mixtures"),
    ("study/strategies/", "fitting and sampling other strategies"),
    ("study/metrics/neighbours.py", "nearest neighbours"),
    ("study/metrics/", "other metrics of samples"),
    ("study/latents/", "q(z): densities and tests of latents"),
    ("study/scoring/", "encoding, decoding and the order of measuring"),
    ("study/statistics/", "intervals and verdicts"),
    ("study/tables/", "tables"),
    ("study/report/", "report and figures"),
    ("study/pipeline/", "the order of the run, and waiting"),
)


def place(frame: FrameType | None) -> str:
    """What the innermost frame that has a place says; `ELSEWHERE` if none has one."""
    while frame is not None:
        path = frame.f_code.co_filename.replace(os.sep, "/")
        for part, name in PLACES:
            if part in path:
                return name
        frame = frame.f_back
    return ELSEWHERE


def look(folder: str) -> None:
    """Count looks at the main thread, each by the seconds since the last, until the process ends."""
    main, found, path = threading.main_thread().ident, Counter[str](), f"{folder}/{os.getpid()}.json"
    last = written = time.perf_counter()
    while True:
        time.sleep(EVERY)
        now = time.perf_counter()
        found[place(sys._current_frames().get(main or 0))] += now - last  # type: ignore[assignment]
        last = now
        if now - written > WRITTEN:
            written = now
            with open(f"{path}.part", "w") as file:  # noqa: PTH123  no further import
                json.dump(found, file)
            os.replace(f"{path}.part", path)  # noqa: PTH105


if FOLDER in os.environ:
    threading.Thread(target=look, args=(os.environ[FOLDER],), daemon=True).start()
