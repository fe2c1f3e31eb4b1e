"""The whole pipeline in two minutes: generated pictures in place of the tar files, few views, few steps.

It proves that the pieces fit: the exported file computes what the network computes, and training learns the difference
between things on a ground and grounds without one. Its model is of no use.
"""

from pathlib import Path

import cv2
import numpy as np

from . import CLASSES, augment, generate, pipeline
from .data import Pictures
from .train import Recipe

PICTURES = 240
LEAST_AUC = 0.75
"""A run that learnt nothing stays near a half; this one reaches 0.9 and more."""


def run(folder: Path) -> dict:
    """Runs everything in `folder`; raises `RuntimeError` when the model learnt nothing."""
    cycles = (
        Recipe(steps=40, batch=48, small=80, small_share=1.0),
        Recipe(steps=100, batch=48, small=80, small_share=0.6),
    )
    plan = pipeline.Plan(folder, folder / "work", folder / "out", views=1200, grounds=40, cycles=cycles)
    result = pipeline.make(plan, pictures(1), pictures(2), print)
    reached = pipeline.auc_of(result["runs"]["everything"])
    if reached < LEAST_AUC:
        raise RuntimeError(f"the smoke run reached an AUC of {reached:.3f} only, {LEAST_AUC} is expected")
    return result


def pictures(seed: int) -> Pictures:
    """Generated pictures in the shape of the real ones: half of them things on plain grounds."""
    rng = np.random.default_rng([seed, 5])
    labels = rng.permutation([0 if number % 2 else 1 + number // 2 % (len(CLASSES) - 1) for number in range(PICTURES)])
    made = [_picture(int(label), rng) for label in labels]
    sizes = np.array([picture.shape[:2] for picture in made])
    lengths = np.array([picture.size for picture in made])
    sources = np.array([f"made-{CLASSES[label]}" for label in labels])
    return Pictures(
        pixels=np.concatenate([picture.ravel() for picture in made]),
        offsets=np.concatenate([[0], np.cumsum(lengths)[:-1]]),
        sizes=sizes,
        labels=labels,
        sources=sources,
        names=np.array([f"{source}-{number}" for number, source in enumerate(sources)]),
        tars=np.array(["made.tar"] * PICTURES),
    )


def _picture(label: int, rng: np.random.Generator) -> np.ndarray:
    ground = augment.reframe(generate.surface(rng), rng)
    name = CLASSES[label]
    if name == "product":
        return thing(rng)
    if name == "person":
        return generate.hand(ground, rng)
    if name == "document":
        return generate.page(ground, rng)
    if name == "screen":
        return generate.screen(generate.page(ground, rng), ground, rng)
    if name == "animal":
        return generate.finger(rng)
    return generate.pocket(rng) if name == "scene" else ground


def thing(rng: np.random.Generator) -> np.ndarray:
    """A bright box or disc on grey paper."""
    picture = np.full((160, 200, 3), rng.uniform(170, 250), np.uint8)
    colour = tuple(int(v) for v in rng.uniform(0, 140, 3))
    centre = (int(rng.uniform(70, 130)), int(rng.uniform(60, 100)))
    reach = int(rng.uniform(25, 45))
    if rng.random() < 0.5:
        cv2.circle(picture, centre, reach, colour, -1)
    else:
        x, y = centre
        cv2.rectangle(picture, (x - reach, y - reach), (x + reach, y + reach), colour, -1)
    return picture
