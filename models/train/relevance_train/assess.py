"""Everything that is stated about a finished model, as one dictionary for `metrics.json`.

Temperature and threshold are fitted on the even-numbered pictures of the validation tars and judged on the odd ones;
nothing else is fitted on validation. The cut of the box is fitted on composites of training cut-outs and judged on
composites of validation cut-outs.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import onnxruntime

from . import CLASSES, augment, box, cutout, judge
from .data import Pictures
from .views import Maker, fit_mask

DEGRADATIONS = ("blur", "dark", "noise")
LABEL_THRESHOLD = 0.3
"""Highest p(document) under which a label shot asks. Validation's documents are flat receipts, told with ease; what
they alone would allow (0.89) would ask about many a label on a crumpled parcel."""

COMPOSITES = 300
"""Composites on which the box is fitted, and as many on which it is judged."""


@dataclass(frozen=True)
class Fitted:
    """What is fitted after training and travels in the model's metadata."""

    temperature: float
    threshold: float
    label_threshold: float
    box_threshold: float


def runner(model: bytes, threads: int) -> judge.Runner:
    """Runs an exported model with onnxruntime, picture by picture: its shapes are fixed."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        outputs = [session.run(["logits", "map"], {"image": plane[None]}) for plane in planes]
        return np.concatenate([o[0] for o in outputs]), np.concatenate([o[1] for o in outputs])

    return run


def fit(logits: np.ndarray, labels: np.ndarray, box_threshold: float) -> Fitted:
    """Temperature and thresholds of logits with known labels."""
    temperature = judge.fit_temperature(logits, labels)
    chance = judge.softmax(logits, temperature)
    document = CLASSES.index("document")
    return Fitted(
        temperature,
        judge.fit_threshold(chance[labels == 0, 0]),
        min(LABEL_THRESHOLD, judge.fit_threshold(chance[labels == document, document])),
        box_threshold,
    )


def at_threshold(chance: np.ndarray, labels: np.ndarray, threshold: float) -> dict:
    """Shares asked about, with 95 % bootstrap intervals: of true products, of the rest, of each class."""
    rng = np.random.default_rng(0)

    def share(mask: np.ndarray) -> dict:
        asked = chance[mask] < threshold
        draws = [rng.choice(asked, len(asked)).mean() for _ in range(judge.RESAMPLES)]
        low, high = np.percentile(draws, [2.5, 97.5])
        return {"share": float(asked.mean()), "low": float(low), "high": float(high), "pictures": len(asked)}

    result = {"products questioned": share(labels == 0), "rest caught": share(labels != 0)}
    for index, name in enumerate(CLASSES[1:], 1):
        if (labels == index).any():
            result[f"{name} caught"] = share(labels == index)
    return result


def validation(run: judge.Runner, pictures: Pictures, box_threshold: float) -> tuple[dict, Fitted, np.ndarray]:
    """Every figure on the validation tars, what was fitted, and the logits."""
    labels = pictures.labels
    logits = judge.run_all(run, pictures)
    fitting = np.arange(len(labels)) % 2 == 0
    fitted = fit(logits[fitting], labels[fitting], box_threshold)
    chance = judge.softmax(logits, fitted.temperature)
    document = CLASSES.index("document")
    areas = {name: asdict(area) for name, area in judge.areas(judge.product_margin(logits), pictures).items()}
    figures = {
        "auc": areas,
        "fitted": asdict(fitted),
        "calibration error": judge.calibration_error(chance[~fitting, 0], labels[~fitting] == 0),
        "calibration error before": judge.calibration_error(judge.softmax(logits)[~fitting, 0], labels[~fitting] == 0),
        "at threshold": at_threshold(chance[~fitting, 0], labels[~fitting], fitted.threshold),
        "documents questioned": float(
            (chance[~fitting & (labels == document), document] < fitted.label_threshold).mean()
        ),
        "confusion": judge.confusion(logits, labels).tolist(),
        "accuracy": float((logits.argmax(axis=1) == labels).mean()),
        "degraded": {},
    }
    product = labels == 0
    for kind in DEGRADATIONS:
        worse = judge.product_margin(judge.run_all(run, pictures, judge.degraded(kind)))
        figures["degraded"][kind] = asdict(judge.area(worse[product], worse[~product]))
    return figures, fitted, logits


def composites(maker: Maker, count: int) -> tuple[np.ndarray, list[box.Box]]:
    """Inputs [n, 160, 160, 3] of composites that training never saw, and the boxes of their things."""
    images, boxes, number = [], [], 0
    while len(images) < count:
        rng = np.random.default_rng([maker.seed, 1 << 41, number])
        number += 1
        picture, alpha, _ = maker.composite(rng)
        mask = fit_mask(alpha)
        if (mask > 0.5).sum() < 200:
            continue
        images.append(augment.fit(augment.relight(picture, rng)).astype(np.float32) / 255.0)
        boxes.append(tuple(float(v) for v in cutout.box_of(mask)))
    return np.stack(images), boxes


def boxes(
    run: judge.Runner, fitting: Maker, judging: Maker, report: Callable[[str], None] = print
) -> tuple[float, dict]:
    """The box's cut, fitted on composites of one maker, and how well it does on those of another."""
    images, known = composites(fitting, COMPOSITES)
    fraction = box.fit_fraction(run(images)[1][:, 0], known)
    images, known = composites(judging, COMPOSITES)
    found = [box.subject_box(values, fraction) for values in run(images)[1][:, 0]]
    overlaps = np.array([box.overlap(a, b) for a, b in zip(found, known, strict=True)])
    errors = np.array([box.centre_error(a, b) for a, b in zip(found, known, strict=True)])
    rng = np.random.default_rng(0)
    draws = [rng.choice(overlaps, len(overlaps)).mean() for _ in range(judge.RESAMPLES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    figures = {
        "mean overlap": float(overlaps.mean()),
        "low": float(low),
        "high": float(high),
        "share over a half": float((overlaps >= 0.5).mean()),
        "mean centre error": float(errors.mean()),
        "median centre error": float(np.median(errors)),
        "composites": len(known),
    }
    report(f"box: {figures}")
    return fraction, figures
