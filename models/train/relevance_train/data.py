"""The pictures: read once from the tar files into one flat array, with class, source and split of each.

Splits by source: what is used to choose between runs (`choose_mask`) shares no source with what such a run trains on,
and the validation tars are only ever judged, never trained on.
"""

import csv
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from . import CLASSES

TRAIN_TARS = ("relevance-train.tar", "relevance-train-2.tar")
VALIDATION_TARS = ("relevance-val.tar", "relevance-val-2.tar")
MANIFEST = "relevance-manifest.csv"

CHOOSE_SOURCES = (
    "imagen",
    "dekuNukem_bob_cassette_rewinder",
    "dekuNukem_daytripper",
    "dekuNukem_duckyPad",
    "foostan_crkbd",
    "immich-app_test-assets",
    "mdn_learning-area",
    "miromannino_Justified-Gallery",
    "miromannino_Justified-Gallery_gh-pages",
    "scottbez1_splitflap",
)
"""Sources of the training tars that are kept back while runs are compared. They are the ones with several classes."""

NOT_OPEN_SOURCES = ("waste", "office", "houses", "pets", "faces", "weather", "dtd", "caltech101", "imagen")
"""Sources without a licence that lets anyone train and ship: none stated, research only, or photos of third parties."""


@dataclass
class Pictures:
    """All pictures of some tars. `pixels` is flat uint8 RGB; picture i starts at `offsets[i]` and has `sizes[i]`."""

    pixels: np.ndarray
    offsets: np.ndarray
    sizes: np.ndarray
    """[n, 2]: height, width."""
    labels: np.ndarray
    """Index into CLASSES."""
    sources: np.ndarray
    names: np.ndarray
    tars: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> np.ndarray:
        """Picture `index`, uint8 [h, w, 3] in RGB."""
        height, width = self.sizes[index]
        start = self.offsets[index]
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)

    def where(self, keep: np.ndarray) -> np.ndarray:
        """Indices of the pictures that the boolean mask keeps."""
        return np.flatnonzero(keep)


def read(folder: Path, tars: tuple[str, ...], cache: Path) -> Pictures:
    """Pictures of the tars in `folder`; decoded once, then mapped from `cache`."""
    pixel_file, index_file = cache / f"{tars[0]}.pixels", cache / f"{tars[0]}.index.npz"
    if not index_file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _decode(folder, tars, pixel_file, index_file)
    with np.load(index_file) as index:
        return Pictures(pixels=np.memmap(pixel_file, np.uint8, mode="r"), **dict(index))


def choose_mask(pictures: Pictures) -> np.ndarray:
    """Which pictures are kept back while runs are compared."""
    return np.isin(pictures.sources, CHOOSE_SOURCES)


def open_mask(pictures: Pictures) -> np.ndarray:
    """Which pictures come from openly licensed sources."""
    return ~np.isin(pictures.sources, NOT_OPEN_SOURCES)


def _decode(folder: Path, tars: tuple[str, ...], pixel_file: Path, index_file: Path) -> None:
    with (folder / MANIFEST).open(newline="") as lines:
        rows = {row["file"]: row for row in csv.DictReader(lines)}
    offsets, sizes, labels, sources, names, origins = [], [], [], [], [], []
    position = 0
    with pixel_file.open("wb") as out:
        for tar in tars:
            with tarfile.open(folder / tar) as archive:
                for member in archive:
                    row = rows.get(member.name.removeprefix("./"))
                    if not member.isfile() or row is None:
                        continue
                    content = np.frombuffer(io.BytesIO(archive.extractfile(member).read()).getbuffer(), np.uint8)
                    picture = cv2.cvtColor(cv2.imdecode(content, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
                    out.write(picture.tobytes())
                    offsets.append(position)
                    sizes.append(picture.shape[:2])
                    labels.append(CLASSES.index(row["class"]))
                    sources.append(row["source"])
                    names.append(row["file"])
                    origins.append(tar)
                    position += picture.size
    np.savez(
        index_file,
        offsets=np.array(offsets),
        sizes=np.array(sizes),
        labels=np.array(labels),
        sources=np.array(sources),
        names=np.array(names),
        tars=np.array(origins),
    )
