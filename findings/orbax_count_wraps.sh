#!/usr/bin/env bash
# Orbax restores a number that does not fit the target's type as another number.
#
# One would guess: restore(path, target) refuses a target that cannot hold what was saved, as it refuses another shape,
# and as jnp.int32(5_000_000_000) raises OverflowError.
# What happens: values are cast to the target's type as in C. A count of 5,000,000,000 comes back as 705,032,704, a seed
# of 2^40 + 3 as 3, weights given as integers lose their fractions. No error, no warning; the shape is checked.
# Whom it hurts: counts of examples pass 2^31 after 36,000 epochs of MNIST or two of a large data set. They are saved as
# NumPy's int64, and the target is usually made from a fresh state of JAX, which is int32 unless x64 is on: learning-rate
# schedules, KL warm-ups and shuffles go on from somewhere else.
#
# Seen with orbax-checkpoint 0.12.8, jax 0.10.2, numpy 2.4.6, Python 3.11:
#   no target: images 5000000000, seed 1099511627779, weights [0.5, 1.5]
#   target of int64: images 5000000000, seed 1099511627779, weights [0.5, 1.5]
#   target of a fresh state: images 705032704, seed 3, weights [0.5, 1.5]
#   weights as integers: images 705032704, seed 3, weights [0, 1]
#   another shape: ValueError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  orbax-checkpoint==0.12.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

cat > "$folder/restore.py" <<'PROGRAM'
import os, sys, warnings
os.environ["JAX_PLATFORMS"] = "cpu"
warnings.simplefilter("error")  # a warning would end this
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

path = sys.argv[1] + "/checkpoint"
checkpointer = ocp.StandardCheckpointer()
saved = {"images": np.array(5_000_000_000), "seed": np.array(2**40 + 3), "weights": jnp.array([0.5, 1.5])}
checkpointer.save(path, saved)
checkpointer.wait_until_finished()
fresh = {"images": jnp.zeros((), int), "seed": jnp.zeros((), int), "weights": jnp.zeros(2)}
told = []
for name, target in (
    ("no target", ()),
    ("target of int64", (saved,)),
    ("target of a fresh state", (fresh,)),
    ("weights as integers", (fresh | {"weights": jnp.zeros(2, int)},)),
    ("another shape", (fresh | {"weights": jnp.zeros(3)},)),
):
    try:
        found = checkpointer.restore(path, *target)
        told.append([int(found["images"]), int(found["seed"]), np.asarray(found["weights"]).tolist()])
        print(f"{name}: images {told[-1][0]}, seed {told[-1][1]}, weights {told[-1][2]}", flush=True)
    except ValueError:
        told.append("ValueError")
        print(f"{name}: ValueError", flush=True)
right, wrong = [5_000_000_000, 2**40 + 3, [0.5, 1.5]], [705_032_704, 3]
sys.exit(told != [right, right, [*wrong, [0.5, 1.5]], [*wrong, [0, 1]], "ValueError"])
PROGRAM
"$folder/venv/bin/python" "$folder/restore.py" "$folder" 2> "$folder/errors" \
  || { cat "$folder/errors"; echo "this is no longer what is described above"; exit 1; }
