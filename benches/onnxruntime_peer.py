"""The peer of the relevance benchmark: runs the same model in onnxruntime on one thread, and answers with its CPU time.

One line in, one line out:
    input            followed by the bytes of the input tensor (f32, little-endian); answers "ready"
    run model        answers the nanoseconds of the second of two runs: the first one warms the caches
    answer           answers logits and map, in this order, as numbers apart by spaces
Its only argument is the model's path.
"""

import sys
import time

import numpy as np
import onnxruntime

SHAPE = (1, 3, 160, 160)


def main():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    model = sys.argv[1]
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    requests, answers = sys.stdin.buffer, sys.stdout
    print(f"onnxruntime {onnxruntime.__version__}", file=answers, flush=True)
    image = None
    while line := requests.readline():
        match line.decode().split():
            case ["input"]:
                values = np.frombuffer(requests.read(4 * int(np.prod(SHAPE))), np.float32)
                image = {"image": values.reshape(SHAPE)}
                print("ready", file=answers, flush=True)
            case ["run", "model"]:
                session.run(None, image)
                start = time.thread_time_ns()
                session.run(None, image)
                print(time.thread_time_ns() - start, file=answers, flush=True)
            case ["answer"]:
                logits, cells = session.run(["logits", "map"], image)
                values = [*logits.ravel(), *cells.ravel()]
                print(*(repr(float(value)) for value in values), file=answers, flush=True)


if __name__ == "__main__":
    main()
