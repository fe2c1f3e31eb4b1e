"""Fits the weights of `src/sharpness.rs` on the shared photos and on blurred copies of them.

    python fit.py degrade PHOTOS COPIES         # writes blurred copies of the sharp photos
    cargo run --release -p clearshot-analysis --example sharpness_features -- \
        PHOTOS/{products,blur,blur-small}/*.jpg COPIES/*.jpg > features.csv
    python fit.py fit features.csv              # prints the weights

Sharp: `products/` and `*_S`. Blurred: `*_F` (defocus), `*_M` (motion) and the copies named `_g*` (Gaussian, sigma in
pixels of a 640-pixel frame) and `_m*` (streak, length likewise). Dark garments are left out: they check the
thresholds. Real photos count four times as much as copies; each side counts the same in all. The weights in the
source are the printed ones, to two decimals.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import convolve, gaussian_filter
from scipy.optimize import minimize

COPY_LONG_SIDE = 1280  # the analysis halves it, as it does a preview frame
SIGMAS = (2, 3, 5)
STREAKS = (8, 14)
STREAK_ANGLE = 0.4  # radians: neither axis of the pixels
NATURAL_COHERENCE = 0.4  # as in sharpness.rs
FEATURES = ("ratio", "top", "half_top", "crisp", "coherence")


def streak(length, angle):
    kernel = np.zeros((2 * length + 1, 2 * length + 1))
    for t in np.linspace(-length / 2, length / 2, 8 * length):
        kernel[round(length + t * np.sin(angle)), round(length + t * np.cos(angle))] += 1
    return kernel / kernel.sum()


def degrade(photos, copies):
    copies.mkdir(parents=True, exist_ok=True)
    scale = COPY_LONG_SIDE // 640
    for path in [*photos.glob("products/*.jpg"), *photos.glob("blur/*_S.jpg")]:
        picture = Image.open(path).convert("RGB")
        shrink = COPY_LONG_SIDE / max(picture.size)
        size = [round(side * shrink / 2) * 2 for side in picture.size]
        pixels = np.asarray(picture.resize(size, Image.BOX)).astype(float)
        for sigma in SIGMAS:
            save(gaussian_filter(pixels, (sigma * scale, sigma * scale, 0)), copies, path, f"g{sigma}")
        for length in STREAKS:
            save(convolve(pixels, streak(length * scale, STREAK_ANGLE)[:, :, None]), copies, path, f"m{length}")


def save(pixels, copies, path, kind):
    name = f"{path.stem.replace('_', '-')}_{kind}.jpg"
    Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype("uint8")).save(copies / name, quality=92)


def features(row):
    contrast = max(float(row["contrast"]), 1)
    return [
        np.log(max(float(row["ratio"]), 0.1)),
        np.log(max(float(row["top"]), 1) / contrast),
        np.log(max(float(row["half_top"]), 1) / contrast),
        np.log(max(float(row["crisp"]), 0.1)),
        -max(0, float(row["coherence"]) - NATURAL_COHERENCE),
    ]


def fit(table):
    rows = list(csv.DictReader(table.open()))
    kinds = [Path(row["file"]).stem.rsplit("_", 1)[-1] for row in rows]
    sharp = np.array([kind == "S" or "/products/" in row["file"] for kind, row in zip(kinds, rows)])
    real = np.array([kind in "SFM" or "/products/" in row["file"] for kind, row in zip(kinds, rows)])
    weights = np.where(real, 1.0, 0.25)
    for side in (sharp, ~sharp):
        weights[side] /= weights[side].sum()
    x = np.array([features(row) for row in rows])

    def loss(p):
        logit = x @ p[:-1] + p[-1]
        ridge = 0.004 * (p[:4] ** 2).sum() + 0.002 * p[4] ** 2
        return (weights * np.logaddexp(0, np.where(sharp, -logit, logit))).sum() + ridge

    # No weight may be negative: the score must grow with every sign of sharpness.
    found = minimize(loss, np.ones(len(FEATURES) + 1), bounds=[(0, None)] * len(FEATURES) + [(None, None)])
    for name, value in zip((*FEATURES, "bias"), found.x):
        print(f"{name}: {-value if name == 'coherence' else value:.2f}")


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    {"degrade": degrade, "fit": fit}[command](*map(Path, paths))
