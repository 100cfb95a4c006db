#!/usr/bin/env bash
# Arrays of bfloat16 or float8 that NumPy saves come back without their type.
#
# One would guess: np.save writes what np.load reads: JAX's arrays are NumPy arrays with a type that prints as bfloat16,
# saving them gives no warning, and the file holds every bit.
# What happens: the type is not NumPy's own but ml_dtypes', and the header of .npy and .npz says only "2 bytes a value".
# np.load returns raw bytes of type V2, with ml_dtypes imported or not, and arithmetic on them raises. bfloat16 and any
# other two bytes look alike: whoever reads must know what they were (array.view(ml_dtypes.bfloat16)). All layouts of
# float8 are stored as V1.
# Whom it hurts: whoever writes codes, weights or samples of a model that runs in bfloat16 to .npz, the common exchange
# format of this field, and learns of it when the job that wrote them is gone.
#
# Seen with numpy 2.4.6, ml_dtypes 0.6.0, jax 0.10.2, Python 3.11:
#   bfloat16: read as |V2, the same bytes
#   float8_e4m3fn: read as |V1, the same bytes
#   float16: read as <f2, the same bytes
#   float32: read as <f4, the same bytes
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 ml_dtypes==0.6.0

cat > "$folder/save.py" <<'PROGRAM'
import os, sys, warnings
os.environ["JAX_PLATFORMS"] = "cpu"
warnings.simplefilter("error")  # a warning would end this
import jax.numpy as jnp
import numpy as np

lost = []
for name in ("bfloat16", "float8_e4m3fn", "float16", "float32"):
    codes = np.asarray(jnp.linspace(-1, 1, 4).astype(getattr(jnp, name)))
    np.savez("codes.npz", mean=codes)
    with np.load("codes.npz") as file:
        read = file["mean"]
    lost.append(read.dtype.kind == "V")
    same = read.tobytes() == codes.tobytes()
    print(f"{codes.dtype}: read as {read.dtype.str}, {'the same' if same else 'other'} bytes")
sys.exit(lost != [True, True, False, False])
PROGRAM
cd "$folder"
venv/bin/python save.py || { echo "this is no longer what is described above"; exit 1; }
