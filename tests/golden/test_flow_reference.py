#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The optical flow against an own program in NumPy: test_flow_reference.py BENCH_FLOW [--renew]

That program has the same method in other words: pixel by pixel, in the pictures' own order, and with rounding of its
own. Its flows of three drawn scenes, of every eighth pixel in thousandths, are in flow_reference.json. --renew writes
that anew, with flow_prototype.py from the folder `reference` of IMPASTO_TEST_DATA, or of `shared` beside the checkout.
"""

import array
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = pathlib.Path(os.environ.get("IMPASTO_TEST_DATA", ROOT.parent / "shared")) / "reference"
STORED = pathlib.Path(__file__).with_name("flow_reference.json")
HEIGHT, WIDTH, STEP = 96, 128, 8
SCENES = ("layers", "turn", "light")
MEAN_BOUND = 0.005  # pixels; 0.002 was seen, of which half is the thousandths


def picked(flow):
    """Every eighth pixel of two planes."""
    return [flow[(k * HEIGHT + y) * WIDTH + x]
            for k in range(2) for y in range(STEP // 2, HEIGHT, STEP) for x in range(STEP // 2, WIDTH, STEP)]


def renew(folder):
    import numpy
    sys.path.insert(0, str(REFERENCE))
    import flow_prototype
    stored = {}
    for scene in SCENES:
        frames = [numpy.fromfile(folder / f"{scene}.{i}", numpy.uint8).reshape(HEIGHT, WIDTH) for i in (0, 1)]
        flow = flow_prototype.flow(*frames, flow_prototype.PRESETS["film"]).transpose(2, 0, 1).ravel()
        stored[scene] = [round(1000 * float(value)) for value in picked(flow)]
    STORED.write_text(json.dumps(stored) + "\n", encoding="ascii")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([sys.argv[1], "score", "film", "1", folder], check=True, stdout=subprocess.DEVNULL)
        if "--renew" in sys.argv[2:]:
            renew(folder)
        stored = json.loads(STORED.read_text(encoding="ascii"))
        wrong = []
        for scene in SCENES:
            flow = picked(array.array("f", (folder / f"{scene}.flow").read_bytes()))
            assert len(flow) == len(stored[scene]) > 0, scene
            mean = sum(abs(found - value / 1000) for found, value in zip(flow, stored[scene])) / len(flow)
            print(f"{scene}: {mean:.4f} pixels")
            if not mean <= MEAN_BOUND:
                wrong.append(scene)
    if wrong:
        sys.exit(f"FAILED: {', '.join(wrong)}: more than {MEAN_BOUND} pixels from the reference")


if __name__ == "__main__":
    main()
