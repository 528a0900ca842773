#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How near a style network's paintings are to the photograph and to the style, and how strong their weave is.

    tests/bench/judge_network.py PROGRAM MODEL [--style NAME] [--learnt PICTURE] [--weave]

PROGRAM paints two photographs by MODEL: with its style NAME, else with its first.

At 384 px, content and style, as judge.py measures them by the trained weights: with F and G the features and the Gram
matrices of the painting, F' of the photograph, and G' of the picture that was learnt,

    content = |F - F'|^2 / |F'|^2                          of conv3_3
    style   = the mean of |G - G'|^2 / |G'|^2              over conv1_1, conv2_1 and conv3_1

PICTURE is what the style was learnt from: starry_night.jpg of the photographs' folder, unless it is given.

At 768 px, the weave: how much a painting repeats every 4 pixels. In each window of 32 x 32 pixels that lie side by side
from the picture's first pixel, m[k] is the mean of a quantity q of one channel, 0 to 1, at the k-th of the 16 places
that a pixel can have in 4 x 4. With means over all windows, channels and k,

    spread(q) = sqrt(mean of (m[k] - mean over k of m[k])^2)
    means               = 255 spread(x), of the picture x, in codes of 255
    squared differences = spread(q) / mean of q, of q = dx^2, dx = x[row][col + 1] - x[row][col]

and how much it repeats some steps of 4 pixels further on. In the same windows, with d the differences of the means of 2 x 2
pixels to the right and lower ones in all channels, and r = mean of <d(p), d(p + shift)> / mean of <d, d>,

    rows                = the mean over windows of the largest |r| of the shifts by 4, 8 or 12 pixels each way

over the windows where the photograph is even, which is where its own mean of <d, d> is less than EVEN: elsewhere edges
are as they are some steps further on. The learnt picture itself is measured so in all windows. Lower is better; what the
learnt picture has is its brush's own.

--weave: measures that alone. Photographs and weights are taken from the folder `data` of IMPASTO_TEST_DATA, or of
`shared` beside the checkout. Skipped without them, numpy and Pillow.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from judge import judge

SKIPPED = 77
ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("IMPASTO_TEST_DATA", ROOT.parent / "shared")) / "data"
PICTURES = DATA / "images"
TRAINED = DATA / "weights" / "vgg19-imagenet-conv1_1-conv3_4.safetensors"
PHOTOGRAPHS = ["golden_gate", "tubingen"]
NEAR, WEAVE = "384", "768"  # pixels, the longer side
EVEN = 1e-3  # of the photograph: differences of 1.3 % of the range, root mean square
PLACES, WINDOW = 4, 32  # as LATTICE and LATTICE_WINDOW of cl/shared.h
SHIFTS = [(down, right) for down in (0, 2, 4, 6) for right in range(-6, 7, 2) if down > 0 or right > 0]  # of halves


def paint(asked, photograph, size, folder):
    """The path of the painting."""
    painting = folder / f"{photograph}-{size}.png"
    style = ["--mix", asked.style] if asked.style else []
    subprocess.run([asked.program, "apply", "-q", asked.model, PICTURES / f"{photograph}.jpg", "--size", size, *style,
                    "-o", painting], check=True)
    return painting


# ---- Content and style -----------------------------------------------------------------------------------------


def tell_near(asked, folder):
    for photograph in PHOTOGRAPHS:
        pair = PICTURES / f"{photograph}.jpg", asked.learnt
        style, content = judge(asked.program, TRAINED, pair, paint(asked, photograph, NEAR, folder), NEAR, folder)
        print(f"{photograph:20} {NEAR} px: content {content:.4f}, style {style:.4f}", flush=True)


# ---- The weave -------------------------------------------------------------------------------------------------


def spread(numpy, values):
    """Of values (rows, columns, channels): how far the places' means are from their windows', rms; and the mean."""
    down, across = (side // WINDOW for side in values.shape[:2])
    cells = values[:down * WINDOW, :across * WINDOW].reshape(
        down, WINDOW // PLACES, PLACES, across, WINDOW // PLACES, PLACES, -1)
    means = cells.mean((1, 4))  # window down, place down, window across, place across, channel
    return numpy.sqrt(((means - means.mean((1, 3), keepdims=True)) ** 2).mean()), means.mean()


def windows(numpy, picture):
    """The differences of the halved picture, in windows (side, side, 6)."""
    height, width = (side // 2 for side in picture.shape[:2])
    halves = picture[:2 * height, :2 * width].reshape(height, 2, width, 2, 3).mean((1, 3))
    d = numpy.zeros((height, width, 6))
    d[:, :-1, :3], d[:-1, :, 3:] = halves[:, 1:] - halves[:, :-1], halves[1:] - halves[:-1]
    side = WINDOW // 2
    return [d[top:top + side, left:left + side] for top in range(0, height - side + 1, side)
            for left in range(0, width - side + 1, side)]


def energy(window):
    return (window ** 2).sum(2).mean()


def repeats(window):
    """The largest correlation of a window's differences with themselves."""
    side = len(window)
    products = [(window[v:, max(0, u):side + min(0, u)] * window[:side - v, max(0, -u):side - max(0, u)]).sum(2).mean()
                for v, u in SHIFTS]
    return max(map(abs, products)) / (energy(window) + 1e-12)


def rows(numpy, picture, photograph):
    found = [repeats(window) for window, seen in zip(windows(numpy, picture), windows(numpy, photograph))
             if photograph is picture or energy(seen) < EVEN]
    return sum(found) / len(found)


def tell_weave(numpy, name, picture, photograph):
    """Pictures are (rows, columns, 3), 0 to 1."""
    means, _ = spread(numpy, picture)
    squares, mean_square = spread(numpy, (picture[:, 1:] - picture[:, :-1]) ** 2)
    print(f"{name:20} {WEAVE} px: means {255 * means:.1f}, squared differences "
          f"{squares / mean_square:.2f}, rows {rows(numpy, picture, photograph):.2f}", flush=True)


def read(numpy, images, path):
    """At most WEAVE pixels a side."""
    with images.open(path) as picture:
        picture = picture.convert("RGB")
        picture.thumbnail((int(WEAVE), int(WEAVE)), images.LANCZOS)
        return numpy.asarray(picture, dtype=float) / 255


# ---- The whole -------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("model")
    parser.add_argument("--style")
    parser.add_argument("--learnt", type=pathlib.Path, default=PICTURES / "starry_night.jpg")
    parser.add_argument("--weave", action="store_true")
    asked = parser.parse_args()
    try:
        import numpy
        from PIL import Image
    except ImportError as missing:
        print(f"skipped: {missing}")
        return SKIPPED
    needed = [asked.learnt, *(PICTURES / f"{name}.jpg" for name in PHOTOGRAPHS), *([] if asked.weave else [TRAINED])]
    for path in needed:
        if not path.exists():
            print(f"skipped: no {path}")
            return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if not asked.weave:
            tell_near(asked, folder)
        for photograph in PHOTOGRAPHS:
            seen = read(numpy, Image, PICTURES / f"{photograph}.jpg")
            tell_weave(numpy, photograph, read(numpy, Image, paint(asked, photograph, WEAVE, folder)), seen)
        learnt = read(numpy, Image, asked.learnt)
        tell_weave(numpy, "the learnt picture", learnt, learnt)
    return 0


if __name__ == "__main__":
    sys.exit(main())
