#!/usr/bin/env bash
# A Zarr array that has lost a file reads as black images, and cannot be told from one that has black images.
#
# One would guess: a data set of which a file is missing, after a copy that stopped, a full disk or a clean-up of old
# files, raises when the missing part is read.
# What happens: a chunk without a file is a chunk of the fill value, by the format, and the default for numbers is 0. So
# the rows are read as zeros, without an error or a warning. Counting files does not help: chunks of zeros are not
# written by default, so that nchunks_initialized says 9 of 10 of a whole array as of a damaged one. What tells: an array
# made with fill_value=nan, or with config={"write_empty_chunks": True} and the count checked.
# Whom it hurts: whoever trains on images or codes in Zarr, the usual store for arrays larger than memory: a part of the
# training data is black, and posteriors, mixtures and nearest neighbours of it look like a cluster of their own.
#
# Seen with zarr 3.1.6, numpy 2.4.6, Python 3.11; 1,000 rows in 10 chunks:
#   whole, with 100 black rows: 9 of 10 chunks, 100 rows of zeros
#   one file lost: 9 of 10 chunks, 100 rows of zeros
#   one file lost, fill value nan: 9 of 10 chunks, 0 rows of zeros, 100 rows not finite
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check zarr==3.1.6 numpy==2.4.6

cat > "$folder/lose.py" <<'PROGRAM'
import sys, warnings
from pathlib import Path
warnings.simplefilter("error")  # a warning would end this
import numpy as np
import zarr

folder = Path(sys.argv[1])
bright = np.random.default_rng(0).uniform(0.1, 1, (1000, 64)).astype(np.float32)
partly = bright.copy()
partly[300:400] = 0
told = []
for name, x, lost, more in (
    ("whole, with 100 black rows", partly, False, {}),
    ("one file lost", bright, True, {}),
    ("one file lost, fill value nan", bright, True, {"fill_value": np.nan}),
):
    place = folder / name.replace(" ", "-")
    zarr.create_array(place, shape=x.shape, chunks=(100, 64), dtype="float32", **more)[:] = x
    if lost:
        (place / "c" / "3" / "0").unlink()
    array = zarr.open_array(place, mode="r")
    read = array[:]
    zeros, odd = int((read == 0).all(1).sum()), int((~np.isfinite(read)).all(1).sum())
    told.append((array.nchunks_initialized, zeros, odd))
    print(f"{name}: {told[-1][0]} of {array.nchunks} chunks, {zeros} rows of zeros" + (f", {odd} rows not finite" if odd else ""))
sys.exit(told != [(9, 100, 0), (9, 100, 0), (9, 0, 100)])
PROGRAM
"$folder/venv/bin/python" "$folder/lose.py" "$folder" 2> "$folder/errors" \
  || { cat "$folder/errors"; echo "this is no longer what is described above"; exit 1; }
