#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How far from photographs a style network's paintings are at low strength.

    tests/bench/judge_identity.py PROGRAM MODEL STYLE PHOTOGRAPH...

PROGRAM paints each photograph by MODEL, with STYLE at strength 0, the network's identity, to 1. Told is the mean
difference of their values, in codes of 255. Skipped without numpy and Pillow.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77
STRENGTHS = ["0", "0.25", "0.5", "0.75", "1"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("model")
    parser.add_argument("style")
    parser.add_argument("photograph", nargs="+", type=pathlib.Path)
    asked = parser.parse_args()
    try:
        import numpy
        from PIL import Image
    except ImportError as missing:
        print(f"skipped: {missing}")
        return SKIPPED

    def read(path):
        with Image.open(path) as picture:
            return numpy.asarray(picture.convert("RGB"), dtype=float)

    with tempfile.TemporaryDirectory() as folder:
        painting = pathlib.Path(folder) / "painting.png"
        for photograph in asked.photograph:
            apart = []
            for strength in STRENGTHS:
                subprocess.run([asked.program, "apply", "-q", asked.model, photograph, "--mix", asked.style, "--strength",
                                strength, "-o", painting], check=True)
                apart.append(abs(read(painting) - read(photograph)).mean())
                painting.unlink()
            print(f"{photograph.stem:20}", *(f"{strength}: {codes:.1f}" for strength, codes in zip(STRENGTHS, apart)),
                  flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
