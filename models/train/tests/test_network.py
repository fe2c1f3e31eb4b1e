import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from relevance_train.export import Metadata, to_onnx
from relevance_train.network import Network, multiply_adds

METADATA = Metadata(3, 1.5, 0.25, 0.2, 0.5, "nothing")


@pytest.fixture(scope="module")
def network() -> Network:
    """A network whose norms are not the identity, so that a wrong folding shows."""
    network, rng = Network(4, tf.float32), np.random.default_rng(4)
    for name, v in network.variables().items():
        if name.endswith((".scale", ".variance")):
            v.assign(rng.uniform(0.5, 1.5, v.shape))
        elif name.endswith((".shift", ".mean")):
            v.assign(rng.normal(0.0, 0.3, v.shape))
    return network


def test_the_exported_graph_computes_what_the_network_computes(network):
    image = np.random.default_rng(5).random((1, 160, 160, 3), np.float32)
    logits, activation = (x.numpy() for x in network(image, training=False))
    session = onnxruntime.InferenceSession(to_onnx(network, METADATA).SerializeToString())
    exported, exported_map = session.run(["logits", "map"], {"image": image.transpose(0, 3, 1, 2)})
    np.testing.assert_allclose(exported, logits - logits.mean(axis=1, keepdims=True), atol=1e-4)
    centred = activation - activation.mean(axis=3, keepdims=True)
    np.testing.assert_allclose(exported_map, centred.transpose(0, 3, 1, 2), atol=1e-4)
    np.testing.assert_allclose(exported, exported_map.mean(axis=(2, 3)), atol=1e-5)


def test_the_graph_stays_within_what_a_phone_can_afford(network):
    model = to_onnx(network, METADATA)
    assert multiply_adds() <= 70e6
    assert len(model.SerializeToString()) <= 3_000_000
    assert {node.op_type for node in model.graph.node} <= {"Conv", "Relu", "Add", "GlobalAveragePool", "Flatten"}
    assert model.opset_import[0].version <= 17


def test_the_file_carries_what_the_reader_must_know(network):
    properties = {p.key: p.value for p in to_onnx(network, METADATA).metadata_props}
    assert properties["clearshot.version"] == "3"
    assert properties["clearshot.classes"] == "product,person,document,screen,scene,animal,surface"
    assert float(properties["clearshot.temperature"]) == 1.5
    assert float(properties["clearshot.threshold"]) == 0.25
    assert float(properties["clearshot.label_threshold"]) == 0.2
    assert float(properties["clearshot.box_threshold"]) == 0.5


def test_saved_weights_come_back(network, tmp_path):
    network.save(str(tmp_path / "weights.npz"))
    again = Network(9, tf.float32).load(str(tmp_path / "weights.npz"))
    image = np.random.default_rng(6).random((1, 160, 160, 3), np.float32)
    np.testing.assert_array_equal(network(image, training=False)[0], again(image, training=False)[0])
