import numpy as np

from relevance_train import augment
from relevance_train.preprocess import PADDING, area_weights, fitted_size, letterbox


def test_a_line_is_averaged_over_fractional_footprints():
    weights = area_weights(3, 2)
    np.testing.assert_allclose(weights, [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], rtol=1e-6)


def test_every_output_pixel_of_any_size_weighs_one():
    for source in (1, 7, 159, 160, 161, 4032):
        np.testing.assert_allclose(area_weights(source, 160).sum(axis=1), 1.0, rtol=1e-5)


def test_half_a_pixel_is_rounded_up():
    assert fitted_size(320, 241) == (160, 121)
    assert fitted_size(64, 1) == (160, 3)
    assert fitted_size(10_000, 1) == (160, 1)


def test_the_picture_is_centred_and_the_rest_is_grey():
    square = letterbox(np.full((100, 200, 3), 255, np.uint8))
    assert square.shape == (160, 160, 3)
    assert (square[40:120] == 1.0).all()
    assert (square[:40] == PADDING).all() and (square[120:] == PADDING).all()


def test_one_pixel_fills_the_square():
    assert (letterbox(np.full((1, 1, 3), 51, np.uint8)) == np.float32(0.2)).all()


def test_the_fast_way_of_training_agrees_within_a_rounding():
    picture = np.random.default_rng(3).integers(0, 256, (203, 331, 3), np.uint8)
    np.testing.assert_allclose(augment.fit(picture) / 255.0, letterbox(picture), atol=1.5 / 255)
