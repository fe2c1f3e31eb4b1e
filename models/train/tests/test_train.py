import numpy as np
import tensorflow as tf

from relevance_train import CLASSES, INPUT, train
from relevance_train.lesson import COMPONENTS, shorten
from relevance_train.train import Recipe
from relevance_train.views import UNKNOWN


def test_the_rate_rises_then_falls_to_almost_nothing_and_the_last_steps_see_full_size():
    recipe = Recipe(steps=1000)
    schedule = [train._schedule(count, recipe) for count in range(1, 1001)]
    rates = [rate for rate, _ in schedule]
    assert rates[0] < rates[50] < rates[train.WARM_UP]
    assert rates[-1] < 0.02 * max(rates)
    assert schedule[0][1] == recipe.small and schedule[-1][1] == INPUT


def test_a_picture_whose_subject_may_be_anywhere_teaches_no_place():
    activation = tf.random.normal([2, 10, 10, len(CLASSES)])
    unknown = tf.fill([2, 10, 10], tf.constant(UNKNOWN, tf.uint8))
    assert float(train._place_loss(activation, unknown, tf.constant([1.0, 0.0]))) == 0.0


def test_a_map_that_lies_on_the_subject_costs_less_than_one_beside_it():
    coverage = np.zeros((1, 10, 10), np.uint8)
    coverage[:, 2:5, 2:5] = 200
    on, beside = np.zeros((2, 1, 10, 10, len(CLASSES)), np.float32)
    on[:, 2:5, 2:5, 0] = 6.0
    beside[:, 6:9, 6:9, 0] = 6.0
    place = tf.constant([1.0, -2.0])
    costs = [float(train._place_loss(tf.constant(m), tf.constant(coverage), place)) for m in (on, beside)]
    assert costs[0] < 0.5 * costs[1]


def test_mixing_keeps_composites_whole_and_targets_adding_up_to_one():
    count = 64
    batch = {
        "images": tf.zeros([count, INPUT, INPUT, 3], tf.uint8),
        "labels": tf.constant(np.arange(count) % len(CLASSES), tf.int32),
        "coverage": tf.constant(np.where(np.arange(count) < 32, 0, UNKNOWN)[:, None, None], tf.uint8)
        * tf.ones([1, 10, 10], tf.uint8),
        "opinion": tf.fill([count, len(CLASSES)], 1 / len(CLASSES)),
        "likeness": tf.zeros([count, 3]),
    }
    _, target, opinion, _ = train._mixed(batch, Recipe(), INPUT)
    np.testing.assert_allclose(tf.reduce_sum(target, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(tf.reduce_sum(opinion, axis=1), 1.0, atol=1e-5)
    assert (target.numpy()[:32].max(axis=1) == 1.0).all()
    assert (target.numpy()[32:].max(axis=1) < 1.0).any()


def test_darkness_takes_light_from_its_share_of_the_pictures_and_leaves_the_rest_as_they_are():
    images = tf.fill([400, 4, 4, 3], 0.8)
    light = train._darkened(images, 0.25).numpy().reshape(400, -1)
    kept = (light == images[0, 0, 0, 0].numpy()).all(axis=1)
    assert 0.65 < kept.mean() < 0.85
    assert light[~kept].mean(axis=1).max() < 0.8 * 0.5 ** (1 / 2.2) + 0.02
    assert light.min() >= 0.0


def test_short_features_keep_the_order_of_importance_without_drowning_the_rest():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(600, 300)) * np.linspace(10, 0.1, 300)
    short = shorten(features.astype(np.float32))
    assert short.shape == (600, COMPONENTS)
    spread = short.std(axis=0)
    assert abs(float((short**2).mean()) - 1.0) < 1e-3
    assert spread[0] < spread[-1] < 5 * spread[0]
