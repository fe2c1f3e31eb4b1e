import numpy as np

from relevance_train import data, smoke, views
from relevance_train.cutout import cut_out

GROUNDS = 8


def pictures_of(sources: list[str]) -> data.Pictures:
    pictures = smoke.pictures(1)
    pictures.sources = np.array([sources[number % len(sources)] for number in range(len(pictures))])
    return pictures


def test_what_is_kept_back_shares_no_source_with_the_rest():
    pictures = pictures_of(["clothing", "imagen", "houses", "mdn_learning-area"])
    kept = data.choose_mask(pictures)
    assert kept.any() and not kept.all()
    assert not set(pictures.sources[kept]) & set(pictures.sources[~kept])


def test_a_view_with_a_part_of_a_source_that_is_kept_back_is_marked():
    maker = views.Maker(pictures_of(["imagen"]), 1, GROUNDS)
    generated = {"ground", "finger", "pocket", "page", "hand"}
    for number in range(60):
        if maker_kind(maker, number) not in generated:
            assert maker(number)[4]


def maker_kind(maker: views.Maker, number: int) -> str:
    rng = np.random.default_rng([maker.seed, number])
    return maker.kinds[rng.choice(len(maker.kinds), p=maker.shares)]


def test_a_view_is_open_only_when_every_part_is():
    closed = views.Maker(pictures_of(["houses"]), 1, GROUNDS)
    opened = views.Maker(pictures_of(["clothing"]), 1, GROUNDS)
    kinds = {"product", "person", "screen", "animal", "scene", "surface", "document", "composite", "shown"}
    for number in range(60):
        assert opened(number)[3]
        if maker_kind(closed, number) in kinds:
            assert not closed(number)[3]


def test_the_same_number_makes_the_same_view():
    pictures = smoke.pictures(1)
    first, second = views.Maker(pictures, 1, GROUNDS), views.Maker(pictures, 1, GROUNDS)
    for number in range(20):
        np.testing.assert_array_equal(first(number)[0], second(number)[0])


def test_a_thing_on_plain_paper_is_cut_out_and_a_full_frame_is_not():
    paper = np.full((120, 160, 3), 230, np.uint8)
    paper[40:80, 50:110] = (180, 30, 30)
    cut = cut_out(paper)
    assert cut is not None
    assert abs(cut.alpha.shape[0] - 40) <= 3 and abs(cut.alpha.shape[1] - 60) <= 3
    assert cut_out(np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)) is None
