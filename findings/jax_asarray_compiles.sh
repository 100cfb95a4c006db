#!/usr/bin/env bash
# jnp.asarray of a NumPy array compiles a program for each new shape, and keeps 1.4 MiB for it; jnp.array does not.
#
# One would guess: jnp.asarray is the cheaper of the two, as in NumPy, since it copies only where it must; to hand a
# NumPy array to a device is a transfer, and compiles nothing.
# What happens: jnp.asarray lifts the array by a primitive of its own, `stage`, which is compiled for each shape and
# type like any other operation. jnp.array and jax.device_put compile nothing. The programs stay in memory until
# jax.clear_caches(). One of them takes 5 ms, so that no profile shows it.
# Whom it hurts: whoever feeds arrays of many lengths (groups of a table, sequences, one class at a time, the last batch
# of each file): 200 lengths take a quarter of a gigabyte in every worker process. A persistent compilation cache gets
# an entry for each, and a test that counts compilations counts transfers.
#
# Seen with jax 0.10.2, jaxlib 0.10.2, numpy 2.4.6, Python 3.11, CPU, float32 arrays of 200 lengths:
#   jnp.asarray: 200 programs, 274 MiB
#   jnp.array: 0 programs, 0 MiB
#   jax.device_put: 0 programs, 0 MiB
#   after jax.clear_caches(): 18 MiB
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

cat > "$folder/count.py" <<'PROGRAM'
import ctypes, gc, os, sys
os.environ["JAX_PLATFORMS"] = "cpu"
import jax, jax.monitoring
import jax.numpy as jnp
import numpy as np

compiled = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, seconds, **_: compiled.append(event) if event.endswith("backend_compile_duration") else None
)

def memory():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/smaps_rollup") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon")) / 1024

jnp.zeros(3) + 1
seen, start = {}, memory()
for name, convert in (("jnp.asarray", jnp.asarray), ("jnp.array", jnp.array), ("jax.device_put", jax.device_put)):
    compiled.clear()
    before = memory()
    for length in range(5, 205):
        convert(np.zeros(length, np.float32))
    seen[name] = len(compiled), memory() - before
    print(f"{name}: {seen[name][0]} programs, {seen[name][1]:.0f} MiB")
jax.clear_caches()
print(f"after jax.clear_caches(): {memory() - start:.0f} MiB")
sys.exit(not (seen["jnp.asarray"][0] == 200 and seen["jnp.asarray"][1] > 100 and seen["jnp.array"][0] == seen["jax.device_put"][0] == 0))
PROGRAM
"$folder/venv/bin/python" "$folder/count.py" || { echo "this is no longer what is described above"; exit 1; }
