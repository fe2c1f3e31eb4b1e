"""Products cut out of plain backgrounds and set before others, with the box known.

The cut is deliberately simple: what differs from the border's colour, when the border has one colour and the rest is
one solid thing. A picture that does not fit is left alone.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from . import GRID, INPUT
from .augment import Rng, relight
from .preprocess import PADDING

BORDER_SPREAD = 9.0
"""Largest median deviation (CIE Lab) of the border from its own median that still counts as plain."""

LEAST_CONTRAST = 14.0
"""Lab distance from the border's colour from which a pixel belongs to the thing."""

AREA = (0.04, 0.75)
"""Share of the picture that a believable cut-out covers."""


@dataclass(frozen=True)
class Cutout:
    """A thing and its coverage: uint8 [h, w, 3] and float32 [h, w] in 0..1, cropped to the thing."""

    pixels: np.ndarray
    alpha: np.ndarray


def cut_out(picture: np.ndarray) -> Cutout | None:
    """The one thing on a plain background, or None where there is no such thing."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    rim = 4
    border = np.concatenate(
        [lab[:rim].reshape(-1, 3), lab[-rim:].reshape(-1, 3), lab[:, :rim].reshape(-1, 3), lab[:, -rim:].reshape(-1, 3)]
    )
    colour = np.median(border, axis=0)
    distance = np.linalg.norm(border - colour, axis=1)
    if np.median(distance) > BORDER_SPREAD or np.mean(distance > 2.5 * BORDER_SPREAD) > 0.12:
        return None
    mask = (np.linalg.norm(lab - colour, axis=2) > LEAST_CONTRAST + 1.5 * np.median(distance)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    x, y, width, height, area = (int(v) for v in stats[largest])
    share = area / mask.size
    solid = area / (width * height)
    if not AREA[0] < share < AREA[1] or solid < 0.35 or area < 0.7 * mask.sum() or min(width, height) < 20:
        return None
    contours, _ = cv2.findContours((parts == largest).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = cv2.drawContours(np.zeros_like(mask), contours, -1, 1, cv2.FILLED)
    alpha = cv2.GaussianBlur(cv2.erode(filled, np.ones((3, 3), np.uint8)).astype(np.float32), (0, 0), 0.8)
    rows, columns = slice(y, y + height), slice(x, x + width)
    return Cutout(picture[rows, columns].copy(), alpha[rows, columns])


def place(cutout: Cutout, background: np.ndarray, rng: Rng, size: tuple[float, float] = (0.18, 0.85)) -> tuple:
    """The thing before the background (uint8 [h, w, 3]); answers the picture and the thing's coverage [h, w]."""
    height, width = background.shape[:2]
    thing = relight(cutout.pixels, rng) if rng.random() < 0.3 else cutout.pixels
    thing_height, thing_width = cutout.alpha.shape
    scale = rng.uniform(*size) * min(width / thing_width, height / thing_height)
    angle = rng.uniform(-180, 180) if rng.random() < 0.3 else rng.normal(0, 12)
    matrix = cv2.getRotationMatrix2D((thing_width / 2, thing_height / 2), angle, scale)
    middle = np.array([rng.normal(0.5, 0.16) * width, rng.normal(0.52, 0.16) * height])
    matrix[:, 2] += np.clip(middle, (0.1 * width, 0.1 * height), (0.9 * width, 0.9 * height))
    matrix[:, 2] -= (thing_width / 2, thing_height / 2)
    alpha = cv2.warpAffine(cutout.alpha, matrix, (width, height))
    pixels = cv2.warpAffine(thing, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    canvas = background.astype(np.float32)
    if rng.random() < 0.7:
        shift = np.float32([[1, 0, rng.normal(0, 0.03) * width], [0, 1, abs(rng.normal(0, 0.03)) * height]])
        shadow = cv2.GaussianBlur(cv2.warpAffine(alpha, shift, (width, height)), (0, 0), rng.uniform(1.5, 8))
        canvas *= 1.0 - rng.uniform(0.15, 0.6) * shadow[:, :, None]
    mixed = canvas + (pixels - canvas) * alpha[:, :, None]
    return np.clip(mixed, 0, 255).astype(np.uint8), alpha


def coverage_grid(alpha: np.ndarray) -> np.ndarray:
    """Share of each map cell that a letterboxed mask [160, 160] covers, uint8 [10, 10] in 0..200."""
    cell = INPUT // GRID
    return np.round(alpha.reshape(GRID, cell, GRID, cell).mean(axis=(1, 3)) * 200).astype(np.uint8)


def box_of(alpha: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what the mask covers by half or more, in its pixels."""
    rows, columns = np.flatnonzero((alpha > PADDING).any(axis=1)), np.flatnonzero((alpha > PADDING).any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
