"""The subject's box out of the activation map: the rule that the Rust side follows too.

Of the subject's class take the map, raise it bilinearly to 40×40 (half-pixel centres, edges held), cut it between its
least and its greatest value, and take the bounding box of the largest 4-connected part.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from . import GRID, INPUT
from .preprocess import fitted_size

RAISED = 40
"""Side of the raised map in cells; a cell is 4 input pixels."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def raised(values: np.ndarray) -> np.ndarray:
    """A map [10, 10] raised bilinearly to [40, 40]."""
    at = np.clip((np.arange(RAISED) + 0.5) * GRID / RAISED - 0.5, 0, GRID - 1)
    low = np.minimum(at.astype(int), GRID - 2)
    part = at - low
    rows = values[low] * (1 - part)[:, None] + values[low + 1] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, low + 1] * part


def subject_box(values: np.ndarray, fraction: float) -> Box:
    """The subject's box in input pixels, of its class's map [10, 10], cut at `fraction` of the way up."""
    large = raised(values)
    cut = large.min() + fraction * (large.max() - large.min())
    count, _, stats, _ = cv2.connectedComponentsWithStats((large >= cut).astype(np.uint8), connectivity=4)
    largest = 1 + int(np.argmax(stats[1:count, cv2.CC_STAT_AREA]))
    x, y, width, height, _ = (int(v) for v in stats[largest])
    cell = INPUT / RAISED
    return x * cell, y * cell, (x + width) * cell, (y + height) * cell


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def centre_error(a: Box, b: Box) -> float:
    """Distance of the centres as a fraction of the frame's side."""
    across = (a[0] + a[2] - b[0] - b[2]) / 2
    down = (a[1] + a[3] - b[1] - b[3]) / 2
    return float(np.hypot(across, down)) / INPUT


def fit_fraction(maps: Sequence[np.ndarray], boxes: Sequence[Box]) -> float:
    """The fraction with the best mean overlap on maps [10, 10] with known boxes."""
    grid = np.arange(0.2, 0.8, 0.05)
    return float(
        max(grid, key=lambda f: np.mean([overlap(subject_box(m, f), b) for m, b in zip(maps, boxes, strict=True)]))
    )


def in_picture(found: Box, width: int, height: int) -> Box:
    """A box in input pixels as fractions of the picture that was letterboxed, clamped to it."""
    new_width, new_height = fitted_size(width, height)
    left, top = (INPUT - new_width) // 2, (INPUT - new_height) // 2
    across = np.clip((np.array([found[0], found[2]]) - left) / new_width, 0.0, 1.0)
    down = np.clip((np.array([found[1], found[3]]) - top) / new_height, 0.0, 1.0)
    return float(across[0]), float(down[0]), float(across[1]), float(down[1])
