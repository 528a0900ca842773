#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trainings of a few steps against a float64 reference: test_train_reference.py TRAIN_STEPS [brief] [--renew]

The reference's losses are in train_reference.json, so every machine compares with them. Where numpy is installed,
the reference runs again, beside the training and from the same files, and the parameters are compared as well.
brief, for a platform that is slow: three steps of each case. --renew writes train_reference.json anew.

A training doubles its rounding errors again and again: each ReLU that falls the other way turns the gradient a
little, and Adam moves parameters with hardly any gradient as far as the others. So the learning rates are small, and
the gradient, which jumps where a loss does not, has a wider bound than the losses. Total variation, the colours
out of range, the lattice and the weave count for more than usual, or nobody would notice that they are wrong.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import types

sys.dont_write_bytecode = True
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the products are small: threads would wait for each other
try:
    import numpy
    import train_reference
except ImportError:
    numpy = None

STORED = pathlib.Path(__file__).with_name("train_reference.json")
BRIEF = 3
# Relative. Bounds of a case's losses are the case's.
GRADIENT_BOUND = 3e-2  # 1.2e-2 was seen, in a single step, after one ReLU fell the other way
RANGE_BOUND = 2e-2  # of what is hardly out of range, the square of a difference of almost equal numbers
LATTICE_BOUND = 5e-3  # of means that hardly differ
WEAVE_BOUND = 5e-3  # of what hardly exceeds its limits
LEAST = {"range": 1e-6, "weave": 1e-4}
MOVED_BOUND = 5e-2  # of the way that the parameters have come
SLOPE_BOUND = 1e-5

# As the program knows them, with "auto" as 0 and flags as 0 and 1.
USUAL = {
    "width": 8, "steps": 10, "crop": 32, "batch": 2, "late-crop": 38, "late-batch": 1, "late-share": 0.3,
    "learning-rate": 1e-4, "late-rate": 0.7, "norm-rate": 0, "clip": 10.0, "average": 0.995, "content-weight": 1.0,
    "style-weight": 0, "tv-weight": 5.0, "range-weight": 10.0,
    "lattice-weight": 100.0, "weave-weight": 100.0, "noise": 0.05, "ramp": 6, "identity": 0, "judge-every": 5, "judge-size": 32,
}
CASES = {
    "generated weights, one style": types.SimpleNamespace(
        recipe="generated", styles=1, bound=1e-4, settings=USUAL | {"norm-rate": 10.0}),
    "trained weights' layers, two styles and the identity": types.SimpleNamespace(
        recipe="trained", styles=2, bound=5e-4,
        settings=USUAL | {"batch": 3, "learning-rate": 3e-5, "range-weight": 1e3, "lattice-weight": 1e3, "weave-weight": 300.0,
                          "identity": 1}),
}


def words(settings):
    for name, value in settings.items():
        if name == "identity":
            value = "yes" if value else "no"
        elif name in ("norm-rate", "style-weight"):
            value = value or "auto"
        yield f"{name}={value}"


def train(program, case, steps, folder):
    """What the program says of each step."""
    command = [program, folder, case.recipe, str(case.styles), str(steps), *words(case.settings)]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


class Comparison:
    def __init__(self, bound):
        self.bounds = {"gradient": GRADIENT_BOUND, "range": RANGE_BOUND, "lattice": LATTICE_BOUND, "weave": WEAVE_BOUND,
                       "slope": SLOPE_BOUND,
                       "parameters": MOVED_BOUND, "average": MOVED_BOUND}
        self.bound, self.worst, self.failed = bound, {}, False

    def note(self, name, apart):
        self.worst[name] = max(self.worst.get(name, 0.0), apart)
        self.failed |= not apart <= self.bounds.get(name, self.bound)

    def rows(self, found, wanted):
        for ours, theirs in zip(found, wanted):
            self.failed |= ours.keys() != theirs.keys()
            for name in [name for name in theirs if name in ours]:
                least = LEAST.get(name, 0.0)
                self.note(name, abs(ours[name] - theirs[name]) / max(theirs[name], least))

    def tell(self, what):
        worst = ", ".join(f"{name} {apart:.1e}" for name, apart in self.worst.items())
        print(f"  {what}: {worst}{'  FAILED' if self.failed else ''}", flush=True)
        return self.failed


def rerun(case, steps, folder):
    """The reference's own training; its slope is looked at first."""
    training = train_reference.Training(case, folder)
    own = Comparison(case.bound)
    own.note("slope", abs(training.slope() - 1))
    return training, [training.take_step() for _ in range(steps)], own.tell("the reference's gradient")


def compare_parameters(training, folder, comparison):
    seen, begin = training.network.seen(), train_reference.load(folder, "begin")
    for name, wanted in (("parameters", training.parameters), ("average", training.average)):
        found = train_reference.load(folder, name)
        way = numpy.linalg.norm((wanted - begin)[seen])
        comparison.note(name, numpy.linalg.norm((found - wanted)[seen]) / way)


def check_case(program, name, stored, steps, folder):
    case = CASES[name]
    print(name, flush=True)
    found = train(program, case, steps, folder)
    comparison = Comparison(case.bound)
    failed = len(found) != steps or len(stored) < steps
    comparison.rows(found, stored)
    failed |= comparison.tell("to what is stored")
    if not numpy:
        return failed
    training, wanted, crooked = rerun(case, steps, folder)
    comparison = Comparison(case.bound)
    comparison.rows(found, wanted)
    compare_parameters(training, folder, comparison)
    failed |= crooked | comparison.tell("to the reference")
    comparison = Comparison(case.bound)
    comparison.rows(stored, wanted)
    return failed | comparison.tell("of what is stored to the reference")


def renew(program):
    cases = {}
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            train(program, case, case.settings["steps"], folder)
            _, steps, _ = rerun(case, case.settings["steps"], folder)
        cases[name] = [{key: float(f"{value:.9g}") for key, value in step.items()} for step in steps]
    lines = [f"  {json.dumps(name)}: [\n    " + ",\n    ".join(map(json.dumps, steps)) + "\n  ]"
             for name, steps in cases.items()]
    made = "python3 tests/platform/run.py pocl python3 tests/golden/test_train_reference.py build/tests/train_steps --renew"
    STORED.write_text(f'{{\n  "made by": {json.dumps(made)},\n' + ",\n".join(lines) + "\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("brief", nargs="?", choices=["brief"])
    parser.add_argument("--renew", action="store_true")
    asked = parser.parse_args()
    if asked.renew:
        return renew(asked.program)
    if not numpy:
        print("there is no numpy: the reference does not run again, and its stored losses have to do")
    stored, failed = json.loads(STORED.read_text()), False
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            failed |= check_case(asked.program, name, stored[name], BRIEF if asked.brief else case.settings["steps"],
                                 folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
