"""Trains, judges and exports Clearshot's relevance model.

The model answers one question about a photo or a preview frame: is this a product being photographed, and where in
the frame is it? This package makes it, from the tar files of pictures to `relevance.onnx`. It is not used at run
time: the Rust crate `clearshot-relevance` reads the exported file and nothing else from here.
"""

CLASSES = ("product", "person", "document", "screen", "scene", "animal", "surface")
"""The classes, in the order of the model's outputs."""

INPUT = 160
"""Side of the square input in pixels."""

GRID = 10
"""Side of the square activation map in cells."""
