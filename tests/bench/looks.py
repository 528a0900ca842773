#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""looks.py PROGRAM preview|borders|haze CONTENT STYLE [-- OPTIONS...]: numbers for what eyes judge.

preview   the same settings at 256 and 1024 pixels: how alike the pictures are once the larger is shrunk,
          and their style losses at 256 pixels
borders   how busy the outermost 8 pixels are, over the 16 inside of them: as it is, and without what
          keeps borders clean; beside it the same of the content picture
haze      how much of the picture is flat and gray where the style is not: from noise, by Adam's epsilon

Needs numpy and Pillow."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
from PIL import Image, ImageFilter

PREVIEW, FULL = 256, 1024
RING, NEXT = 8, 16
BLOCK = 8


def run(program, content, style, out, *options):
    subprocess.run([program, "-q", content, style, "-o", out, *map(str, options)], check=True)
    with Image.open(out) as picture:
        return picture.convert("RGB")


def values(picture):
    return numpy.asarray(picture, dtype=float) / 255


def luminance(pixels):
    return pixels @ numpy.array([0.299, 0.587, 0.114])


def correlation(a, b):
    return float(numpy.corrcoef(a.ravel(), b.ravel())[0, 1])


def style_loss(program, content, style, picture, folder, options):
    """Of a picture as the start image, at its own size."""
    picture.save(f"{folder}/start.png")
    trace = f"{folder}/trace.jsonl"
    run(program, content, style, f"{folder}/ignored.png", *options, "--size", PREVIEW, "--scales", 1,
        "--average", 0, "--iterations", 0, "--init", f"{folder}/start.png", "--trace", trace)
    line = json.loads(pathlib.Path(trace).read_text().splitlines()[1])
    return sum(line["style"].values())


def preview(program, content, style, folder, options):
    small = run(program, content, style, f"{folder}/small.png", *options, "--size", PREVIEW)
    large = run(program, content, style, f"{folder}/large.png", *options, "--size", FULL)
    shrunk = large.resize(small.size, Image.LANCZOS)
    a, b = values(small), values(shrunk)
    low = [values(p.filter(ImageFilter.GaussianBlur(4))) for p in (small, shrunk)]
    print(f"luminance, correlation           {correlation(luminance(a), luminance(b)):.3f}")
    print(f"low-pass colour, correlation     {correlation(*low):.3f}")
    print(f"low-pass colour, rms difference  {numpy.sqrt(((low[0] - low[1]) ** 2).mean()):.4f}")
    for name, picture in [("small", small), ("large, shrunk", shrunk)]:
        loss = style_loss(program, content, style, picture, folder, options)
        print(f"style loss at {PREVIEW} px, {name:14} {loss:.5f}")


def busyness(pixels):
    """Mean absolute difference of neighbours in the outermost ring over the same in the next one."""
    y = luminance(pixels)
    d = numpy.zeros_like(y)
    d[:, 1:] += numpy.abs(numpy.diff(y, axis=1))
    d[1:] += numpy.abs(numpy.diff(y, axis=0))
    h, w = y.shape
    rows, columns = numpy.ogrid[:h, :w]
    edge = numpy.minimum(numpy.minimum(rows, h - 1 - rows), numpy.minimum(columns, w - 1 - columns))
    ring, inside = (edge >= 1) & (edge < RING), (edge >= RING) & (edge < RING + NEXT)
    return d[ring].mean() / d[inside].mean()


def borders(program, content, style, folder, options):
    with Image.open(content) as picture:
        picture = picture.convert("RGB")
        picture.thumbnail((PREVIEW, PREVIEW), Image.LANCZOS)
    print(f"{'the content itself':34} {busyness(values(picture)):.3f}")
    for name, extra in [("as it is", []),
                        ("--margin 0 --padding replicate", ["--margin", 0, "--padding", "replicate"]),
                        ("--margin 0 --padding zero", ["--margin", 0, "--padding", "zero"])]:
        out = run(program, content, style, f"{folder}/out.png", *options, "--size", PREVIEW, *extra)
        print(f"{name:34} {busyness(values(out)):.3f}")


def flat_and_gray(pixels):
    """Share of blocks without contrast or colour: both below a fiftieth."""
    h, w = (side // BLOCK * BLOCK for side in pixels.shape[:2])
    blocks = pixels[:h, :w].reshape(h // BLOCK, BLOCK, w // BLOCK, BLOCK, 3)
    contrast = luminance(blocks).std(axis=(1, 3))
    mean = blocks.mean(axis=(1, 3))
    return float(((contrast < 0.02) & (mean.max(axis=-1) - mean.min(axis=-1) < 0.1)).mean())


def haze(program, content, style, folder, options):
    with Image.open(style) as picture:
        picture = picture.convert("RGB")
        picture.thumbnail((PREVIEW, PREVIEW), Image.LANCZOS)
    print(f"{'the style itself':34} {flat_and_gray(values(picture)):.3f}")
    for name, extra in [("as it is", []), ("--init noise", ["--init", "noise"]),
                        ("Adam, --init noise, one scale",
                         ["--optimizer", "adam", "--init", "noise", "--scales", 1, "--average", 0]),
                        ("the same, --beta1 .99 --epsilon .1",
                         ["--optimizer", "adam", "--init", "noise", "--scales", 1, "--average", 0,
                          "--beta1", 0.99, "--epsilon", 0.1])]:
        out = run(program, content, style, f"{folder}/out.png", *options, "--size", PREVIEW, *extra)
        print(f"{name:34} {flat_and_gray(values(out)):.3f}", flush=True)


def main():
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("program")
    parser.add_argument("what", choices=["preview", "borders", "haze"])
    parser.add_argument("content")
    parser.add_argument("style")
    arguments, options = parser.parse_args(words[:cut]), words[cut + 1:]
    with tempfile.TemporaryDirectory() as folder:
        {"preview": preview, "borders": borders, "haze": haze}[arguments.what](
            os.path.abspath(arguments.program), arguments.content, arguments.style, folder, options)


if __name__ == "__main__":
    main()
