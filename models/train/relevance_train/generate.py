"""Pictures made from nothing, for what the corpus is thin on.

Floors, walls and cloths; a finger over the lens; the inside of a pocket; photographed screens with moiré; printed pages
at an angle; hands. They need not look real at full size: at 160 pixels they must have the right structure.
"""

import cv2
import numpy as np

from .augment import Rng

SIDE = 176
"""Shorter side of what is made, in pixels."""

SKIN = np.array([[236, 200, 178], [222, 176, 146], [196, 142, 108], [150, 100, 70], [98, 64, 46], [62, 42, 32]], float)
WORDS = [
    *("return", "parcel", "order", "total", "item", "price", "size", "colour", "thank", "you", "date", "invoice"),
    *("address", "street", "street", "number", "kg"),
]


def _shape(rng: Rng) -> tuple[int, int]:
    long = int(SIDE * rng.choice([1.0, 1.33, 1.33, 1.5, 1.78]))
    return (SIDE, long) if rng.random() < 0.5 else (long, SIDE)


def _colour(rng: Rng) -> np.ndarray:
    hue, value = rng.uniform(0, 180), rng.uniform(30, 250)
    saturation = rng.uniform(0, 60) if rng.random() < 0.7 else rng.uniform(60, 220)
    return cv2.cvtColor(np.uint8([[[hue, saturation, value]]]), cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32)


def _cloud(height: int, width: int, rng: Rng, octaves: tuple[int, ...] = (3, 7, 17, 43)) -> np.ndarray:
    """Smooth noise [h, w] of about zero mean and unit spread, coarse to fine."""
    total = np.zeros((height, width), np.float32)
    for octave in octaves:
        grid = rng.normal(size=(octave, max(2, octave * width // height))).astype(np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / np.sqrt(octave)
    return (total - total.mean()) / (total.std() + 1e-6)


def surface(rng: Rng) -> np.ndarray:
    """A floor, a wall, a table or a cloth, plain or patterned, at some angle."""
    height, width = _shape(rng)
    big_height, big_width = int(1.4 * height), int(1.4 * width)
    y, x = np.mgrid[:big_height, :big_width].astype(np.float32)
    base, other = _colour(rng), _colour(rng)
    period = rng.uniform(6, 70)
    kind = rng.integers(8)
    if kind <= 1:  # plain
        mix = np.zeros_like(x)
    elif kind == 2:  # boards or stripes
        mix = ((x // period) % 2) if rng.random() < 0.5 else np.sin(x / period * 6.28) * 0.5 + 0.5
    elif kind == 3:  # tiles with joints
        joint = rng.uniform(1, 4)
        mix = ((x % period < joint) | (y % (period * rng.uniform(0.5, 2)) < joint)).astype(np.float32)
    elif kind == 4:  # checks
        mix = (((x // period) + (y // period)) % 2).astype(np.float32)
    elif kind == 5:  # wood grain
        grain = _cloud(big_height, big_width, rng, (2, 5))
        mix = np.sin((x / period + grain * rng.uniform(0.3, 2)) * 6.28) * 0.5 + 0.5
    elif kind == 6:  # weave
        fine = rng.uniform(3, 9)
        mix = (np.sin(x / fine * 6.28) * np.sin(y / fine * 6.28)) * 0.5 + 0.5
    else:  # stone, carpet
        mix = 1 / (1 + np.exp(-2 * _cloud(big_height, big_width, rng, (5, 13, 37, 91))))
    strength = rng.uniform(0.08, 1.0) * (1 if kind != 3 else rng.choice([-1, 1]) * 0.6)
    picture = base + (other - base) * (mix * strength)[:, :, None]
    picture += (_cloud(big_height, big_width, rng) * rng.uniform(0, 10))[:, :, None]
    picture += rng.normal(0, rng.uniform(0.5, 12), (big_height, big_width, 1))
    return _seen_at_an_angle(_light(picture, rng), width, height, rng)


def finger(rng: Rng) -> np.ndarray:
    """A finger over most of the lens: red to brown, out of focus, light leaking in from a side."""
    height, width = _shape(rng)
    skin = SKIN[rng.integers(len(SKIN))] * rng.uniform(0.25, 1.0)
    skin = skin * np.array([1.0, rng.uniform(0.4, 0.9), rng.uniform(0.3, 0.8)])
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = rng.uniform(0, 6.28)
    along = np.cos(angle) * (x / width - 0.5) + np.sin(angle) * (y / height - 0.5)
    leak = 1 / (1 + np.exp(-(along - rng.uniform(0.15, 0.6)) * rng.uniform(8, 40)))
    picture = skin + (_colour(rng) - skin) * leak[:, :, None] + (_cloud(height, width, rng, (2, 4)) * 8)[:, :, None]
    return _bytes(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 3))


def pocket(rng: Rng) -> np.ndarray:
    """Almost black: the phone in a pocket or face down."""
    height, width = _shape(rng)
    picture = rng.uniform(0, 22) + (_cloud(height, width, rng, (2, 4)) * rng.uniform(0, 6))[:, :, None]
    picture = picture * np.exp(rng.normal(0, 0.2, 3)) + rng.normal(0, rng.uniform(0.5, 7), (height, width, 3))
    return _bytes(picture)


def screen(shown: np.ndarray, ground: np.ndarray, rng: Rng) -> np.ndarray:
    """A picture on a monitor or phone, photographed: pixel grid beating with the camera's, glow, bezel, an angle."""
    height, width = SIDE, int(SIDE * rng.choice([0.5, 1.0, 1.33, 1.6, 1.78]))
    panel = cv2.resize(shown, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    pitch = rng.uniform(2.02, 3.6)
    if rng.random() < 0.75:
        depth = rng.uniform(0.06, 0.35)
        for channel in range(3):
            phase = channel * 2.09
            beat = np.sin(x / pitch * 6.28 + phase) * 0.6 + np.sin(y / (pitch * rng.uniform(0.97, 1.03)) * 6.28) * 0.4
            bend = np.sin((x * rng.normal(0, 0.03) + y * rng.normal(0, 0.03)) + phase * rng.uniform(0, 1))
            panel[:, :, channel] *= 1 - depth * 0.5 * (1 + beat * 0.5 + bend * 0.5)
    if rng.random() < 0.4:
        panel *= (1 - rng.uniform(0.1, 0.4) * (np.sin(y / rng.uniform(20, 120) + rng.uniform(0, 6)) > 0))[:, :, None]
    panel = panel * rng.uniform(0.7, 1.15) + np.array([rng.normal(0, 6), rng.normal(0, 6), abs(rng.normal(6, 10))])
    rim = int(rng.uniform(3, 20))
    frame = _colour(rng) * rng.uniform(0.05, 0.35)
    device = np.full((height + 2 * rim, width + 2 * rim, 3), frame, np.float32)
    device[rim:-rim, rim:-rim] = panel
    if rng.random() < 0.35:
        streak = np.exp(-(((x.mean() * rng.uniform(0, 2) - x) + (y - y.mean()) * rng.normal(0, 0.6)) ** 2) / 2 / 40**2)
        device[rim:-rim, rim:-rim] += 70 * rng.uniform(0.2, 1) * streak[:, :, None]
    return _laid_on(_bytes(device), ground, rng, rng.uniform(0.75, 1.5))


def page(ground: np.ndarray, rng: Rng) -> np.ndarray:
    """A printed page, receipt or shipping label at an angle on some surface."""
    width, height = 240, int(240 * rng.choice([0.6, 1.0, 1.41, 1.41, 2.2]))
    paper = rng.uniform(200, 255) * np.array([1.0, rng.uniform(0.94, 1.0), rng.uniform(0.85, 1.0)])
    sheet = np.full((height, width, 3), paper, np.uint8)
    ink = tuple(float(v) for v in _colour(rng) * rng.uniform(0.0, 0.4))
    y = int(rng.uniform(10, 30))
    while y < height - 10:
        size = rng.uniform(0.25, 0.45) if rng.random() < 0.85 else rng.uniform(0.6, 1.3)
        kind = rng.random()
        if kind < 0.78:
            text = " ".join(rng.choice(WORDS, rng.integers(1, 9))) if rng.random() < 0.8 else str(rng.integers(10**9))
            text = text.upper() if rng.random() < 0.3 else text
            x = int(rng.choice([12, 12, 12, 60, 130]))
            weight = int(rng.choice([1, 1, 2]))
            cv2.putText(sheet, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, ink, weight, cv2.LINE_AA)
            y += int(14 + 26 * size * rng.uniform(0.4, 1.2))
        elif kind < 0.88:
            x = 14
            while x < width - 20:  # bar code
                bar = int(rng.choice([1, 2, 3]))
                cv2.rectangle(sheet, (x, y), (x + bar - 1, y + 28), ink, -1)
                x += bar + int(rng.choice([1, 2, 3]))
            y += 44
        elif kind < 0.94:
            cv2.line(sheet, (10, y), (width - 10, y), ink, 1)
            y += 12
        else:
            y += int(rng.uniform(10, 40))
    uneven = sheet + (_cloud(height, width, rng, (2, 3)) * rng.uniform(0, 10))[:, :, None]
    return _laid_on(_bytes(uneven), ground, rng, rng.uniform(0.7, 1.8))


def hand(background: np.ndarray, rng: Rng) -> np.ndarray:
    """A hand before a background: a palm, an arm and fingers of one skin, shaded, slightly out of focus."""
    height, width = background.shape[:2]
    mask = np.zeros((height, width), np.float32)
    unit = min(height, width) * rng.uniform(0.18, 0.36)
    palm = np.array([width * rng.uniform(0.3, 0.7), height * rng.uniform(0.35, 0.7)])
    away = rng.uniform(0, 6.28)
    cv2.ellipse(mask, (_point(palm), (1.7 * unit, 1.9 * unit), np.degrees(away)), 1.0, -1)
    arm = palm - 6 * unit * np.array([np.cos(away), np.sin(away)])
    cv2.line(mask, _point(palm), _point(arm), 1.0, int(1.15 * unit))
    spread, closed = rng.uniform(0.12, 0.4), rng.random() < 0.3
    for index in range(5):
        angle = away + (index - 2) * spread + (0.5 if index == 4 else 0.0)
        length = unit * (rng.uniform(0.9, 1.2) if closed else rng.uniform(1.6, 2.3))
        length *= 0.75 if index in (0, 4) else 1.0
        root = palm + 0.55 * unit * np.array([np.cos(angle), np.sin(angle)])
        tip = palm + length * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(mask, _point(root), _point(tip), 1.0, max(2, int(unit * rng.uniform(0.32, 0.42))))
    edge = cv2.GaussianBlur(mask, (0, 0), unit * 0.12)
    skin = SKIN[rng.integers(len(SKIN))] * rng.uniform(0.7, 1.1)
    shade = 0.55 + 0.5 * edge + 0.08 * _cloud(height, width, rng, (3, 7))
    alpha = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.6, 2.0))[:, :, None]
    return _bytes(background + (skin * shade[:, :, None] - background) * alpha)


def _point(at: np.ndarray) -> tuple[int, int]:
    return int(at[0]), int(at[1])


def _light(picture: np.ndarray, rng: Rng) -> np.ndarray:
    height, width = picture.shape[:2]
    slope = np.add.outer(np.linspace(-1, 1, height) * rng.normal(), np.linspace(-1, 1, width) * rng.normal())
    return _bytes(picture * np.exp(0.25 * slope)[:, :, None])


def _seen_at_an_angle(flat: np.ndarray, width: int, height: int, rng: Rng) -> np.ndarray:
    """The middle of a flat thing, turned and tilted, [height, width]."""
    centre = (flat.shape[1] / 2, flat.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(centre, rng.uniform(0, 360), rng.uniform(0.7, 1.2))
    turn[:, 2] += (width / 2 - centre[0], height / 2 - centre[1])
    matrix = np.vstack([turn, [0, 0, 1]])
    tilt = np.eye(3)
    tilt[2, :2] = rng.normal(0, 0.0015, 2)
    return cv2.warpPerspective(flat, tilt @ matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)


def _laid_on(sheet: np.ndarray, ground: np.ndarray, rng: Rng, size: float) -> np.ndarray:
    """A flat thing on a ground, its corners moved about; `size` over 1 lets it leave the frame."""
    height, width = ground.shape[:2]
    scale = size * min(width / sheet.shape[1], height / sheet.shape[0])
    half = np.array([sheet.shape[1], sheet.shape[0]]) * scale / 2
    angle = rng.normal(0, 0.25)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half @ turn.T
    corners *= rng.uniform(0.85, 1.12, (4, 1))
    corners += np.array([width, height]) * rng.uniform(0.4, 0.6, 2)
    source = np.float32([[0, 0], [sheet.shape[1], 0], [sheet.shape[1], sheet.shape[0]], [0, sheet.shape[0]]])
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    lying = cv2.warpPerspective(sheet, matrix, (width, height), flags=cv2.INTER_AREA)
    alpha = cv2.warpPerspective(np.ones(sheet.shape[:2], np.float32), matrix, (width, height))[:, :, None]
    return _bytes(ground + (lying.astype(np.float32) - ground) * alpha)


def _bytes(x: np.ndarray) -> np.ndarray:
    return np.clip(x, 0, 255).astype(np.uint8)
