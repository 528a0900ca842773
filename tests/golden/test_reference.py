#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program against a float64 reference on the trained weights: test_reference.py PROGRAM [brief]

The reference's cases (folder `reference`), the pictures and the weights are too large, or not ours,
to be in the repository; they are looked for in the folder named by IMPASTO_TEST_DATA or in `shared`
beside the checkout. Without them this test is skipped and says so. Each case runs with every
convolution algorithm and GEMM that the program offers. brief, for a platform that is slow: each
algorithm has one case, each case at least one algorithm, and runs end after three iterations.

Bounds: a float32 sum over as many terms as these, done in another order, differs by some 1e-6; with
maximum pooling, near-ties can send a gradient another way, hence percentiles and a cosine there.
"""

import array
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAM, BRIEF = sys.argv[1], "brief" in sys.argv[2:]
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("IMPASTO_TEST_DATA", ROOT.parent / "shared"))
REFERENCE = SHARED / "reference"
CHOICES = [
    ("auto", "auto"),
    ("winograd4", "builtin"),
    ("winograd4x8", "builtin"),
    ("winograd2", "builtin"),
    ("direct", "builtin"),
    ("im2col", "builtin"),
    ("winograd4", "clblast"),
    ("im2col", "clblast"),
]
OPTIONS = {
    "content_layers": "--content-layers", "style_layers": "--style-layers",
    "content_weight": "--content-weight", "style_weight": "--style-weight",
    "tv_weight": "--tv-weight", "pooling": "--pooling", "padding": "--padding",
    "iterations": "--iterations", "lr": "--learning-rate", "beta1": "--beta1", "beta2": "--beta2",
    "eps": "--epsilon",
}
BRIEF_ITERATIONS = 3
failures = []


def check(name, value, bound):
    verdict = "ok" if value <= bound else "FAILED"
    print(f"  {name}: {value:.2e} (bound {bound:.0e}) {verdict}")
    if not value <= bound:
        failures.append(name)


def losses(line):
    yield from ((f"content {k}", v) for k, v in line["content"].items())
    yield from ((f"style {k}", v) for k, v in line["style"].items())
    yield "tv", line["tv"]
    yield "total", line["total"]


def bare(name):
    return name.removeprefix("conv")


def compare_traces(ours, theirs):
    check("total at iteration 0", abs(ours[0]["total"] / theirs[0]["total"] - 1), 1e-4)
    if len(ours) != len(theirs):
        failures.append("length of the trace")
    worst = 0
    for a, b in zip(ours, theirs):
        expected = {bare(k.split()[-1]) if " " in k else k: v for k, v in losses(b)}
        found = {bare(k.split()[-1]) if " " in k else k: v for k, v in losses(a)}
        if expected.keys() != found.keys():
            failures.append(f"terms at iteration {a['iteration']}: {sorted(found)}")
            continue
        for k, v in expected.items():
            if v == 0:
                worst = max(worst, abs(found[k]))
            else:
                worst = max(worst, abs(found[k] / v - 1))
    check("losses of the trace", worst, 1e-2)


def compare_gradients(ours, theirs, average):
    if len(ours) != len(theirs):
        failures.append("size of the gradient")
        return
    norm = math.sqrt(sum(t * t for t in theirs))
    difference = [abs(o - t) for o, t in zip(ours, theirs)]
    if average:
        check("gradient, relative rms", math.sqrt(sum(d * d for d in difference)) / norm, 1e-4)
        return
    dot = sum(o * t for o, t in zip(ours, theirs))
    length = math.sqrt(sum(o * o for o in ours))
    check("gradient, 1 - cosine", 1 - dot / (norm * length), 1e-4)
    difference.sort()
    rms = norm / math.sqrt(len(theirs))
    check("gradient, 90th percentile over rms", difference[int(0.9 * len(difference))] / rms, 1e-3)


def floats(path):
    values = array.array("f")
    values.frombytes(path.read_bytes())
    if sys.byteorder == "big":
        values.byteswap()
    return values


def run_case(path, conv, gemm, folder):
    case = json.loads(path.read_text())
    arguments = case["arguments"]
    if BRIEF:
        arguments["iterations"] = BRIEF_ITERATIONS
    trace, gradient = folder / "trace.jsonl", folder / "gradient.f32"
    command = [PROGRAM, str(REFERENCE / arguments["content"]), str(REFERENCE / arguments["style"]),
               "-o", str(folder / "out.png"), "--weights", str(REFERENCE / arguments["weights"]),
               "--losses", "gatys", "--scales", "1", "--average", "0", "--optimizer", "adam",
               "--size", "source", "--style-size", "source", "--margin", "0",
               "--conv", conv, "--gemm", gemm, "--trace", str(trace), "--gradient", str(gradient)]
    for key, option in OPTIONS.items():
        if key in arguments:
            command += [option, str(arguments[key])]
    if "init" in arguments:
        command += ["--init", str(REFERENCE / arguments["init"])]
    print(f"{path.stem} --conv {conv} --gemm {gemm}", flush=True)
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == 2 and "no CLBlast" in result.stderr:
        print("  left out: this build has no CLBlast")
        return
    if result.returncode != 0:
        print(result.stderr)
        failures.append(f"{path.stem}: exit code {result.returncode}")
        return
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    compare_traces([line for line in lines if line["type"] == "iteration"],
                   case["trace"][:arguments["iterations"] + 1])
    compare_gradients(floats(gradient), floats(REFERENCE / arguments["gradient"]),
                      arguments["pooling"] == "avg")


def main():
    cases = sorted(REFERENCE.glob("*.json"))
    if not cases:
        print(f"SKIP: no reference cases in {REFERENCE}")
        return 77
    choices = CHOICES
    if os.environ.get("IMPASTO_TEST_CLBLAST") != "1":
        # CLBlast compiles for half a minute on a CPU; asked for where that is affordable.
        choices = [c for c in CHOICES if c[1] != "clblast"]
    choices = choices[:int(os.environ.get("IMPASTO_TEST_CHOICES", len(choices)))]
    runs = [(case, choice) for case in cases for choice in choices]
    if BRIEF:
        runs = [(cases[i % len(cases)], choices[i % len(choices)])
                for i in range(max(len(cases), len(choices)))]
    for case, (conv, gemm) in runs:
        with tempfile.TemporaryDirectory() as folder:
            run_case(case, conv, gemm, pathlib.Path(folder))
    print("failed: " + ", ".join(failures) if failures else "all within bounds")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
