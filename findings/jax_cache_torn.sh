#!/usr/bin/env bash
# An entry of JAX's persistent compilation cache that was cut off is never replaced: that program is compiled in every
# run from then on.
#
# One would guess: an entry that cannot be read is a miss, so that the program is compiled, stored again, and found by
# the next run.
# What happens: entries are written in place under their final name, so that a run that is killed, or a disk that is
# full for a moment, leaves a part of one. The next run warns that it cannot read it and compiles; when it stores the
# program, it finds that a file of that name exists, and leaves it. So does every later run.
# Whom it hurts: whoever keeps a cache over jobs that are preempted or share a disk; the programs that take longest are
# the likeliest to be cut off, and only deleting the file by hand mends it. A folder for each process, from which whole
# files are linked into a shared one, avoids it.
#
# Seen with jax 0.10.2, jaxlib 0.10.2, Python 3.11, CPU:
#   first run: 0 warnings, 3 entries
#   run 2, after the cut: 3 warnings, 0 of 3 entries whole again
#   run 3, after the cut: 3 warnings, 0 of 3 entries whole again
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2

cat > "$folder/compile.py" <<'PROGRAM'
import os, sys, warnings
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_COMPILATION_CACHE_DIR"] = sys.argv[1]
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
import jax, jax.numpy as jnp
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    jax.jit(lambda x: jnp.sin(x) + 1)(jnp.ones(3))
print(sum("persistent compilation cache entry" in str(one.message) for one in seen))
PROGRAM

whole() {  # entries longer than the 100 bytes to which they are cut
  find "$folder/cache" -name '*-cache' -size +100c | wc -l
}

wrong=0
warned=$("$folder/venv/bin/python" "$folder/compile.py" "$folder/cache")
entries=$(whole)
echo "first run: $warned warnings, $entries entries"
[ "$warned" = 0 ] && [ "$entries" -gt 0 ] || wrong=1
find "$folder/cache" -name '*-cache' -exec truncate --size=100 {} +
for run in 2 3; do
  warned=$("$folder/venv/bin/python" "$folder/compile.py" "$folder/cache")
  again=$(whole)
  echo "run $run, after the cut: $warned warnings, $again of $entries entries whole again"
  [ "$warned" = "$entries" ] && [ "$again" = 0 ] || wrong=1
done
[ $wrong = 0 ] || { echo "this is no longer what is described above"; exit 1; }
