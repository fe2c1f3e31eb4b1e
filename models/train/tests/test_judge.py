import numpy as np

from relevance_train import box, judge


def test_auc_counts_pairs_and_halves_ties():
    assert judge.auc(np.array([1.0, 3.0]), np.array([0.0, 2.0])) == 0.75
    assert judge.auc(np.array([1.0]), np.array([1.0])) == 0.5


def test_the_margin_orders_as_the_probability_does():
    logits = np.random.default_rng(1).normal(0, 4, (200, 7))
    chance = judge.softmax(logits)[:, 0]
    np.testing.assert_allclose(judge.product_margin(logits), np.log(chance / (1 - chance)), rtol=1e-6)


def test_the_temperature_of_overconfident_logits_is_found():
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 1, (20_000, 7))
    labels = np.array([rng.choice(7, p=p) for p in judge.softmax(logits)])
    assert abs(judge.fit_temperature(logits * 3, labels) - 3) < 0.2


def test_calibration_error_is_the_distance_of_what_is_said_from_what_is():
    said, true = np.full(1000, 0.9), np.arange(1000) % 2 == 0
    assert abs(judge.calibration_error(said, true) - 0.4) < 1e-9


def test_the_threshold_questions_no_more_true_products_than_allowed():
    chance = np.random.default_rng(3).random(1000)
    threshold = judge.fit_threshold(chance, 0.03)
    assert 0.02 < (chance < threshold).mean() <= 0.03


def test_the_box_is_that_of_the_largest_part():
    values = np.zeros((10, 10))
    values[2:6, 3:8] = 1.0
    values[8, 0] = 1.0
    found = box.subject_box(values, 0.5)
    assert box.overlap(found, (48, 32, 128, 96)) > 0.9
    assert box.centre_error(found, (48, 32, 128, 96)) < 0.01
