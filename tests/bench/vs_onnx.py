#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Style networks here and in other programs: vs_onnx.py BENCH_APPLY [--size 512x512] [--rounds N] [MODEL...]

The others are ONNX Runtime, OpenVINO and torch.compile (channels_last), in fp32, as far as they are installed.
Without models, random ones of widths 8, 16 and 32: speed does not depend on the numbers. All run in turns
in one go, on as many cores as this process may use (taskset -c 0 for one), so what the machine does besides
meets all. Prints the medians of the least processor time of a frame, and the ratios. Skipped without numpy.
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

# Threads that wait for others must not count as work.
os.environ |= {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
THREADS = len(os.sched_getaffinity(0))
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


def width_of(model):
    """Channels of the first layer."""
    with open(model, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return header["conv1.conv2d.weight"]["shape"][0]


# ---- The others: of each a function that paints once, made from a file or the width -----------------------------


def with_onnx_runtime(exported, width, pixels):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(str(exported), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: pixels})


def with_openvino(exported, width, pixels):
    import openvino
    core = openvino.Core()
    model = core.read_model(str(exported))
    model.reshape(list(pixels.shape))
    request = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": THREADS, "INFERENCE_PRECISION_HINT": "f32",
                                                "PERFORMANCE_HINT": "LATENCY"}).create_infer_request()
    return lambda: request.infer([pixels])


def with_torch_compile(exported, width, pixels):
    import torch
    from torch_stylenet import network
    torch.set_num_threads(THREADS)
    net = torch.compile(network(torch, width).eval().to(memory_format=torch.channels_last))
    x = torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last)

    def run():
        with torch.inference_mode():
            net(x)

    return run


PEERS = {"ONNX Runtime": with_onnx_runtime, "OpenVINO": with_openvino, "torch.compile": with_torch_compile}


def open_peers(names, exported, width, pixels):
    """Those that are installed and work; the first run, which compiles, is done."""
    for name in names:
        try:
            run = PEERS[name](exported, width, pixels)
            run()
        except Exception as problem:  # whatever another program's compiler raises
            print(f"  {name}: left out: {(str(problem).splitlines() or ['?'])[0][:100]}", flush=True)
            continue
        yield name, run


def least_time(run):
    times = []
    for _ in range(3):
        begun = time.process_time()
        run()
        times.append(1e3 * (time.process_time() - begun))
    return min(times)


def compare(asked, model, folder):
    import numpy
    width, height = map(int, asked.size.split("x"))
    exported = folder / "model.onnx"
    subprocess.run([sys.executable, ROOT / "weights/stylenet.py", "export", model, "-o", exported, "--force"],
                   check=True, stdout=subprocess.DEVNULL)
    pixels = numpy.random.default_rng(1).random((1, 3, height, width), dtype=numpy.float32)
    print(f"{pathlib.Path(model).name} {asked.size}, {THREADS} core(s)", flush=True)
    peers = dict(open_peers(asked.peers.split(","), exported, width_of(model), pixels))
    ours, theirs = [], {name: [] for name in peers}
    for _ in range(asked.rounds):
        found = subprocess.run([asked.bench, model, asked.size, "3"], check=True, stdout=subprocess.PIPE).stdout
        ours.append(json.loads(found)["min_cpu_ms"])
        for name, run in peers.items():
            theirs[name].append(least_time(run))
    mine = statistics.median(ours)
    print(f"  {'here':14} {mine:8.1f} ms", flush=True)
    for name, times in theirs.items():
        print(f"  {name:14} {statistics.median(times):8.1f} ms  ratio {mine / statistics.median(times):.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench")
    parser.add_argument("models", nargs="*")
    parser.add_argument("--size", default="512x512")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default=",".join(PEERS), help="%(default)s")
    asked = parser.parse_args()
    try:
        import numpy  # noqa: F401
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
            compare(asked, model, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
