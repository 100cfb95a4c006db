#!/usr/bin/env bash
# The state of a grain iterator is one number: restored into another pipeline, it goes on elsewhere and says nothing.
#
# One would guess: a saved state knows what it is the state of, or at least that training goes on after the examples
# seen: with another batch size at the next example, with another shuffle or data set with an error.
# What happens: get_state() is {'next_index': k}, in units of what the pipeline yields. With the batch doubled, where
# batches are made before the iterator, examples 30 to 59 are skipped; with another seed a part of the data is seen twice
# in the epoch and another not at all. No state is refused.
# Whom it hurts: whoever goes on with a training after changing the batch size to fit another device, or who loads the
# checkpoint of one run into another: the loss looks as usual.
#
# Seen with grain 0.2.18, Python 3.11, after 3 batches of 10 of 100 examples:
#   state: {'next_index': 3}
#   the same pipeline: 70 examples follow, 0 are never seen, 0 twice
#   batches of 20: 40 examples follow, 30 are never seen, 0 twice
#   another seed: 70 examples follow, 23 are never seen, 23 twice
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check grain==0.2.18 numpy==2.4.6

cat > "$folder/restore.py" <<'PROGRAM'
import sys
import grain

def pipeline(n=100, batch=10, seed=0):
    return grain.MapDataset.range(n).seed(seed).shuffle().batch(batch).to_iter_dataset()

def rest(state, **settings):
    """The examples of the first epoch that come after the state."""
    iterator = iter(pipeline(**settings))
    iterator.set_state(state)
    return [int(x) for batch in iterator for x in batch]

first = iter(pipeline())
seen = [int(x) for _ in range(3) for x in next(first)]
state = first.get_state()
print(f"state: {state}")
missed = {}
for name, settings in (("the same pipeline", {}), ("batches of 20", {"batch": 20}), ("another seed", {"seed": 1})):
    after = rest(state, **settings)
    missed[name] = 100 - len({*seen, *after})
    print(f"{name}: {len(after)} examples follow, {missed[name]} are never seen, {len({*seen} & {*after})} twice")
sys.exit(not (missed["the same pipeline"] == 0 and missed["batches of 20"] == 30 and missed["another seed"] > 0))
PROGRAM
"$folder/venv/bin/python" "$folder/restore.py" 2> "$folder/errors" \
  || { cat "$folder/errors"; echo "this is no longer what is described above"; exit 1; }
