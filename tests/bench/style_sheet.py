#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A photograph in every style of a network, as one picture to look at.

    tests/bench/style_sheet.py build/impasto weights/base-16.model examples/lighthouse.jpg examples/styles.jpg

First comes the photograph, last half of the first style with half of the sixth. Each is painted with its longer side
at twice the width at which it is shown. Needs Pillow.
"""
import argparse
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

ACROSS, CELL, GAP = 5, 260, 2  # pictures in a row; width of one and what is between two, in pixels
SKIPPED = 77


def styles_of(model):
    """The names of the styles of a .model file, which is in the safetensors format."""
    with open(model, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    styles = json.loads(header["__metadata__"]["impasto.styles"])
    return [style for style in styles if style != "identity"]


def paint(program, model, photo, mix, out):
    subprocess.run([program, "apply", "-q", "--size", str(2 * CELL), model, photo, "--mix", mix, "-o", out], check=True)


def compose(image, paths, out):
    width, height = image.open(paths[0]).size
    height = CELL * height // width
    rows = -(-len(paths) // ACROSS)
    sheet = image.new("RGB", (ACROSS * (CELL + GAP), rows * (height + GAP)), "white")
    for i, path in enumerate(paths):
        cell = image.open(path).convert("RGB").resize((CELL, height), image.LANCZOS)
        sheet.paste(cell, (i % ACROSS * (CELL + GAP) + GAP // 2, i // ACROSS * (height + GAP) + GAP // 2))
    sheet.save(out, quality=90)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("program", "model", "photo", "out"):
        parser.add_argument(name)
    args = parser.parse_args()
    try:
        from PIL import Image
    except ImportError:
        print("style_sheet: needs Pillow")
        return SKIPPED
    styles = styles_of(args.model)
    mixes = [f"{style}:1" for style in styles]
    if len(styles) > 5:
        mixes.append(f"{styles[0]}:0.5,{styles[5]}:0.5")
    with tempfile.TemporaryDirectory() as folder:
        paths = [args.photo] + [str(pathlib.Path(folder, f"{i}.png")) for i in range(len(mixes))]
        for mix, path in zip(mixes, paths[1:]):
            paint(args.program, args.model, args.photo, mix, path)
        compose(Image, paths, args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
