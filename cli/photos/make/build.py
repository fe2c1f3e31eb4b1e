"""Rebuilds all photos and manifest.json from code.

    python build.py                       # everything; needs the packages of requirements.txt
    python build.py --only 09 11          # only the photos whose names begin so
    python build.py --cache DIR           # keep the renders (linear light) there and use them again
    python build.py --preview --out DIR   # small and grainy, for drafts

Every view is path-traced once as linear light, then developed into a JPEG. All seeds are fixed.
"""
import argparse
import importlib
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

import develop
import scene_kit as kit
import shots

PHOTOS = Path(__file__).resolve().parent.parent
PREVIEW_SCALE, PREVIEW_SAMPLES = 0.375, 10


def linear_light(shot, cache, preview):
    """The render of a shot's view, from the cache if it is there."""
    w, h = (int(n * PREVIEW_SCALE) for n in shot.size) if preview else shot.size
    samples = PREVIEW_SAMPLES if preview else shot.samples
    path = cache / f"{shot.scene}-{shot.view}-{w}x{h}-{samples}.npy"
    if not path.exists():
        kit.reset()
        importlib.import_module(shot.scene).build(shot.view)
        np.save(path, kit.render(w, h, samples).astype(np.float16))
    return np.load(path).astype(np.float32)


def shifted(linear, cut):
    """The same view from a hair beside: cut some pixels off each side, scale back."""
    if not any(cut):
        return linear
    h, w = linear.shape[:2]
    part = (cut[0], cut[1], w - cut[2], h - cut[3])
    planes = [Image.fromarray(linear[..., c]).resize((w, h), Image.Resampling.BICUBIC, box=part) for c in range(3)]
    return np.stack([np.maximum(np.asarray(p), 0) for p in planes], -1)


def make_photo(shot, out, cache, preview):
    linear = shifted(linear_light(shot, cache, preview), shot.shift)
    pixels = develop.develop(linear, shot.look)
    if shot.orientation == 6:                      # shown turned clockwise, so stored turned the other way
        pixels = np.rot90(pixels)
    exif = develop.exif(shot.orientation, taken=shot.taken, gps=shot.gps)
    develop.save_jpeg(np.ascontiguousarray(pixels), out / shot.file, shot.quality, exif)


def write_manifest(out):
    manifest = {"order": shots.ORDER, "reason_texts": shots.REASON_TEXTS, "items": shots.ITEMS,
                "photos": [shot.story() for shot in shots.SHOTS]}
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (out / "manifest.json").write_text(text, encoding="utf-8")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--only", nargs="+", default=[""], metavar="PREFIX")
    ap.add_argument("--out", type=Path, default=PHOTOS)
    ap.add_argument("--cache", type=Path)
    ap.add_argument("--preview", action="store_true")
    a = ap.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        cache = a.cache or Path(tmp)
        cache.mkdir(parents=True, exist_ok=True)
        for shot in shots.SHOTS:
            if shot.file.startswith(tuple(a.only)):
                start = time.time()
                make_photo(shot, a.out, cache, a.preview)
                print(f"{shot.file}: {(a.out / shot.file).stat().st_size // 1000} kB, {time.time() - start:.0f} s", flush=True)
    write_manifest(a.out)


if __name__ == "__main__":
    main()
