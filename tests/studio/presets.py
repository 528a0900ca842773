#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""presets.py FOLDER FILE.jpg: makes the picture of the presets that the studio's page has, from the examples.

FOLDER has the package for Python as it was built. Each preset paints at half its size, which keeps what
tells them apart; shown is the same part of each, side by side.
"""

import pathlib
import sys

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True

import impasto  # noqa: E402
import numpy as np  # noqa: E402

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
SIZES = {"quick": 192, "default": 256, "fine": 384, "classic": 256}  # pixels
PART = (0.60, 0.28, 0.30, 0.30 * 2 / 3 * 4 / 3)  # left, top, width, height, of a picture of 4 by 3
WIDTH, HEIGHT = 156, 104


def part(preset, size):
    picture = np.asarray(impasto.stylize(EXAMPLES / "lighthouse.jpg", EXAMPLES / "night.jpg", preset=preset, size=size,
                                         weights="builtin"))
    height, width, _ = picture.shape
    left, top = round(PART[0] * width), round(PART[1] * height)
    cut = picture[top:top + round(PART[3] * height), left:left + round(PART[2] * width)]
    return np.asarray(impasto.Image(np.clip(cut, 0, 1)).resize(WIDTH, HEIGHT))


def main():
    row = np.concatenate([part(preset, size) for preset, size in SIZES.items()], axis=1)
    impasto.Image(np.clip(row, 0, 1)).save(sys.argv[2], quality=82, metadata="none")


if __name__ == "__main__":
    main()
