"""Fixtures for the Rust side: small generated pictures, and what the model must say of them.

`fixtures.json` holds for each picture some values of the network's input, the logits and the map from onnxruntime, and
the subject's box. The pictures are made here; none is anybody's photo.
"""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import onnx

from . import CLASSES, INPUT, assess, box, generate, smoke
from .preprocess import fitted_size, letterbox

SAMPLES = 48
"""Values of the input that are written down for each picture, besides its corners."""

BOXLESS = ("scene", "surface")
"""Classes that are no thing: there is nothing to draw a box around."""


def pictures() -> dict[str, np.ndarray]:
    """The pictures by file name: RGB, one of a single pixel, narrow, wide, odd and larger ones."""
    rng = np.random.default_rng(2026)
    ground = generate.surface(rng)
    thing = smoke.thing(rng)
    return {
        "one-pixel.png": np.array([[[200, 90, 30]]], np.uint8),
        "odd-small.png": cv2.resize(generate.surface(rng), (37, 53), interpolation=cv2.INTER_AREA),
        "wide-thing.png": cv2.resize(thing[40:120], (199, 31), interpolation=cv2.INTER_AREA),
        "tall-page.png": cv2.resize(generate.page(ground, rng), (61, 127), interpolation=cv2.INTER_AREA),
        "thing.png": thing,
        "hand.png": cv2.resize(generate.hand(ground, rng), (171, 128), interpolation=cv2.INTER_AREA),
        "dark.png": cv2.resize(generate.pocket(rng), (160, 120), interpolation=cv2.INTER_AREA),
    }


def write(model: Path, folder: Path) -> None:
    """Writes the pictures and `fixtures.json` for the model into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    content = model.read_bytes()
    properties = {p.key: p.value for p in onnx.load_from_string(content).metadata_props}
    run = assess.runner(content, 1)
    entries = []
    for name, picture in pictures().items():
        cv2.imwrite(str(folder / name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])
        entries.append(_entry(name, picture, run, float(properties["clearshot.box_threshold"])))
    fixtures = {"model_sha256": hashlib.sha256(content).hexdigest(), "pictures": entries}
    (folder / "fixtures.json").write_text(json.dumps(fixtures) + "\n")


def _entry(name: str, picture: np.ndarray, run: assess.judge.Runner, box_threshold: float) -> dict:
    height, width = picture.shape[:2]
    image = letterbox(picture)
    logits, maps = run(image[None])
    told = int(logits[0].argmax())
    found = None
    if CLASSES[told] not in BOXLESS:
        found = box.in_picture(box.subject_box(maps[0, told], box_threshold), width, height)
    return {
        "file": name,
        "width": width,
        "height": height,
        "input": [[c, y, x, _short(image[y, x, c])] for c, y, x in _samples(width, height)],
        "logits": [_short(v) for v in logits[0]],
        "map": [_short(v) for v in maps[0].ravel()],
        "box": found if found is None else [_short(v) for v in found],
    }


def _samples(width: int, height: int) -> list[tuple[int, int, int]]:
    """Channel, row and column of the sampled values: the square's and the picture's corners, and others by chance."""
    new_width, new_height = fitted_size(width, height)
    left, top = (INPUT - new_width) // 2, (INPUT - new_height) // 2
    corners = [(0, 0), (INPUT - 1, INPUT - 1), (top, left), (top + new_height - 1, left + new_width - 1)]
    rng = np.random.default_rng([width, height])
    inside = [
        (int(rng.integers(top, top + new_height)), int(rng.integers(left, left + new_width))) for _ in range(SAMPLES)
    ]
    return [(number % 3, y, x) for number, (y, x) in enumerate([*corners, *inside])]


def _short(value: float) -> float:
    return round(float(value), 6)
