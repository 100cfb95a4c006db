"""An error of onnxruntime on an unreadable network becomes a message of one line, and nothing else is printed."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from study.errors import StudyError
from study.metrics.onnx_features import Network


def test_nothing_is_printed_of_a_network_whose_names_are_no_text(capfd: pytest.CaptureFixture[str]) -> None:
    weight = numpy_helper.from_array(np.ones((4, 2), np.float32), "weight")
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])]
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    node = helper.make_node("NoSuchOperator", ["x", "weight"], ["y"])
    graph = helper.make_graph([node], "g", given, made, [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    content = model.SerializeToString().replace(b"NoSuchOperator", b"NoSuch\xff\xffOperat")
    with pytest.raises(StudyError, match="not an ONNX network that onnxruntime reads"):
        Network.of(content, where="net", shape=(4,))
    assert capfd.readouterr() == ("", "")
