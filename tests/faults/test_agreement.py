#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The platforms agree: test_agreement.py PROGRAM [--long]

The same run on two OpenCL implementations that share no compiler options and no order of sums: losses
after some iterations within a bound, and the same bytes twice on each. --long: a larger picture, for 50 iterations.
Exit code 77 where one is missing.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent / "platform")]
from run import PLATFORMS, VENDORS  # noqa: E402
from support import environment, png  # noqa: E402

TWO = ["pocl", "rusticl"]
LONG = "--long" in sys.argv
# By the optimiser. Later iterations of L-BFGS tell less; see below.
ITERATIONS = {"adam": 50, "lbfgs": 50} if LONG else {"adam": 20, "lbfgs": 10}
# Pixels; rusticl takes seconds for an iteration of 64.
SIZE = 64 if LONG else 48
# Of the runs whose bytes are compared.
TWICE = 4
# By a part of the loss. L-BFGS multiplies rounding, 1e-7 after the first iteration, to 3e-4 after ten; then both
# find equally good losses by different ways, which were up to 4e-3 apart: 1e-3 cannot be asked of it. Adam was 5e-5
# and 2e-4 apart. In the short form they were 9e-6 and 7e-8 apart.
AGREE = {"adam": 1e-3, "lbfgs": 2e-2} if LONG else {"adam": 1e-4, "lbfgs": 1e-3}

JOB = ["content.png", "style.png", "--weights", "builtin", "--size", str(SIZE), "--scales", "1",
       "--style-layers", "1_1,2_1", "--content-layers", "2_1", "--average", "0", "--margin", "0",
       "-o", "out.png", "--trace", "trace.jsonl", "-q"]


def run(program, platform, optimizer, iterations, folder):
    """(losses by iteration, the picture)."""
    cache = pathlib.Path(os.environ.get("IMPASTO_TEST_CACHE", tempfile.gettempdir()), platform)
    (cache / "pocl").mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("IMPASTO_CLI_CACHE", str(cache))
    env = environment(folder, XDG_CACHE_HOME=str(cache), POCL_CACHE_DIR=str(cache / "pocl"),
                      **PLATFORMS[platform])
    done = subprocess.run([program, *JOB, "--optimizer", optimizer, "--iterations", str(iterations)], cwd=folder, env=env,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{platform}, {optimizer}: exit status {done.returncode}: {done.stderr}")
    lines = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    return (tuple(line["total"] for line in lines if line["type"] == "iteration"),
            (folder / "out.png").read_bytes())


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    for platform in TWO:
        if not (VENDORS / PLATFORMS[platform]["OCL_ICD_VENDORS"]).exists():
            print(f"SKIP: {platform} is not installed")
            return 77
    bad = 0
    with tempfile.TemporaryDirectory(prefix="impasto-agreement-") as name:
        folder = pathlib.Path(name)
        (folder / "content.png").write_bytes(png(SIZE, SIZE))
        (folder / "style.png").write_bytes(
            png(SIZE, SIZE, lambda x, y: (255 * (x // 8 % 2), 200, 4 * y % 256)))
        for optimizer, bound in AGREE.items():
            totals = {}
            for platform in TWO:
                totals[platform], _ = run(program, platform, optimizer, ITERATIONS[optimizer], folder)
                if len({run(program, platform, optimizer, TWICE, folder) for _ in range(2)}) != 1:
                    print(f"{platform}, {optimizer}: another picture the second time")
                    bad += 1
            one, other = (totals[platform] for platform in TWO)
            last = ITERATIONS[optimizer]
            for at in sorted({1, 5, 10, last}):
                print(f"{optimizer}: iteration {at}: {one[at]:.6g} and {other[at]:.6g}, apart by "
                      f"{abs(one[at] / other[at] - 1):.1e}", flush=True)
            if not abs(one[last] / other[last] - 1) <= bound:
                print(f"{optimizer}: more than {bound:g} apart")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
