"""What the teacher says of each view: a regularised linear head on its features, and those features in short.

The head is a multinomial logistic regression on standardised features, trained on the views' own labels. Heavily
regularised it cannot learn the views by heart, and so its opinion carries what it would say of a new picture.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from . import CLASSES
from .judge import softmax

COMPONENTS = 128
"""Principal components of the teacher's features that the student imitates."""

PENALTY = 0.08
"""Weight of the squared weights in the head's loss."""

HEAD_STEPS = 250


@dataclass(frozen=True)
class Head:
    """A linear head on standardised features."""

    mean: np.ndarray
    spread: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Logits [n, 7] of the teacher's features [n, 1280]."""
        return ((features - self.mean) / self.spread) @ self.weight + self.bias


@dataclass(frozen=True)
class Lesson:
    """What the teacher says of each view."""

    probabilities: np.ndarray
    """float32 [n, 7]."""
    features: np.ndarray
    """float32 [n, COMPONENTS]: principal components of the teacher's features."""


def fit_head(features: np.ndarray, labels: np.ndarray, penalty: float = PENALTY) -> Head:
    """The head with the least penalised cross-entropy, by full-batch gradient descent with momentum."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    x = tf.constant((features - mean) / spread, tf.float32)
    y = tf.one_hot(labels, len(CLASSES))
    weight, bias = tf.Variable(tf.zeros([x.shape[1], len(CLASSES)])), tf.Variable(tf.zeros([len(CLASSES)]))
    speed = [tf.Variable(tf.zeros_like(v)) for v in (weight, bias)]

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            fit = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, x @ weight + bias))
            loss = fit + penalty * tf.reduce_sum(weight * weight)
        for v, s, g in zip((weight, bias), speed, tape.gradient(loss, [weight, bias]), strict=True):
            s.assign(0.9 * s - 0.01 * g)
            v.assign_add(s)

    for _ in range(HEAD_STEPS):
        step()
    return Head(mean, spread, weight.numpy(), bias.numpy())


def shorten(features: np.ndarray) -> np.ndarray:
    """The features' first principal components, [n, COMPONENTS], of unit spread on average.

    Half whitened: as they are, the first few would be all that counts; fully whitened, the last, which are mostly
    noise to a small student, would count as much as the first.
    """
    centred = features - features.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    scale = values[-COMPONENTS:] ** -0.25
    short = centred @ vectors[:, -COMPONENTS:] * scale
    return (short / np.sqrt((short**2).mean())).astype(np.float32)


def prepare(features: np.ndarray, labels: np.ndarray, chosen: np.ndarray) -> tuple[Lesson, Head]:
    """The lesson for all views by a head trained on the chosen ones."""
    features = features.astype(np.float32)
    head = fit_head(features[chosen], labels[chosen])
    return Lesson(softmax(head.logits(features)).astype(np.float32), shorten(features)), head
