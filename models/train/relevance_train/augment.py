"""Other phones, other homes, other hands: one picture seen anew, uint8 in and out.

Everything random comes from the generator passed in. `reframe` changes what is in the frame, `degrade` what a poor
camera or poor light does to it. Every class is degraded alike, so that relevance never keys on quality.
"""

import cv2
import numpy as np

from . import INPUT
from .preprocess import PADDING, fitted_size

Rng = np.random.Generator

PADDING_BYTE = round(255 * PADDING)


def fit(picture: np.ndarray) -> np.ndarray:
    """The letterboxed square as uint8 [160, 160, 3]: `preprocess.letterbox`, faster, within a rounding of it."""
    height, width = picture.shape[:2]
    new_width, new_height = fitted_size(width, height)
    small = cv2.resize(picture, (new_width, new_height), interpolation=cv2.INTER_AREA)
    square = np.full((INPUT, INPUT, 3), PADDING_BYTE, np.uint8)
    left, top = (INPUT - new_width) // 2, (INPUT - new_height) // 2
    square[top : top + new_height, left : left + new_width] = small
    return square


def reframe(picture: np.ndarray, rng: Rng, smallest: float = 0.3) -> np.ndarray:
    """A crop of `smallest` to all of the area, of another shape, turned, tilted and mirrored."""
    height, width = picture.shape[:2]
    area = 1.0 if rng.random() < 0.25 else rng.uniform(smallest, 1.0)
    aspect = width / height * np.exp(rng.normal(0.0, 0.2))
    crop_height = min(height, np.sqrt(area * width * height / aspect))
    crop_width = min(width, crop_height * aspect)
    centre_x = rng.uniform(crop_width / 2, width - crop_width / 2) if crop_width < width else width / 2
    centre_y = rng.uniform(crop_height / 2, height - crop_height / 2) if crop_height < height else height / 2
    scale = INPUT / max(crop_width, crop_height)
    out_width, out_height = max(8, round(crop_width * scale)), max(8, round(crop_height * scale))
    angle = rng.normal(0.0, 8.0) if rng.random() < 0.5 else 0.0
    turn = cv2.getRotationMatrix2D((centre_x, centre_y), angle, scale)
    turn[:, 2] += (out_width / 2 - centre_x, out_height / 2 - centre_y)
    matrix = np.vstack([turn, [0, 0, 1]])
    if rng.random() < 0.3:
        matrix[2, :2] = rng.normal(0.0, 0.0006, 2)
    source = picture
    if scale < 0.7:
        source = cv2.GaussianBlur(picture, (0, 0), 0.5 / scale)
    seen = cv2.warpPerspective(
        source, matrix, (out_width, out_height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    if rng.random() < 0.5:
        seen = seen[:, ::-1]
    if rng.random() < 0.08:
        seen = np.rot90(seen, rng.choice([1, 3]))
    return np.ascontiguousarray(seen)


def relight(picture: np.ndarray, rng: Rng) -> np.ndarray:
    """Another exposure, contrast, colour cast, saturation and, at times, a light that falls off to one side."""
    x = picture.astype(np.float32) / 255.0
    if rng.random() < 0.6:
        x = x ** np.exp(rng.normal(0.0, 0.3))
    if rng.random() < 0.6:
        x = (x - 0.5) * np.exp(rng.normal(0.0, 0.25)) + 0.5 + rng.normal(0.0, 0.08)
    if rng.random() < 0.5:
        x = x * np.exp(rng.normal(0.0, 0.12, 3)).astype(np.float32)
    if rng.random() < 0.5:
        grey = x.mean(axis=2, keepdims=True)
        x = grey + (x - grey) * rng.uniform(0.2, 1.6)
    if rng.random() < 0.2:
        height, width = x.shape[:2]
        slope = np.add.outer(np.linspace(-1, 1, height) * rng.normal(), np.linspace(-1, 1, width) * rng.normal())
        x = x * np.exp(0.35 * slope[:, :, None]).astype(np.float32)
    return _to_bytes(x)


def degrade(picture: np.ndarray, rng: Rng) -> np.ndarray:
    """Now and then blur, darkness, noise, a small JPEG or a detour over few pixels; often nothing at all."""
    x = picture
    longest = max(x.shape[:2])
    if rng.random() < 0.15:
        x = defocus(x, rng.uniform(0.003, 0.02) * longest)
    elif rng.random() < 0.12:
        x = shake(x, rng.uniform(0.01, 0.06) * longest, rng.uniform(0, np.pi))
    if rng.random() < 0.15:
        few = rng.uniform(0.25, 0.7)
        small = cv2.resize(x, None, fx=few, fy=few, interpolation=cv2.INTER_AREA)
        x = cv2.resize(small, (x.shape[1], x.shape[0]), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.15:
        x = darken(x, rng.uniform(0.08, 0.6))
    if rng.random() < 0.25:
        x = noise(x, rng.uniform(2.0, 22.0), rng)
    if rng.random() < 0.25:
        x = compress(x, int(rng.integers(12, 60)))
    return x


def defocus(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of `sigma` pixels."""
    return cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.3))


def shake(picture: np.ndarray, length: float, angle: float) -> np.ndarray:
    """Motion blur over `length` pixels in the direction `angle` (radians)."""
    side = max(3, int(length) | 1)
    kernel = np.zeros((side, side), np.float32)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (side // 2)
    middle = np.array([side // 2, side // 2])
    start, end = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
    cv2.line(kernel, tuple(int(v) for v in start), tuple(int(v) for v in end), 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)


def darken(picture: np.ndarray, gain: float) -> np.ndarray:
    """Linear light times `gain` (gamma 2.2)."""
    return _to_bytes((picture.astype(np.float32) / 255.0) * gain ** (1 / 2.2))


def noise(picture: np.ndarray, sigma: float, rng: Rng) -> np.ndarray:
    """Grain of `sigma` grey levels, half of it shared by the three channels."""
    shared = rng.normal(0.0, sigma * 0.8, picture.shape[:2]).astype(np.float32)[:, :, None]
    own = rng.normal(0.0, sigma * 0.6, picture.shape).astype(np.float32)
    return np.clip(picture + shared + own, 0, 255).astype(np.uint8)


def compress(picture: np.ndarray, quality: int) -> np.ndarray:
    """There and back through a JPEG of that quality."""
    _, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(content, cv2.IMREAD_COLOR)


def _to_bytes(x: np.ndarray) -> np.ndarray:
    return (np.clip(x, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
