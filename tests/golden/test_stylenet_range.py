#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Networks of other programs that end by a tanh or a sigmoid, scale what they take and give, and take RGB from 0
to 255 or to 1, paint as Impasto's as they did before: test_stylenet_range.py PAINT_NET

What they did before is computed here, in double precision. Needs the standard library only.
"""

import array
import contextlib
import io
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent / "weights"), str(TESTS / "unit")]
import stylenet  # noqa: E402
from test_stylenet_py import zoo  # noqa: E402

HEIGHT, WIDTH = 12, 8
TOLERANCE = 1e-4  # of the largest number
EPSILON = 1e-5

# What the network does at its ends: a function, its factor and summand, the factor before it all; the end of its
# RGB; and whether that is what is taken for it where nobody says so.
CASES = [("linear", 1.0, 0.0, 1.0, 255, True), ("linear", 1.0, 0.0, 1.0, 1, False),
         ("tanh", 150.0, 127.5, 1.0, 255, True), ("tanh", 127.5, 127.5, 1 / 255, 255, True),
         ("tanh", 0.5, 0.5, 1.0, 1, True), ("tanh", 0.5, 0.5, 2.0, 1, True),
         ("sigmoid", 1.0, 0.0, 1.0, 1, True), ("sigmoid", 255.0, 0.0, 1 / 255, 255, True),
         ("sigmoid", 1.0, 0.25, 0.5, 255, False), ("tanh", 2.0, -1.0, 1.0, 1, False)]
FUNCTIONS = {"linear": lambda v: v, "tanh": math.tanh, "sigmoid": lambda v: 1 / (1 + math.exp(-v))}


def drawn():
    """A network with random numbers."""
    chance, tensors = random.Random(3), {}
    shape = stylenet.Shape([4, 8, 8, 8, 4], 1, 3)
    for row in shape.rows():
        name, reach = row.name + ".conv2d", (row.inputs * row.size ** 2) ** -0.5
        tensors[name + ".weight"] = array.array(
            "f", [chance.uniform(-reach, reach) for _ in range(row.outputs * row.inputs * row.size ** 2)])
        if not row.norm:
            tensors[name + ".bias"] = array.array("f", [chance.uniform(-0.5, 0.5) for _ in range(3)])
        for kind in ("weight", "bias") if row.norm else ():
            tensors[f"{row.norm}.{kind}"] = array.array("f", [chance.uniform(0.2, 1.5) for _ in range(row.outputs)])
    return stylenet.Network(shape, ["s"], tensors)


def mirrored(i, n):
    return -i if i < 0 else 2 * (n - 1) - i if i >= n else i


def convolved(planes, weights, row):
    """With its margin reflected, and enlarged before where the layer does that."""
    if row.upsample:
        planes = [[[v for v in line for _ in (0, 1)] for line in plane for _ in (0, 1)] for plane in planes]
    height, width, size = len(planes[0]), len(planes[0][0]), row.size
    downs, acrosses = ([[mirrored(i + t - size // 2, n) for t in range(size)] for i in range(0, n, row.stride)]
                       for n in (height, width))
    kernels = [weights[i:i + size] for i in range(0, len(weights), size)]
    result = []
    for out in range(row.outputs):
        own = kernels[out * row.inputs * size:(out + 1) * row.inputs * size]
        result.append([[sum(k * planes[n // size][ys[n % size]][x] for n, taps in enumerate(own)
                            for k, x in zip(taps, xs)) for xs in acrosses] for ys in downs])
    return result


def normed(plane, gamma, beta):
    values = [v for line in plane for v in line]
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values) + EPSILON)
    return [[gamma * (v - mean) / deviation + beta for v in line] for line in plane]


def evaluated(net, planes):
    """What the last convolution leaves."""
    block = None
    for row in net.shape.rows():
        block = planes if row.name.endswith(".conv1") else block
        planes = convolved(planes, net.tensors[row.name + ".conv2d.weight"], row)
        numbers = [net.tensors[f"{row.norm}.{kind}"] for kind in ("weight", "bias")] if row.norm else None
        if numbers:
            planes = [normed(plane, *of) for plane, *of in zip(planes, *numbers)]
        else:
            planes = [[[v + b for v in line] for line in plane]
                      for plane, b in zip(planes, net.tensors[row.name + ".conv2d.bias"])]
        if row.relu:
            planes = [[[max(v, 0.0) for v in line] for line in plane] for plane in planes]
        if row.adds:
            planes = [[[a + b for a, b in zip(*lines)] for lines in zip(*two)] for two in zip(planes, block)]
    return planes


def graph_of(net, function, scale, offset, factor):
    def before(writer, x):
        return writer.node("Mul", [x, writer.number(factor)]) if factor != 1 else x

    def behind(writer, x):
        x = writer.node(function.capitalize(), [x]) if function != "linear" else x
        x = writer.node("Mul", [x, writer.number(scale)]) if scale != 1 else x
        return writer.node("Add", [x, writer.number(offset)]) if offset != 0 else x

    return zoo(net, before=before, behind=behind)


def converted(folder, graph, *options):
    file, model = os.path.join(folder, "other.onnx"), os.path.join(folder, "model")
    pathlib.Path(file).write_bytes(graph)
    with contextlib.redirect_stdout(io.StringIO()):
        if stylenet.main(["convert", file, "-o", model, "--force", *options]) != 0:
            raise SystemExit("conversion failed")
    return model


def painted(program, model, image):
    done = subprocess.run([program, model, str(HEIGHT), str(WIDTH), "1"], input=image.tobytes(),
                          stdout=subprocess.PIPE, check=True)
    return array.array("f", done.stdout)


def main():
    program, net, failed, chance = sys.argv[1], drawn(), 0, random.Random(5)
    image = array.array("f", [chance.random() for _ in range(3 * HEIGHT * WIDTH)])
    with tempfile.TemporaryDirectory() as folder:
        for function, scale, offset, factor, end, usual in CASES:
            planes = [[[end * factor * v for v in image[at:at + WIDTH]] for at in range(k, k + HEIGHT * WIDTH, WIDTH)]
                      for k in range(0, len(image), HEIGHT * WIDTH)]
            wanted = [(scale * FUNCTIONS[function](v) + offset) / end
                      for plane in evaluated(net, planes) for line in plane for v in line]
            graph = graph_of(net, function, scale, offset, factor)
            for options in [["--range", str(end)]] + [[]] * usual:
                found = painted(program, converted(folder, graph, *options), image)
                worst = max(abs(a - b) for a, b in zip(found, wanted))
                right = worst <= TOLERANCE * max(map(abs, wanted))
                print(f"{'' if right else 'FAILED '}{scale:g} {function} {offset:+g}, of {factor:.3g} times RGB to "
                      f"{end}, {' '.join(options) or 'unsaid'}: {worst:.1e}", flush=True)
                failed += not right
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
