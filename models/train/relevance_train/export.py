"""Writes a trained network as ONNX: batch norm folded, NCHW, opset 17, with what the Rust side must know as metadata.

The graph holds Conv, Relu, Add, GlobalAveragePool and Flatten only. Input `image` is float32 [1, 3, 160, 160] in 0..1,
planes R, G, B. Output `map` is float32 [1, 7, 10, 10]; `logits` is float32 [1, 7], the mean of `map` over its cells.
The head's weights are centred over the classes: softmax does not see it, and the map of one class then reads "how much
more this class than the others".
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import CLASSES, GRID, INPUT
from .network import Network

OPSET = 17
IR_VERSION = 8


@dataclass(frozen=True)
class Metadata:
    """What travels inside the file. Probabilities are softmax(logits / temperature)."""

    version: int
    temperature: float
    threshold: float
    """p(product) under which the shopper is asked whether this is the item."""
    label_threshold: float
    """p(document) under which the shopper is asked when the shot wants a label."""
    box_threshold: float
    """Where the subject's map is cut, between its minimum (0) and its maximum (1)."""
    trained_on: str

    def properties(self) -> dict[str, str]:
        """The metadata as ONNX properties."""
        return {
            "clearshot.version": str(self.version),
            "clearshot.classes": ",".join(CLASSES),
            "clearshot.temperature": f"{self.temperature:.6f}",
            "clearshot.threshold": f"{self.threshold:.6f}",
            "clearshot.label_threshold": f"{self.label_threshold:.6f}",
            "clearshot.box_threshold": f"{self.box_threshold:.6f}",
            "clearshot.trained_on": self.trained_on,
        }


def to_onnx(network: Network, metadata: Metadata) -> onnx.ModelProto:
    """The network as an ONNX model."""
    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = []

    def conv(name: str, source: str, weight: np.ndarray, bias: np.ndarray, stride: int) -> str:
        pad = weight.shape[0] // 2
        kernel = np.ascontiguousarray(weight.transpose(3, 2, 0, 1), dtype=np.float32)
        weights.append(numpy_helper.from_array(kernel, f"{name}.weight"))
        weights.append(numpy_helper.from_array(bias.astype(np.float32), f"{name}.bias"))
        nodes.append(
            helper.make_node(
                "Conv",
                [source, f"{name}.weight", f"{name}.bias"],
                [name],
                name=name,
                kernel_shape=list(kernel.shape[2:]),
                strides=[stride, stride],
                pads=[pad] * 4,
            )
        )
        return name

    def simple(op: str, sources: list[str], name: str) -> str:
        nodes.append(helper.make_node(op, sources, [name], name=name))
        return name

    x = "image"
    for block, convs in network.blocks:
        start = x
        for layer in convs:
            weight, bias = layer.folded()
            x = conv(layer.spec.name, x, weight, bias, layer.spec.stride)
            if layer.spec.relu:
                x = simple("Relu", [x], f"{layer.spec.name}.relu")
        if block.residual:
            joined = simple("Add", [start, x], f"{block.convs[0].name}.join")
            x = simple("Relu", [joined], f"{joined}.relu")
    weight, bias = network.head_weight.numpy(), network.head_bias.numpy()
    weight, bias = weight - weight.mean(axis=1, keepdims=True), bias - bias.mean()
    conv("map", x, weight[None, None], bias, 1)
    simple("GlobalAveragePool", ["map"], "mean")
    simple("Flatten", ["mean"], "logits")

    graph = helper.make_graph(
        nodes,
        "clearshot-relevance",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, INPUT, INPUT])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(CLASSES)]),
            helper.make_tensor_value_info("map", TensorProto.FLOAT, [1, len(CLASSES), GRID, GRID]),
        ],
        weights,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="relevance_train",
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, metadata.properties())
    onnx.checker.check_model(model)
    return model


def write(network: Network, metadata: Metadata, path: Path) -> str:
    """Writes the model to `path`; answers the SHA-256 of the file in hex."""
    content = to_onnx(network, metadata).SerializeToString()
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()
