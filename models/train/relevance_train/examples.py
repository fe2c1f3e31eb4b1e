"""The card's example pictures: our own renders and generated ones, with what the model says and its box."""

from pathlib import Path

import cv2
import numpy as np

from . import CLASSES, box, generate, judge, report, smoke
from .assess import Fitted
from .fixtures import BOXLESS
from .preprocess import letterbox


def sheet(run: judge.Runner, fitted: Fitted, renders: Path) -> np.ndarray:
    """The sheet (RGB): the renders in a folder, when it is there, and ten generated pictures."""
    pictures = [cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) for file in sorted(renders.glob("*.jpg"))]
    rng = np.random.default_rng(77)
    grounds = [generate.surface(rng) for _ in range(6)]
    pictures += [smoke.thing(rng), smoke.thing(rng), grounds[0], grounds[1], generate.finger(rng), generate.pocket(rng)]
    pictures += [generate.page(grounds[2], rng), generate.page(grounds[3], rng)]
    pictures += [generate.screen(smoke.thing(rng), grounds[4], rng), generate.hand(grounds[5], rng)]
    logits, maps = run(np.stack([letterbox(picture) for picture in pictures]))
    captions, boxes = [], []
    for said, shown in zip(judge.softmax(logits, fitted.temperature), maps, strict=True):
        told = int(said.argmax())
        captions.append(f"{CLASSES[told]} {said[told]:.2f}, product {said[0]:.2f}")
        boxes.append(None if CLASSES[told] in BOXLESS else box.subject_box(shown[told], fitted.box_threshold))
    return report.example_sheet(pictures, captions, boxes)
