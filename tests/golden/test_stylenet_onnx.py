#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Impasto exports as ONNX, ONNX Runtime paints as Impasto does: test_stylenet_onnx.py PAINT_NET
[FILE.onnx]. With a file, that is converted, exported and compared with what ONNX Runtime makes of the
original, which takes RGB from 0 to 255, or to 1 where it ends by a sigmoid. Skipped without onnxruntime."""

import array
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "weights"))
import stylenet  # noqa: E402

try:
    import numpy
    import onnxruntime
except ImportError as problem:
    print(f"SKIP: {problem}")
    sys.exit(77)

TOLERANCE = 1e-4  # of the painting's range
SIZES = [(48, 64), (37, 42), (8, 11)]


def drawn(shape):
    """A network with random numbers, as new ones have them, and gammas and betas besides."""
    chance, tensors = random.Random(3), {}
    for row in shape.rows():
        name, reach = row.name + ".conv2d", (row.inputs * row.size ** 2) ** -0.5
        count = row.outputs * row.inputs * row.size ** 2
        tensors[name + ".weight"] = array.array("f", [chance.uniform(-reach, reach) for _ in range(count)])
        if not row.norm:
            tensors[name + ".bias"] = array.array("f", [chance.uniform(0, 0.5) for _ in range(row.outputs)])
        for kind in ("weight", "bias") if row.norm else ():
            tensors[f"{row.norm}.{kind}"] = array.array(
                "f", [chance.uniform(0.2, 1.5) for _ in range(shape.styles * row.outputs)])
    return stylenet.Network(shape, [f"s{i}" for i in range(shape.styles)], tensors)


def shapes():
    yield stylenet.Shape([8, 16, 32, 16, 8], 2, 9)
    shape = stylenet.Shape([16, 32, 64, 32, 16], 1, 5, styles=3)
    shape.output, shape.in_scale, shape.out_scale, shape.out_offset = "tanh", 1.0, 150 / 255, 0.5
    yield shape
    shape = stylenet.Shape([32, 32, 32, 8, 4], 2, 9, True, 2)
    shape.output, shape.in_scale, shape.out_scale = "sigmoid", 1.0, 1.0
    yield shape


def compare(name, found, wanted):
    worst = abs(found - wanted).max() / (wanted.max() - wanted.min())
    print(f"{name}: {worst:.1e} of the range", flush=True)
    return not worst <= TOLERANCE


def paint(program, model, image, mix):
    result = subprocess.run([program, model, *map(str, image.shape[1:]), *map(str, mix)], input=image.tobytes(),
                            stdout=subprocess.PIPE, check=True)
    return numpy.frombuffer(result.stdout, numpy.float32).reshape(image.shape)


def given(session, image, mix):
    names = [one.name for one in session.get_inputs()]
    inputs = {names[0]: image[None]} | ({names[1]: numpy.array(mix, numpy.float32)} if len(names) > 1 else {})
    return session.run(None, inputs)[0][0]


def check(program, folder, network, original=None):
    model, exported = os.path.join(folder, "network"), os.path.join(folder, "network.onnx")
    stylenet.save(model, network, False)
    pathlib.Path(exported).write_bytes(stylenet.write_onnx(network))
    session, chance, failed = onnxruntime.InferenceSession(exported), numpy.random.default_rng(7), 0
    mix = [1.0] + [0.0] * (network.shape.styles - 1)
    if network.shape.styles > 1:
        mix[:2] = [0.25, 0.75]
    for size in SIZES:
        image = chance.random((3, *size), numpy.float32)
        found = paint(program, model, image, mix)
        failed += compare(f"{network.shape.described()[:60]} {size}", found, given(session, 255 * image, mix) / 255)
        if original and not (size[0] | size[1]) & 3:
            unit = network.shape.in_scale
            failed += compare("the original", found, given(original, unit * image, mix) / unit)
    return failed


def main():
    program, failed = sys.argv[1], 0
    with tempfile.TemporaryDirectory() as folder:
        for path in sys.argv[2:]:
            network = stylenet.load(path)
            stylenet.name_styles(network, None, path)
            failed += check(program, folder, network, onnxruntime.InferenceSession(path))
        for shape in shapes() if len(sys.argv) < 3 else ():
            failed += check(program, folder, drawn(shape))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
