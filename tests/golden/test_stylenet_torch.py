#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Networks that PyTorch saves paint as Impasto's as they do in PyTorch, and a style that comes with Impasto paints in
PyTorch as here: test_stylenet_torch.py PAINT_NET

Both forms of torch.save, with every bias, as PyTorch begins them. Skipped without torch."""

import contextlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "weights"), str(ROOT / "tests/bench")]
import stylenet  # noqa: E402

try:
    import numpy
    import torch
    import torch_stylenet
except ImportError as problem:
    print(f"SKIP: {problem}")
    sys.exit(77)

TOLERANCE = 1e-4  # of the painting's range
SIZES = [(48, 64), (36, 120), (37, 42), (16, 17)]
WIDTHS = (32, 16, 8)
STYLES = ("ink", "oil", "identity")  # of base-16.model


def painted(program, model, image, mix):
    done = subprocess.run([program, model, *map(str, image.shape[1:]), *map(str, mix)], input=image.tobytes(),
                          stdout=subprocess.PIPE, check=True)
    return numpy.frombuffer(done.stdout, numpy.float32).reshape(image.shape)


def wanted(network, image):
    """PyTorch's, of RGB from 0 to 1. Where height and width are no multiples of 4, the margin of the first
    convolution is wider at the right and below, and the painting is cut."""
    (height, width), margin = image.shape[1:], network.conv1.margin
    if height % 4 or width % 4:
        image = numpy.pad(image, ((0, 0), (margin, margin + -height % 4), (margin, margin + -width % 4)), "reflect")
        network.conv1.margin = 0
    with torch.no_grad():
        painting = network(torch.from_numpy(255 * image)[None])[0].numpy() / 255
    network.conv1.margin = margin
    return painting[:, :height, :width]


def compare(name, program, model, mix, network):
    chance, worst = numpy.random.default_rng(7), 0
    for size in SIZES:
        image = chance.random((3, *size), numpy.float32)
        ours, theirs = painted(program, model, image, mix), wanted(network, image)
        worst = max(worst, abs(ours - theirs).max() / (theirs.max() - theirs.min()))
    print(f"{name}: {worst:.1e} of the range", flush=True)
    return not worst <= TOLERANCE


def check_saved(program, folder, width, zipped):
    network, saved = torch_stylenet.network(torch, width), os.path.join(folder, "saved.pth")
    with torch.no_grad():
        for name, numbers in network.named_parameters():
            if ".in" in f".{name}":  # as trained ones have them
                numbers.uniform_(0.2, 1.5)
    torch.save(network.state_dict(), saved, _use_new_zipfile_serialization=zipped)
    model = os.path.join(folder, "model")
    with contextlib.redirect_stdout(io.StringIO()):
        if stylenet.main(["convert", saved, "-o", model, "--force"]) != 0:
            raise SystemExit("conversion failed")
    return compare(f"width {width}, {'zip' if zipped else 'the older form'}", program, model, [1], network)


def check_shipped(program, style):
    """In PyTorch, the network has the rows of that style alone."""
    path = str(ROOT / "weights/base-16.model")
    ours = stylenet.load(path)
    at, state = ours.styles.index(style), {}
    network = torch_stylenet.network(torch, 16)
    for name, place in network.state_dict().items():
        numbers = torch.tensor(ours.tensors.get(name, [0.0] * place.numel()))
        state[name] = (numbers.reshape(len(ours.styles), -1)[at] if ".in" in f".{name}" else numbers).reshape(place.shape)
    network.load_state_dict(state)
    return compare(f"base-16, {style}", program, path, [int(i == at) for i in range(len(ours.styles))], network)


def main():
    program = sys.argv[1]
    torch.manual_seed(1)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        failed = sum(check_saved(program, folder, width, zipped) for width in WIDTHS for zipped in (True, False))
    failed += sum(check_shipped(program, style) for style in STYLES)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
