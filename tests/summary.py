#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The end of a run of the tests, out of meson's test log: summary.py testlog.json

Prints what failed, in some 40 lines, so that it can be read where only the end of the output is
kept: each failing test, its failing cases, and their last words. The last line is "N passed, N
failed, N skipped". Exit code 1 unless some passed and none failed.
"""

import json
import re
import sys

MOST = 40  # lines about failures
LEAST = 3  # lines of a failing case, if there are so many
WIDTH = 200
KINDS = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}

# A case of unittest's: its name, perhaps its first words, and the traceback up to the next or the end.
UNITTEST = re.compile(r"^={70}\n((?:FAIL|ERROR): .*\n)(?:.*\n)*?-{70}\n((?:.*\n)*?)(?=[=-]{70}\n|\Z)",
                      re.MULTILINE)
CMOCKA = re.compile(r"^\[ *(?:ERROR|LINE|FAILED) *\].*", re.MULTILINE)


def failing_cases(text):
    """Each a list of lines, the first of which names it. Empty: the output has no cases that are known."""
    found = [[name, *words.splitlines()] for name, words in UNITTEST.findall(text)]
    cmocka = CMOCKA.findall(text)
    return found + ([["cmocka:", *cmocka]] if cmocka else [])


def shorten(lines, most):
    """The first line and the last ones, without empty ones and without the ends of long ones."""
    lines = [line.rstrip()[:WIDTH] for line in lines if line.strip()]
    return lines if len(lines) <= most else lines[:1] + lines[len(lines) - most + 1:]


def describe(test, most):
    """The lines about a test that failed."""
    lines = [f"{test['name']}: {test['result']} after {test['duration']:.0f} s, "
             f"exit status {test['returncode']}"]
    text = "\n".join(test.get(stream) or "" for stream in ("stdout", "stderr"))
    cases = failing_cases(text + "\n") or [["the last that it said:", *text.splitlines()]]
    for i, case in enumerate(cases):
        left = most - len(lines)
        if left < LEAST:
            lines.append(f"  and {len(cases) - i} more")
            break
        lines += ["  " + line for line in shorten(case, max(LEAST, left // (len(cases) - i)))]
    return lines


def report(tests):
    """What failed, and how many did."""
    failed = [test for test in tests if test["result"] not in KINDS]
    counts = {"passed": 0, "failed": len(failed), "skipped": 0}
    for test in tests:
        if test["result"] in KINDS:
            counts[KINDS[test["result"]]] += 1
    lines = []
    for i, test in enumerate(failed):
        lines += describe(test, max(1 + LEAST, (MOST - len(lines)) // (len(failed) - i)))
    return lines, counts


def main():
    with open(sys.argv[1], encoding="utf-8") as log:
        lines, counts = report([json.loads(line) for line in log])
    print("\n".join(lines + [", ".join(f"{count} {kind}" for kind, count in counts.items())]))
    return 0 if counts["passed"] and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
