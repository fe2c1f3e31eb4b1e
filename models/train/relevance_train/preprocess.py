"""From a picture to the network's input, exactly as the Rust side does it.

The whole picture, upright, is scaled to fit the square and centred; the rest is grey (0.5). Each output pixel is the
mean of the source over its footprint (a box filter with fractional coverage on both axes), on the 8-bit sRGB values as
they are. RGB and not luma + chroma: stills are RGB anyway, and a frame needs one small matrix per output pixel.
"""

from functools import cache

import numpy as np

from . import INPUT

PADDING = 0.5
"""What lies beside the picture, in 0..1."""


def fitted_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the picture inside the square: round half up, never under one pixel."""
    longest = max(width, height)

    def fitted(side: int) -> int:
        # In whole numbers: a float may round a half the other way on another machine.
        return max(1, (2 * side * INPUT + longest) // (2 * longest))

    return fitted(width), fitted(height)


@cache
def area_weights(source: int, target: int) -> np.ndarray:
    """Matrix [target, source] that averages a line of `source` pixels over the footprints of `target` pixels."""
    step = source / target
    edges = np.arange(target + 1) * step
    pixels = np.arange(source)
    left = np.maximum(edges[:-1, None], pixels[None])
    right = np.minimum(edges[1:, None], pixels[None] + 1)
    return (np.maximum(right - left, 0.0) / step).astype(np.float32)


def letterbox(picture: np.ndarray) -> np.ndarray:
    """The network's input, float32 [160, 160, 3] in 0..1, of a picture uint8 [h, w, 3] in RGB."""
    height, width = picture.shape[:2]
    new_width, new_height = fitted_size(width, height)
    rows, columns = area_weights(height, new_height), area_weights(width, new_width)
    lines = (rows @ picture.reshape(height, -1).astype(np.float32)).reshape(new_height, width, 3)
    small = columns @ lines
    left, top = (INPUT - new_width) // 2, (INPUT - new_height) // 2
    square = np.full((INPUT, INPUT, 3), PADDING, dtype=np.float32)
    square[top : top + new_height, left : left + new_width] = small / 255.0
    return square
