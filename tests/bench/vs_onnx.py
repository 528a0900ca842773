#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Style networks here and in ONNX Runtime: vs_onnx.py BENCH_APPLY [--size 512x512] [--rounds N] [MODEL...]

Without models, random ones of widths 8, 16 and 32: speed does not depend on the numbers. Both run in turns
in one go, on as many cores as this process may use (taskset -c 0 for one), so what the machine does besides
meets both. Prints the medians of the least processor time of a frame, and their ratio. Skipped without
onnxruntime and numpy.
"""

import argparse
import json
import math
import os
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
WIDTHS = (32, 16, 8)


def layers(width):
    """(name, out, in, size) of the convolutions; a norm follows each but the last."""
    c = [width, 2 * width, 4 * width]
    blocks = [(f"res{b}.conv{i}", c[2], c[2], 3) for b in range(1, 6) for i in (1, 2)]
    return [("conv1", c[0], 3, 9), ("conv2", c[1], c[0], 3), ("conv3", c[2], c[1], 3), *blocks,
            ("deconv1", c[1], c[2], 3), ("deconv2", c[0], c[1], 3), ("deconv3", 3, c[0], 9)]


def norm_of(name):
    ends = {"conv1": "in1", "conv2": "in2", "conv3": "in3", "deconv1": "in4", "deconv2": "in5"}
    return ends.get(name) or (name.replace(".conv", ".in") if "." in name else None)


def random_model(width, path):
    """As PyTorch's users have them, in safetensors."""
    chance, tensors, data = random.Random(width), {}, b""

    def add(name, shape, numbers):
        nonlocal data
        body = struct.pack(f"<{len(numbers)}f", *numbers)
        tensors[name] = {"dtype": "F32", "shape": shape,
                         "data_offsets": [len(data), len(data) + len(body)]}
        data += body

    for name, out, into, size in layers(width):
        count, bound = out * into * size * size, 1 / math.sqrt(into * size * size)
        add(f"{name}.conv2d.weight", [out, into, size, size],
            [chance.uniform(-bound, bound) for _ in range(count)])
        add(f"{name}.conv2d.bias", [out], [0.0] * out)
        if norm_of(name):
            add(f"{norm_of(name)}.weight", [out], [1.0] * out)
            add(f"{norm_of(name)}.bias", [out], [0.0] * out)
    header = json.dumps(tensors).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


def time_onnx(session, pixels):
    begun = time.process_time()
    session.run(None, {session.get_inputs()[0].name: pixels})
    return 1e3 * (time.process_time() - begun)


def compare(bench, model, size, rounds, folder):
    import numpy
    import onnxruntime
    width, height = map(int, size.split("x"))
    exported = folder / "model.onnx"
    subprocess.run([sys.executable, ROOT / "weights/stylenet.py", "export", model, "-o", exported, "--force"],
                   check=True, stdout=subprocess.DEVNULL)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(str(exported), options, providers=["CPUExecutionProvider"])
    pixels = numpy.random.default_rng(1).random((1, 3, height, width), dtype=numpy.float32)
    time_onnx(session, pixels)
    ours, theirs = [], []
    for _ in range(rounds):
        found = subprocess.run([bench, model, size, "3"], check=True, stdout=subprocess.PIPE).stdout
        ours.append(json.loads(found)["min_cpu_ms"])
        theirs.append(min(time_onnx(session, pixels) for _ in range(3)))
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(f"{pathlib.Path(model).name:16} {size:>9}  here {mine:8.1f} ms  ONNX Runtime {other:8.1f} ms"
          f"  ratio {mine / other:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench")
    parser.add_argument("models", nargs="*")
    parser.add_argument("--size", default="512x512")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    try:
        import numpy, onnxruntime  # noqa: F401
    except ImportError as missing:
        print(f"skipped: {missing}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        models = asked.models
        for width in () if models else WIDTHS:
            random_model(width, folder / f"width{width}.model")
            models = [*models, folder / f"width{width}.model"]
        for model in models:
            compare(asked.bench, model, asked.size, asked.rounds, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
