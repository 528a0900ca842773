#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command-line program as its users meet it: test_cli.py [PROGRAM] [unittest's arguments]

The cases are in the case_*.py files beside this one; support.py says how they run.
"""

import os
import pathlib
import signal
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def load_tests(loader, tests, pattern):
    tests.addTests(loader.discover(str(HERE), pattern="case_*.py"))
    return tests


def main():
    if len(sys.argv) > 1 and os.path.isfile(sys.argv[1]):
        os.environ["IMPASTO_BIN"] = str(pathlib.Path(sys.argv.pop(1)).resolve())
    if "IMPASTO_BIN" not in os.environ:
        sys.exit(__doc__)
    # What was started in the background inherits ignored signals, which the program respects.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in [signal.SIGTERM, signal.SIGHUP]:
        signal.signal(number, signal.SIG_DFL)
    sys.path.insert(0, str(HERE))
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory(prefix="impasto-cli-cache-") as cache:
        os.environ["IMPASTO_CLI_CACHE"] = cache
        # "case_usage.Numbers" and the like name single cases; without any, all run.
        names = any(not word.startswith("-") for word in sys.argv[1:])
        unittest.main(module=None if names else "__main__")


if __name__ == "__main__":
    main()
