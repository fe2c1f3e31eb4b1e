"""Command line: `python -m relevance_train make` is the whole run, `smoke` the same on a few generated pictures."""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from . import smoke
from .pipeline import CYCLES, Plan, run


def main() -> None:
    """Reads the arguments and runs."""
    parser = argparse.ArgumentParser(prog="relevance_train", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="tar files to relevance.onnx, metrics.json and pictures")
    make.add_argument("--pictures", type=Path, default=Path("../shared/data"), help="folder of the tar files")
    make.add_argument("--work", type=Path, default=Path("models/train/.cache"), help="folder for caches and weights")
    make.add_argument("--out", type=Path, default=Path("models"), help="folder that the model is written to")
    make.add_argument("--views", type=int, default=Plan.views)
    make.add_argument("--steps", type=int, default=CYCLES[-1].steps, help="of the last cycle")
    make.add_argument("--processes", type=int, default=Plan.processes)
    commands.add_parser("smoke", help="the whole pipeline on generated pictures: about two minutes on two cores")
    arguments = parser.parse_args()
    if arguments.command == "smoke":
        with tempfile.TemporaryDirectory() as folder:
            smoke.run(Path(folder))
        return
    cycles = (*CYCLES[:-1], replace(CYCLES[-1], steps=arguments.steps))
    run(
        Plan(
            shared=arguments.pictures,
            work=arguments.work,
            out=arguments.out,
            views=arguments.views,
            cycles=cycles,
            processes=arguments.processes,
        )
    )


if __name__ == "__main__":
    main()
