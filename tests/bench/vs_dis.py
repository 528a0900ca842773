#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The optical flow beside OpenCV's dense inverse search: vs_dis.py BENCH_FLOW [--size 4] [--rounds N]

Mean end-point errors in pixels on drawn scenes, SIZE times as large as 128 x 96, of what is seen in both frames; how
well what cannot be relied on is found; and processor time at two sizes, in turns, on one core each. Here one frame's
pyramid and one flow are timed, there a call: it makes both pyramids. Skipped without OpenCV (pip: opencv-python).
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
ROUNDS = 5  # flows between two looks at the clock, as in bench_flow.c
PAIRS = (("live", "FAST"), ("film", "MEDIUM"), ("best", "MEDIUM"))  # grades here, presets there
SIZES = ("640x360", "1280x720")


def preset(cv2, name):
    return cv2.DISOpticalFlow_create(getattr(cv2, "DISOPTICAL_FLOW_PRESET_" + name))


# ---- Errors ----------------------------------------------------------------------------------------------------


def scores(asked, grade, folder):
    command = [asked.bench, "score", grade, str(asked.size), folder]
    return [json.loads(line) for line in subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()]


def frames_of(numpy, folder, scene, size):
    shape = (96 * size, 128 * size)
    return [numpy.fromfile(folder / f"{scene}.{i}", numpy.uint8).reshape(shape) for i in (0, 1)]


def their_error(numpy, dis, folder, scene, size):
    first, second = frames_of(numpy, folder, scene, size)
    truth = numpy.fromfile(folder / f"{scene}.truth", numpy.float32).reshape(3, *first.shape)
    flow = dis.calc(first, second, None).transpose(2, 0, 1)
    apart = numpy.sqrt(((flow - truth[:2]).astype(float) ** 2).sum(0))
    return apart[truth[2] > 0].mean()


def found(rows, word):
    """Precision and recall of what is not reliable, over the scenes in which something moves."""
    sums = {key: sum(row[word][key] for row in rows) for key in ("hit", "said", "must")}
    return sums["hit"] / sums["said"], sums["hit"] / sums["must"]


def compare_errors(asked, cv2, numpy, folder):
    for grade, name in PAIRS:
        rows = [row for row in scores(asked, grade, folder) if row["solvable"]]
        dis = preset(cv2, name)
        theirs = [their_error(numpy, dis, folder, row["scene"], asked.size) for row in rows]
        ours = statistics.mean(row["seen"] for row in rows)
        print(f"{grade}: error {ours:.3f}, DIS {name.lower()} {statistics.mean(theirs):.3f}, "
              f"ratio {ours / statistics.mean(theirs):.2f}")
        print("  " + ", ".join(f"{row['scene']} {row['seen']:.3f} ({error:.3f})" for row, error in zip(rows, theirs)))
        for word in ("reliable", "cautious"):
            precision, recall = found([row for row in rows if row["scene"] != "still"], word)
            print(f"  {word}: precision {precision:.2f}, recall {recall:.2f}", flush=True)


# ---- Times -----------------------------------------------------------------------------------------------------


def their_time(dis, first, second):
    begun = time.process_time()
    for _ in range(ROUNDS):
        dis.calc(first, second, None)
    return 1e3 * (time.process_time() - begun) / ROUNDS


def drawn(asked, numpy, size):
    """The frames that bench_flow times."""
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([asked.bench, "draw", "film", size, name], check=True)
        width, height = map(int, size.split("x"))
        return [numpy.fromfile(pathlib.Path(name, f"timed.{i}"), numpy.uint8).reshape(height, width) for i in (0, 1)]


def compare_times(asked, cv2, numpy, grade, name, size):
    frames, dis = drawn(asked, numpy, size), preset(cv2, name)
    ours, theirs = [], []
    with subprocess.Popen([asked.bench, "time", grade, size], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as bench:
        for _ in range(asked.rounds):
            theirs.append(their_time(dis, *frames))
            print(file=bench.stdin, flush=True)
            ours.append(float(bench.stdout.readline()))
        bench.stdin.close()
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs))
    print(f"{grade} {size}: {statistics.median(ours):.1f} ms, DIS {name.lower()} {statistics.median(theirs):.1f} ms, "
          f"ratio {ratio:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench")
    parser.add_argument("--size", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    try:
        import cv2
        import numpy
    except ImportError as missing:
        print(f"skipped: {missing}")
        return SKIPPED
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        compare_errors(asked, cv2, numpy, pathlib.Path(name))
    for grade, preset_name in PAIRS:
        for size in SIZES:
            compare_times(asked, cv2, numpy, grade, preset_name, size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
