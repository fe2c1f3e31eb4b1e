import numpy as np

from relevance_train.teacher import Teacher


def test_the_teacher_is_put_together_as_it_was_trained():
    """A wrong stride, norm or kernel order leaves features that hardly depend on the picture."""
    rng = np.random.default_rng(1)
    plain = np.full((1, 160, 160, 3), 128, np.uint8)
    rough = rng.integers(0, 256, (1, 160, 160, 3), np.uint8)
    features = Teacher(1).features(np.concatenate([plain, rough, plain]))
    assert features.shape == (3, 1280)
    assert (features >= 0).all() and (features <= 6).all()
    np.testing.assert_allclose(features[0], features[2], atol=1e-4)
    assert np.corrcoef(features[0], features[1])[0, 1] < 0.5
