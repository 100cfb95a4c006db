#!/usr/bin/env bash
# SDV's TVAESynthesizer draws with one fixed seed: no seed that is set changes its rows, and a model that was saved gives
# every session the same ones.
#
# One would guess: sample() in a new process gives new rows, unless a seed was set; and torch.manual_seed or
# numpy.random.seed set it, as they do for ctgan's TVAE, the model inside.
# What happens: the first sample() after fit sets the model's random states to a constant of the package, and there is no
# public argument for another. Further calls in the process go on from there; a copy loaded elsewhere starts again.
# Whom it hurts: whoever spreads sampling over processes or machines and joins the parts: they are copies of one another.
# Whoever repeats an experiment over seeds: the draws have no variance, only the trainings do.
#
# Seen with sdv 2.0.0, ctgan 0.12.1, torch 2.13.0, Python 3.11, CPU:
#   rows of two sessions with seeds 1 and 2: equal
#   rows of the first and the second call in a session: other
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 sdv==2.0.0 ctgan==0.12.1

cat > "$folder/fit.py" <<'PROGRAM'
import sys
import numpy as np
import pandas as pd
from sdv.metadata import Metadata
from sdv.single_table import TVAESynthesizer

about = Metadata.load_from_dict({"tables": {"t": {"columns": {"x": {"sdtype": "numerical"}}}}})
model = TVAESynthesizer(about, epochs=2, enable_gpu=False)
model.fit({"t": pd.DataFrame({"x": np.random.default_rng(0).normal(size=500)})})
model.save(sys.argv[1])
PROGRAM
cat > "$folder/sample.py" <<'PROGRAM'
import sys
import numpy as np
import torch
from sdv.utils import load_synthesizer

torch.manual_seed(int(sys.argv[2]))
np.random.seed(int(sys.argv[2]))
model = load_synthesizer(sys.argv[1])
for call in ("first", "second"):
    model.sample(100)["t"].to_csv(f"{sys.argv[3]}-{call}.csv")
PROGRAM
python=("$folder/venv/bin/python" -W ignore)
"${python[@]}" "$folder/fit.py" "$folder/model.pkl" > /dev/null
for seed in 1 2; do
  "${python[@]}" "$folder/sample.py" "$folder/model.pkl" $seed "$folder/rows-$seed" > /dev/null
done
ls "$folder"/rows-{1,2}-{first,second}.csv > /dev/null
between=$(cmp -s "$folder/rows-1-first.csv" "$folder/rows-2-first.csv" && echo equal || echo other)
within=$(cmp -s "$folder/rows-1-first.csv" "$folder/rows-1-second.csv" && echo equal || echo other)
echo "rows of two sessions with seeds 1 and 2: $between"
echo "rows of the first and the second call in a session: $within"
[ $between$within = equalother ] || { echo "this is no longer what is described above"; exit 1; }
