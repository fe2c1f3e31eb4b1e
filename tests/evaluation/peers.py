"""Prints what OpenCV and scikit-image say of three pictures that are made from a formula.

    pip install -r requirements.txt && python peers.py > peers.json

The test in `src/peers.rs` makes the same pictures and must find the same numbers to 1e-6.
"""

import json

import cv2
import numpy
import skimage
from skimage.measure import blur_effect

SIZES = ((64, 48), (101, 67), (640, 480))


def picture(width, height):
    y, x = numpy.mgrid[0:height, 0:width]
    return ((x * x + 3 * y * y + 7 * x * y) // 16 % 256).astype(numpy.uint8)


def measured(width, height):
    grey = picture(width, height)
    sobel = [cv2.Sobel(grey, cv2.CV_64F, dx, 1 - dx, ksize=3) for dx in (1, 0)]
    return {
        "width": width,
        "height": height,
        "variance_of_laplacian": float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        "tenengrad": float((sobel[0] ** 2 + sobel[1] ** 2).mean()),
        "blur_effect": float(blur_effect(grey)),
        "mean": float(cv2.mean(grey)[0]),
    }


versions = {"opencv": cv2.__version__, "scikit-image": skimage.__version__}
print(json.dumps({"versions": versions, "pictures": [measured(*size) for size in SIZES]}, indent=2))
