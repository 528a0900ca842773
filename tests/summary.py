#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One line out of meson's test log: "N passed, N failed, N skipped". Exit code 1 unless some passed
and none failed."""

import json
import sys


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for line in open(sys.argv[1], encoding="utf-8"):
        result = json.loads(line)["result"]
        kind = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(result, "failed")
        counts[kind] += 1
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 0 if counts["passed"] and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
