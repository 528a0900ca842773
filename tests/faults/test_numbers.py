#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A number that is not finite is put into what each kernel of a short run has written:
test_numbers.py PROGRAM LAYER [long]

Once: the run must end well. Either the fault was noticed within one iteration, a warning naming it, and
the picture is sane; or what was written did not matter, and the picture is the same to the bit. Always:
the run must end with one line and exit code 8, or 6 where a picture's features are never finite, or have
managed without, saying so again and again. A share of all must be noticed. Without a third argument: each launch of one iteration with NaN, some of them with infinity, and
some before and after it, for both optimisers; "long": each launch of the whole run with both.
"""

import collections
import concurrent.futures
import os
import pathlib
import re
import sys
import tempfile

sys.dont_write_bytecode = True
from under_layer import FIRST_DEADLINE, Program  # noqa: E402
from support import DEVICE, NUMERIC, WEIGHTS  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ITERATIONS = 3
# A line search needs more to know that all its trials fail.
LONGER = 8
# What is looked at closely, by how many evaluations there were: from the second one's gradient, by the step
# that is the first with a history, to the third one's loss.
CLOSELY = 2
# Of the launches elsewhere, and of those there for infinity, every so many-th: the short form is to take
# about a minute.
FAR, INFINITE = 32, 12
# Levels of 255 that the mean over the picture may move by: a step of a few was another.
SANE = 12
# Of the launches poisoned once, the share that must have been noticed. The others write what nothing
# reads: halves of a tile beyond the edge, what is masked.
FLOOR = 0.8

JOB = ["content.png", "style.png", "--weights", "builtin", "--size", "32", "--scales", "1",
       "--iterations", str(ITERATIONS), "--style-layers", "1_1,2_1,3_1", "--content-layers", "3_1",
       "--tv-weight", "1", "-o", "out.png", "-q"]
# With little memory, activations are computed a second time, in strips of rows.
RUNS = {"adam": ["--optimizer", "adam"], "lbfgs": ["--optimizer", "lbfgs", "--history", "2"],
        "strips": ["--optimizer", "adam", "--size", "64", "--memory", "20M"]}
# Where the plan has no room for copies, what these spoil is lost, and the run says so.
LASTING = ["adam", "approach"]


def output_arguments():
    """By kernel: the arguments that are floats and written to."""
    found = {}
    kernel = r"__kernel\s+(?:__attribute__\(\(.*?\)\)\s+)?void\s+(\w+)\s*\(([^)]*)\)"
    for path in (HERE.parent.parent / "cl").glob("*.cl"):
        for name, text in re.findall(kernel, path.read_text()):
            found[name] = [i for i, argument in enumerate(text.split(","))
                           if "__global" in argument and "const" not in argument
                           and re.search(r"\bfloat(v|\d*)\b", argument)]
    return found


def evaluations(launches):
    """For each launch, how many evaluations had been made: their sum of total variation is the last part
    of a forward pass."""
    count, counts = 0, []
    for name in launches:
        counts.append(count)
        count += name == "tv_sum"
    return counts


def mean(rows):
    values = [value for row in rows for pixel in row for value in pixel]
    return sum(values) / len(values)


def judge_once(whole, done, index, counts):
    """(outcome, why) of a launch poisoned once, or of one whose kind was always."""
    lines = done.said.splitlines()
    if done.code != 0 or not isinstance(done.picture, list):
        return "failed", f"exit status {done.code}: {lines[-1] if lines else ''}"
    warned = [line for line in lines if line.startswith("impasto: warning: ")]
    if not warned:
        return ("harmless", "") if done.picture == whole.picture else ("unnoticed", "another picture")
    if abs(mean(done.picture) - mean(whole.picture)) > SANE:
        return "insane", f"mean {mean(done.picture)} instead of {mean(whole.picture)}: {warned[0]}"
    named = re.search(r"iteration (\d+)", warned[0])
    # Before the first evaluation there is none to name. Of a launch after an evaluation's sum it is not
    # known here whether it is of that iteration or leads to the next.
    if counts[index] > 0 and not (named and counts[index] - 1 <= int(named[1]) <= counts[index]):
        return "late", f"after {counts[index]} evaluations: {warned[0]}"
    return ("mended" if done.picture == whole.picture else "noticed"), warned[0]


def judge_always(whole, done):
    lines = done.said.splitlines()
    last = lines[-1] if lines else ""
    if done.code == 0 and done.picture == whole.picture:
        return "harmless", ""
    # L-BFGS can do without its history, and goes on looking for a trial that can be measured.
    if done.code == 0 and done.picture and sum("warning" in line for line in lines) > 1:
        return "managed", last
    if done.code not in (NUMERIC, WEIGHTS, DEVICE):
        return "failed", f"exit status {done.code}: {last}"
    if not last.startswith("impasto: ") or "warning" in last or lines.count(last) != 1:
        return "failed", f"no error line: {done.said!r}"
    return "named", last


class Examination:
    def __init__(self, program, long):
        self.program = program
        self.long, self.bad = long, 0
        self.outputs = output_arguments()
        self.rows = collections.defaultdict(collections.Counter)

    def run(self, arguments, fault="", **more):
        return self.program.run([*JOB, *arguments], fault, launches=True, **more)

    def whole(self, arguments):
        done = self.run(arguments, deadline=FIRST_DEADLINE)
        if done.code != 0:
            sys.exit(f"without a fault: exit status {done.code}: {done.said}")
        return done

    def checked_first(self, arguments):
        """Launches of the device's self-check, which has its own way to fail."""
        return len(self.run([*arguments, "--plan"]).launches)

    def points(self, name, whole, first):
        """(launch, argument, value)."""
        counts = evaluations(whole.launches)
        for i in range(first, len(whole.launches)):
            close = counts[i] == CLOSELY and name != "strips"
            for argument in self.outputs[whole.launches[i]]:
                if self.long or close or i % FAR == 0:
                    yield i, argument, "nan"
                if self.long or (close and i % INFINITE == 0):
                    yield i, argument, "inf"

    def once(self, pool, name, arguments, whole, first):
        points = list(self.points(name, whole, first))
        counts = evaluations(whole.launches)

        def attempt(point):
            i, argument, value = point
            return self.run(arguments, f"poison={argument},at={i + 1},value={value}")

        for (i, argument, value), done in zip(points, pool.map(attempt, points)):
            outcome, why = judge_once(whole, done, i, counts)
            if name == "strips" and whole.launches[i] in LASTING and done.code == NUMERIC:
                outcome, why = judge_always(whole, done)
            poisoned = done.report and done.report["poisoned"]
            if poisoned != 1:
                outcome, why = "failed", f"poisoned {poisoned} times"
            self.tell(name, whole.launches[i], outcome,
                      f"{name}: launch {i + 1}, argument {argument}, {value}: {why}")

    def always(self, pool, name, arguments, whole, first):
        points = [(kernel, argument) for kernel in dict.fromkeys(whole.launches[first:])
                  for argument in self.outputs[kernel]]

        longer = [*arguments, "--iterations", str(LONGER)]
        healthy = self.run(longer)

        def attempt(point):
            kernel, argument = point
            # From the second evaluation on; what only comes before it, from the first launch there.
            before = whole.launches[:first].count(kernel)
            seen = [j for j, n in enumerate(whole.launches) if n == kernel and j >= first]
            counts = evaluations(whole.launches)
            later = [j for j in seen if counts[j] >= CLOSELY] or seen
            at = before + seen.index(later[0]) + 1
            return self.run(longer,
                       f"poison={argument},kernel={kernel},at={at},on=1")

        for (kernel, argument), done in zip(points, pool.map(attempt, points)):
            outcome, why = judge_always(healthy, done)
            self.tell(name + ", always", kernel, outcome,
                      f"{name}: {kernel}, argument {argument}, always: {why}")

    def tell(self, name, kernel, outcome, line):
        self.rows[name, kernel][outcome] += 1
        if outcome not in ("mended", "noticed", "harmless", "named", "managed"):
            print(f"{outcome}: {line}", flush=True)
            self.bad += 1
        elif os.environ.get("IMPASTO_NUMBERS_VERBOSE"):
            print(f"{outcome}: {line}", flush=True)

    def table(self):
        outcomes = ["mended", "noticed", "harmless", "named", "managed", "unnoticed", "insane", "late", "failed"]
        print(f"{'':44}{'points':>8}" + "".join(f"{word:>10}" for word in outcomes))
        total = collections.Counter()
        for (name, kernel), row in sorted(self.rows.items()):
            total.update(row)
            print(f"{name + ': ' + kernel:44}{sum(row.values()):8}"
                  + "".join(f"{row[word]:10}" for word in outcomes))
        print(f"{'total':44}{sum(total.values()):8}" + "".join(f"{total[word]:10}" for word in outcomes))
        noticed, harmless = total["mended"] + total["noticed"], total["harmless"]
        if noticed < FLOOR * (noticed + harmless):
            print(f"only {noticed} of {noticed + harmless} faults were noticed")
            self.bad += 1


def main():
    program, layer = (str(pathlib.Path(word).resolve()) for word in sys.argv[1:3])
    long = sys.argv[3:] == ["long"]
    with tempfile.TemporaryDirectory(prefix="impasto-numbers-") as cache:
        examination = Examination(Program(program, layer, cache), long)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for name, arguments in RUNS.items():
                examination.whole(arguments)
                whole = examination.whole(arguments)
                first = examination.checked_first(arguments)
                examination.once(pool, name, arguments, whole, first)
                if long or name != "strips":
                    examination.always(pool, name, arguments, whole, first)
        examination.table()
        return 1 if examination.bad else 0


if __name__ == "__main__":
    sys.exit(main())
