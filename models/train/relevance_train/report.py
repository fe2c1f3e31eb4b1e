"""Pictures for the model card: the confusion matrix, and a sheet of examples with what the model says of them."""

import cv2
import numpy as np

from . import CLASSES
from .augment import fit

CELL = 78
MARGIN = 110
FONT = cv2.FONT_HERSHEY_SIMPLEX
INK = (40, 40, 40)


def confusion_picture(table: np.ndarray) -> np.ndarray:
    """The confusion matrix as a picture (RGB): rows are the truth, columns what the model says."""
    side = len(CLASSES)
    picture = np.full((MARGIN + side * CELL, MARGIN + side * CELL, 3), 255, np.uint8)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    cv2.putText(picture, "is / told", (8, MARGIN - 12), FONT, 0.5, INK, 1, cv2.LINE_AA)
    for index, name in enumerate(CLASSES):
        cv2.putText(picture, name, (8, MARGIN + index * CELL + CELL // 2 + 5), FONT, 0.5, INK, 1, cv2.LINE_AA)
        cv2.putText(picture, name, (MARGIN + index * CELL + 6, MARGIN - 34), FONT, 0.5, INK, 1, cv2.LINE_AA)
    for row in range(side):
        for column in range(side):
            x, y = MARGIN + column * CELL, MARGIN + row * CELL
            shade = shares[row, column]
            colour = tuple(int(255 - shade * (255 - v)) for v in (21, 101, 160))
            cv2.rectangle(picture, (x, y), (x + CELL - 2, y + CELL - 2), colour, -1)
            ink = (255, 255, 255) if shade > 0.55 else INK
            cv2.putText(picture, str(table[row, column]), (x + 8, y + 34), FONT, 0.55, ink, 1, cv2.LINE_AA)
            cv2.putText(picture, f"{100 * shade:.0f} %", (x + 8, y + 58), FONT, 0.42, ink, 1, cv2.LINE_AA)
    return picture


def example_sheet(
    pictures: list[np.ndarray], captions: list[str], boxes: list[tuple | None], columns: int = 5
) -> np.ndarray:
    """Pictures as the network sees them (RGB), each with its box and a line under it."""
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * 190, columns * 170, 3), 255, np.uint8)
    for index, (picture, caption, box) in enumerate(zip(pictures, captions, boxes, strict=True)):
        x, y = index % columns * 170 + 5, index // columns * 190 + 5
        tile = fit(picture)
        if box is not None:
            left, top, right, bottom = (int(v) for v in box)
            cv2.rectangle(tile, (left, top), (right - 1, bottom - 1), (255, 210, 0), 2)
        sheet[y : y + 160, x : x + 160] = tile
        cv2.putText(sheet, caption, (x, y + 175), FONT, 0.38, INK, 1, cv2.LINE_AA)
    return sheet
