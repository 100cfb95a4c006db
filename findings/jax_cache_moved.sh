#!/usr/bin/env bash
# JAX's persistent compilation cache finds nothing after its folder was moved, on a CPU too.
#
# One would guess: an entry is found by what was compiled (program, options, versions), so that a cache can be restored
# by CI into another folder, baked into an image, or linked into a folder for each worker.
# What happens: by default the folder's own path is part of every key. JAX passes XLA a per-fusion autotuning cache that
# lies below the folder (jax_persistent_cache_enable_xla_caches), a setting for GPUs; the path enters the compile options
# that the key is made of, whatever the backend. Moved entries are read by nobody, silently, and everything is compiled
# and stored a second time. With jax_persistent_cache_enable_xla_caches="none" keys do not depend on the folder.
# Whom it hurts: whoever keeps the cache between CI runs or containers with other paths, or shares it by links or copies;
# the cache grows, nothing is faster, and nothing says so.
#
# Seen with jax 0.10.2, jaxlib 0.10.2, Python 3.11, CPU:
#   default: moved cache read 0 of 3 entries, 3 written again
#   none:    moved cache read 3 of 3 entries, 0 written again
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2

cat > "$folder/compile.py" <<'PROGRAM'
import os, sys
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_COMPILATION_CACHE_DIR"] = sys.argv[1]
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
if sys.argv[2] == "none":
    os.environ["JAX_PERSISTENT_CACHE_ENABLE_XLA_CACHES"] = "none"
import jax, jax.numpy as jnp
jax.jit(lambda x: jnp.sin(x) + 1)(jnp.ones(3))
PROGRAM

wrong=0
for setting in default none; do
  "$folder/venv/bin/python" "$folder/compile.py" "$folder/$setting-first" "$setting"
  before=$(find "$folder/$setting-first" -name '*-cache' | wc -l)
  mv "$folder/$setting-first" "$folder/$setting-moved"
  "$folder/venv/bin/python" "$folder/compile.py" "$folder/$setting-moved" "$setting"
  written=$(($(find "$folder/$setting-moved" -name '*-cache' | wc -l) - before))
  echo "$setting: moved cache read $((before - written)) of $before entries, $written written again"
  [ "$setting" = default ] && expected=$before || expected=0
  [ "$written" = "$expected" ] || wrong=1
done
[ $wrong = 0 ] || { echo "this is no longer what is described above"; exit 1; }
