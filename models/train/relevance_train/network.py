"""The network: plain 3×3 and 1×1 convolutions, batch norm, ReLU, one 1×1 head.

Written directly on TensorFlow's operations because Keras 3 trains batch norm unfused, which costs half the speed on a
CPU. Convolutions run in bfloat16 where asked; batch norm's statistics, the head and the losses stay in float32.
Layouts are NHWC here; `export` writes NCHW.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from . import CLASSES, GRID, INPUT

NORM_EPSILON = 1e-3
NORM_MOMENTUM = 0.99


@dataclass(frozen=True)
class ConvSpec:
    """One convolution with batch norm: channels in and out, kernel side, stride, and whether ReLU follows."""

    name: str
    inputs: int
    outputs: int
    kernel: int
    stride: int
    relu: bool = True


@dataclass(frozen=True)
class Block:
    """A run of convolutions; with `residual` the block's input is added before the last ReLU."""

    convs: tuple[ConvSpec, ...]
    residual: bool


def _down(name: str, inputs: int, outputs: int) -> Block:
    return Block((ConvSpec(name, inputs, outputs, 3, 2),), residual=False)


def _bottleneck(name: str, width: int, middle: int) -> Block:
    return Block(
        (
            ConvSpec(f"{name}.reduce", width, middle, 1, 1),
            ConvSpec(f"{name}.look", middle, middle, 3, 1),
            ConvSpec(f"{name}.expand", middle, width, 1, 1, relu=False),
        ),
        residual=True,
    )


LAYOUT: tuple[Block, ...] = (
    _down("stem", 3, 16),  # 80×80
    _down("down40", 16, 32),
    _down("down20", 32, 64),
    _bottleneck("mid1", 64, 48),
    _bottleneck("mid2", 64, 48),
    _down("down10", 64, 144),
    _bottleneck("top1", 144, 96),
    _bottleneck("top2", 144, 96),
)
"""The shape of the network, from the input to the features under the head."""

FEATURES = LAYOUT[-1].convs[-1].outputs
"""Channels of the feature map under the head."""


class Conv:
    """A convolution without bias, followed by batch norm. Pads with zeros, one pixel on each side of a 3×3."""

    def __init__(self, spec: ConvSpec, rng: np.random.Generator) -> None:
        self.spec = spec
        fan_in = spec.kernel * spec.kernel * spec.inputs
        shape = (spec.kernel, spec.kernel, spec.inputs, spec.outputs)
        start = rng.normal(0.0, np.sqrt(2.0 / fan_in), shape).astype(np.float32)
        # A residual branch starts at zero: the network begins shallow and trains without a long warm-up.
        scale = 1.0 if spec.relu else 0.0
        self.weight = tf.Variable(start, name=f"{spec.name}.weight")
        self.scale = tf.Variable(tf.fill([spec.outputs], scale), name=f"{spec.name}.scale")
        self.shift = tf.Variable(tf.zeros([spec.outputs]), name=f"{spec.name}.shift")
        self.mean = tf.Variable(tf.zeros([spec.outputs]), trainable=False, name=f"{spec.name}.mean")
        self.variance = tf.Variable(tf.ones([spec.outputs]), trainable=False, name=f"{spec.name}.variance")

    def __call__(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        """The layer's output; while training the norms' running statistics move."""
        pad = self.spec.kernel // 2
        if pad:
            x = tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]])
        y = tf.nn.conv2d(x, tf.cast(self.weight, x.dtype), self.spec.stride, "VALID")
        if training:
            y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
                y, self.scale, self.shift, epsilon=NORM_EPSILON, is_training=True
            )
            self.mean.assign(NORM_MOMENTUM * self.mean + (1 - NORM_MOMENTUM) * mean)
            self.variance.assign(NORM_MOMENTUM * self.variance + (1 - NORM_MOMENTUM) * variance)
        else:
            y, _, _ = tf.compat.v1.nn.fused_batch_norm(
                y, self.scale, self.shift, self.mean, self.variance, epsilon=NORM_EPSILON, is_training=False
            )
        return tf.nn.relu(y) if self.spec.relu else y

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """Weight (HWIO) and bias with batch norm folded in."""
        gain = self.scale.numpy() / np.sqrt(self.variance.numpy() + NORM_EPSILON)
        return self.weight.numpy() * gain, self.shift.numpy() - self.mean.numpy() * gain


class Network:
    """The whole network. `compute` is the type convolutions run in: bfloat16 is twice as fast where the CPU has it."""

    def __init__(self, seed: int, compute: tf.DType = tf.bfloat16) -> None:
        rng = np.random.default_rng(seed)
        self.compute = compute
        self.blocks = [(block, [Conv(spec, rng) for spec in block.convs]) for block in LAYOUT]
        head = rng.normal(0.0, np.sqrt(1.0 / FEATURES), (FEATURES, len(CLASSES))).astype(np.float32)
        self.head_weight = tf.Variable(head, name="head.weight")
        self.head_bias = tf.Variable(tf.zeros([len(CLASSES)]), name="head.bias")

    def features(self, images: tf.Tensor, training: bool) -> tf.Tensor:
        """Features, float32 [n, 10, 10, FEATURES], of images in 0..1, [n, 160, 160, 3]."""
        x = tf.cast(images, self.compute)
        for block, convs in self.blocks:
            y = x
            for conv in convs:
                y = conv(y, training)
            x = tf.nn.relu(x + y) if block.residual else y
        return tf.cast(x, tf.float32)

    def __call__(self, images: tf.Tensor, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits [n, 7] and map [n, 10, 10, 7]; the logits are the mean of the map over its cells."""
        activation = tf.tensordot(self.features(images, training), self.head_weight, 1) + self.head_bias
        return tf.reduce_mean(activation, [1, 2]), activation

    def trainable(self) -> list[tf.Variable]:
        """Everything that the optimiser moves."""
        convs = [conv for _, group in self.blocks for conv in group]
        return [v for conv in convs for v in (conv.weight, conv.scale, conv.shift)] + [self.head_weight, self.head_bias]

    def variables(self) -> dict[str, tf.Variable]:
        """Every variable by name, for checkpoints and averaging."""
        convs = [conv for _, group in self.blocks for conv in group]
        named = [v for conv in convs for v in (conv.weight, conv.scale, conv.shift, conv.mean, conv.variance)]
        return {v.name.split(":")[0]: v for v in [*named, self.head_weight, self.head_bias]}

    def save(self, path: str) -> None:
        """Writes every variable to an `.npz`."""
        np.savez(path, **{name: v.numpy() for name, v in self.variables().items()})

    def load(self, path: str) -> "Network":
        """Reads what `save` wrote."""
        with np.load(path) as stored:
            for name, variable in self.variables().items():
                variable.assign(stored[name])
        return self


def multiply_adds() -> int:
    """Multiply-adds of one run of the network, head included."""
    side, total = INPUT, 0
    for block in LAYOUT:
        for spec in block.convs:
            side //= spec.stride
            total += side * side * spec.kernel * spec.kernel * spec.inputs * spec.outputs
    return total + GRID * GRID * FEATURES * len(CLASSES)
