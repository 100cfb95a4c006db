#!/usr/bin/env bash
# Two ONNX Runtime sessions of one process draw the same noise, call by call, also of different models.
#
# One would guess: RandomNormalLike without a seed, what an exporter writes for the ε of a VAE's encoder, is independent
# between sessions, as it is between calls; or at least between models.
# What happens: every node without a seed takes its generator from one number of the process plus its own index in the
# graph. Sessions made later start again at the same place: their first calls give the same noise, their second ones the
# same, and so on. A model with another graph but its noise at the same index shares it too.
# Whom it hurts: whoever makes one session per worker thread, per model of an ensemble or per repeat and takes the draws
# of z ~ q(z|x) for independent: K draws from K sessions are one draw, and the spread between them is 0.
#
# Seen with onnxruntime 1.32.0, onnx 1.23.2, Python 3.11, CPU:
#   second session, first call: the same noise
#   second session, second call: the same noise
#   the same session, another call: other noise
#   session of another model: the same noise
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6

cat > "$folder/draw.py" <<'PROGRAM'
import sys
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

def session(after):
    """An encoder's noise, ε of the shape of its input, and then an operation on it that differs between models."""
    nodes = [helper.make_node("RandomNormalLike", ["mean"], ["noise"]), helper.make_node(after, ["noise"], ["z"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("mean", "z")]
    graph = helper.make_graph(nodes, "encoder", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

def draw(one):
    return one.run(None, {"mean": np.zeros(4, np.float32)})[0]

first, second, other = session("Identity"), session("Identity"), session("Neg")
once, twice, again, further, negative = draw(first), draw(first), draw(second), draw(second), draw(other)
found = {
    "second session, first call": (np.array_equal(once, again), True),
    "second session, second call": (np.array_equal(twice, further), True),
    "the same session, another call": (np.array_equal(once, twice), False),
    "session of another model": (np.array_equal(once, -negative), True),
}
for what, (same, _) in found.items():
    print(f"{what}: {'the same' if same else 'other'} noise")
sys.exit(any(same is not expected for same, expected in found.values()))
PROGRAM
"$folder/venv/bin/python" "$folder/draw.py" || { echo "this is no longer what is described above"; exit 1; }
