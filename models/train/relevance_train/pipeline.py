"""From the tar files to `relevance.onnx`, `metrics.json` and the card's pictures.

Every stage leaves its result in the work folder and is skipped when it is already there, so that a stopped run goes on
where it was. Two models are trained, one on everything and one on openly licensed pictures alone; the second ships when
its AUC is within `WITHIN` of the first.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from . import assess, card, data, examples, export, fixtures, report, views
from .data import Pictures
from .lesson import Lesson, prepare
from .network import Network, multiply_adds
from .teacher import Teacher
from .train import Recipe, train
from .views import GROUNDS

WITHIN = 0.02
"""How much AUC the model on openly licensed pictures may lose and still be the one that ships."""

VERSION = 2
"""Version of the model. The Rust side refuses an update that is older than what it has: raise it with every release."""

TRAINED_ON = {
    "everything": "all sources, some without a licence or for research only; teacher EfficientNet-Lite2 (ImageNet)",
    "open": "openly licensed pictures and generated ones only; teacher EfficientNet-Lite2 (ImageNet)",
}


CYCLES = (
    Recipe(steps=700, small_share=0.6),
    Recipe(),
    Recipe(steps=9500, rate=2.5e-3, small_share=0.35, average=0.999),
    Recipe(steps=4500, rate=2e-3, small_share=0.35, average=0.999),
)
"""The cycles of training: each goes on from the weights of the one before, with a fresh learning rate."""


@dataclass(frozen=True)
class Plan:
    """Where things are, and how large the run is."""

    shared: Path
    work: Path
    out: Path
    views: int = 36_000
    grounds: int = GROUNDS
    cycles: tuple[Recipe, ...] = CYCLES
    processes: int = 2
    seed: int = 1


def run(plan: Plan, say: Callable[[str], None] = print) -> dict:
    """The whole run; answers what it wrote to `metrics.json`."""
    pictures = data.read(plan.shared, data.TRAIN_TARS, plan.work / "cache")
    validation = data.read(plan.shared, data.VALIDATION_TARS, plan.work / "cache")
    return make(plan, pictures, validation, say)


def make(plan: Plan, pictures: Pictures, validation: Pictures, say: Callable[[str], None]) -> dict:
    """From pictures in memory to the files: the part of a run that a smoke run has, too."""
    started = time.monotonic()
    maker = views.Maker(pictures, plan.seed, plan.grounds)
    made = views.build(maker, plan.views, plan.processes, plan.work / "views")
    say(f"{plan.views} views, {len(maker.cutouts)} cut-outs, {time.monotonic() - started:.0f} s")
    features = teach(made, plan, say)
    judging = views.Maker(validation, plan.seed + 1, plan.grounds)
    runs = {}
    for name, chosen in (("everything", np.arange(plan.views)), ("open", np.flatnonzero(made.open))):
        lesson, _ = prepare(features, made.labels, chosen)
        network = trained(made, chosen, lesson, plan, name, say)
        runs[name] = judged(network, name, maker, judging, validation, plan, say)
    shipped = "open" if auc_of(runs["open"]) >= auc_of(runs["everything"]) - WITHIN else "everything"
    return ship(shipped, runs, plan, say)


def teach(made: views.Views, plan: Plan, say: Callable[[str], None]) -> np.ndarray:
    """The teacher's features of every view, float16 [n, 1280]."""
    file = plan.work / "teacher.npy"
    if not file.exists():
        started, teacher = time.monotonic(), Teacher(plan.processes)
        parts = [teacher.features(made.images[at : at + 16]) for at in range(0, len(made.images), 16)]
        np.save(file, np.concatenate(parts).astype(np.float16))
        say(f"teacher's features, {time.monotonic() - started:.0f} s")
    return np.load(file)


def trained(
    made: views.Views, chosen: np.ndarray, lesson: Lesson, plan: Plan, name: str, say: Callable[[str], None]
) -> Network:
    """The network after all cycles; the weights after each are kept in the work folder."""
    last = None
    for number, recipe in enumerate(plan.cycles, 1):
        weights = plan.work / f"{name}-{number}.npz"
        if not weights.exists():
            train(made, chosen, lesson, recipe, say, last).save(str(weights))
        last = weights
    return Network(plan.seed).load(str(last))


def judged(
    network: Network,
    name: str,
    fitting: views.Maker,
    judging: views.Maker,
    validation: Pictures,
    plan: Plan,
    say: Callable[[str], None],
) -> dict:
    """Exports the network to the work folder and judges what was exported."""
    blank = export.Metadata(VERSION, 1.0, 0.5, 0.5, 0.5, TRAINED_ON[name])
    run_model = assess.runner(export.to_onnx(network, blank).SerializeToString(), plan.processes)
    box_threshold, boxes = assess.boxes(run_model, fitting, judging, say)
    figures, fitted, logits = assess.validation(run_model, validation, box_threshold)
    metadata = replace(blank, **fitted.__dict__)
    file = plan.work / f"{name}.onnx"
    figures |= {"box": boxes, "sha256": export.write(network, metadata, file), "multiply-adds": multiply_adds()}
    np.save(plan.work / f"{name}-logits.npy", logits)
    say(f"{name}: AUC {auc_of(figures):.4f}, calibration error {figures['calibration error']:.3f}")
    return figures


def ship(name: str, runs: dict, plan: Plan, say: Callable[[str], None]) -> dict:
    """Copies the chosen model out and writes the metrics and the card's pictures."""
    plan.out.mkdir(parents=True, exist_ok=True)
    (plan.out / "relevance.onnx").write_bytes((plan.work / f"{name}.onnx").read_bytes())
    cycles = [asdict(recipe) for recipe in plan.cycles]
    result = {"shipped": name, "runs": runs, "views": plan.views, "cycles": cycles}
    (plan.out / "metrics.json").write_text(json.dumps(result, indent=1) + "\n")
    table = report.confusion_picture(np.array(runs[name]["confusion"]))
    cv2.imwrite(str(plan.out / "confusion.png"), cv2.cvtColor(table, cv2.COLOR_RGB2BGR))
    run_model = assess.runner((plan.out / "relevance.onnx").read_bytes(), 1)
    shown = examples.sheet(run_model, assess.Fitted(**runs[name]["fitted"]), plan.shared.parent / "render")
    cv2.imwrite(str(plan.out / "examples.png"), cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))
    if (plan.out / "MODEL_CARD.md").exists():
        card.update(plan.out / "MODEL_CARD.md", result)
    fixtures.write(plan.out / "relevance.onnx", plan.out / "fixtures")
    say(f"shipped: {name}")
    return result


def auc_of(figures: dict) -> float:
    """AUC over all validation pictures."""
    return figures["auc"]["all"]["auc"]
