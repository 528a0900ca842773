#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Processor time of a training step here and in PyTorch: vs_torch_train.py BENCH_TRAIN [--steps 8x128,2x160] [--rounds N]

A step is: the network paints a batch of crops, VGG19 looks at them and at their paintings as far as conv3_3, losses,
gradients of the network's parameters, and Adam. Sizes are crops x pixels. All programs run in turns, on as many cores
as this process may use (taskset -c 0 for one), so what the machine does besides meets all of them. PyTorch computes in
fp32, in both layouts of memory, and compiled where torch.compile works; its VGG pads with zeros, which is cheaper than
to reflect. Weights are random: speed does not depend on them. Prints the medians of the least processor time of a step.
Skipped without torch and numpy.
"""

import argparse
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from torch_stylenet import network
from vs_torch import refuse_reference_blas, write_png

SKIPPED = 77
# Threads that wait for others must not count as work.
PATIENT = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0", "OPENBLAS_NUM_THREADS": "1"}
PHOTOS = 12
TIMED = 3  # steps of a round
VGG = [("conv1_1", 3, 64), ("conv1_2", 64, 64), ("conv2_1", 64, 128), ("conv2_2", 128, 128),
       ("conv3_1", 128, 256), ("conv3_2", 256, 256), ("conv3_3", 256, 256)]
CONTENT, STYLE = "conv3_3", ["conv1_1", "conv2_1", "conv3_1"]
WAYS = {"torch nchw": ("nchw", False), "torch channels_last": ("channels_last", False),
        "torch compiled": ("channels_last", True)}


def draw_weights():
    import numpy
    draw = numpy.random.default_rng(1)
    for name, into, out in VGG:
        yield f"{name}.weight", draw.normal(0, (2 / (9 * into)) ** 0.5, (out, into, 3, 3)).astype("<f4")
        yield f"{name}.bias", numpy.zeros(out, "<f4")


def write_weights(path):
    tensors, data = {"__metadata__": {"impasto.convention": "caffe"}}, b""
    for name, values in draw_weights():
        body = values.tobytes()
        tensors[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [len(data), len(data) + len(body)]}
        data += body
    header = json.dumps(tensors).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


# ---- PyTorch, in a process of its own -------------------------------------------------------------------------


def make_step(torch, asked, layout):
    """A function that takes a step."""
    functional = torch.nn.functional
    mean = torch.tensor([103.939, 116.779, 123.68]).reshape(1, 3, 1, 1)
    tensors = {name: torch.from_numpy(values) for name, values in draw_weights()}
    vgg = [(name, tensors[name + ".weight"].contiguous(memory_format=layout), tensors[name + ".bias"])
           for name, _, _ in VGG]

    def features(x):
        x, found = 255 * x.flip(1) - mean, {}
        for name, weight, bias in vgg:
            if name.endswith("_1") and found:
                x = functional.max_pool2d(x, 2)
            x = found[name] = functional.relu(functional.conv2d(x, weight, bias, padding=1))
        return found

    def gram(f):
        flat = f.flatten(2)
        return flat @ flat.transpose(1, 2) / flat[0].numel()

    def look(crops):
        y = net(255 * crops) / 255
        with torch.no_grad():
            wanted = features(crops)[CONTENT]
        found = features(y)
        loss = functional.mse_loss(found[CONTENT], wanted) / wanted.square().mean()
        for name in STYLE:
            grams, target = gram(found[name]), targets[name]
            apart, sizes = (grams - target).square().sum((1, 2)), grams.square().sum((1, 2)) + target.square().sum()
            loss = loss + 10 / len(STYLE) * (2 * apart / sizes).mean()
        loss = loss + (y[..., 1:] - y[..., :-1]).square().mean() + (y[..., 1:, :] - y[..., :-1, :]).square().mean()
        return loss + 10 * (y - y.clamp(0, 1)).square().mean()

    torch.manual_seed(1)
    net = network(torch, asked.width).to(memory_format=layout)
    optimizer = torch.optim.Adam(net.parameters(), 1.5e-3)
    crops = torch.rand(asked.batch, 3, asked.crop, asked.crop).contiguous(memory_format=layout)
    with torch.no_grad():
        targets = {name: gram(f) for name, f in features(torch.rand(1, 3, 256, 256)).items() if name in STYLE}
    if asked.compile:
        look = torch.compile(look)

    def step():
        optimizer.zero_grad(set_to_none=True)
        look(crops).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10)
        optimizer.step()

    return step


def torch_child(asked):
    import torch
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    refuse_reference_blas(torch)
    layout = torch.channels_last if asked.layout == "channels_last" else torch.contiguous_format
    step, spent = make_step(torch, asked, layout), []
    for _ in range(2 + TIMED):
        begun = time.process_time()
        step()
        spent.append(1e3 * (time.process_time() - begun))
    print(json.dumps({"min_cpu_ms": min(spent[2:])}))


# ---- The driver -----------------------------------------------------------------------------------------------


def run_torch(width, batch, crop, way):
    layout, compiled = WAYS[way]
    command = [sys.executable, os.path.abspath(__file__), "--child", "--width", str(width), "--batch", str(batch),
               "--crop", str(crop), "--layout", layout] + ["--compile"] * compiled
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          env=os.environ | PATIENT)


def run_ours(bench, folder, width, batch, crop):
    words = [folder / "weights.safetensors", folder / "style.png", folder / "photos", width, batch, crop, TIMED]
    return subprocess.run([bench, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def compare(bench, folder, width, batch, crop, rounds):
    found = {}
    for _ in range(rounds):
        for way in ("here", *WAYS):
            done = run_ours(bench, folder, width, batch, crop) if way == "here" else run_torch(width, batch, crop, way)
            if done.returncode == 0:
                found.setdefault(way, []).append(json.loads(done.stdout.splitlines()[-1])["min_cpu_ms"])
            elif way == "torch compiled":
                print(f"  {way}: left out: {(done.stderr.strip().splitlines() or ['?'])[-1][:120]}", flush=True)
            else:
                sys.exit(f"vs_torch_train: {way} failed: {done.stderr}")
    print(f"width {width}, {batch} crops of {crop} px, {len(os.sched_getaffinity(0))} core(s), {rounds} rounds", flush=True)
    ours = statistics.median(found["here"])
    for way, spent in found.items():
        print(f"  {way:20}{statistics.median(spent):9.0f} ms  ratio {ours / statistics.median(spent):.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", nargs="?")
    parser.add_argument("--steps", default="8x128,2x160")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    for word, more in {"child": {"action": "store_true"}, "compile": {"action": "store_true"}, "layout": {},
                       "batch": {"type": int}, "crop": {"type": int}}.items():
        parser.add_argument("--" + word, help=argparse.SUPPRESS, **more)
    asked = parser.parse_args()
    try:
        import numpy, torch  # noqa: F401
    except ImportError as missing:
        print(f"skipped: {missing}")
        return SKIPPED
    if asked.child:
        return torch_child(asked)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_weights(folder / "weights.safetensors")
        write_png(folder / "style.png", 256, 0)
        (folder / "photos").mkdir()
        for i in range(PHOTOS):
            write_png(folder / "photos" / f"{i}.png", 256, i + 1)
        for step in asked.steps.split(","):
            batch, crop = map(int, step.split("x"))
            compare(asked.bench, folder, asked.width, batch, crop, asked.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
