"""The training set: a fixed number of views, made once from pictures, composites and generated pictures.

Making a view costs as much as a training step on it, so each is made once, strongly augmented, and seen several times
with only flips, light and mixing on top. View i is made from generator (seed, i) alone: the set is the same whatever
the number of processes.
"""

from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from . import CLASSES, GRID, INPUT, augment, cutout, generate
from .augment import Rng
from .data import Pictures, choose_mask, open_mask

SHARES = {
    "product": 0.30,
    "composite": 0.15,
    "person": 0.08,
    "hand": 0.015,
    "document": 0.05,
    "page": 0.035,
    "screen": 0.055,
    "shown": 0.06,
    "scene": 0.11,
    "animal": 0.09,
    "surface": 0.07,
    "ground": 0.05,
    "finger": 0.01,
    "pocket": 0.01,
}
"""How much of the set is what: a class's own pictures, or one of the made kinds."""

UNKNOWN = 255
"""In `coverage`: where the subject lies is not known."""

GROUNDS = 600
"""Generated surfaces that are made once and reused, each time framed anew."""


@dataclass
class Views:
    """The set, mapped from files. All arrays have one row per view."""

    images: np.ndarray
    """uint8 [n, 160, 160, 3], letterboxed."""
    labels: np.ndarray
    """Index into CLASSES."""
    coverage: np.ndarray
    """uint8 [n, 10, 10]: share of the cell that the subject covers, 0..200, or UNKNOWN."""
    open: np.ndarray
    """Made of openly licensed pictures and generated ones only."""
    kept_back: np.ndarray
    """Has a part from a source that is kept back while runs are compared."""


class Maker:
    """Makes any view of the set from its number."""

    def __init__(self, pictures: Pictures, seed: int, grounds: int = GROUNDS) -> None:
        # OpenCV's own threads do not survive the fork in `build`; each process has one.
        cv2.setNumThreads(0)
        self.pictures, self.seed = pictures, seed
        self.is_open, self.is_kept_back = open_mask(pictures), choose_mask(pictures)
        self.pools = {name: self._pool(index) for index, name in enumerate(CLASSES)}
        kinds = {kind: share for kind, share in SHARES.items() if self.pools.get(kind, (1,))[0] is not None}
        self.kinds, shares = list(kinds), np.array(list(kinds.values()))
        self.shares = shares / shares.sum()
        rng = np.random.default_rng([seed, 1 << 40])
        self.grounds = [generate.surface(rng) for _ in range(grounds)]
        self.cutouts = self._cutouts()

    def _pool(self, label: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Pictures of a class and how likely each is drawn: sources by the root of their size."""
        chosen = np.flatnonzero(self.pictures.labels == label)
        if len(chosen) == 0:
            return None, None
        _, source, sizes = np.unique(self.pictures.sources[chosen], return_inverse=True, return_counts=True)
        weight = 1.0 / np.sqrt(sizes[source])
        return chosen, weight / weight.sum()

    def _cutouts(self) -> list[tuple[int, cutout.Cutout]]:
        found = []
        for index in np.flatnonzero(self.pictures.labels == 0):
            cut = cutout.cut_out(self.pictures[index])
            if cut is not None:
                found.append((int(index), cut))
        return found

    def __call__(self, number: int) -> tuple[np.ndarray, int, np.ndarray, bool, bool]:
        """Image, label, coverage, open and kept back of view `number`."""
        rng = np.random.default_rng([self.seed, number])
        kind = self.kinds[rng.choice(len(self.kinds), p=self.shares)]
        coverage = np.full((GRID, GRID), UNKNOWN, np.uint8)
        if kind == "composite" and self.cutouts:
            image, alpha, used = self.composite(rng)
            image = augment.fit(augment.degrade(augment.relight(image, rng), rng))
            coverage = cutout.coverage_grid(fit_mask(alpha))
            label = 0
        else:
            picture, label, used = self.picture("product" if kind == "composite" else kind, rng)
            image = augment.fit(augment.degrade(augment.relight(augment.reframe(picture, rng), rng), rng))
        is_open = all(self.is_open[index] for index in used)
        return image, label, coverage, is_open, any(self.is_kept_back[index] for index in used)

    def picture(self, kind: str, rng: Rng) -> tuple[np.ndarray, int, list[int]]:
        """A picture of a kind before augmentation, its label, and the pictures that it was made of."""
        if kind in CLASSES:
            index = self.draw(kind, rng)
            return self.pictures[index], CLASSES.index(kind), [index]
        if kind == "ground":
            return self.ground(rng), CLASSES.index("surface"), []
        if kind == "finger":
            return generate.finger(rng), CLASSES.index("surface"), []
        if kind == "pocket":
            return generate.pocket(rng), CLASSES.index("surface"), []
        if kind == "page":
            return generate.page(self.ground(rng), rng), CLASSES.index("document"), []
        if kind == "shown":
            index = self.draw("screen" if rng.random() < 0.5 else str(rng.choice(CLASSES)), rng)
            return generate.screen(self.pictures[index], self.ground(rng), rng), CLASSES.index("screen"), [index]
        background, used = self.background(rng)
        return generate.hand(background, rng), CLASSES.index("person"), used

    def composite(self, rng: Rng) -> tuple[np.ndarray, np.ndarray, list[int]]:
        """A cut-out product before a background, its coverage, and the pictures that it was made of."""
        index, cut = self.cutouts[rng.integers(len(self.cutouts))]
        background, used = self.background(rng)
        image, alpha = cutout.place(cut, background, rng)
        return image, alpha, [index, *used]

    def background(self, rng: Rng) -> tuple[np.ndarray, list[int]]:
        """Something to set a thing before: a made ground, white paper, a room, a texture."""
        draw = rng.random()
        if draw < 0.45:
            return augment.reframe(self.ground(rng), rng), []
        if draw < 0.65:
            return np.full((160, int(rng.choice([120, 160, 213])), 3), rng.uniform(225, 255), np.uint8), []
        kind = "scene" if draw < 0.85 else "surface"
        if self.pools[kind][0] is None:
            return augment.reframe(self.ground(rng), rng), []
        index = self.draw(kind, rng)
        return augment.reframe(self.pictures[index], rng), [index]

    def ground(self, rng: Rng) -> np.ndarray:
        """One of the generated surfaces."""
        return self.grounds[rng.integers(len(self.grounds))]

    def draw(self, kind: str, rng: Rng) -> int:
        """A picture of a class; of products where the class has none."""
        chosen, weight = self.pools[kind] if self.pools[kind][0] is not None else self.pools["product"]
        return int(rng.choice(chosen, p=weight))


def fit_mask(alpha: np.ndarray) -> np.ndarray:
    """A mask letterboxed as its picture is, nothing in the bars; float32 [160, 160]."""
    height, width = alpha.shape
    new_width, new_height = augment.fitted_size(width, height)
    square = np.zeros((INPUT, INPUT), np.float32)
    left, top = (INPUT - new_width) // 2, (INPUT - new_height) // 2
    small = cv2.resize(alpha, (new_width, new_height), interpolation=cv2.INTER_AREA)
    square[top : top + new_height, left : left + new_width] = small
    return square


def build(maker: Maker, count: int, processes: int, folder: Path) -> Views:
    """Makes views 0 to `count` into `folder`, or maps them from there when they are already made."""
    images_file, rest_file = folder / "images.u8", folder / "rest.npz"
    shape = (count, INPUT, INPUT, 3)
    if not rest_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        images = np.memmap(images_file, np.uint8, mode="w+", shape=shape)
        labels, coverage = np.zeros(count, np.int32), np.zeros((count, GRID, GRID), np.uint8)
        is_open, kept_back = np.zeros(count, bool), np.zeros(count, bool)
        global _maker
        _maker = maker
        with get_context("fork").Pool(processes) as pool:
            for number, view in enumerate(pool.imap(_make, range(count), chunksize=64)):
                images[number], labels[number], coverage[number], is_open[number], kept_back[number] = view
        images.flush()
        np.savez(rest_file, labels=labels, coverage=coverage, open=is_open, kept_back=kept_back)
    with np.load(rest_file) as rest:
        return Views(images=np.memmap(images_file, np.uint8, mode="r", shape=shape), **dict(rest))


_maker: Maker | None = None


def _make(number: int) -> tuple[np.ndarray, int, np.ndarray, bool, bool]:
    if _maker is None:
        raise RuntimeError("views are made by `build` only")
    return _maker(number)
