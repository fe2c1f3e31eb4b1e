"""Judges a model by its outputs on pictures that it never trained on.

The number that counts is the area under the ROC curve (AUC) of product against the rest: over all pictures, of each
product source against all negatives, and of each negative source against all products. Intervals are 95 % percentile
bootstraps over pictures with a fixed seed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import CLASSES, augment
from .data import Pictures
from .preprocess import letterbox

FEWEST = 10
"""A source with fewer pictures than this of a kind is judged with the others only."""

RESAMPLES = 300
QUESTIONED = 0.03
"""Largest share of true products that the shopper is asked about."""

Runner = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From images float32 [n, 160, 160, 3] to logits [n, 7] and maps [n, 7, 10, 10]."""


@dataclass(frozen=True)
class Area:
    """An AUC, its interval, and how many pictures of each kind it rests on."""

    auc: float
    low: float
    high: float
    products: int
    others: int


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities of logits [n, 7]."""
    scaled = logits / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def product_margin(logits: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)) of p(product): orders pictures as p does, without ties at 0 and 1."""
    rest = logits[:, 1:]
    highest = rest.max(axis=1)
    return logits[:, 0] - highest - np.log(np.exp(rest - highest[:, None]).sum(axis=1))


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Chance that a positive scores above a negative; ties count half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / (2 * len(ordered)))


def area(positive: np.ndarray, negative: np.ndarray) -> Area:
    """AUC with its interval."""
    rng = np.random.default_rng(0)
    draws = [auc(rng.choice(positive, len(positive)), rng.choice(negative, len(negative))) for _ in range(RESAMPLES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Area(auc(positive, negative), float(low), float(high), len(positive), len(negative))


def areas(margin: np.ndarray, pictures: Pictures) -> dict[str, Area]:
    """AUC over all, by source, and over the second validation tar alone. Keys: `all`, `+source`, `-source`, `val-2`."""
    product = pictures.labels == 0
    result = {"all": area(margin[product], margin[~product])}
    for source in np.unique(pictures.sources):
        own = pictures.sources == source
        if (own & product).sum() >= FEWEST:
            result[f"+{source}"] = area(margin[own & product], margin[~product])
        if (own & ~product).sum() >= FEWEST:
            result[f"-{source}"] = area(margin[product], margin[own & ~product])
    second = np.char.find(pictures.tars.astype(str), "-2.tar") >= 0
    if (second & product).any() and (second & ~product).any():
        result["val-2"] = area(margin[second & product], margin[second & ~product])
        result["val-2 against all"] = area(margin[second & product], margin[~product])
    return result


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Temperature with the least cross-entropy, on a grid of 2 % steps."""
    grid = 0.3 * 1.02 ** np.arange(120)
    rows = np.arange(len(labels))
    losses = [-np.log(softmax(logits, t)[rows, labels] + 1e-12).mean() for t in grid]
    return float(grid[int(np.argmin(losses))])


def calibration_error(chance: np.ndarray, true: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error: mean distance of p from the share that is true, over equal-width bins."""
    which = np.minimum((chance * bins).astype(int), bins - 1)
    error = 0.0
    for b in range(bins):
        inside = which == b
        if inside.any():
            error += inside.mean() * abs(chance[inside].mean() - true[inside].mean())
    return float(error)


def fit_threshold(chance: np.ndarray, questioned: float = QUESTIONED) -> float:
    """The threshold that questions at most that share of the true ones whose chances are given."""
    return float(np.quantile(chance, questioned, method="lower"))


def confusion(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Counts [true, told] of the likeliest class."""
    table = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(table, (labels, logits.argmax(axis=1)), 1)
    return table


def run_all(
    run: Runner, pictures: Pictures, change: Callable[[np.ndarray, int], np.ndarray] | None = None
) -> np.ndarray:
    """Logits of every picture, changed before if so wanted (picture, number)."""
    logits = []
    for start in range(0, len(pictures), 64):
        numbers = range(start, min(start + 64, len(pictures)))
        seen = [change(pictures[i], i) if change else pictures[i] for i in numbers]
        logits.append(run(np.stack([letterbox(picture) for picture in seen]))[0])
    return np.concatenate(logits)


def degraded(kind: str) -> Callable[[np.ndarray, int], np.ndarray]:
    """A picture as a poor photo: `blur` of 1.2 % of the longer side, `dark` at a tenth of the light, `noise` of 15."""

    def change(picture: np.ndarray, number: int) -> np.ndarray:
        rng = np.random.default_rng([number, 99])
        if kind == "blur":
            return augment.defocus(picture, 0.012 * max(picture.shape[:2]))
        if kind == "dark":
            return augment.noise(augment.darken(picture, 0.1), 4.0, rng)
        return augment.noise(picture, 15.0, rng)

    return change
