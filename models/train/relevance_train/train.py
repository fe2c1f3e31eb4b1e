"""Trains the network on the views: classes, product against the rest, the teacher's opinion, and where the subject is.

Light augmentation only (flips, light, darkness, mixing, a patch taken out): the views carry the strong one. One step is
a TensorFlow function; its batch is gathered by numpy from the mapped file. The weights that are kept are the running
average of the ones that are trained.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from . import CLASSES, INPUT
from .lesson import Lesson
from .network import FEATURES, Network
from .views import UNKNOWN, Views

WARM_UP = 100
"""Steps over which the learning rate rises."""


@dataclass(frozen=True)
class Recipe:
    """Everything that tells one run from another."""

    steps: int = 3800
    batch: int = 96
    rate: float = 3e-3
    weight_decay: float = 0.02
    smoothing: float = 0.05
    mix: float = 0.3
    """Parameter of mixup's beta distribution; 0 turns mixing off."""
    small_share: float = 0.55
    """Share of the steps that run at `small` pixels: a third of the price, and most is learnt there."""
    small: int = 96
    classes: float = 0.5
    """Weight of the labels."""
    binary: float = 0.5
    """Weight of product against the rest."""
    opinion: float = 1.0
    """Weight of the teacher's class probabilities; 0 trains without a teacher."""
    likeness: float = 3.0
    """Weight of likeness to the teacher's features."""
    place: float = 0.5
    """Weight of the subject's place on composites."""
    dark: float = 0.12
    """Share of the images that lose most of their light and gain grain; what the teacher said of them stays."""
    average: float = 0.998
    seed: int = 1


class AdamW:
    """Adam with decoupled weight decay on everything that is not a vector."""

    def __init__(self, variables: list[tf.Variable], weight_decay: float) -> None:
        self.variables, self.weight_decay = variables, weight_decay
        self.first = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self.second = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def step(self, gradients: list[tf.Tensor], rate: tf.Tensor, count: tf.Tensor) -> None:
        """One step; `count` starts at 1."""
        gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
        first_bias, second_bias = 1 - 0.9**count, 1 - 0.99**count
        for v, m, s, g in zip(self.variables, self.first, self.second, gradients, strict=True):
            m.assign(0.9 * m + 0.1 * g)
            s.assign(0.99 * s + 0.01 * g * g)
            change = (m / first_bias) / (tf.sqrt(s / second_bias) + 1e-8)
            if len(v.shape) > 1:
                change += self.weight_decay * v
            v.assign_sub(rate * change)


class Trainer:
    """One run: network, optimiser, running average."""

    def __init__(self, recipe: Recipe, likeness_width: int, start: Path | None) -> None:
        self.recipe = recipe
        self.network = Network(recipe.seed)
        if start is not None:
            self.network.load(str(start))
        rng = np.random.default_rng([recipe.seed, 7])
        first = rng.normal(0, FEATURES**-0.5, (FEATURES, likeness_width)).astype(np.float32)
        # Only needed while training: from the student's features to the teacher's, and from the map to coverage.
        self.to_teacher = tf.Variable(first)
        self.place = tf.Variable([1.0, 0.0])
        variables = [*self.network.trainable(), self.to_teacher, self.place]
        self.optimiser = AdamW(variables, recipe.weight_decay)
        self.shadow = {name: tf.Variable(v, trainable=False) for name, v in self.network.variables().items()}

    @tf.function(reduce_retracing=True)
    def step(self, batch: dict[str, tf.Tensor], rate: tf.Tensor, count: tf.Tensor, side: int) -> tf.Tensor:
        """One step at `side` pixels; answers the parts of the loss."""
        recipe = self.recipe
        images, target, opinion, likeness = _mixed(batch, recipe, side)
        with tf.GradientTape() as tape:
            features = self.network.features(images, training=True)
            activation = tf.tensordot(features, self.network.head_weight, 1) + self.network.head_bias
            logits = tf.reduce_mean(activation, [1, 2])
            smooth = target * (1 - recipe.smoothing) + recipe.smoothing / len(CLASSES)
            classes = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(smooth, logits))
            product = logits[:, 0] - tf.reduce_logsumexp(logits[:, 1:], axis=1)
            binary = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(smooth[:, 0], product))
            agreed = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(opinion, logits))
            pooled = tf.reduce_mean(features, [1, 2]) @ self.to_teacher
            alike = tf.reduce_mean(tf.square(pooled - likeness))
            placed = _place_loss(activation, batch["coverage"], self.place)
            loss = recipe.classes * classes + recipe.binary * binary + recipe.place * placed
            if recipe.opinion or recipe.likeness:
                loss += recipe.opinion * agreed + recipe.likeness * alike
        variables = self.optimiser.variables
        gradients = tape.gradient(loss, variables)
        gradients = [tf.zeros_like(v) if g is None else g for v, g in zip(variables, gradients, strict=True)]
        self.optimiser.step(gradients, rate, count)
        # A young average forgets faster, or the random start would stay in it.
        keep = tf.minimum(recipe.average, count / (count + 9.0))
        for name, v in self.network.variables().items():
            self.shadow[name].assign(keep * self.shadow[name] + (1 - keep) * v)
        return tf.stack([classes, binary, agreed, alike, placed])

    def result(self) -> Network:
        """A network with the averaged weights, in float32."""
        network = Network(self.recipe.seed, tf.float32)
        for name, v in network.variables().items():
            v.assign(self.shadow[name])
        return network


def _mixed(batch: dict[str, tf.Tensor], recipe: Recipe, side: int) -> tuple[tf.Tensor, ...]:
    """The batch at `side` pixels, relit, with patches out and half of it mixed with its own reverse order."""
    images = tf.cast(batch["images"], tf.float32) / 255.0
    if side != INPUT:
        images = tf.compat.v1.image.resize_area(images, [side, side])
    count = tf.shape(images)[0]
    gain = tf.exp(tf.random.normal([count, 1, 1, 3], stddev=0.06) + tf.random.normal([count, 1, 1, 1], stddev=0.1))
    images = tf.clip_by_value(images * gain + tf.random.normal([count, 1, 1, 1], stddev=0.03), 0.0, 1.0)
    images = _darkened(images, recipe.dark)
    corner = tf.random.uniform([count, 2, 1], -0.2 * side, 0.9 * side)
    patched = tf.cast(tf.random.uniform([count, 1, 1]) < 0.25, tf.float32)
    reach = tf.random.uniform([count, 2, 1], 0.12 * side, 0.4 * side) * patched
    line = tf.range(float(side))[None, None]
    inside = tf.cast((line >= corner) & (line < corner + reach), tf.float32)
    patch = (inside[:, 0, :, None] * inside[:, 1, None, :])[..., None]
    images = images * (1 - patch) + tf.random.uniform([count, 1, 1, 3]) * patch
    target = tf.one_hot(batch["labels"], len(CLASSES))
    opinion, likeness = batch["opinion"], batch["likeness"]
    if recipe.mix:
        first = tf.random.gamma([count, 1], recipe.mix)
        share = first / (first + tf.random.gamma([count, 1], recipe.mix) + 1e-6)
        # Composites teach the subject's place and stay whole; half of the rest is mixed.
        whole = (tf.random.uniform([count, 1]) < 0.5) | (batch["coverage"][:, 0, :1] != UNKNOWN)
        share = tf.where(whole, 1.0, tf.maximum(share, 1 - share))
        images = images * share[:, :, None, None] + images[::-1] * (1 - share[:, :, None, None])
        target, opinion, likeness = (x * share + x[::-1] * (1 - share) for x in (target, opinion, likeness))
    return images, target, opinion, likeness


def _darkened(images: tf.Tensor, share: float) -> tf.Tensor:
    """The images, that share of them at a fiftieth to a half of their (linear) light and with grain."""
    count = tf.shape(images)[0]
    chosen = tf.random.uniform([count, 1, 1, 1]) < share
    light = tf.exp(tf.random.uniform([count, 1, 1, 1], math.log(0.02), math.log(0.5)))
    grain = tf.random.normal(tf.shape(images)) * tf.random.uniform([count, 1, 1, 1], 0.0, 0.03)
    # A gain on linear light is one on the encoded value, raised to 1/2.2.
    return tf.where(chosen, tf.clip_by_value(images * light ** (1 / 2.2) + grain, 0.0, 1.0), images)


def _place_loss(activation: tf.Tensor, coverage: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of the product's map against the cells' coverage, where that is known."""
    centred = activation[..., 0] - tf.reduce_mean(activation, axis=-1)
    known = tf.cast(coverage[:, :1, :1] != UNKNOWN, tf.float32)
    covered = tf.cast(coverage, tf.float32)[..., None] / 200.0
    covered = tf.compat.v1.image.resize_area(covered, tf.shape(centred)[1:])[..., 0] * known
    each = tf.nn.sigmoid_cross_entropy_with_logits(covered, centred * place[0] + place[1])
    return tf.reduce_sum(each * known) / (tf.reduce_sum(known) * tf.cast(tf.size(centred[0]), tf.float32) + 1.0)


def _schedule(count: int, recipe: Recipe) -> tuple[float, int]:
    """Learning rate and image side of step `count`: the rate rises in a line and falls as a cosine."""
    rate = recipe.rate * min(1.0, count / WARM_UP) * (0.5 * (1 + np.cos(np.pi * count / recipe.steps)) * 0.99 + 0.01)
    return rate, recipe.small if count <= recipe.small_share * recipe.steps else INPUT


def train(
    views: Views,
    chosen: np.ndarray,
    lesson: Lesson | None,
    recipe: Recipe,
    report: Callable[[str], None],
    start: Path | None = None,
) -> Network:
    """Trains on the chosen views (indices); `lesson` has a row for each; `start` holds weights to go on from."""
    tf.random.set_seed(recipe.seed)
    rng = np.random.default_rng([recipe.seed, 11])
    trainer = Trainer(recipe, lesson.features.shape[1] if lesson else 1, start)
    report(f"{len(chosen)} views, {asdict(recipe)}")
    order, position, started = rng.permutation(chosen), 0, time.monotonic()
    totals = np.zeros(5)
    for count in range(1, recipe.steps + 1):
        if position + recipe.batch > len(order):
            order, position = rng.permutation(chosen), 0
        rows = np.sort(order[position : position + recipe.batch])
        position += recipe.batch
        images = views.images[rows]
        mirrored = rng.random(len(rows)) < 0.5
        images[mirrored] = images[mirrored, :, ::-1]
        coverage = views.coverage[rows]
        coverage[mirrored] = coverage[mirrored, :, ::-1]
        shuffled = rng.permutation(len(rows))
        batch = {"images": images[shuffled], "labels": views.labels[rows][shuffled], "coverage": coverage[shuffled]}
        batch["opinion"] = (lesson.probabilities[rows] if lesson else np.zeros((len(rows), len(CLASSES))))[shuffled]
        batch["likeness"] = (lesson.features[rows] if lesson else np.zeros((len(rows), 1)))[shuffled]
        batch = {key: tf.constant(v, tf.float32 if v.dtype.kind == "f" else None) for key, v in batch.items()}
        rate, side = _schedule(count, recipe)
        parts = trainer.step(batch, tf.constant(rate, tf.float32), tf.constant(count, tf.float32), side)
        totals += parts.numpy()
        if count % 100 == 0:
            means = " ".join(f"{v:.3f}" for v in totals / 100)
            report(f"step {count}: {means}, {count * recipe.batch / (time.monotonic() - started):.0f} views/s")
            totals[:] = 0
    return trainer.result()
