#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Start-up, time per pixel, cores, memory and ranks of Impasto, without anything to compare it with.

    tests/bench/figures.py build/impasto [start] [cores] [pixels] [dial] [bands] [ranks]

start: seconds from the command to the end of the first iteration and of the command, with empty caches and with full ones
cores: seconds per iteration on one core and on two
pixels: seconds per iteration and pixel, and peak resident memory, by size
dial: the same picture with less and less memory
bands: seconds of an iteration of one picture, and of processor time, by one process with two cores, by the same
    under mpirun, and by two ranks with one core each
ranks: seconds of a training's step, and of processor time, by one process with two cores and by two with one each,
    which mpirun starts

The network goes to conv5_1, content at conv4_2, style at conv1_1 to conv5_1, as in vs_torch.py. $IMPASTO_DEVICE
names the device (cpu). Figures are medians over ROUNDS rounds.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from vs_torch import CONTENT, STYLE, run, write_png

ROUNDS = 3
SIZES = [256, 512, 1024, 2048, 4096]
BANDS = [512, 1024, 2048]
AMPLE = "16G"  # what 4096 pixels can use is bounded by the device
DIAL = 2048  # pixels
BUDGETS = [AMPLE, "4G", "2G", "1400M", "1G"]


class Bench:
    def __init__(self, program, folder, cores):
        self.program, self.folder, self.cores = program, folder, cores

    def picture(self, size):
        path = f"{self.folder}/{size}.png"
        if not os.path.exists(path):
            write_png(path, size, size)
        return path

    def job(self, size, iterations, *options, cores=None, environment=None):
        """Seconds of each iteration; seconds since the start of the last report; peak MiB; the plan's MiB."""
        trace = f"{self.folder}/trace.jsonl"
        _, peak = run([self.program, self.picture(size), self.picture(min(size, 1024)), "-o", f"{self.folder}/out.png",
                       "-q", "--device", os.environ.get("IMPASTO_DEVICE", "cpu"), "--weights", "builtin",
                       "--scales", "1", "--average", "0", "--optimizer", "adam", "--size", "source",
                       "--margin", "0", "--content-layers", CONTENT,
                       "--style-layers", ",".join(STYLE), "--iterations", str(iterations), "--trace", trace,
                       *options], cores or self.cores, environment)
        with open(trace, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        marks = [row["seconds"] for row in rows if row["type"] == "iteration"]
        steps = [b - a for a, b in zip(marks, marks[1:-1])]
        return steps, peak, sum(rows[0]["memory"].values()) / 2**20

    def median(self, size, iterations, *options, **more):
        found = [self.job(size, iterations, *options, **more) for _ in range(ROUNDS if size <= 1024 else 1)]
        return (statistics.median(statistics.median(steps) for steps, _, _ in found),
                max(peak for _, peak, _ in found), found[0][2])

    def start(self):
        """One iteration at the only scale. Its end is told by the program's first progress line; the command goes
        on to measure the loss there, and to write the picture."""
        command = [self.program, self.picture(256), self.picture(256), "-o", f"{self.folder}/out.png", "--device",
                   os.environ.get("IMPASTO_DEVICE", "cpu"), "--weights", "builtin", "--size", "256",
                   "--scales", "1", "--iterations", "1"]
        print("\nfrom the command to the end of one iteration, and to its own end, 256 px")
        for name in "cold", "warm":
            firsts, ends = [], []
            for _ in range(ROUNDS):
                with tempfile.TemporaryDirectory() as empty:
                    environment = os.environ | {"XDG_CACHE_HOME": empty, "POCL_CACHE_DIR": empty}
                    if name == "warm":
                        self.first_iteration(command, environment)
                    first, end = self.first_iteration(command, environment)
                    firsts.append(first)
                    ends.append(end)
            print(f"  {name}: {statistics.median(firsts):.2f} s ({min(firsts):.2f} to {max(firsts):.2f}), "
                  f"{statistics.median(ends):.2f} s ({min(ends):.2f} to {max(ends):.2f})", flush=True)

    def first_iteration(self, command, environment):
        begin, first = time.perf_counter(), None
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, self.cores)) as process:
            for line in process.stderr:
                if first is None and " 0/1 " in line:
                    first = time.perf_counter() - begin
        if process.returncode != 0 or first is None:
            sys.exit(f"figures: {' '.join(command)} failed with {process.returncode}")
        return first, time.perf_counter() - begin

    def both_cores(self):
        print(f"\n{'px':>6}{'one core s':>12}{'two cores s':>13}{'speed-up':>10}")
        for size in 256, 512, 1024:
            alone = self.median(size, 5, cores={min(self.cores)})[0]
            both = self.median(size, 5)[0]
            print(f"{size:6}{alone:12.3f}{both:13.3f}{alone / both:10.2f}", flush=True)

    def pixels(self):
        print(f"\n{'px':>6}{'s/iteration':>13}{'us/pixel':>10}{'plan MiB':>10}{'peak MiB':>10}")
        for size in SIZES:
            seconds, peak, plan = self.median(size, 6 if size <= 1024 else 3, "--memory", AMPLE)
            print(f"{size:6}{seconds:13.3f}{1e6 * seconds / size**2:10.2f}{plan:10.0f}{peak:10.0f}", flush=True)

    def dial(self):
        print(f"\n{DIAL} px{'--memory':>12}{'s/iteration':>13}{'ratio':>7}{'plan MiB':>10}{'peak MiB':>10}")
        ample = None
        for budget in BUDGETS:
            seconds, peak, plan = self.median(DIAL, 3, "--memory", budget)
            ample = ample or seconds
            print(f"{budget:>19}{seconds:13.3f}{seconds / ample:7.2f}{plan:10.0f}{peak:10.0f}", flush=True)

    def painting(self, size, iterations, launcher):
        """Seconds of each iteration; seconds of processor time of all."""
        trace, before = f"{self.folder}/bands.jsonl", os.times()
        subprocess.run([*launcher, self.program, self.picture(size), self.picture(min(size, 1024)), "--device",
                        os.environ.get("IMPASTO_DEVICE", "cpu"), "--weights", "builtin", "--size", "source",
                        "--style-size", "source", "--margin", "0", "--scales", "1", "--average", "0",
                        "--optimizer", "adam", "--content-layers", CONTENT, "--style-layers", ",".join(STYLE),
                        "--iterations", str(iterations), "--trace", trace, "-o", f"{self.folder}/out.png", "-q"],
                       check=True, capture_output=True, preexec_fn=lambda: os.sched_setaffinity(0, self.cores))
        after = os.times()
        with open(trace, encoding="utf-8") as file:
            marks = [row["seconds"] for row in map(json.loads, file) if row["type"] == "iteration"]
        return [b - a for a, b in zip(marks, marks[1:-1])], sum(after[2:4]) - sum(before[2:4])

    def bands(self):
        """What a run takes but for its iterations is in short and long ones. Each round has every launcher once."""
        if not shutil.which("mpirun"):
            print("\nbands: skipped, as mpirun is not installed")
            return
        launchers = {"one process": [], "one rank": ["mpirun", "-n", "1", "--bind-to", "none"],
                     "two ranks": ["mpirun", "-n", "2", "--bind-to", "core"]}
        print(f"\n{'px':>6}{'':>14}{'s/iteration':>13}{'range':>18}{'processor s':>13}{'ratio':>7}")
        for size in BANDS:
            few, many = (2, 10) if size < 2048 else (2, 4)
            steps, spent = {name: [] for name in launchers}, {name: [] for name in launchers}
            for _ in range(ROUNDS):
                for name, launcher in launchers.items():
                    short, long = self.painting(size, few, launcher), self.painting(size, many, launcher)
                    steps[name].append(statistics.median(long[0]))
                    spent[name].append((long[1] - short[1]) / (many - few))
            alone = statistics.median(steps["one process"])
            for name, found in steps.items():
                seconds = statistics.median(found)
                print(f"{size:6}{name:>14}{seconds:13.3f}{f'{min(found):.3f} to {max(found):.3f}':>18}"
                      f"{statistics.median(spent[name]):13.3f}{seconds / alone:7.2f}", flush=True)

    def training(self, steps, launcher, words):
        """Seconds of each step; seconds of processor time of all."""
        trace, before = f"{self.folder}/steps.jsonl", os.times()
        subprocess.run([*launcher, self.program, "train", self.picture(256), "--device",
                        os.environ.get("IMPASTO_DEVICE", "cpu"), "--weights", "builtin", "--base", "none", "--width", "16",
                        "--batch", "4", "--crop", "128", "--late-share", "0", "--judge-every", "1000", "--judge-size", "64",
                        "--style-size", "128", "--memory", "3G", "--steps", str(steps), *words, "--trace", trace,
                        "-o", f"{self.folder}/out.model", "-q"], check=True, capture_output=True,
                       preexec_fn=lambda: os.sched_setaffinity(0, self.cores))
        after = os.times()
        with open(trace, encoding="utf-8") as file:
            marks = [row["seconds"] for row in map(json.loads, file) if row["type"] == "step"]
        spent = sum(after[2:4]) - sum(before[2:4])
        return [b - a for a, b in zip(marks[2:], marks[3:-1])], spent

    def ranks(self):
        """What a run takes but for its steps is in short and long ones."""
        if not shutil.which("mpirun"):
            print("\nranks: skipped, as mpirun is not installed")
            return
        few, many = 4, 14
        print(f"\n{'s/step':>38}{'processor s/step':>18}")
        for words in [], ["--reproducible"]:
            for name, launcher in ("one process", []), ("two ranks", ["mpirun", "-n", "2", "--bind-to", "core"]):
                steps, spent = [], []
                for _ in range(ROUNDS):
                    short, long = self.training(few, launcher, words), self.training(many, launcher, words)
                    steps.append(statistics.median(long[0]))
                    spent.append((long[1] - short[1]) / (many - few))
                print(f"{' '.join([name, *words]):>28}{statistics.median(steps):10.3f}{statistics.median(spent):18.3f}",
                      flush=True)


def main():
    parts = {"start": Bench.start, "cores": Bench.both_cores, "pixels": Bench.pixels, "dial": Bench.dial,
             "bands": Bench.bands, "ranks": Bench.ranks}
    if len(sys.argv) < 2 or any(name not in parts for name in sys.argv[2:]):
        sys.exit(__doc__)
    try:
        import numpy  # noqa: F401
    except ImportError as missing:
        print(f"SKIP: {missing}")
        return 77
    cores = set(sorted(os.sched_getaffinity(0))[:2])
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    print(f"{model.group(1) if model else 'unknown processor'}, cores {sorted(cores)}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(os.path.abspath(sys.argv[1]), folder, cores)
        for name in sys.argv[2:] or parts:
            parts[name](bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())
